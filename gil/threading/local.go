package threading

import (
	"runtime"
	"sync"
	"weak"

	"github.com/pygil/pygil/gil"
)

// Local is a variable of which every thread has its own. The zero value is ready:
// each thread begins with the zero T, or with what New makes for it. A Local must
// not be copied after first use.
//
// A thread's value goes when the thread ends; all values go with the Local. No
// operation waits, gives the GIL up or is seen by other threads.
//
// Python: threading.local, whose attributes are the fields of T, and whose
// subclass's __init__ is New.
type Local[T any] struct {
	// New makes the first value of a thread, on that thread, when it first asks.
	// Set it before first use. Python: __init__ of a subclass of threading.local.
	New func(t *gil.Thread) T

	once   sync.Once
	values *localValues
	leave  *localLeave
}

// localValues are the values of a Local, by thread.
type localValues struct {
	m sync.Map // *gil.Thread → *T
}

// localLeave is what Local asked its threads to do when they end: to drop its
// value. They know the values only weakly, and when the Local is collected it
// takes the request back, so neither keeps anything of the other.
type localLeave struct {
	stops sync.Map // *gil.Thread → func() bool
}

func (l *Local[T]) begin() {
	l.values, l.leave = new(localValues), new(localLeave)
	runtime.AddCleanup(l.values, func(leave *localLeave) {
		leave.stops.Range(func(_, stop any) bool {
			stop.(func() bool)()
			return true
		})
	}, l.leave)
}

// slot returns t's value, nil when it has none.
func (l *Local[T]) slot(t *gil.Thread) *T {
	if t == nil {
		panic(misuse("", "the acting thread is nil; pass the *gil.Thread of the function that runs"))
	}
	l.once.Do(l.begin)
	if v, ok := l.values.m.Load(t); ok {
		return v.(*T)
	}
	return nil
}

// Get returns t's value. A thread that has none is given what New makes; without
// New it gets the zero T. Python: getattr.
func (l *Local[T]) Get(t *gil.Thread) T {
	if p := l.slot(t); p != nil {
		return *p
	}
	var v T
	if l.New != nil {
		v = l.New(t)
		l.Set(t, v)
	}
	return v
}

// Set changes t's value, and nobody else's. Python: setattr.
func (l *Local[T]) Set(t *gil.Thread, v T) {
	if p := l.slot(t); p != nil {
		*p = v
		return
	}
	l.values.m.Store(t, &v)
	values, leave := weak.Make(l.values), l.leave
	leave.stops.Store(t, t.AfterFunc(func() {
		leave.stops.Delete(t)
		if vs := values.Value(); vs != nil {
			vs.m.Delete(t)
		}
	}))
}

// Lookup returns t's value and whether it has one: was given one by Set or New.
// Python: getattr, which raises AttributeError when there is none.
func (l *Local[T]) Lookup(t *gil.Thread) (v T, ok bool) {
	if p := l.slot(t); p != nil {
		return *p, true
	}
	return v, false
}

// Delete takes t's value away and reports whether there was one. Python: delattr,
// which raises AttributeError when there was none.
func (l *Local[T]) Delete(t *gil.Thread) bool {
	if l.slot(t) == nil {
		return false
	}
	l.values.m.Delete(t)
	if stop, ok := l.leave.stops.LoadAndDelete(t); ok {
		stop.(func() bool)()
	}
	return true
}
