package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("messages", story)
	// Output:
	// messages: Python 3.13, 4 cores, seed 1, simulated time
	//
	// queue, 4 producers and 4 consumers: 4000 items
	// queue between processes: the parent gets [42, None, 'hello']; par 1, conc 1
	// queue between threads, in a forked process: 1 item there, 0 in the parent; as an argument:
	// pickle: cannot pickle 'queue.Queue[int]' object at Queue[int]: the receiver would not know the type; call pickle.Register[queue.Queue[int]]() in both programs
	// pipe: the parent gets [42, None, 'hello'], and can answer: True; then EOF
	// a pipe of one direction, the wrong way: pipe: connection is read-only: send on the other end
	// two processes write to one end: [corrupt whole], with a lock [whole], to an end of their own [whole]
	// a list sent to a process, dump, send, receive, load: its first item is 42 there and 0 here
	// pickle: 13 bytes, <nil>
	// pickle: 0 bytes, pickle: cannot pickle 'func' object: a function cannot leave its process; send a name and look it up on the other side, as process.Define does
	// pickle: 0 bytes, pickle: cannot pickle 'chan' object: a channel cannot leave its process; send a pipe.Conn or a queue between processes
}

var show = cli.New(io.Discard)

func TestPipe(t *testing.T) {
	got, back, last := throughPipe(show)
	wrong := "carried"
	if wrongWay(show) != nil {
		wrong = "refused"
	}
	rows.Check(t, 83, got, back, wrong)
	end := "another"
	if ended(last) {
		end = "EOF"
	}
	rows.Check(t, 85, end)
}

func TestQueue(t *testing.T) {
	distinct := map[parcel]bool{}
	inOrder := true
	for _, g := range throughThreads(show) {
		last := []int{-1, -1, -1, -1}
		for _, p := range g {
			inOrder = inOrder && p.number > last[p.producer]
			last[p.producer] = p.number
			distinct[p] = true
		}
	}
	rows.Check(t, 81, len(distinct), inOrder)
}

func TestProcessQueue(t *testing.T) {
	carried, _ := throughQueue(show)
	rows.Check(t, 80, carried)
	argument := "taken"
	if err := leaves(); assert.ErrorContains(t, err, "cannot pickle 'queue.Queue[int]' object") {
		argument = "refused"
	}
	child, parent := copied(show)
	rows.Check(t, 82, argument, child, parent, strings.Contains(carried, "42"))
}

// One interleaving is enough to show that it can go wrong; that it cannot is shown by
// the 60 that do for the first.
func TestTorn(t *testing.T) {
	rows.Check(t, 84, strings.Join(read(false, false), " "), strings.Join(read(true, false), " "), strings.Join(read(false, true), " "))
}

// What cannot leave a process is refused; what can, arrives as another thing that is
// equal.
func TestPickle(t *testing.T) {
	_, function := pickle.Marshal(func() {})
	_, channel := pickle.Marshal(make(chan int))
	rows.Check(t, 75, function != nil, channel != nil)

	c, sum := sent(show, 1_000_000), 0
	for i := range 1_000_000 {
		sum += i // in 32 bits too
	}
	rows.Check(t, 74, strings.Join(c.steps, " "), c.sum == sum, c.sender == c.other)
	assert.Equal(t, 42, c.other)
}

// Threads hand over what they have; processes copy every byte.
func TestResults(t *testing.T) {
	var sizes []int
	var thread, process []string // ms
	for _, n := range []int{1_000, 1_000_000, 100_000_000} {
		thread = append(thread, fmt.Sprint(handed(show, n, false).Milliseconds()))
		process = append(process, fmt.Sprintf("%.2f", handed(show, n, true).Seconds()*1000))
		b, err := pickle.Marshal(make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(b))
	}
	copied := 0
	show.Run(func(t *gil.Thread) {
		result := gil.NewVar("result", make([]byte, 1_000_000))
		var got []byte
		t.Go("", func(t *gil.Thread) { got = result.Load(t) }).Join(t)
		if &got[0] != &result.Peek()[0] {
			copied = len(got)
		}
	})
	rows.Check(t, 67, copied, slices.IsSorted(sizes) && sizes[2] > 99*sizes[1],
		strings.Join(thread, " "), strings.Join(process, " "))
}
