package asyncio

// fifo is a ring that grows by doubling.
type fifo[T any] struct {
	buf  []T
	head int
	n    int
}

func (r *fifo[T]) len() int { return r.n }

func (r *fifo[T]) put(v T) {
	if r.n == len(r.buf) {
		buf := make([]T, max(8, 2*len(r.buf)))
		for i := range r.n {
			buf[i] = r.buf[(r.head+i)&(len(r.buf)-1)]
		}
		r.buf, r.head = buf, 0
	}
	r.buf[(r.head+r.n)&(len(r.buf)-1)] = v
	r.n++
}

func (r *fifo[T]) get() T {
	var none T
	v := r.buf[r.head]
	r.buf[r.head] = none
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
	return v
}

// lifo is a stack.
type lifo[T any] struct{ items []T }

func (s *lifo[T]) len() int { return len(s.items) }
func (s *lifo[T]) put(v T)  { s.items = append(s.items, v) }
func (s *lifo[T]) get() T {
	var none T
	n := len(s.items) - 1
	v := s.items[n]
	s.items[n] = none
	s.items = s.items[:n]
	return v
}

// priority is a heap in the manner of Python's heapq, so that equal items come out
// in the same order as there.
type priority[T any] struct {
	items []T
	less  func(a, b T) bool
}

func (h *priority[T]) len() int { return len(h.items) }

func (h *priority[T]) put(v T) {
	h.items = append(h.items, v)
	h.rise(len(h.items) - 1)
}

func (h *priority[T]) rise(pos int) {
	v := h.items[pos]
	for pos > 0 {
		up := (pos - 1) / 2
		if !h.less(v, h.items[up]) {
			break
		}
		h.items[pos] = h.items[up]
		pos = up
	}
	h.items[pos] = v
}

func (h *priority[T]) get() T {
	var none T
	n := len(h.items) - 1
	top, last := h.items[0], h.items[n]
	h.items[n] = none
	h.items = h.items[:n]
	if n == 0 {
		return top
	}
	pos := 0
	for child := 1; child < n; child = 2*pos + 1 {
		if right := child + 1; right < n && !h.less(h.items[child], h.items[right]) {
			child = right
		}
		h.items[pos] = h.items[child]
		pos = child
	}
	h.items[pos] = last
	h.rise(pos)
	return top
}
