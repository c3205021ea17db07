package asyncio

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// CallSoonThreadsafe queues fn for the loop's next turn from another thread, and
// wakes the loop. by is the thread that acts, nil for a goroutine that is none,
// which only the live world has. It returns a *gil.RuntimeError when the loop has
// ended. Python: loop.call_soon_threadsafe.
func (l *Loop) CallSoonThreadsafe(by *gil.Thread, fn func()) error {
	return l.send(by, func() { l.guard(fn, fn) })
}

// send is CallSoonThreadsafe for functions of this package.
func (l *Loop) send(by *gil.Thread, fn func()) error {
	if l.closed.Load() {
		return misuse("Event loop is closed", "the loop has ended: Event loop is closed")
	}
	l.mu.Lock()
	l.inbox = append(l.inbox, job{fn: fn})
	l.posted.Add(1)
	l.mu.Unlock()
	if by == nil {
		l.t.Interpreter().Post(&l.gate, 1)
	} else {
		l.gate.Open(by, gil.OpSet, 1)
	}
	return nil
}

// Hold tells the loop that a goroutine which is no thread of the interpreter will
// wake it, so that an idle loop is no deadlock. Call release when that is over; by
// is as for CallSoonThreadsafe.
func (l *Loop) Hold() (release func(by *gil.Thread)) {
	l.outside.Add(1)
	once := false
	return func(by *gil.Thread) {
		l.mu.Lock()
		again := once
		once = true
		l.mu.Unlock()
		if again {
			return
		}
		l.outside.Add(-1)
		_ = l.send(by, func() {}) // the loop looks whether it is stuck now; a closed one need not
	}
}

// Interrupt is Ctrl-C: from 3.11 on the first one cancels the main coroutine of a
// Runner, which then returns ErrKeyboardInterrupt; before, and the second time, it
// ends the loop at once. by is as for CallSoonThreadsafe. Python: SIGINT.
func (l *Loop) Interrupt(by *gil.Thread) error {
	return l.send(by, func() {
		l.mu.Lock()
		signal := l.signal
		l.mu.Unlock()
		if signal == nil {
			l.interrupt = ErrKeyboardInterrupt
		} else {
			l.interrupt = signal()
		}
	})
}

// Remote is the outcome of a coroutine that runs in the loop of another thread.
// Python: concurrent.futures.Future.
type Remote[T any] struct {
	loop *Loop
	gate *gil.Gate
	task *Task[T]
	val  T
	err  error
}

// RunCoroutineThreadsafe makes a task of fn in a loop from another thread of its
// interpreter. Python: asyncio.run_coroutine_threadsafe.
func RunCoroutineThreadsafe[T any](by *gil.Thread, l *Loop, fn func(co *Co) (T, error)) (*Remote[T], error) {
	r := &Remote[T]{loop: l, gate: new(gil.Gate)}
	r.gate.Init(by, 0, "coroutine in the loop of "+l.t.Name())
	err := l.send(by, func() {
		r.task = NewTask(l, "", fn)
		r.task.f.whenDone(func() {
			r.val, r.err = r.task.result()
			r.gate.Open(l.t, gil.OpSet, gil.All)
		})
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Result waits until the coroutine has ended and returns its outcome; by, which is
// not the loop's thread, gives the GIL up meanwhile. Python: Future.result.
func (r *Remote[T]) Result(by *gil.Thread) (T, error) {
	if by == r.loop.t {
		var none T
		return none, misuse("", "Result on the loop's own thread would wait for ever: await the coroutine instead")
	}
	r.gate.Pass(by, gil.OpWait, gil.Forever)
	return r.val, r.err
}

// ResultTimeout is Result that waits at most d, then returns an error that matches
// ErrTimeout; the coroutine goes on. Python: Future.result(timeout).
func (r *Remote[T]) ResultTimeout(by *gil.Thread, d time.Duration) (T, error) {
	var none T
	if by == r.loop.t {
		return none, misuse("", "ResultTimeout on the loop's own thread would wait in vain: await the coroutine instead")
	}
	if r.gate.Pass(by, gil.OpWait, max(by.Now()+d, 0)) != gil.Passed {
		return none, ErrTimeout
	}
	return r.val, r.err
}

// Cancel cancels the coroutine. Python: Future.cancel.
func (r *Remote[T]) Cancel(by *gil.Thread) error {
	return r.loop.send(by, func() { r.task.Cancel() })
}
