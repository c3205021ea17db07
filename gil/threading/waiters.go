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
//
// Up to 3.1 a thread whose time has run out gets off the list without the lock. There an
// explorer is told of the list itself, by a gate that nobody passes.
type waiters struct {
	mu   sync.Mutex
	line line.Line[*waiter]
	gate gil.Gate
}

// waiter is one thread's wait. It has a gate of its own, so that a notification
// is meant for exactly one thread: with a gate for all, one that begins to wait
// after it could take it.
type waiter struct {
	gate  gil.Gate
	place line.Place[*waiter]
}

// fork makes the list that a forked process has: as long as its parent's, but of
// threads that are not there. A notification of one of them is lost, as in Python.
func (q *waiters) fork(from *waiters, _, _ *gil.Thread) {
	for range from.len() {
		q.add(new(waiter))
	}
}

// add puts w at the end.
func (q *waiters) add(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.line.Join(&w.place, w)
}

// remove takes w off, if nobody has notified it meanwhile.
func (q *waiters) remove(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.line.Leave(&w.place)
}

// announce tells an explorer of an operation on the list, where its lock does not order
// them all.
func (q *waiters) announce(t *gil.Thread, k gil.OpKind, c *Condition) {
	if q.init(t, c); t.Explored() && polls(t) {
		q.gate.Peek(t, k)
	}
}

// init gives the gate the name that it has from whoever comes first.
func (q *waiters) init(t *gil.Thread, c *Condition) {
	if t.Explored() && polls(t) {
		q.gate.Init(t, 0, "the line of "+c.describe())
	}
}

// pop takes the oldest off; nil when there is none.
func (q *waiters) pop() *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, _ := q.line.Pop()
	return w
}

// len is the number of those who wait.
func (q *waiters) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.line.Len()
}
