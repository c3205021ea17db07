package gil

import (
	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// Iterator is `it = iter(l)` of a List: an object that several threads can take the
// next item from. With a GIL each item is got once, because next(it) is one C call.
// Without one CPython's iterators are not to be shared: items come twice or never, or
// the interpreter crashes. Here that is diagnosed, see Next.
type Iterator[T any] struct {
	name string
	l    *List[T] // which guards the rest
	at   int
	over bool
	user *Thread // who takes items, without a GIL
}

// Iterator is `it = iter(l)`. The name is for reports.
func (l *List[T]) Iterator(t *Thread, name string) *Iterator[T] {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() *Iterator[T] { return y.Iterator(t, name) })
	}
	l.own(t, l)
	t.Op(bytecode.OpGetIter)
	return &Iterator[T]{name: name, l: l}
}

// Next is `v = next(it)`; ok is false where Python raises StopIteration, and once it
// has been it stays so, even if the list has grown. In a free-threaded profile it
// panics with a *RuntimeError when another thread that is still alive has used the
// iterator: give each thread one of its own, or let one thread hand the items on.
func (it *Iterator[T]) Next(t *Thread) (v T, ok bool) {
	if raceKernel && t.apart() {
		return within2(t, func() (T, bool) { return it.Next(t) })
	}
	l := it.l
	l.own(t, l)
	p := t.path(bytecode.CallCResult)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate) // of the iterator, and it depends on the list
	if other := it.user; t.free && other != t {
		if other != nil && other.stage.Load() != stageEnded {
			l.end(t)
			panic(misuse("", "iterator %s of %s is shared by threads %s and %s, which is not safe without a GIL: items come twice or never; "+
				"give each thread an iterator of its own", it.name, l.describe(), other.name, t.name))
		}
		it.user = t
	}
	if ok = !it.over && it.at < len(l.v); ok {
		v = l.v[it.at]
		it.at++
	} else {
		it.over = true
	}
	l.end(t)
	if !ok {
		t.raised(&p[1])
		return v, false
	}
	t.pass(&p[1])
	return v, true
}
