package trace_test

import (
	"fmt"
	"os"
	"time"

	"github.com/pygil/pygil/gil"
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
