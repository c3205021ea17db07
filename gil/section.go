package gil

import (
	"cmp"
	"slices"
	"time"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// A critical section is the lock of an object, in a free-threaded Python, that a C
// function holds while it calls code in Python (PEP 703). Most C functions call none,
// and for them the object's mutex is enough. A section is suspended while its thread
// blocks, so that no order of locks can be a deadlock; whoever comes then finds the
// object as it is in the middle of the call.

// enterSection begins a critical section of s. With a GIL there is nothing to do. The
// section that t is in already is suspended; leaveSection and resume go back to it.
func (s *shared) enterSection(t *Thread) (outer *shared) {
	if !t.free {
		return nil
	}
	outer = t.suspend()
	g := s.section.Load()
	if g == nil {
		s.section.CompareAndSwap(nil, new(Gate))
		g = s.section.Load()
	}
	g.Init(t, 1, "the critical section of "+s.describe())
	g.Pass(t, OpAcquire, Forever)
	t.section = s
	return outer
}

// leaveSection ends it, unless the thread is unwinding and it was suspended.
func (s *shared) leaveSection(t *Thread) {
	if t.section == s {
		t.section = nil
		s.section.Load().Open(t, OpRelease, 1)
	}
}

// suspend gives the section up that t is in, if it is in one, because t blocks.
func (t *Thread) suspend() *shared {
	s := t.section
	if s != nil {
		s.leaveSection(t)
	}
	return s
}

// resume takes up again what suspend gave up.
func (t *Thread) resume(s *shared) {
	if s != nil {
		s.section.Load().Pass(t, OpAcquire, Forever)
		t.section = s
	}
}

// passInSection is Pass for a thread that is in a section: it is suspended only if
// the thread has to wait.
func (g *Gate) passInSection(t *Thread, k OpKind, until time.Duration) Outcome {
	if out := g.Pass(t, k, 0); out == Passed {
		return out
	}
	s := t.suspend()
	out := g.Pass(t, k, until)
	t.resume(s)
	return out
}

// lockObject takes the object's mutex, when nobody else is in its critical section.
// A section of t's own, of another object, is suspended for it if need be, and only
// resumed after it: a thread never waits for one section in another.
func (s *shared) lockObject(t *Thread) {
	for {
		s.mu.Lock()
		g := s.section.Load()
		if g == nil || t.section == s || t.visits == s {
			return
		}
		s.mu.Unlock()
		g.Init(t, 1, "the critical section of "+s.describe())
		if t.section == nil || g.Pass(t, OpAcquire, 0) != Passed {
			t.outer = t.suspend()
			g.Pass(t, OpAcquire, Forever)
		}
		t.visits = s
	}
}

func (s *shared) unlockObject(t *Thread) {
	s.mu.Unlock()
	if t.visits != s {
		return
	}
	t.visits = nil
	s.section.Load().Open(t, OpRelease, 1)
	outer := t.outer
	t.outer = nil
	t.resume(outer)
}

// SortKey is `l.sort(key=f)` with f in Python: threads can switch while the keys are
// computed, and not while they are compared. As in CPython the list is empty for
// everybody until it is sorted; the error is a *ValueError when somebody has put
// something into it meanwhile, which is lost. When f panics the list is as it was
// before. Without a GIL others wait until the list is sorted, unless f blocks.
func SortKey[T any, K cmp.Ordered](t *Thread, l *List[T], key func(t *Thread, v T) K) error {
	items, outer := l.takeOut(t)
	done := false
	defer func() {
		if !done {
			l.abandon(t, items, outer)
		}
	}()
	type keyed struct {
		key K
		v   T
	}
	all := make([]keyed, len(items))
	for i, v := range items {
		t.Op(bytecode.OpEntry)
		all[i] = keyed{key(t, v), v}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	sorted := slices.Clone(items) // nil stays nil, which tells a sort around this one that nobody has changed the list
	for i := range all {
		sorted[i] = all[i].v
	}
	done = true
	if !l.putBack(t, sorted, outer) {
		return badValue("list modified during sort", "%s: list modified during sort; sort a Snapshot, or lock", l.describe())
	}
	return nil
}

// takeOut begins a sort: it returns the items, which are not in the list any more.
func (l *List[T]) takeOut(t *Thread) (items []T, outer *shared) {
	if raceKernel && t.apart() {
		y := l.aside(t)
		return within2(t, func() ([]T, *shared) { return y.takeOut(t) })
	}
	l.own(t, l)
	p := t.path(bytecode.CallMethod1)
	t.pass(&p[0])
	outer = l.enterSection(t)
	l.begin(t, kernel.OpUpdate)
	items, l.v = l.v, nil
	l.end(t)
	return items, outer
}

// putBack ends it. It reports whether nobody has put something into the list.
func (l *List[T]) putBack(t *Thread, sorted []T, outer *shared) bool {
	if raceKernel && t.apart() {
		y, held := l.aside(t), holdAll(sorted)
		return within(t, func() bool { return y.putBack(t, held, outer) })
	}
	p := t.path(bytecode.CallMethod1)
	l.begin(t, kernel.OpUpdate)
	modified := l.v != nil
	l.v = sorted
	l.end(t)
	l.leaveSection(t)
	t.resume(outer)
	if modified {
		t.raised(&p[1])
		return false
	}
	t.pass(&p[1])
	return true
}

// abandon ends a sort whose key has panicked: the list is as it was before, whatever
// others have put into it.
func (l *List[T]) abandon(t *Thread, items []T, outer *shared) {
	if raceKernel && t.apart() {
		y, held := l.aside(t), holdAll(items)
		t.inside(func() { y.abandon(t, held, outer) })
		return
	}
	if t.dying { // it is being ended, and the list of a daemon stays as it is
		l.leaveSection(t)
		return
	}
	l.begin(t, kernel.OpUpdate)
	l.v = items
	l.end(t)
	l.leaveSection(t)
	t.resume(outer)
}
