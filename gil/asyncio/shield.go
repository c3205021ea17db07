package asyncio

// Shield returns a future with the outcome of a, whose cancellation does not
// cancel a. Python: asyncio.shield.
func Shield[T any](co *Co, a Awaiter[T]) (Awaiter[T], error) {
	inner, err := a.typed(co)
	if err != nil {
		return nil, err
	}
	f, err := inner.ensure(co)
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
	outer.f.whenDone(func() {
		if f.state == pending {
			f.forget(ended)
		}
	})
	return outer, nil
}
