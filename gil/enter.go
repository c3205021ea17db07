package gil

import (
	"fmt"

	"github.com/pygil/pygil/internal/goid"
)

// NewGIL makes a GIL for goroutines, without an interpreter around it. It lives
// in the live world. A rule of None gives threads that never wait for each other.
func NewGIL(r Rule, opts ...Option) *GIL {
	i := New(FromRule(r), opts...)
	if i.gil == nil {
		return i.newLock() // counts and names its threads; they never wait for it
	}
	return i.gil
}

// Enter makes the calling goroutine a thread and waits until it holds the GIL.
// The goroutine passes the thread to whatever it calls, ticks, and leaves. It
// panics with a *RuntimeError on the GIL of an interpreter whose Run has returned,
// or that is in a virtual world, which has no goroutines.
//
// A goroutine that holds the GIL must not enter it once more, except in a Block: it
// would wait for itself. WithChecks panics with a *RuntimeError then. Python:
// PyGILState_Ensure, which counts how often it is called instead.
func (g *GIL) Enter(name string) *Thread {
	i := g.interp
	if i == nil || !i.w.live() {
		panic(misuse("", "Enter(%q): a goroutine cannot enter a virtual world", name))
	}
	if i.w.kern.World().Ended() {
		panic(misuse("", "Enter(%q): interpreter %s has ended; enter it before its Run returns", name, i.Name()))
	}
	if h := g.Holder(); i.w.opts.checks && h != nil && h.entrant == goid.Current() {
		panic(misuse("", "Enter(%q): the goroutine is thread %s already, which holds the GIL: it would wait for itself; pass %s on, or Leave first",
			name, h.name, h.name))
	}
	if name == "" {
		i.mu.Lock()
		i.count++
		name = fmt.Sprintf("Dummy-%d", i.count)
		i.mu.Unlock()
	}
	t := i.newThread(nil, name, nil, threadOptions{})
	t.entered, t.daemon = true, true
	i.mu.Lock()
	t.k.Init(nil, i.domain, name)
	t.k.Path = uint64(t.tid)
	i.threads = append(i.threads, t)
	i.mu.Unlock()
	t.canEnd(t)
	t.kern.Adopt(&t.k)
	t.begin()
	return t
}

// Leave gives the GIL up for good. The thread must not be used after it. It
// panics with a *RuntimeError when the thread was not made by Enter. Python:
// PyGILState_Release.
func (t *Thread) Leave() {
	t.mustOutside()
	if !t.entered {
		panic(misuse("", "Leave: thread %s was not made by Enter; return from its function instead", t.name))
	}
	t.conclude()
}
