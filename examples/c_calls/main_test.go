package main

import (
	"io"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("c_calls", story)
	// Output:
	// c_calls: Python 3.13, 4 cores, seed 1, simulated time
	//
	// four calls of 1 s, on four threads             time  cores busy    longest wait
	// given up: NumPy, zlib, with nogil, CDLL     1.000 s         4.0         0.000 s   par 4, conc 4
	// kept: forgotten, or PyDLL                   4.000 s         1.0         1.000 s   par 1, conc 1
	// given up, and four cores each               4.000 s         4.0         0.004 s   par 4, conc 4
	// pure Python                                 4.000 s         1.0         0.005 s   par 1, conc 4
	//
	// A call that keeps the GIL stops all threads: nobody can ask it to let go.
}

var show = cli.New(io.Discard)

const (
	released = iota
	kept
	multicore
	pure
)

func TestCalls(t *testing.T) {
	up, held := four(show, calls[released]), four(show, calls[kept])
	rows.Check(t, 26, up.Took, held.Took)
	rows.Check(t, 129, up.Took, held.Took)
	rows.Check(t, 130, up.Took, held.Took)
	rows.Check(t, 128, up.Took, held.Took, longest(show, calls[kept]))
	rows.Check(t, 140, held.Took, up.Took, four(show, calls[multicore]).Took)
	rows.Check(t, 27, 4*four(show, calls[pure]).Utilisation, 4*up.Utilisation)
}

// One thread, one call, four cores.
func TestNumPy(t *testing.T) {
	a := show.Watch(func(t *gil.Thread) { t.Released(time.Second, 4) })
	rows.Check(t, 127, len(a.Timeline.Lanes), 4*a.Utilisation)
}

// Who computes is let in within a switch interval; who calls what keeps the GIL, not.
func TestCollector(t *testing.T) {
	a := show.Watch(func(t *gil.Thread) {
		other := t.Go("other", func(t *gil.Thread) { t.Compute(100 * time.Millisecond) })
		t.Compute(20 * time.Millisecond)
		t.GC(30 * time.Millisecond)
		other.Join(t)
	})
	var pause gil.Event
	inside := false
	for _, e := range a.Timeline.Trace.Events {
		if e.Kind == gil.EvGC {
			pause = e
		}
	}
	for _, e := range a.Timeline.Trace.Events {
		if e.Kind == gil.EvGILAcquire && e.T < pause.T && e.T > pause.T-time.Duration(pause.A) {
			inside = true
		}
	}
	paused := pause.A == int64(30*time.Millisecond)
	rows.Check(t, 136, paused, inside)
}
