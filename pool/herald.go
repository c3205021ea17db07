package pool

import (
	"context"
	"sync"
)

// A herald calls the callbacks of the futures that a real worker's answers end, one after
// the other and in the order of the answers, on a goroutine that lives while there are any.
// Neither who looks after the worker does it nor who reads an answer for himself: a callback
// may wait for what the same worker is to answer next.
type herald struct {
	mu    sync.Mutex
	calls []func()
	busy  bool
}

// A hearer is the context of a goroutine that takes a worker's answers.
type hearer struct {
	context.Context
	m *member
}

// call has fn called when those before it have been; the fleet's end waits for it.
func (h *herald) call(f *fleet, fn func()) {
	h.mu.Lock()
	h.calls = append(h.calls, fn)
	idle := !h.busy
	h.busy = true
	h.mu.Unlock()
	if idle {
		f.crew.Go(func() { h.run(f) })
	}
}

func (h *herald) run(f *fleet) {
	returned := false
	defer func() {
		if !returned { // a callback has exited the goroutine: the others are still to come
			f.crew.Go(func() { h.run(f) })
		}
	}()
	for {
		h.mu.Lock()
		if len(h.calls) == 0 {
			h.calls, h.busy = nil, false
			h.mu.Unlock()
			returned = true
			return
		}
		fn := h.calls[0]
		h.calls = h.calls[1:]
		h.mu.Unlock()
		fn()
	}
}
