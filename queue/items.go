package queue

// order is how a queue hands out its items.
type order uint8

const (
	oldest order = iota
	newest
	least
)

// An ordering is a type that stands for an order, so that the zero value of a queue
// type knows its own.
type ordering interface{ order() order }

type (
	fifo     struct{}
	lifo     struct{}
	priority struct{}
)

func (fifo) order() order     { return oldest }
func (lifo) order() order     { return newest }
func (priority) order() order { return least }

var _ = [...]ordering{fifo{}, lifo{}, priority{}}

// entry is an item and its number, from 1, by which observers know it.
type entry[T any] struct {
	v T
	n int64
}

// items are what is in a queue. Whoever uses it sees to it that nobody else does.
type items[T any] struct {
	order order
	less  func(a, b T) bool
	buf   []entry[T] // a ring with a power of two of places if oldest, else a stack or a heap
	head  int        // of the ring
	n     int        // in the ring
}

// roomy is how many places a ring may keep when it is empty.
const roomy = 1 << 10

func (q *items[T]) len() int {
	if q.order == oldest {
		return q.n
	}
	return len(q.buf)
}

// put adds an item. Only a heap can fail, and is then as before.
func (q *items[T]) put(e entry[T]) error {
	switch q.order {
	case oldest:
		if q.n == len(q.buf) {
			q.grow()
		}
		q.buf[(q.head+q.n)&(len(q.buf)-1)] = e
		q.n++
	case newest:
		q.buf = append(q.buf, e)
	case least:
		return q.push(e)
	}
	return nil
}

func (q *items[T]) grow() {
	buf := make([]entry[T], max(8, 2*len(q.buf)))
	k := copy(buf, q.buf[q.head:])
	copy(buf[k:], q.buf[:q.head])
	q.buf, q.head = buf, 0
}

// get takes the next item of a queue that has some. Only a heap can fail, and is
// then as before.
func (q *items[T]) get() (e entry[T], err error) {
	var none entry[T]
	switch q.order {
	case oldest:
		e, q.buf[q.head] = q.buf[q.head], none
		q.head = (q.head + 1) & (len(q.buf) - 1)
		if q.n--; q.n == 0 && len(q.buf) > roomy {
			q.buf, q.head = nil, 0
		}
	case newest:
		last := len(q.buf) - 1
		e, q.buf[last] = q.buf[last], none
		q.buf = q.buf[:last]
	case least:
		return q.pop()
	}
	return e, nil
}

func (q *items[T]) clear() { q.buf, q.head, q.n = nil, 0, 0 }
