package gil

import "github.com/pygil/pygil/internal/bytecode"

// A CallSite is how a Python program calls a method of a primitive: where around the
// call the interpreter looks whether to switch, for Thread.Before and Thread.After.
type CallSite uint16

// The call sites.
const (
	SiteAcquire CallSite = 1 << iota // lock.acquire()
	SiteTry                          // ok = lock.acquire(False)
	SiteRelease                      // lock.release()
	SiteEnter                        // with lock: up to the body
	SiteExit                         // the way out of it
	SiteMethod                       // event.set(): written in Python, with a lock of its own around its work
	SiteLook                         // event.is_set(): written in Python, without
)

// sites are those where the interpreter looks before the call and those where it looks
// after it.
type sites struct{ before, after CallSite }

// around compiles the call sites.
func (c *code) around() (s sites) {
	put := func(site CallSite, before, after bool) {
		if before {
			s.before |= site
		}
		if after {
			s.after |= site
		}
	}
	for site, k := range map[CallSite]bytecode.Construct{
		SiteAcquire: bytecode.LockAcquire, SiteTry: bytecode.LockTry, SiteRelease: bytecode.LockRelease,
		SiteEnter: bytecode.WithEnter, SiteExit: bytecode.WithExit,
	} {
		put(site, c.paths[k][0].check, c.paths[k][1].check) // the touch between them is the call
	}
	head, tail := c.looks(bytecode.CallHead), c.looks(bytecode.CallTail)
	put(SiteMethod, head || c.looks(bytecode.WithEnter), c.looks(bytecode.WithExit) || tail)
	put(SiteLook, head, tail)
	return s
}

// looks reports whether the interpreter looks anywhere in a construct.
func (c *code) looks(k bytecode.Construct) bool {
	for _, s := range c.paths[k] {
		if s.check {
			return true
		}
	}
	return false
}

// Before is where a program is about to call a method of a primitive, and After where
// it has called it: the interpreter looks whether to switch, if it does in this
// version. Up to 3.9 it does on both sides, later only after the call; after that of
// __enter__ it does up to 3.9 and from 3.14 on. The primitives of package threading
// say both of their methods. The bytecodes of the call take no time and count no ticks,
// so that an uncontended lock costs none.
func (t *Thread) Before(s CallSite) {
	if t.k.Limit.Load() != 0 && t.before&s != 0 {
		t.looked()
	}
}

// After is where a program has called a method of a primitive; see Before.
func (t *Thread) After(s CallSite) {
	if t.k.Limit.Load() != 0 && t.after&s != 0 {
		t.looked()
	}
}

// looked is a check point at which no ticks are counted, for a thread that was asked to
// look; in an explored run it always is.
func (t *Thread) looked() {
	if raceKernel && t.apart() {
		t.inside(t.looked)
		return
	}
	if t.x != nil {
		t.armed = true
	} else if t.timed == nil || t.gil != nil && t.gil.request.Load() {
		// On a Machine a request is not all that the limit is for, and who looks lets
		// those go first whose turn it is at the same instant.
		t.works()
		t.look()
	}
}
