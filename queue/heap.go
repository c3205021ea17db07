package queue

// A heap in the order of Python's heapq, also of items that are equal. less is the
// caller's and may panic, so every comparison comes before the first change.

// push adds an item.
func (q *items[T]) push(e entry[T]) error {
	at, err := q.place(e)
	if err != nil {
		return err
	}
	pos := len(q.buf)
	q.buf = append(q.buf, e)
	for pos > at {
		parent := (pos - 1) / 2
		q.buf[pos] = q.buf[parent]
		pos = parent
	}
	q.buf[pos] = e
	return nil
}

// place finds where a new item goes.
func (q *items[T]) place(e entry[T]) (pos int, err error) {
	defer compared(&err)
	pos = len(q.buf)
	for pos > 0 {
		parent := (pos - 1) / 2
		if !q.less(e.v, q.buf[parent].v) {
			break
		}
		pos = parent
	}
	return pos, nil
}

// pop takes the least item.
func (q *items[T]) pop() (e entry[T], err error) {
	var way [64]int // from the top to where the last item goes
	var steps int
	last := len(q.buf) - 1
	if last > 0 {
		if steps, err = q.descend(&way); err != nil {
			return e, err
		}
	}
	e = q.buf[0]
	for i := range steps {
		q.buf[way[i]] = q.buf[way[i+1]]
	}
	var none entry[T]
	moved := q.buf[last]
	q.buf[last] = none
	q.buf = q.buf[:last]
	if last > 0 {
		q.buf[way[steps]] = moved
	}
	return e, nil
}

// descend finds the way on which the last item gets to its place when the first one
// goes: along the lesser children down to the bottom, and up again while it is less.
func (q *items[T]) descend(way *[64]int) (steps int, err error) {
	defer compared(&err)
	last := len(q.buf) - 1
	for pos := 0; 2*pos+1 < last; {
		child := 2*pos + 1
		if right := child + 1; right < last && !q.less(q.buf[child].v, q.buf[right].v) {
			child = right
		}
		steps++
		way[steps] = child
		pos = child
	}
	for steps > 0 && q.less(q.buf[last].v, q.buf[way[steps]].v) {
		steps--
	}
	return steps, nil
}

// compared turns a panic of less into an error.
func compared(err *error) {
	if v := recover(); v != nil {
		*err = &CompareError{Value: v}
	}
}
