package threading

import (
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// Timer is a thread that calls a function after some time, unless it is cancelled
// before. Make one with NewTimer.
//
// Python: threading.Timer.
type Timer struct {
	Name string // of its thread; set it before Start

	interval time.Duration
	fn       func(t *gil.Thread)
	opts     []gil.Option
	finished Event
	kin      gil.Kin[begun]
	last     atomic.Pointer[gil.Thread] // that was started, for whoever is no thread
}

// begun is whether a timer was started: a process that was forked before can start it
// as well.
type begun struct{ thread atomic.Pointer[gil.Thread] }

func (b *begun) fork(from *begun, _, _ *gil.Thread) { b.thread.Store(from.thread.Load()) }

func (m *Timer) begun(t *gil.Thread) *begun { return m.kin.Of(t, (*begun).fork) }

// of is the thread that by's process has started, nil before Start.
func (m *Timer) of(by *gil.Thread) *gil.Thread {
	if by == nil {
		return m.last.Load()
	}
	return m.begun(by).thread.Load()
}

// NewTimer returns a timer that calls fn on a thread of its own when d of the
// world's clock has passed since Start; when d is zero or less, at once. The
// options are those of the thread: gil.WithDaemon. It panics with a
// *gil.ValueError when fn is nil. Python: threading.Timer(d, fn).
func NewTimer(d time.Duration, fn func(t *gil.Thread), opts ...gil.Option) *Timer {
	if fn == nil {
		panic(badValue("", "NewTimer(%v): the function is nil", d))
	}
	return &Timer{interval: d, fn: fn, opts: opts}
}

// Start starts the timer's thread; by is the thread that acts. It panics with a
// *gil.RuntimeError the second time. Python: timer.start().
func (m *Timer) Start(by *gil.Thread) {
	b := m.begun(by)
	if b.thread.Load() != nil {
		panic(startedAlready())
	}
	t := by.NewThread(m.Name, m.run, append([]gil.Option{gil.WithoutTarget()}, m.opts...)...)
	if !b.thread.CompareAndSwap(nil, t) {
		panic(startedAlready())
	}
	refused := true
	defer func() {
		if refused {
			m.last.Store(nil)
			b.thread.Store(nil) // the interpreter takes no threads any more: it was never started
		}
	}()
	m.last.Store(t)
	t.Start(by)
	refused = false
}

func startedAlready() error {
	return misuse("threads can only be started once", "the timer was started already: threads can only be started once; make a new one")
}

func (m *Timer) run(t *gil.Thread) {
	m.finished.WaitTimeout(t, m.interval)
	if !m.finished.IsSet(t) {
		m.fn(t)
	}
	m.finished.Set(t)
}

// Cancel keeps the function from being called, if that has not begun; before
// Start too. It does not wait. Python: timer.cancel().
func (m *Timer) Cancel(by *gil.Thread) { m.finished.Set(by) }

// Finished reports whether the timer was cancelled or its function has returned.
// Python: timer.finished.is_set().
func (m *Timer) Finished(by *gil.Thread) bool { return m.finished.IsSet(by) }

// Join waits until the timer's thread has ended; by gives the GIL up meanwhile. It
// panics with a *gil.RuntimeError before Start, and in the timer's own function.
// Python: timer.join().
func (m *Timer) Join(by *gil.Thread) { m.started(by).Join(by) }

// JoinTimeout is Join that waits for at most d and reports whether the thread has
// ended. Python: timer.join(d), then is_alive().
func (m *Timer) JoinTimeout(by *gil.Thread, d time.Duration) (ended bool) {
	return m.started(by).JoinTimeout(by, d)
}

func (m *Timer) started(by *gil.Thread) *gil.Thread {
	t := m.of(by)
	if t == nil {
		panic(misuse("cannot join thread before it is started", "cannot join thread of a timer before it is started"))
	}
	return t
}

// IsAlive reports whether the timer was started and its thread has not ended.
// Python: timer.is_alive().
func (m *Timer) IsAlive(by *gil.Thread) bool {
	t := m.of(by)
	return t != nil && t.IsAlive(by)
}

// Thread is the timer's thread, nil before Start; when several processes have started
// it, the last one's.
func (m *Timer) Thread() *gil.Thread { return m.last.Load() }
