package gil

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// List is a Python list that threads share. Every method is the construct its
// comment names, executed as the profile's bytecodes, with the list touched in
// one C call: whole under every profile, by the GIL or, without one, by a lock
// that the list has for itself. What is torn is what Python tears: two calls in a
// row, and AddAt up to 3.9 and without a GIL.
//
// Indices count from the end when they are negative. An index that is out of
// range is an *IndexError, which matches ErrIndex; nothing has changed then.
//
// The zero List is an empty one without a name. A List belongs to the interpreter
// that first uses it, as a Var does. A method gives the GIL up only where the
// profile's bytecodes look whether to switch, and takes no time for the length of
// the list: add Thread.Held for a call that takes long. Methods panic with a
// *RuntimeError when t is not the thread that acts.
type List[T any] struct {
	shared
	twin twin[List[T]]
	v    []T
}

// NewList makes a list with a name for reports and its first items.
//
//go:norace
func NewList[T any](name string, items ...T) *List[T] {
	return &List[T]{shared: shared{name: name}, v: holdAll(items)}
}

// aside is the list that the inside uses, see Var.aside.
//
//go:norace
func (l *List[T]) aside(t *Thread) *List[T] {
	y, s := l.twin.get()
	if y != nil && s == t.box {
		return y
	}
	y = new(List[T])
	y.name, y.home, y.v = clean(l.name), l.home, l.v
	l.twin.set(y, t.box)
	t.box.afterwards(func() {
		l.twin.set(nil, nil)
		l.v = y.v
		l.settle(&y.shared)
	})
	return y
}

// Name is the name given to NewList.
func (l *List[T]) Name() string { return l.name }

// Peek returns a copy of the items from outside any thread: before a run, after
// it, or from an observer of the virtual world. No explorer sees it.
func (l *List[T]) Peek() []T {
	if y, s := l.twin.get(); raceKernel && y != nil {
		return peeked(s, y.Peek)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.v)
}

// Append is `l.append(v)`.
func (l *List[T]) Append(t *Thread, v T) {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		t.inside(func() { y.Append(t, *p) })
		return
	}
	l.own(t, l)
	p := t.path(bytecode.ListAppend)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	l.v = append(l.v, v)
	saw(&l.shared, t, EvWrite, v)
	t.pass(&p[1])
}

// Extend is `l.extend(vs)` of a list or a tuple: no other thread sees a part of
// vs. It stands for `l += vs` as well. vs are values, and so are those of another
// list's Snapshot: no operation here takes two objects. Of those that do, extend with a
// list or ==, a free-threaded Python locks both, that with the lower address first.
func (l *List[T]) Extend(t *Thread, vs ...T) {
	if raceKernel && t.apart() {
		y, held := l.aside(t), holdAll(vs)
		t.inside(func() { y.Extend(t, held...) })
		return
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod1)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	l.v = append(l.v, vs...)
	saw(&l.shared, t, EvWrite, vs)
	t.pass(&p[1])
}

// Insert is `l.insert(i, v)`: v comes before item i. An index beyond an end means
// that end, as in Python.
func (l *List[T]) Insert(t *Thread, i int, v T) {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		t.inside(func() { y.Insert(t, i, *p) })
		return
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod2)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	at, _ := l.at(i)
	l.v = slices.Insert(l.v, min(max(at, 0), len(l.v)), v)
	about(&l.shared, t, EvWrite, i)
	saw(&l.shared, t, EvWrite, v)
	t.pass(&p[1])
}

// Pop is `v = l.pop()`: it takes the last item out. The error is an *IndexError
// when there is none, as when another thread has been faster.
func (l *List[T]) Pop(t *Thread) (T, error) {
	return l.pop(t, bytecode.CallMethod0Result, -1)
}

// PopAt is `v = l.pop(i)`: it takes item i out, 0 for the first one. The error is
// an *IndexError.
func (l *List[T]) PopAt(t *Thread, i int) (T, error) {
	return l.pop(t, bytecode.CallMethod1Result, i)
}

func (l *List[T]) pop(t *Thread, c bytecode.Construct, i int) (v T, err error) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within2(t, func() (T, error) { return y.pop(t, c, i) })
	}
	l.own(t, l)
	p := t.path(c)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	at, ok := l.at(i)
	n := len(l.v)
	if ok {
		v = l.v[at]
		l.v = slices.Delete(l.v, at, at+1)
	}
	if c == bytecode.CallMethod1Result {
		about(&l.shared, t, EvRead, i)
	}
	sawIf(ok, &l.shared, t, EvRead, v)
	switch {
	case ok:
		t.pass(&p[1])
		return v, nil
	case n == 0:
		err = l.outOfRange(i, n, "pop from empty list")
	default:
		err = l.outOfRange(i, n, "pop index out of range")
	}
	t.raised(&p[1])
	return v, err
}

