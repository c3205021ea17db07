package gil

import (
	"iter"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// Iter is `for x in l`: it executes the bytecodes of the loop around its body and
// looks at the list once for each item, at the index it has come to. So a list
// that grows during the loop is followed to its new end, and items that move to
// the left are passed over: as in Python there is no error.
func (l *List[T]) Iter(t *Thread) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := 0; ; i++ {
			x, ok := l.next(t, i)
			if !ok {
				return
			}
			if !yield(x) {
				t.breaks()
				return
			}
		}
	}
}

// next is what a loop does up to the body with item i.
func (l *List[T]) next(t *Thread, i int) (x T, ok bool) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within2(t, func() (T, bool) { return y.next(t, i) })
	}
	if i == 0 {
		l.own(t, l)
		t.construct(bytecode.IterSetup)
	} else {
		t.construct(bytecode.IterTail)
	}
	head := t.path(bytecode.IterHead)
	t.pass(&head[0])
	l.begin(t, kernel.OpRead)
	if ok = i < len(l.v); ok {
		x = l.v[i]
	}
	about(&l.shared, t, EvRead, i)
	sawIf(ok, &l.shared, t, EvRead, x)
	if ok {
		t.pass(&head[1])
	} else {
		t.pass(&t.path(bytecode.IterEnd)[1])
	}
	return x, ok
}

// Iter is `for k in d`: it executes the bytecodes of the loop around its body and
// looks at the dict once before the loop, for its size, and once for each key.
// When the size is another one it panics with a *RuntimeError, "dictionary changed
// size during iteration", also when that is seen only after the last key. When
// keys were replaced by others, so that there are more to come than there were, it
// panics from 3.8 on, "dictionary keys changed during iteration", and goes on
// before that. Iterate over Keys to change the dict meanwhile.
func (d *Dict[K, V]) Iter(t *Thread) iter.Seq[K] {
	return func(yield func(K) bool) {
		c := d.begins(t)
		for {
			k, ok := d.next(t, c)
			if !ok {
				return
			}
			if !yield(k) {
				t.breaks()
				return
			}
		}
	}
}

// cursor is how far a loop over a dict has come.
type cursor struct {
	size int // of the dict when the loop began
	at   int // the entry to go on with
	left int // keys that it can come to
}

// begins is what a loop does before it asks for its first key.
func (d *Dict[K, V]) begins(t *Thread) *cursor {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within(t, func() *cursor { return y.begins(t) })
	}
	d.own(t, d)
	d.begin(t, kernel.OpRead)
	c := &cursor{size: d.d.used, left: d.d.used + 1}
	saw(&d.shared, t, EvRead, c.size)
	return c
}

// next is what a loop does up to the body with its next key.
func (d *Dict[K, V]) next(t *Thread, c *cursor) (k K, ok bool) {
	if raceKernel && t.apart() {
		y := d.aside(t)
		return within2(t, func() (K, bool) { return y.next(t, c) })
	}
	if c.left == c.size+1 {
		t.construct(bytecode.IterSetup)
	} else {
		t.construct(bytecode.IterTail)
	}
	c.left--
	head := t.path(bytecode.IterHead)
	t.pass(&head[0])
	d.begin(t, kernel.OpRead)
	k, ok, c.at = d.d.next(c.at)
	same := d.d.used == c.size
	sawIf(ok && same, &d.shared, t, EvRead, k)
	switch {
	case !same:
		t.raised(&head[1])
		panic(d.changed("dictionary changed size during iteration"))
	case !ok:
		t.pass(&t.path(bytecode.IterEnd)[1])
		return k, false
	case c.left == 0 && t.interp.prof.version >= bytecode.V38:
		t.raised(&head[1])
		panic(d.changed("dictionary keys changed during iteration"))
	}
	t.pass(&head[1])
	return k, true
}

func (d *Dict[K, V]) changed(python string) error {
	return misuse(python, "%s: %s; iterate over Keys, which copies them, or lock", d.describe(), python)
}

// next finds the first entry from number at on that is no hole, and the number to
// go on with.
func (d *table[K, V]) next(at int) (k K, ok bool, then int) {
	for ; at < len(d.entries); at++ {
		if e := &d.entries[at]; !e.gone {
			return e.Key, true, at + 1
		}
	}
	return k, false, at
}

// breaks executes the way out of a loop before its end: up to 3.9 an opcode that
// counts and checks, BREAK_LOOP or a jump.
func (t *Thread) breaks() {
	if t.interp.prof.version <= bytecode.V39 {
		t.Op(bytecode.OpJumpBackward)
	}
}
