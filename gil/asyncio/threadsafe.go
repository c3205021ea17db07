package asyncio

import "github.com/pygil/pygil/gil"

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