// Index is `v = l[i]`. The error is an *IndexError.
func (l *List[T]) Index(t *Thread, i int) (v T, err error) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within2(t, func() (T, error) { return y.Index(t, i) })
	}
	l.own(t, l)
	p := t.path(bytecode.Item)
	t.pass(&p[0])
	if v, err = l.read(t, i); err != nil {
		t.raised(&p[1])
		return v, err
	}
	t.pass(&p[1])
	return v, nil
}

// SetIndex is `l[i] = v`. The error is an *IndexError.
func (l *List[T]) SetIndex(t *Thread, i int, v T) error {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		return within(t, func() error { return y.SetIndex(t, i, *p) })
	}
	l.own(t, l)
	p := t.path(bytecode.SetItem)
	t.pass(&p[0])
	if err := l.write(t, i, v); err != nil {
		t.raised(&p[1])
		return err
	}
	t.pass(&p[1])
	return nil
}

// DeleteIndex is `del l[i]`. The error is an *IndexError.
func (l *List[T]) DeleteIndex(t *Thread, i int) error {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() error { return y.DeleteIndex(t, i) })
	}
	l.own(t, l)
	p := t.path(bytecode.DelItem)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	at, ok := l.at(i)
	n := len(l.v)
	var v T
	if ok {
		v = l.v[at]
		l.v = slices.Delete(l.v, at, at+1)
	}
	about(&l.shared, t, EvRead, i)
	sawIf(ok, &l.shared, t, EvRead, v)
	if !ok {
		t.raised(&p[1])
		return l.outOfRange(i, n, "list assignment index out of range")
	}
	t.pass(&p[1])
	return nil
}

// AddAt is `l[i] += n`, a read and a write with the profile's own bytecodes around
// them: torn up to 3.9, whole from 3.10 on, torn again without a GIL. The error
// is an *IndexError; it can come from the write as well, when another thread has
// made the list shorter meanwhile.
func AddAt[N Number](t *Thread, l *List[N], i int, n N) error {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() error { return AddAt(t, y, i, n) })
	}
	l.own(t, l)
	p := t.path(bytecode.ItemAdd)
	t.pass(&p[0])
	v, err := l.read(t, i)
	if err != nil {
		t.raised(&p[1])
		return err
	}
	t.pass(&p[1])
	if err = l.write(t, i, v+n); err != nil {
		t.raised(&p[2])
		return err
	}
	t.pass(&p[2])
	return nil
}

// Remove is `l.remove(v)`: it takes the first item out that equals v. The error
// is a *ValueError when there is none. Items are compared with ==, or, where Go
// cannot, as reflect.DeepEqual compares them.
func (l *List[T]) Remove(t *Thread, v T) error {
	if !l.removed(t, v) {
		return badValue("list.remove(x): x not in list",
			"%s: Remove(%v): no such item; test Contains and Remove under one lock, or handle this error", l.describe(), v)
	}
	return nil
}

// removed is Remove; it reports whether there was such an item.
func (l *List[T]) removed(t *Thread, v T) bool {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		return within(t, func() bool { return y.removed(t, *p) })
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod1)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	i := l.find(t, v)
	if i >= 0 {
		l.v = slices.Delete(l.v, i, i+1)
	}
	sawIf(i >= 0, &l.shared, t, EvRead, v)
	if i < 0 {
		t.raised(&p[1])
		return false
	}
	t.pass(&p[1])
	return true
}

// Contains is `b = v in l`; see Remove for what is equal.
func (l *List[T]) Contains(t *Thread, v T) bool {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		return within(t, func() bool { return y.Contains(t, *p) })
	}
	l.own(t, l)
	p := t.path(bytecode.Contains)
	t.pass(&p[0])
	l.begin(t, kernel.OpRead)
	i := l.find(t, v)
	saw(&l.shared, t, EvRead, i >= 0)
	t.pass(&p[1])
	return i >= 0
}

// Count is `n = l.count(v)`; see Remove for what is equal.
func (l *List[T]) Count(t *Thread, v T) (n int) {
	if raceKernel && t.apart() {
		y, p := l.aside(t), hold(v)
		return within(t, func() int { return y.Count(t, *p) })
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod1Result)
	t.pass(&p[0])
	l.begin(t, kernel.OpRead)
	for i := range l.v {
		if same(t, l.v[i], v) {
			n++
		}
	}
	saw(&l.shared, t, EvRead, n)
	t.pass(&p[1])
	return n
}

// Len is `n = len(l)`.
func (l *List[T]) Len(t *Thread) int {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() int { return y.Len(t) })
	}
	l.own(t, l)
	return l.length(t, func() int { return len(l.v) })
}

