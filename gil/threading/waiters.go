package threading

import (
	"sync"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/line"
)

// waiters is the list of those who wait at a Condition, oldest first.
//
// Whoever uses the list holds the condition's lock, as far as that can be known:
// a Lock has no owner, so a thread may notify while another one holds it. Python's
// list survives that, so it has a mutex of its own, held for nothing but the list.
type waiters struct {
	mu   sync.Mutex
	of   *gil.Interpreter // whose threads wait
	line line.Line[*waiter]
}

// waiter is one thread's wait. It has a gate of its own, so that a notification
// is meant for exactly one thread: with a gate for all, one that begins to wait
// after it could take it.
type waiter struct {
	gate  gil.Gate
	place line.Place[*waiter]
}

// begin forgets the waiters of a world that has ended.
func (q *waiters) begin(t *gil.Thread) {
	if i := t.Interpreter(); q.of != i {
		q.of, q.line = i, line.Line[*waiter]{}
	}
}

// add puts w at the end.
func (q *waiters) add(t *gil.Thread, w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.begin(t)
	q.line.Join(&w.place, w)
}

// remove takes w off, if nobody has notified it meanwhile.
func (q *waiters) remove(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.line.Leave(&w.place)
}

// pop takes the oldest off; nil when there is none.
func (q *waiters) pop() *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, _ := q.line.Pop()
	return w
}

// len is the number of those who wait.
func (q *waiters) len(t *gil.Thread) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.begin(t)
	return q.line.Len()
}
