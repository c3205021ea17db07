package asyncio

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Remote is the outcome of a coroutine that runs in the loop of another thread.
// Python: concurrent.futures.Future.
type Remote[T any] struct {
	remote
	task *Task[T]
	val  T
	err  error
}

// remote is what the loop knows of a Remote.
type remote struct {
	loop    *Loop
	gate    gil.Gate
	at      int  // where the loop has it, guarded by the loop's lock as the rest
	waiting int  // threads that wait without a limit
	over    bool // it has an outcome
	lost    func(err error)
}

// RunCoroutineThreadsafe makes a task of fn in a loop from another thread of its
// interpreter, by, and wakes the loop; it does not wait. It returns a
// *gil.RuntimeError when the loop has ended. Python: asyncio.run_coroutine_threadsafe.
func RunCoroutineThreadsafe[T any](by *gil.Thread, l *Loop, fn func(co *Co) (T, error)) (*Remote[T], error) {
	r := &Remote[T]{}
	r.loop = l
	r.gate.Init(by, 0, "coroutine in the loop of "+l.t.Name())
	r.lost = func(err error) { r.err = err }
	l.expect(&r.remote)
	err := l.send(by, func() {
		r.task = NewTask(l, "", fn)
		r.task.f.whenDone(func() {
			r.val, r.err = r.task.result()
			l.settle(&r.remote)
		})
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Result waits until the coroutine has ended and returns its outcome; by, which is
// not the loop's thread, gives the GIL up meanwhile. When the loop ends before the
// coroutine does that is a *gil.RuntimeError, where Python waits for ever. Python:
// Future.result.
func (r *Remote[T]) Result(by *gil.Thread) (T, error) {
	if by == r.loop.t {
		var none T
		return none, misuse("", "Result on the loop's own thread would wait for ever: await the coroutine instead")
	}
	r.loop.blocks(by, &r.remote)
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

// expect remembers a remote that has no outcome yet.
func (l *Loop) expect(r *remote) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.at = len(l.remotes)
	l.remotes = append(l.remotes, r)
}

// settle lets those go on who wait for a remote. It is called on the loop's thread.
func (l *Loop) settle(r *remote) {
	l.mu.Lock()
	n := len(l.remotes) - 1
	l.remotes[r.at] = l.remotes[n]
	l.remotes[r.at].at = r.at
	l.remotes[n] = nil
	l.remotes = l.remotes[:n]
	l.blocked -= r.waiting
	r.over = true
	l.mu.Unlock()
	r.gate.Open(l.t, gil.OpSet, gil.All)
}

// blocks notes that a thread is going to wait for a remote: it will not wake the
// loop before the loop has woken it. A live loop that is idle already is told, as
// it may be stuck now; a virtual world finds that out by itself.
func (l *Loop) blocks(by *gil.Thread, r *remote) {
	l.mu.Lock()
	waits := !r.over
	if waits {
		r.waiting++
		l.blocked++
	}
	l.mu.Unlock()
	if waits && by.Machine() == nil && !by.Explored() {
		_ = l.send(by, func() {}) // a loop that has ended has settled everything
	}
}

// settleAll is called when the loop ends: nobody is to wait for it any longer.
func (l *Loop) settleAll() {
	for {
		l.mu.Lock()
		if len(l.remotes) == 0 {
			l.mu.Unlock()
			return
		}
		r := l.remotes[0]
		l.mu.Unlock()
		r.lost(misuse("Event loop is closed", "the loop of thread %s has ended before the coroutine did", l.t.Name()))
		l.settle(r)
	}
}
