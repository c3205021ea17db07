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
		l.own(t)
		t.construct(bytecode.IterSetup)
		head := t.path(bytecode.IterHead)
		for i := 0; ; i++ {
			t.pass(&head[0])
			l.begin(t, kernel.OpRead)
			var x T
			ok := i < len(l.v)
			if ok {
				x = l.v[i]
			}
			l.end(t)
			if !ok {
				t.pass(&t.path(bytecode.IterEnd)[1])
				return
			}
			t.pass(&head[1])
			if !yield(x) {
				t.breaks()
				return
			}
			t.construct(bytecode.IterTail)
		}
	}
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
		d.own(t)
		d.begin(t, kernel.OpRead)
		size := d.d.used
		d.end(t)
		t.construct(bytecode.IterSetup)
		head := t.path(bytecode.IterHead)
		for at, left := 0, size; ; left-- {
			t.pass(&head[0])
			d.begin(t, kernel.OpRead)
			k, ok, then := d.d.next(at)
			same := d.d.used == size
			d.end(t)
			switch {
			case !same:
				t.raised(&head[1])
				panic(d.changed("dictionary changed size during iteration"))
			case !ok:
				t.pass(&t.path(bytecode.IterEnd)[1])
				return
			case left == 0 && t.interp.prof.version >= bytecode.V38:
				t.raised(&head[1])
				panic(d.changed("dictionary keys changed during iteration"))
			}
			t.pass(&head[1])
			if !yield(k) {
				t.breaks()
				return
			}
			t.construct(bytecode.IterTail)
			at = then
		}
	}
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
