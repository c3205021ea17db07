package asyncio

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
)

// Executor runs functions outside of the loop. Package pool's executors are some.
type Executor interface {
	// Execute arranges that work is called, later, on a thread that is not by. It
	// must not wait for that.
	Execute(by *gil.Thread, work func(t *gil.Thread)) error
	// Shutdown waits until all work has been done.
	Shutdown(by *gil.Thread) error
}

// ToThread runs fn on a thread of the loop's pool, where it competes for the same
// GIL, and waits for it while the loop turns. Cancelling the task does not stop
// the thread. A panic of fn is returned as a *PanicError. It returns an
// *UnavailableError before 3.9. Python: asyncio.to_thread.
func ToThread[T any](co *Co, fn func(t *gil.Thread) (T, error)) (T, error) {
	var none T
	if err := co.loop.rules.need(9, "ToThread (asyncio.to_thread)", "to_thread"); err != nil {
		return none, err
	}
	f, err := RunInExecutor(co.loop, nil, fn)
	if err != nil {
		return none, err
	}
	return f.Await(co)
}

// RunInExecutor runs fn on an executor, nil for the loop's own pool of threads:
// min(32, cores + 4) of them, 5 × cores before 3.8. Python: loop.run_in_executor.
func RunInExecutor[T any](l *Loop, ex Executor, fn func(t *gil.Thread) (T, error)) (*Future[T], error) {
	l.open()
	if ex == nil {
		ex = l.defaultExecutor()
	}
	f := NewFuture[T](l)
	f.f.what = "executor job"
	l.outside.Add(1)
	var skip atomic.Bool // cancelled before it began
	f.f.whenDone(func() { skip.Store(f.f.state == cancelled) })
	err := ex.Execute(l.t, func(t *gil.Thread) {
		if skip.Load() {
			l.outside.Add(-1)
			return
		}
		var v T
		var err error
		ended := false
		defer func() {
			if !ended { // the thread is being ended
				l.outside.Add(-1)
			}
		}()
		v, err = protect(t, fn)
		ended = true
		if serr := l.send(t, func() {
			l.outside.Add(-1)
			if f.f.state == pending {
				f.val = v
				f.f.finish(err)
			}
		}); serr != nil {
			l.outside.Add(-1)
		}
	})
	if err != nil {
		l.outside.Add(-1)
		return nil, err
	}
	return f, nil
}

func (l *Loop) defaultExecutor() Executor {
	if l.custom != nil {
		return l.custom
	}
	if l.executor == nil {
		l.executor = NewThreadPool(l.t, l.ExecutorSize())
	}
	return l.executor
}

// protect makes an error of a panic of fn.
func protect[T any](t *gil.Thread, fn func(t *gil.Thread) (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			if gil.Unwinding(p) {
				panic(p)
			}
			err = &PanicError{Task: t.Name(), Value: p, Stack: debug.Stack()}
		}
	}()
	return fn(t)
}

// ExecutorSize is how many threads the loop's own pool has at most, by the cores of
// the world.
func (l *Loop) ExecutorSize() int {
	cores := runtime.NumCPU()
	if m := l.t.Machine(); m != nil {
		cores = m.Cores()
	}
	if l.rules.smallExecutor() {
		return min(32, cores+4)
	}
	return 5 * cores
}

// SetDefaultExecutor makes ex the executor of ToThread and of RunInExecutor(nil);
// nil restores the loop's own pool. Whoever made ex shuts it down. Python:
// loop.set_default_executor.
func (l *Loop) SetDefaultExecutor(ex Executor) { l.custom = ex }
