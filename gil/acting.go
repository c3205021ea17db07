package gil

import (
	"math"
	"runtime"

	"github.com/pygil/pygil/internal/goid"
	"github.com/pygil/pygil/internal/kernel"
)

// What Thread.near is besides the number of a home.
const (
	away   = math.MaxUint64     // the thread does not act
	strict = math.MaxUint64 - 1 // it does, but is to be checked each time: it goes by goroutines
)

// holds reports whether t holds its GIL or, where there is none, runs.
func (t *Thread) holds() bool { return t.near != away }

// must panics when t is not the thread that acts: it neither holds its GIL nor,
// where there is none, runs. A thread that is being ended may still do what its
// deferred calls do.
func (t *Thread) must() {
	if t != nil && t.near < strict {
		return
	}
	t.mustRun()
}

// misused is must for a method that returns its errors.
func (t *Thread) misused() (err error) {
	defer func() {
		if v := recover(); v != nil {
			e, ok := v.(*RuntimeError)
			if !ok {
				panic(v)
			}
			err = e
		}
	}()
	t.must()
	return nil
}

func (t *Thread) mustRun() {
	if t == nil {
		panic(misuse("", "the acting thread is nil; pass the *gil.Thread of the function that runs"))
	}
	if t.dying {
		return
	}
	t.endStray()
	if t.goid != 0 && t.goid != anyGoroutine && t.goid != goid.Current() {
		panic(misuse("", "thread %s is used from a goroutine that is not its own; start a thread with Thread.Go instead of go; see Thread.Lend for coroutines", t.name))
	}
	switch s := t.stage.Load(); {
	case s == stageEnded:
		panic(misuse("", "thread %s has ended and cannot act; pass the thread that runs", t.name))
	case s == stageNew:
		panic(misuse("", "thread %s was not started and cannot act; pass the thread that runs", t.name))
	case t.goid == anyGoroutine && t.timed.Current() != &t.k:
		panic(misuse("", "thread %s is not the one that runs; pass each function its own thread", t.name))
	case t.holds():
	case t.gil != nil:
		panic(misuse("", "thread %s does not hold the GIL; pass each function its own thread, and nothing inside Block", t.name))
	default:
		panic(misuse("", "thread %s is not the one that runs; pass each function its own thread, and nothing inside Block", t.name))
	}
}

// endStray ends the calling goroutine if it is one that an explored program has started
// by itself and that now acts as t: it could only panic, which would end the test with
// it. The explorer tells about it.
func (t *Thread) endStray() {
	if t.interp == nil { // a Thread that nobody has made
		return
	}
	s := t.interp.w.sandbox
	if s == nil || s.Stray == nil || t.holds() || kernel.OnTask() {
		return
	}
	if s.Stray(t) {
		runtime.Goexit()
	}
}

// Acting is the thread that runs now in i's virtual world, whatever interpreter it
// belongs to; nil in the live world and outside a run. It is for what is called
// without a thread at hand, as a Close is.
func (i *Interpreter) Acting() *Thread {
	if o := i.w.outside(); raceKernel && o != nil {
		return o.t
	}
	var k *kernel.Task
	switch kern := i.w.kern.(type) {
	case *kernel.Timed:
		k = kern.Current()
	case *kernel.Explored:
		k = kern.Current()
	}
	if k == nil {
		return nil
	}
	t, _ := k.Owner.(*Thread)
	return t
}

// anyGoroutine is the number of a thread of a free-threaded Machine. Without a GIL
// every thread may act, but only the one that the machine runs now does: it is
// asked.
const anyGoroutine = math.MaxUint64

// Lend makes t a thread of the calling goroutine, until the function it returns is
// called: for a coroutine that runs for t, as that of an iter.Pull does. A coroutine
// lends itself the thread whenever it is resumed and gives it back before it
// suspends, so that WithChecks, which goes by goroutines, is content. The goroutine
// to which t belongs must be waiting meanwhile. Without WithChecks, and without an
// explorer that looks for goroutines which have no business there, it does nothing.
func (t *Thread) Lend() (back func()) {
	if t == nil {
		t.mustRun()
	}
	if raceKernel && t.apart() {
		return t.out.lend()
	}
	if s := t.interp.w.sandbox; s != nil && s.Lent != nil {
		return s.Lent(&t.k)
	}
	if t.goid == 0 || t.goid == anyGoroutine {
		return nobodyLent
	}
	was := t.goid
	t.goid = goid.Current()
	return func() { t.goid = was }
}

func nobodyLent() {}
