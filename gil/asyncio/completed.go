package asyncio

import (
	"iter"
	"time"
)

// AsCompleted yields the values and errors of the tasks, futures and coroutine
// objects in the order in which they end. The error of an await that was cancelled
// ends the iteration. Python: asyncio.as_completed.
func AsCompleted[T any](co *Co, aws ...Awaiter[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for a, err := range completed(co, -1, aws) {
			var v T
			if err == nil {
				v, err = a.result()
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// AsCompletedTimeout is AsCompleted that yields an error matching ErrTimeout when
// not all are done after d; it cancels nothing. Python:
// asyncio.as_completed(timeout=…).
func AsCompletedTimeout[T any](co *Co, d time.Duration, aws ...Awaiter[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for a, err := range completed(co, max(d, 0), aws) {
			var v T
			if err == nil {
				v, err = a.result()
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// Completed yields the tasks and futures themselves in the order in which they
// end. Python: async for … in asyncio.as_completed, 3.13.
func Completed[T any](co *Co, aws ...Awaiter[T]) iter.Seq2[Awaiter[T], error] {
	if err := co.loop.rules.need(13, "Completed (async iteration of as_completed)", "as_completed.__aiter__"); err != nil {
		return func(yield func(Awaiter[T], error) bool) { yield(nil, err) }
	}
	return completed(co, -1, aws)
}

// completed begins everything at once and yields what is done. After an error
// there is nothing more.
func completed[T any](co *Co, d time.Duration, aws []Awaiter[T]) iter.Seq2[Awaiter[T], error] {
	l := co.loop
	type entry struct {
		a       Awaiter[T]
		f       *future
		cb      *callback
		handled bool
	}
	todo := make([]*entry, 0, len(aws))
	done := NewQueue[*entry](l, 0)
	var failure error
	seen := make(map[*future]bool, len(aws))
	var t *timer
	left := 0
	for _, i := range l.order.starts(len(aws), func(i int) bool { return isCoroutine(aws[i]) }) {
		a, err := aws[i].typed(co)
		if err != nil {
			failure = err
			break
		}
		f, err := co.own(a)
		if err != nil {
			failure = err
			break
		}
		if seen[f] {
			continue
		}
		seen[f] = true
		e := &entry{a: a, f: f}
		todo = append(todo, e)
	}
	left = len(todo)
	late := false
	total := left
	for _, i := range l.order.starts(left, func(i int) bool { return todo[i].f.state != pending }) {
		e := todo[i]
		e.cb = e.f.whenDone(func() {
			if late {
				return
			}
			left--
			e.handled = true
			done.put(e)
			if left == 0 && t != nil {
				l.timers.cancel(t)
			}
		})
	}
	if d >= 0 && left > 0 {
		t = l.timer(l.later(d), func() {
			late = true
			for _, e := range todo {
				if !e.handled {
					e.f.forget(e.cb)
					done.put(nil)
				}
			}
		})
	}
	return func(yield func(Awaiter[T], error) bool) {
		if failure != nil {
			yield(nil, failure)
			return
		}
		for ; total > 0; total-- {
			e, err := done.Get(co)
			if err == nil && e == nil {
				err = ErrTimeout
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(e.a, nil) {
				return
			}
		}
	}
}
