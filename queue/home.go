package queue

import (
	"sync"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// home is the interpreter that a queue belongs to.
type home struct {
	of   atomic.Pointer[gil.Interpreter]
	mu   sync.Mutex // held to move in
	gate gil.Gate   // knows whether another world may have the queue
	obj  uint64     // what observers know the queue by
}

// is reports whether t's interpreter is the one.
func (h *home) is(t *gil.Thread) bool { return t != nil && h.of.Load() == t.Interpreter() }

// move binds the queue to t's interpreter; begin empties it when it has come from a
// world that has ended, or is new.
func (h *home) move(t *gil.Thread, name string, begin func() error) (err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *gil.RuntimeError:
			err = e
		default:
			panic(e)
		}
	}()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.gate.Init(t, 0, name) // panics when it belongs elsewhere
	if h.of.Load() == t.Interpreter() {
		return nil
	}
	if err := begin(); err != nil {
		return err
	}
	h.obj = 0
	if t.Observed() {
		n := observed.Get(t) + 1
		observed.Set(t, n)
		h.obj = 1<<63 | t.Ident()<<24 | uint64(n)
	}
	h.of.Store(t.Interpreter())
	return nil
}

// observed counts the queues that a thread was the first to use, so that a queue's
// number depends on nothing but what its thread did.
var observed threading.Local[uint32]

// named is the name by which reports call a part of a queue.
func named(name, part, nameless string) string {
	if name == "" {
		return nameless
	}
	return name + part
}
