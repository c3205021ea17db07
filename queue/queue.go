package queue

// Queue hands out the oldest item first. The zero value has no limit. A Queue must
// not be copied after first use. Python: queue.Queue.
type Queue[T any] struct{ base[T, fifo] }

// LifoQueue hands out the newest item first. The zero value has no limit. A
// LifoQueue must not be copied after first use. Python: queue.LifoQueue.
type LifoQueue[T any] struct{ base[T, lifo] }

// PriorityQueue hands out the least item first; of equal ones, in the order of
// Python's heapq, which is neither that in which they came nor its reverse. Make one
// with NewPriority. A PriorityQueue must not be copied after first use. Python:
// queue.PriorityQueue.
type PriorityQueue[T any] struct{ base[T, priority] }

// New returns a queue for at most maxsize items, any number when maxsize is zero or
// less. Python: queue.Queue(maxsize).
func New[T any](maxsize int) *Queue[T] {
	q := new(Queue[T])
	q.max = maxsize
	return q
}

// NewLifo returns a queue for at most maxsize items, any number when maxsize is zero
// or less. Python: queue.LifoQueue(maxsize).
func NewLifo[T any](maxsize int) *LifoQueue[T] {
	q := new(LifoQueue[T])
	q.max = maxsize
	return q
}

// NewPriority returns a queue for at most maxsize items, any number when maxsize is
// zero or less, that are compared by less. less is called with the queue's lock held
// and must not use the queue. An item for which it panics is refused. A nil less
// panics with a *gil.ValueError. Python: queue.PriorityQueue(maxsize).
func NewPriority[T any](maxsize int, less func(a, b T) bool) *PriorityQueue[T] {
	if less == nil {
		panic(badValue("", "NewPriority: less must not be nil; it tells which of two items comes first"))
	}
	q := new(PriorityQueue[T])
	q.max, q.items.less = maxsize, less
	return q
}
