package queue

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/line"
)

// SimpleQueue hands out the oldest item first. It has no limit, no tasks and no end.
// A Put never waits, never gives the GIL up and may come at any moment, also while
// the same thread is inside another method of the queue. A Get that finds nobody to
// wait for does not give it up either; one that has to wait is handed the item
// meant for it. The zero value is ready. A SimpleQueue must not be copied after first
// use. Python: queue.SimpleQueue, the one written in C.
type SimpleQueue[T any] struct {
	Name string // for reports; set it before first use

	home  home
	items items[T] // under home.mu, as everything below
	puts  int64    // the number of the last item put
	line  line.Line[*taker[T]]
}

// taker is a thread that waits for an item. An item that is put goes to the first of
// them, so that none that comes later can have it. Either the taker is in line or it
// has its item.
type taker[T any] struct {
	gate  gil.Gate
	item  entry[T]
	place line.Place[*taker[T]]
}

// NewSimple returns an empty queue. Python: queue.SimpleQueue().
func NewSimple[T any]() *SimpleQueue[T] { return new(SimpleQueue[T]) }

// announce binds the queue to t's interpreter and says what t is about to do to it, in
// a method that is written in C: the interpreter looks whether to switch after its call.
// Here it looks before the work is done, which nobody can tell: the work takes no time.
// An explorer switches in it, so no mutex is held.
func (q *SimpleQueue[T]) announce(t *gil.Thread, k gil.OpKind) error {
	if !q.home.is(t) {
		if err := q.home.move(t, q.describe(), q.begin); err != nil {
			return err
		}
	}
	q.home.gate.Peek(t, k)
	t.After(gil.SiteTry)
	return nil
}

func (q *SimpleQueue[T]) describe() string { return named(q.Name, "", "a simple queue") }

func (q *SimpleQueue[T]) begin() error {
	q.items.clear()
	q.puts, q.line = 0, line.Line[*taker[T]]{}
	return nil
}

// Put adds an item. It never waits and fails only in the wrong interpreter. Python:
// q.put(item).
func (q *SimpleQueue[T]) Put(t *gil.Thread, v T) error {
	if err := q.announce(t, gil.OpPut); err != nil {
		return err
	}
	q.home.mu.Lock()
	q.puts++
	e := entry[T]{v, q.puts}
	w, waits := q.line.Pop()
	if waits {
		w.item = e
	} else {
		_ = q.items.put(e) // a ring takes everything
	}
	n := q.items.len()
	q.home.mu.Unlock()
	if t.Observed() {
		q.tell(t, gil.EvQueuePut, e.n, n)
	}
	if w != nil {
		w.gate.Open(t, gil.OpNotify, 1)
	}
	return nil
}

// PutTimeout is Put: there is always room, and d does not matter. Python:
// q.put(item, timeout=d).
func (q *SimpleQueue[T]) PutTimeout(t *gil.Thread, v T, _ time.Duration) error { return q.Put(t, v) }

// TryPut is Put. Python: q.put_nowait(item).
func (q *SimpleQueue[T]) TryPut(t *gil.Thread, v T) error { return q.Put(t, v) }

// Get takes the oldest item, waiting while there is none. The GIL is given up only
// while it waits. Python: q.get().
func (q *SimpleQueue[T]) Get(t *gil.Thread) (T, error) { return q.get(t, patience{}) }

// GetTimeout is Get that waits for at most d; then it returns an error that matches
// ErrEmpty and context.DeadlineExceeded. A d of zero does not wait, a negative one is
// a *gil.ValueError. Python: q.get(timeout=d).
func (q *SimpleQueue[T]) GetTimeout(t *gil.Thread, d time.Duration) (T, error) {
	if d < 0 {
		var none T
		return none, negativeTimeout("GetTimeout", d)
	}
	return q.get(t, patience{method: "GetTimeout", limit: d})
}

// TryGet is Get that returns ErrEmpty instead of waiting. Python: q.get_nowait().
func (q *SimpleQueue[T]) TryGet(t *gil.Thread) (T, error) { return q.get(t, patience{try: true}) }

func (q *SimpleQueue[T]) get(t *gil.Thread, p patience) (v T, err error) {
	if err := q.announce(t, gil.OpGet); err != nil {
		return v, err
	}
	q.home.mu.Lock()
	if q.items.len() == 0 {
		q.home.mu.Unlock()
		switch {
		case p.try:
			return v, ErrEmpty
		case p.limited() && p.limit == 0:
			return v, &timeoutError{ErrEmpty, 0}
		}
		return q.await(t, p)
	}
	e, _ := q.items.get()
	n := q.items.len()
	q.home.mu.Unlock()
	if t.Observed() {
		q.tell(t, gil.EvQueueGet, e.n, n)
	}
	return e.v, nil
}

// await waits in line for an item.
func (q *SimpleQueue[T]) await(t *gil.Thread, p patience) (v T, err error) {
	w := new(taker[T])
	w.gate.Init(t, 0, q.describe())
	w.gate.WaitFor(gil.WhyQueue)
	end := gil.Forever
	if p.limited() {
		end = until(t, p.limit)
	}
	q.home.mu.Lock()
	if q.items.len() > 0 { // one has come meanwhile, where there is no GIL
		w.item, _ = q.items.get()
	} else {
		q.line.Join(&w.place, w)
	}
	waits := w.place.In()
	n := q.items.len()
	q.home.mu.Unlock()
	if waits {
		if t.Observed() {
			q.tell(t, gil.EvQueueWait, 0, n)
		}
		w.gate.Pass(t, gil.OpGet, end)
		q.home.mu.Lock()
		if q.line.Leave(&w.place) { // nobody has an item for it, and from now on nobody will
			q.home.mu.Unlock()
			return v, &timeoutError{ErrEmpty, p.limit}
		}
		n = q.items.len()
		q.home.mu.Unlock()
	}
	if t.Observed() {
		q.tell(t, gil.EvQueueGet, w.item.n, n)
	}
	return w.item.v, nil
}

// tell tells the observer of something that t did to item number a, when n were left.
func (q *SimpleQueue[T]) tell(t *gil.Thread, k gil.EventKind, a int64, n int) {
	e := gil.Event{Kind: k, Obj: q.home.obj, Name: q.Name, A: a, B: int64(n)}
	if k == gil.EvQueueWait {
		e.Why = gil.WhyQueue
	}
	t.Emit(e)
}

// QSize is the number of items. Python: q.qsize().
func (q *SimpleQueue[T]) QSize(t *gil.Thread) int {
	if err := q.announce(t, gil.OpPeek); err != nil {
		panic(err)
	}
	q.home.mu.Lock()
	defer q.home.mu.Unlock()
	return q.items.len()
}

// Empty reports whether there is no item. Python: q.empty().
func (q *SimpleQueue[T]) Empty(t *gil.Thread) bool { return q.QSize(t) == 0 }