// Truth is the test in `if l:`, with the jump after it: whether the list has
// items. It differs from Len in where a switch can come; there is no call in it.
func (l *List[T]) Truth(t *Thread) bool {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() bool { return y.Truth(t) })
	}
	l.own(t, l)
	return l.truth(t, func() int { return len(l.v) })
}

// Clear is `l.clear()`.
func (l *List[T]) Clear(t *Thread) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		t.inside(func() { y.Clear(t) })
		return
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod0)
	t.pass(&p[0])
	l.begin(t, kernel.OpWrite)
	if l.v != nil {
		l.v = []T{} // not nil: a sort notices that somebody has changed the list
	}
	saw(&l.shared, t, EvWrite, []T(nil))
	t.pass(&p[1])
}

// Snapshot is `s = list(l)`: a copy that is the caller's own.
func (l *List[T]) Snapshot(t *Thread) []T {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within(t, func() []T { return y.Snapshot(t) })
	}
	l.own(t, l)
	p := t.path(bytecode.ListOf)
	t.pass(&p[0])
	l.begin(t, kernel.OpRead)
	s := slices.Clone(l.v)
	saw(&l.shared, t, EvRead, s)
	t.pass(&p[1])
	return s
}

// Sort is `l.sort()` of a list of numbers or strings: one C call that keeps the
// GIL from the first comparison to the last.
func Sort[T cmp.Ordered](t *Thread, l *List[T]) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		t.inside(func() { Sort(t, y) })
		return
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod0)
	t.pass(&p[0])
	l.begin(t, kernel.OpUpdate)
	slices.SortStableFunc(l.v, cmp.Compare[T])
	if t.busy {
		sawBusy(&l.shared, t, EvWrite, slices.Clone(l.v))
	}
	t.pass(&p[1])
}

// length is `n = len(c)` of a container.
func (s *shared) length(t *Thread, size func() int) int {
	p := t.path(bytecode.CallLen)
	t.pass(&p[0])
	s.begin(t, kernel.OpRead)
	n := size()
	saw(s, t, EvRead, n)
	t.pass(&p[1])
	return n
}

// truth is `if c:` of a container: the jump opcode asks for the size.
func (s *shared) truth(t *Thread, size func() int) bool {
	s.begin(t, kernel.OpRead)
	n := size()
	saw(s, t, EvRead, n)
	t.Branch(n == 0)
	return n != 0
}

// read is the touch of `l[i]`.
func (l *List[T]) read(t *Thread, i int) (v T, err error) {
	l.begin(t, kernel.OpRead)
	at, ok := l.at(i)
	n := len(l.v)
	if ok {
		v = l.v[at]
	}
	about(&l.shared, t, EvRead, i)
	sawIf(ok, &l.shared, t, EvRead, v)
	if !ok {
		return v, l.outOfRange(i, n, "list index out of range")
	}
	return v, nil
}

// write is the touch of `l[i] = v`.
func (l *List[T]) write(t *Thread, i int, v T) error {
	l.begin(t, kernel.OpWrite)
	at, ok := l.at(i)
	n := len(l.v)
	if ok {
		l.v[at] = v
	}
	about(&l.shared, t, EvWrite, i)
	sawIf(ok, &l.shared, t, EvWrite, v)
	if !ok {
		return l.outOfRange(i, n, "list assignment index out of range")
	}
	return nil
}

// at turns a Python index into a Go one.
func (l *List[T]) at(i int) (at int, ok bool) {
	if i < 0 {
		i += len(l.v)
	}
	return i, i >= 0 && i < len(l.v)
}

func (l *List[T]) find(t *Thread, v T) int {
	return slices.IndexFunc(l.v, func(w T) bool { return same(t, w, v) })
}

// ErrIndex is matched by every *IndexError.
var ErrIndex = errors.New("gil: list index out of range")

// IndexError is an index that a list does not have.
type IndexError struct {
	List   string // the list's name
	Index  int
	Len    int    // of the list at that moment
	Python string // Python's text
}

func (l *List[T]) outOfRange(i, n int, python string) error {
	return &IndexError{List: l.name, Index: i, Len: n, Python: python}
}

// Error says which index of which list.
func (e *IndexError) Error() string {
	return fmt.Sprintf("gil: list %q: %s: index %d of %d items; test the length and use the index under one lock, or handle ErrIndex",
		e.List, e.Python, e.Index, e.Len)
}

// PythonText returns the text that Python's exception carries.
func (e *IndexError) PythonText() string { return e.Python }

// Is makes every IndexError match ErrIndex.
func (e *IndexError) Is(target error) bool { return target == ErrIndex }
