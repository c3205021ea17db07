package queue

import (
	"iter"
	"math"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// base is a queue of any order.
type base[T any, O ordering] struct {
	Name string // for reports; set it before first use

	home       home
	max        int
	mutex      *threading.Lock
	notEmpty   *threading.Condition
	notFull    *threading.Condition
	allDone    *threading.Condition
	items      items[T]
	puts       int64 // the number of the last item put
	unfinished int
	waiting    int // threads that wait for an item or for room
	down       bool
}

// bind sees to it that the queue is t's interpreter's.
func (q *base[T, O]) bind(t *gil.Thread) error {
	if q.home.is(t) {
		return nil
	}
	return q.home.move(t, named(q.Name, "", "a queue"), q.begin)
}

// begin makes the queue what it was when it was made.
func (q *base[T, O]) begin() error {
	var o O
	if q.items.order = o.order(); q.items.order == least && q.items.less == nil {
		return misuse("a PriorityQueue that was not made by NewPriority, so that it cannot compare items")
	}
	q.items.clear()
	q.puts, q.unfinished, q.waiting, q.down = 0, 0, 0, false
	q.mutex = &threading.Lock{Name: named(q.Name, ".mutex", "the mutex of a queue")}
	condition := func(part string) *threading.Condition {
		c := threading.NewCondition(q.mutex)
		c.Name = named(q.Name, "."+part, "the condition "+part+" of a queue")
		return c
	}
	q.notEmpty, q.notFull, q.allDone = condition("not_empty"), condition("not_full"), condition("all_tasks_done")
	return nil
}

// lock takes the queue's lock for a method that has no error to return.
func (q *base[T, O]) lock(t *gil.Thread) {
	if err := q.bind(t); err != nil {
		panic(err)
	}
	q.acquire(t)
}

// acquire takes the queue's lock at the beginning of a method. Methods are written in
// Python, so that the interpreter may look whether to switch when one is entered.
func (q *base[T, O]) acquire(t *gil.Thread) {
	t.Before(gil.SiteMethod)
	q.mutex.Acquire(t)
}

// patience is how long a Put or Get may wait.
type patience struct {
	method string        // for errors; empty unless limited
	limit  time.Duration // when limited
	try    bool          // not at all
}

func (p patience) limited() bool { return p.method != "" }

// until is the moment that is d from now, or the last there is.
func until(t *gil.Thread, d time.Duration) time.Duration {
	now := t.Now()
	if end := now + d; end >= now {
		return end
	}
	return math.MaxInt64
}

// Put adds an item, waiting while the queue is full. It returns ErrShutDown when
// the queue is or gets shut down, and a *CompareError for an item that cannot be
// compared. The GIL is given up while it waits. Python: q.put(item).
func (q *base[T, O]) Put(t *gil.Thread, v T) error { return q.put(t, v, patience{}) }

// PutTimeout is Put that waits for at most d; then it returns an error that matches
// ErrFull and context.DeadlineExceeded. A d of zero does not wait. A negative one is
// a *gil.ValueError if the queue has a limit, and as in Python no matter if it has
// none. Python: q.put(item, timeout=d).
func (q *base[T, O]) PutTimeout(t *gil.Thread, v T, d time.Duration) error {
	return q.put(t, v, patience{method: "PutTimeout", limit: d})
}

// TryPut is Put that never waits for room but returns ErrFull. Python:
// q.put_nowait(item).
func (q *base[T, O]) TryPut(t *gil.Thread, v T) error { return q.put(t, v, patience{try: true}) }

func (q *base[T, O]) put(t *gil.Thread, v T, p patience) error {
	if err := q.bind(t); err != nil {
		return err
	}
	q.acquire(t)
	defer q.mutex.Release(t)
	if q.down {
		return ErrShutDown
	}
	if q.max > 0 {
		if err := q.await(t, q.notFull, p, ErrFull); err != nil {
			return err
		}
	}
	if err := q.items.put(entry[T]{v, q.puts + 1}); err != nil {
		q.wake(t, q.notFull) // who was woken for this room has not used it
		return err
	}
	q.puts++
	q.unfinished++
	if t.Observed() {
		q.tell(t, gil.Event{Kind: gil.EvQueuePut, A: q.puts})
	}
	q.wake(t, q.notEmpty)
	return nil
}

// Get takes the next item, waiting while there is none. It returns ErrShutDown when
// the queue is or gets shut down and has no items. The GIL is given up while it
// waits. Python: q.get().
func (q *base[T, O]) Get(t *gil.Thread) (T, error) { return q.get(t, patience{}) }

// GetTimeout is Get that waits for at most d; then it returns an error that matches
// ErrEmpty and context.DeadlineExceeded. A d of zero does not wait, a negative one is
// a *gil.ValueError. Python: q.get(timeout=d).
func (q *base[T, O]) GetTimeout(t *gil.Thread, d time.Duration) (T, error) {
	return q.get(t, patience{method: "GetTimeout", limit: d})
}

// TryGet is Get that never waits for an item but returns ErrEmpty. Python:
// q.get_nowait().
func (q *base[T, O]) TryGet(t *gil.Thread) (T, error) { return q.get(t, patience{try: true}) }

func (q *base[T, O]) get(t *gil.Thread, p patience) (none T, err error) {
	if err := q.bind(t); err != nil {
		return none, err
	}
	q.acquire(t)
	defer q.mutex.Release(t)
	if q.down && q.items.len() == 0 {
		return none, ErrShutDown
	}
	if err := q.await(t, q.notEmpty, p, ErrEmpty); err != nil {
		return none, err
	}
	e, err := q.items.get()
	if err != nil {
		q.wake(t, q.notEmpty) // who was woken for this item has not taken it
		return none, err
	}
	if t.Observed() {
		q.tell(t, gil.Event{Kind: gil.EvQueueGet, A: e.n})
	}
	q.wake(t, q.notFull)
	return e.v, nil
}

// blocked reports whether who waits for c has to.
func (q *base[T, O]) blocked(c *threading.Condition) bool {
	if c == q.notFull {
		return q.items.len() >= q.max
	}
	return q.items.len() == 0
}

// await waits with the lock held until c's condition holds. The checks come in
// Python's order.
func (q *base[T, O]) await(t *gil.Thread, c *threading.Condition, p patience, sorry error) error {
	if p.limited() && p.limit < 0 {
		return negativeTimeout(p.method, p.limit)
	}
	if !q.blocked(c) {
		return nil
	}
	if p.try {
		return sorry
	}
	var end time.Duration
	if p.limited() {
		end = until(t, p.limit)
	}
	for first := true; q.blocked(c); first = false {
		var left time.Duration
		if p.limited() {
			if left = end - t.Now(); left <= 0 {
				return &timeoutError{sorry, p.limit}
			}
		}
		if first && t.Observed() {
			q.tell(t, gil.Event{Kind: gil.EvQueueWait, Why: gil.WhyQueue})
		}
		q.waiting++
		if p.limited() {
			c.WaitTimeout(t, left)
		} else {
			c.Wait(t)
		}
		q.waiting--
		if q.down && (c == q.notFull || q.items.len() == 0) {
			return ErrShutDown
		}
	}
	return nil
}

// wake wakes the thread that has waited longest at c. Mostly nobody waits at all,
// which the queue knows for less than the condition.
func (q *base[T, O]) wake(t *gil.Thread, c *threading.Condition) {
	if q.waiting > 0 {
		c.Notify(t, 1)
	}
}

// tell tells the observer of something that t did to the queue.
func (q *base[T, O]) tell(t *gil.Thread, e gil.Event) {
	e.Obj, e.Name, e.B = q.home.obj, q.Name, int64(q.items.len())
	t.Emit(e)
}

// All gets items until the queue is shut down and has none left, or the loop ends.
// It waits as Get does, and panics with any other error of Get. Python: a loop over
// q.get() that ends with queue.ShutDown.
func (q *base[T, O]) All(t *gil.Thread) iter.Seq[T] {
	return untilShutDown(func() (T, error) { return q.Get(t) })
}

// QSize is the number of items. Python: q.qsize().
func (q *base[T, O]) QSize(t *gil.Thread) int {
	q.lock(t)
	defer q.mutex.Release(t)
	return q.items.len()
}

// Empty reports whether there is no item. Python: q.empty().
func (q *base[T, O]) Empty(t *gil.Thread) bool { return q.QSize(t) == 0 }

// Full reports whether there is no room. A queue without a limit is never full.
// Python: q.full().
func (q *base[T, O]) Full(t *gil.Thread) bool {
	q.lock(t)
	defer q.mutex.Release(t)
	return q.max > 0 && q.items.len() >= q.max
}

// MaxSize is the limit, zero or less for none. Python: q.maxsize.
func (q *base[T, O]) MaxSize() int { return q.max }

// untilShutDown is the loop of All over what get returns.
func untilShutDown[T any](get func() (T, error)) iter.Seq[T] {
	return func(yield func(T) bool) {
		for {
			v, err := get()
			if err == ErrShutDown {
				return
			}
			if err != nil {
				panic(err)
			}
			if !yield(v) {
				return
			}
		}
	}
}
