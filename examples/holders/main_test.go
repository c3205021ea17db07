package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("holders", story)
	// Output:
	// holders: Python 3.13, 4 cores, seed 1, simulated time
	//
	// A thread that reads beside one that computes: par 1, conc 2
	//
	//    0.000 ms  MainThread takes the GIL.
	//    0.000 ms  reads wants the GIL, which MainThread holds.
	//    0.000 ms  MainThread gives the GIL up after 0: it waits until a new thread has begun.
	//    0.000 ms  reads takes the GIL.
	//    0.000 ms  MainThread wants the GIL, which reads holds.
	//    2.000 ms  reads waits for the operating system for 10 ms.
	//    2.000 ms  reads gives the GIL up after 2 ms: it waits for the operating system.
	//    2.000 ms  MainThread gets the GIL after 2 ms.
	//    2.000 ms  computes wants the GIL, which MainThread holds.
	//    2.000 ms  MainThread gives the GIL up after 0: it waits until a new thread has begun.
	//    2.000 ms  computes takes the GIL.
	//    2.000 ms  MainThread wants the GIL, which computes holds.
	//    7.000 ms  computes gives the GIL up after 5 ms: it was asked to.
	//    7.000 ms  computes wants the GIL.
	//    7.000 ms  MainThread gets the GIL after 5 ms.
	//    7.000 ms  MainThread gives the GIL up after 0: it waits for the end of another thread.
	//    7.000 ms  computes takes the GIL.
	//   12.000 ms  reads wants the GIL, which computes holds.
	//   17.000 ms  computes gives the GIL up after 10 ms: it was asked to.
	//   17.000 ms  computes wants the GIL.
	//   17.000 ms  reads gets the GIL after 5 ms.
	//   17.000 ms  reads has its answer from the operating system.
	//   19.000 ms  reads gives the GIL up after 2 ms: it ends.
	//   19.000 ms  computes gets the GIL after 2 ms.
	//   19.000 ms  MainThread wants the GIL, which computes holds.
	//   24.000 ms  computes gives the GIL up after 5 ms: it was asked to.
	//   24.000 ms  computes wants the GIL.
	//   24.000 ms  MainThread gets the GIL after 5 ms.
	//   24.000 ms  MainThread gives the GIL up after 0: it waits for the end of another thread.
	//   24.000 ms  computes takes the GIL.
	//   34.000 ms  computes gives the GIL up after 10 ms: it ends.
	//   34.000 ms  MainThread takes the GIL.
	//   34.000 ms  MainThread gives the GIL up after 0: it ends.
	//
	// 1000000 bytecodes          checks    GIL taken   by another thread
	// Ticks(100), alone           10000            0                   0
	// Ticks(100), two threads     10000        10002               10002
	// 2.7, alone                   9900            0                   0
	// 2.7, two threads             9900         9902                   2
	// 3.13, alone                     0            0                   0
	// 3.13, two threads               0           10                  10
}

var show = cli.New(io.Discard)

// holders returns an observer of the GILs of a run, and how often two threads held
// one.
func holders() (gil.Option, *int) {
	holder := map[uint32]uint32{} // by process
	twice := new(int)
	return gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
		switch e.Kind {
		case gil.EvGILAcquire:
			if holder[e.PID] != 0 {
				*twice++
			}
			holder[e.PID] = e.TID
		case gil.EvGILRelease:
			holder[e.PID] = 0
		}
	})), twice
}

func TestOneHolder(t *testing.T) {
	watch, twice := holders()
	a := show.Run(reader, watch)
	rows.Check(t, 23, *twice, a.Stats.Held <= a.Took)
}

func TestIO(t *testing.T) {
	a := show.Watch(func(t *gil.Thread) {
		compute := t.NewThread("computes", func(t *gil.Thread) { t.Compute(30 * time.Millisecond) })
		read := t.Go("reads", func(t *gil.Thread) {
			compute.Start(t)
			t.IO(10 * time.Millisecond)
			t.Compute(2 * time.Millisecond)
		})
		gil.JoinAll(t, read, compute)
	})
	var waits, begins, ended, back time.Duration
	var reads uint32
	for _, e := range a.Timeline.Trace.Events {
		switch {
		case e.Kind == gil.EvIOBegin:
			waits, reads = e.T, e.TID
		case e.Kind == gil.EvGILAcquire && begins == 0 && waits > 0 && e.TID != reads && e.TID != 1:
			begins = e.T
		case e.Kind == gil.EvGILRequest && waits > 0 && e.TID == reads && ended == 0:
			ended = e.T
		case e.Kind == gil.EvGILAcquire && ended > 0 && e.TID == reads && back == 0:
			back = e.T
		}
	}
	rows.Check(t, 25, begins == waits, ended == waits+10*time.Millisecond && back-ended == 5*time.Millisecond)
}

func TestOutside(t *testing.T) {
	a := show.Run(func(t *gil.Thread) {
		t.Go("reads", func(t *gil.Thread) { t.IO(10 * time.Millisecond) }).Join(t)
	})
	held := time.Duration(-1)
	for _, th := range a.Stats.Threads {
		if th.Name == "reads" && th.Times.IO == 10*time.Millisecond {
			held = th.Held
		}
	}
	rows.Check(t, 66, held.Seconds()*1000)
}

func TestTicks(t *testing.T) {
	const n = 1_000_000
	ours, python27 := show.Under(gil.FromRule(gil.Ticks(100))), show.Under(gil.CPython27)
	alone, two := ticks(ours, n, 1), ticks(ours, n, 2)
	started := ticks(python27, n, 2)
	rows.Check(t, 24, alone.checks, alone.releases, two.handOvers-2, started.releases-2, ticks(python27, n, 1).releases, ticks(show, n, 1).releases)
}

// A thousand programs made by chance: at no instant do two threads of one process
// hold its GIL.
func TestOneRunner(t *testing.T) {
	const programs = 1000
	violations, ran := 0, 0
	for seed := range uint64(programs) {
		random := rand.New(rand.NewPCG(seed, 32))
		watch, twice := holders()
		python := []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.AnyBytecode}[random.IntN(4)]
		err := gil.NewMachine(1+random.IntN(4), watch, gil.Measured(), gil.WithSeed(seed)).Run(python, func(t *gil.Thread) {
			program(t, random, 2)
		})
		if err != nil {
			t.Error(err)
		}
		ran++
		violations += *twice
	}
	rows.Check(t, 32, ran, violations)
}

// program does a few things by chance, one of which may be to start threads that do
// the same.
func program(t *gil.Thread, random *rand.Rand, depth int) {
	d := func() time.Duration { return time.Duration(random.IntN(12_000)) * time.Microsecond }
	var all []*gil.Thread
	for range 1 + random.IntN(4) {
		switch random.IntN(7) {
		case 0:
			t.Compute(d())
		case 1:
			t.IO(d())
		case 2:
			t.Sleep(d())
		case 3:
			t.Held(d())
		case 4:
			t.Released(d(), 1)
		case 5:
			t.Tick(random.IntN(500))
		case 6:
			if depth > 0 {
				all = append(all, t.Go(fmt.Sprint(depth), func(t *gil.Thread) { program(t, random, depth-1) }))
			}
		}
	}
	gil.JoinAll(t, all...)
}
