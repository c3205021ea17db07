package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("workers", story)
	// Output:
	// workers: Python 3.13, 4 cores, seed 1, simulated time
	//
	// task:second at which it was done
	// [0:1 2:1 3:3 1:4 6:5 4:5 8:7 5:8 7:9 10:9 9:10 11:11 13:11 12:14 14:15]
	// second batch, put at 20s
	// [100:23 102:24 101:26 103:29 104:30 105:31 107:32 108:34 106:35]
	// 3 workers have shut down, par 0, conc 4
}

var show = cli.New(io.Discard)

// inOrder is what was done, counted from a second on, by second and number: who of
// two that finish at once says so first is free.
func inOrder(done []string, from int) string {
	var all [][2]int
	for _, d := range done {
		var number, second int
		fmt.Sscanf(d, "%d:%d", &number, &second)
		all = append(all, [2]int{second - from, number})
	}
	slices.SortFunc(all, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	var out []string
	for _, a := range all {
		out = append(out, fmt.Sprintf("%d:%d", a[1], a[0]))
	}
	return strings.Join(out, " ")
}

func TestTrace(t *testing.T) {
	w, again, _ := run(show)
	rows.Check(t, 101, inOrder(w.done[:len(first)], 0), inOrder(w.done[len(first):], int(again.Seconds())))
	rows.Check(t, 99, w.closed)
	_, last, _ := strings.Cut(w.done[len(first)-1], ":")
	rows.Check(t, 122, w.put, last)
}

// days has workers and tasks of 1 s each; the event is cleared at a moment.
func days(workers, tasks int, clear time.Duration) (w *shop, ended time.Duration) {
	w = &shop{tasks: queue.New[task](0)}
	a := show.Run(func(t *gil.Thread) {
		w.open.Set(t)
		for i := range tasks {
			_ = w.tasks.Put(t, task{i, time.Second})
		}
		for range workers {
			t.Go("", w.work)
		}
		t.Sleep(clear)
		w.open.Clear(t)
	})
	return w, a.Took
}

func TestIdle(t *testing.T) {
	w, ended := days(1, 0, 5*time.Second)
	var woke []string
	for _, at := range w.woke {
		woke = append(woke, fmt.Sprint(at.Seconds()))
	}
	rows.Check(t, 100, strings.Join(woke, " "), ended <= 7*time.Second)
}

func TestBusy(t *testing.T) {
	left := 0
	w, _ := days(3, 10, 1500*time.Millisecond)
	left = 10 - len(w.done)
	rows.Check(t, 102, w.closed, left)
}

func TestDaemons(t *testing.T) {
	finished := func(daemon bool) (n int) {
		show.Run(func(t *gil.Thread) {
			for range 3 {
				t.Go("", func(t *gil.Thread) {
					t.Sleep(time.Second)
					n++
				}, gil.WithDaemon(daemon))
			}
		})
		return n
	}
	rows.Check(t, 103, finished(true), finished(false))
}
