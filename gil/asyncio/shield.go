package asyncio

import "fmt"

// Shield returns a future with the outcome of a, whose cancellation does not
// cancel a. From 3.14 on the exception handler is told when a fails after that.
// Python: asyncio.shield.
func Shield[T any](co *Co, a Awaiter[T]) (Awaiter[T], error) {
	inner, err := a.typed(co)
	if err != nil {
		return nil, err
	}
	f, err := co.own(inner)
	if err != nil {
		return nil, err
	}
	if f.state != pending {
		return inner, nil
	}
	outer := NewFuture[T](co.loop)
	outer.f.what, outer.f.on = "shield of "+f.name(), []*future{f}
	ended := f.whenDone(func() {
		switch {
		case outer.f.state != pending:
			if f.state != cancelled {
				f.retrieved = true
			}
		case f.state == cancelled:
			outer.f.cancelNow(noReason)
		default:
			v, err := inner.result()
			outer.val = v
			outer.f.finish(err)
		}
	})
	l := co.loop
	outer.f.whenDone(func() {
		if f.state != pending {
			return
		}
		f.forget(ended)
		if l.rules.shieldReports() && !f.shielded {
			f.shielded = true
			f.whenDone(func() { l.failedBehindShield(f) })
		}
	})
	return outer, nil
}

// failedBehindShield reports the error of work that nobody waits for any more.
func (l *Loop) failedBehindShield(f *future) {
	if f.state == finished && f.err != nil {
		f.retrieved = true
		l.report(ExceptionContext{Message: fmt.Sprintf("%T exception in shielded future", f.err), Err: f.err, Task: f.label()})
	}
}
