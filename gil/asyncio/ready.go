package asyncio

// job is one entry of the ready queue: the next step of a task, a function of
// this package, a handle that a user may cancel, or a timer that has come due.
// Exactly one is set.
type job struct {
	co *Co
	fn func()
	h  *Handle
	t  *timer
}

// ready is the FIFO of what runs in this turn and the next. It is a ring that
// grows by doubling, so that a loop in its stride allocates nothing.
type ready struct {
	buf  []job // its length is a power of two
	head int
	n    int
}

func (r *ready) push(j job) {
	if r.n == len(r.buf) {
		r.grow()
	}
	r.buf[(r.head+r.n)&(len(r.buf)-1)] = j
	r.n++
}

func (r *ready) pop() job {
	p := &r.buf[r.head]
	j := *p
	*p = job{}
	r.head = (r.head + 1) & (len(r.buf) - 1)
	r.n--
	return j
}

func (r *ready) grow() {
	buf := make([]job, max(16, 2*len(r.buf)))
	for i := range r.n {
		buf[i] = r.buf[(r.head+i)&(len(r.buf)-1)]
	}
	r.buf, r.head = buf, 0
}

// swap exchanges the i-th and the j-th entry.
func (r *ready) swap(i, j int) {
	m := len(r.buf) - 1
	a, b := &r.buf[(r.head+i)&m], &r.buf[(r.head+j)&m]
	*a, *b = *b, *a
}

func (r *ready) clear() { *r = ready{} }
