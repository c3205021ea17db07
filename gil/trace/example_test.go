package trace_test

import (
	"fmt"
	"os"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// A thread that answers requests, beside one that computes: each answer waits for a
// whole switch interval.
func Example() {
	program := func(m *gil.Thread) {
		cpu := m.Go("cpu", func(t *gil.Thread) { t.Compute(40 * time.Millisecond) })
		io := m.Go("io", func(t *gil.Thread) {
			for range 4 {
				t.IO(2 * time.Millisecond)
			}
		})
		gil.JoinAll(m, cpu, io)
	}
	tr, err := trace.Record(2, gil.CPython313, program)
	if err != nil {
		panic(err)
	}
	tr.Header.Title = "convoy"
	if err := tr.Timeline().WriteText(os.Stdout, trace.Text{Width: 72}); err != nil {
		panic(err)
	}
	// Output:
	// convoy, Python 3.13, 2 cores, 40 ms
	// one column is 678 µs
	//              '0            '10 ms         '20 ms         '30 ms
	// A MainThread .......JJJJJJJJJJJJJJJ........JJJJJJJJJJJJJJJJJJJJJJJJJJJJJ
	// B cpu        ###########################################################
	// C io                ...............~~~.....~~........~~~.......~~~......
	// GIL          BBBBBBBBBBBBBBBBBBBBBBBBBBBBB|BBBBBBBBBBBBBBBBBBBBBBBBBBBBB
	//
	// # run   . wait GIL   J wait join   ~ io   | several switches
	// GIL: held 100.0 %, 15 switches, 5 forced, convoy 0.85; par 1 (mean 1.00)
}

// Metrics are sums; shares are for the reader to take.
func ExampleTimeline_Metrics() {
	tr, err := trace.Record(2, gil.CPython313, func(m *gil.Thread) {
		w := m.Go("w", func(t *gil.Thread) { t.Compute(6 * time.Millisecond) })
		m.Sleep(2 * time.Millisecond)
		w.Join(m)
	})
	if err != nil {
		panic(err)
	}
	m := tr.Timeline().Metrics()
	for _, t := range m.Threads {
		fmt.Printf("%s: run %v, wait GIL %v, sleep %v\n", t.Name, t.Spent[trace.Run], t.Spent[trace.WaitGIL], t.Spent[trace.Sleep])
	}
	fmt.Printf("the GIL was held for %.0f %% of the time\n", 100*m.Share(m.GILs[0].Held))
	// Output:
	// MainThread: run 0s, wait GIL 5ms, sleep 2ms
	// w: run 6ms, wait GIL 0s, sleep 0s
	// the GIL was held for 86 % of the time
}

// In a live program the recorder is given to the world, here with a ring of the last
// thousand events.
func ExampleNewRecorder() {
	r := trace.NewRecorder(trace.WithRing(1000))
	err := gil.Live(gil.WithObserver(r)).Run(gil.CPython313, func(m *gil.Thread) {
		for range 5000 {
			m.Label("step")
		}
	})
	if err != nil {
		panic(err)
	}
	tr := r.Trace()
	fmt.Println(r.Dropped() > 4000, len(tr.Events) < 1010, tr.Timeline().Lanes[0].Name)
	// Output: true true MainThread
}

// Findings say in plain words what usually is a mistake.
func ExampleTimeline_Findings() {
	tr, err := trace.Record(2, gil.CPython313, func(m *gil.Thread) {
		lock := &threading.Lock{Name: "accounts"}
		m.Go("teller", func(t *gil.Thread) {
			lock.With(t, func() { t.IO(3 * time.Millisecond) })
		})
		m.Held(8 * time.Millisecond)
	})
	if err != nil {
		panic(err)
	}
	for _, f := range tr.Timeline().Findings() {
		fmt.Println(f)
	}
	// Output:
	// gil-kept: MainThread was in a C call that kept the GIL for 8 ms: no other thread of the interpreter could run meanwhile, however long it waited. Give the GIL up around the call, or make it shorter.
	// lock-across-io: The lock accounts was held for 3 ms in which its holder did nothing but wait for the operating system or sleep (once, by teller). Release the lock before the wait, or others wait with it.
	// unjoined: Nobody waited for the end of teller: whether its work was done when others went on is chance. Join it, or let an event or a queue tell that it is done.
}

// A table has a row for each step that others can notice.
func ExampleTimeline_WriteTable() {
	tr, err := trace.Record(1, gil.AnyBytecode, func(m *gil.Thread) {
		n := gil.NewVar("n", 0)
		w := m.Go("w", func(t *gil.Thread) {
			seen := n.Load(t)
			t.Sleep(time.Millisecond)
			n.Store(t, seen+1)
		})
		gil.Add(m, n, 10)
		w.Join(m)
	})
	if err != nil {
		panic(err)
	}
	if err := tr.Timeline().WriteTable(os.Stdout, trace.Steps{Width: 72}); err != nil {
		panic(err)
	}
	// Output:
	// step | MainThread   | w          | then
	// -----+--------------+------------+--------------
	//    1 | begins       |            |
	//    2 | :            | begins     |
	//    3 | :            | read n: 0  |
	//    4 | :            | sleep 1 ms |
	//    5 | read n: 0    |            |
	//    6 | write n      |            | n = 10
	//    7 | join w       |            |
	//    8 | :            | write n    | n = 1, 1 lost
	//    9 | :            | ends       |
	//   10 | has joined w |            |
	//   11 | ends         |            |
}

// Deadlocked is the graph of who waits for whom when nothing can happen any more.
func ExampleTimeline_Deadlocked() {
	tr, err := trace.Record(1, gil.CPython313, func(m *gil.Thread) {
		one, two := &threading.Lock{Name: "one"}, &threading.Lock{Name: "two"}
		take := func(x, y *threading.Lock) func(*gil.Thread) {
			return func(t *gil.Thread) {
				x.Acquire(t)
				t.Sleep(time.Millisecond)
				y.Acquire(t)
			}
		}
		gil.JoinAll(m, m.Go("a", take(one, two)), m.Go("b", take(two, one)))
	})
	fmt.Println(err != nil)
	if err := tr.Timeline().Deadlocked().WriteText(os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// true
	// MainThread waits for end of a, for 1 ms
	// a waits for lock two, held by b, for 0
	// b waits for lock one, held by a, for 0
	// cycle: a → b → a
}

// Compare finds where two runs part.
func ExampleCompare() {
	run := func(seed uint64) *trace.Trace {
		tr, err := trace.Record(1, gil.CPython313, func(m *gil.Thread) {
			hello := func(t *gil.Thread) { t.Sleep(time.Millisecond) }
			gil.JoinAll(m, m.Go("a", hello), m.Go("b", hello))
		}, gil.WithSeed(seed))
		if err != nil {
			panic(err)
		}
		return tr
	}
	fmt.Println(trace.Compare(run(1), run(1)).Same)
	d := trace.Compare(run(1), run(3))
	fmt.Println(d.Same, d.A.Sentence(d.A.Trace.Events[d.Step]), "/", d.B.Sentence(d.B.Trace.Events[d.Step]))
	// Output:
	// true
	// false b gets core 0. / a gets core 0.
}
