// Package exits is where packages above process take part in the end of a process.
//
// A queue between processes has something to finish before its process ends: items
// that were put and that no other process can see yet. Package process cannot know
// queues, so a queue leaves word here and package process asks.
package exits

import "sync"

var hooks struct {
	sync.Mutex
	before []func()
	stuck  []func(pid int) error
	hold   func(t, by any, err error)
}

// Before registers what this process does before it ends by itself: when Main or
// its target has returned, or by Exit, after its children have ended. fn may wait,
// for a time that it limits itself. Functions are called in the order of their
// registration, once.
func Before(fn func()) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.before = append(hooks.before, fn)
}

// Run calls what was registered by [Before]. Package process calls it last.
func Run() {
	hooks.Lock()
	all := hooks.before
	hooks.before = nil
	hooks.Unlock()
	for _, fn := range all {
		fn()
	}
}

// OnJoin registers what knows why a child does not end: fn returns an error when
// the child with a process id has done its work and waits for this process. It does
// not wait.
func OnJoin(fn func(pid int) error) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.stuck = append(hooks.stuck, fn)
}

// OnHold registers what package process does with what [Hold] says.
func OnHold(fn func(t, by any, err error)) {
	hooks.Lock()
	defer hooks.Unlock()
	hooks.hold = fn
}

// Hold says what keeps an emulated process from ending that only others can put
// right, nil when it is put right. It is [OnJoin] for virtual worlds, where nobody asks
// now and then: it is said when it happens. t is a *gil.Thread of that process, by the
// one that says so.
func Hold(t, by any, err error) {
	hooks.Lock()
	fn := hooks.hold
	hooks.Unlock()
	if fn != nil {
		fn(t, by, err)
	}
}

// Stuck returns what keeps a child from ending that only this process can put
// right, nil when nothing is known. A Join asks it now and then.
func Stuck(pid int) error {
	hooks.Lock()
	all := hooks.stuck
	hooks.Unlock()
	for _, fn := range all {
		if err := fn(pid); err != nil {
			return err
		}
	}
	return nil
}
