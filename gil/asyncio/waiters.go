package asyncio

// waiters is a FIFO of futures of tasks that wait for a primitive.
type waiters struct {
	list []*future
	head int
}

func (w *waiters) len() int { return len(w.list) - w.head }

func (w *waiters) all() []*future { return w.list[w.head:] }

func (w *waiters) push(f *future) { w.list = append(w.list, f) }

func (w *waiters) pop() *future {
	f := w.list[w.head]
	w.list[w.head] = nil
	w.head++
	if w.head == len(w.list) {
		w.list, w.head = w.list[:0], 0
	}
	return f
}

// remove takes f out, if it is there.
func (w *waiters) remove(f *future) {
	for i := w.head; i < len(w.list); i++ {
		if w.list[i] != f {
			continue
		}
		if i == w.head {
			w.pop()
			return
		}
		copy(w.list[i:], w.list[i+1:])
		w.list[len(w.list)-1] = nil
		w.list = w.list[:len(w.list)-1]
		return
	}
}

// wake pops waiters until it has woken one.
func (w *waiters) wake() bool {
	for w.len() > 0 {
		if f := w.pop(); f.state == pending {
			f.finish(nil)
			return true
		}
	}
	return false
}

// someoneLeft reports whether there is a waiter that was not cancelled.
func (w *waiters) someoneLeft() bool {
	for _, f := range w.all() {
		if f.state != cancelled {
			return true
		}
	}
	return false
}

// bound ties a primitive to the loop of the task that first waits for it.
type bound struct{ loop *Loop }

// waiter makes a future on which co will wait for the primitive, which from now on
// belongs to co's loop.
func (b *bound) waiter(co *Co, what, name string) (*future, error) {
	if err := co.check(); err != nil {
		return nil, err
	}
	if b.loop == nil {
		b.loop = co.loop
	}
	if b.loop != co.loop {
		return nil, misuse(what+" is bound to a different event loop", "%s belongs to another loop; make one per loop", describe(what, name))
	}
	l := co.loop
	var f *future
	if n := len(l.waiters); n > 0 {
		f = l.waiters[n-1]
		l.waiters = l.waiters[:n-1]
		f.state, f.err, f.id = pending, nil, 0
	} else {
		f = &future{loop: l}
	}
	f.what = describe(what, name)
	return f, nil
}

// reuse takes a waiter back that has been woken and is on no list.
func (l *Loop) reuse(f *future) { l.waiters = append(l.waiters, f) }

func describe(what, name string) string {
	if name == "" {
		return what
	}
	return what + " " + name
}
