package gil

import (
	"sync"
	"sync/atomic"
)

// Kin is what an object keeps in plain fields beside its gates: once for every
// process that has the object. The process that first uses it has the one that Own
// returns; one that was forked has a copy of its parent's, as it was at that moment.
// An object whose world has ended begins anew in the next. The zero Kin belongs to
// nobody; it must not be copied after first use.
type Kin[T any] struct {
	at    atomic.Uint64 // the home's number
	mu    sync.Mutex
	home  *home
	own   T
	heirs *heirs[T] // where processes are forked
}

type heirs[T any] struct {
	of   map[uint64]*T // by the numbers of their homes
	copy func(to, from *T, forker, main *Thread)
}

// Own returns what t's process has if it was the first one, nil if that is not
// known: then Of does. It is inlined.
func (k *Kin[T]) Own(t *Thread) *T {
	if t != nil && k.at.Load() == t.seat {
		return &k.own
	}
	return nil
}

// Of returns what t's process has. When a process is forked, fork fills in what the
// child has: forker is the thread of the parent that forks, and main what it is in
// the child, the only thread there. The object's gates are to be bound before.
func (k *Kin[T]) Of(t *Thread, fork func(to, from *T, forker, main *Thread)) *T {
	if v := k.Own(t); v != nil {
		return v
	}
	if t == nil {
		t.mustRun()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch at := k.at.Load(); {
	case k.home != nil && at == t.home.id:
		return &k.own
	case k.home != nil && !k.home.over(at) && k.home.world == t.home.world && t.interp.w.forks():
		v := k.heirs.of[t.home.id]
		if v == nil { // nobody had used it when the process was forked
			v = new(T)
			k.heirs.of[t.home.id] = v
		}
		return v
	}
	k.own, k.home, k.heirs = *new(T), t.home, nil
	if t.interp.w.forks() {
		k.heirs = &heirs[T]{map[uint64]*T{}, fork}
		t.interp.inherits(k)
	}
	k.at.Store(t.home.id)
	return &k.own
}

func (k *Kin[T]) forked(parent, child *Interpreter) {
	from := k.heirs.of[parent.home.id]
	if k.home == parent.home {
		from = &k.own
	}
	if from != nil {
		to := new(T)
		k.heirs.copy(to, from, parent.Acting(), child.process.main)
		k.heirs.of[child.home.id] = to
	}
}
