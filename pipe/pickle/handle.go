package pickle

import (
	"fmt"
	"io"
)

// A HandleReducer is a live object: a connection, a lock of the operating
// system, a piece of shared memory. Its fields mean nothing in another process;
// what travels is a grip on the thing itself (a file descriptor, a name), beside
// the message, and a small state inside it.
//
// ReduceHandle adds its grips to h, notes the numbers that [Handles.Add] returns
// in its state, and returns the state, which must have the type given to
// [RegisterHandle]. It is called once for an object and a message. Outside a
// message encoded [WithHandles] such an object is refused with CPython's words,
// "Lock objects should only be shared between processes through inheritance".
// Python: __reduce__ together with multiprocessing.reduction.DupFd.
type HandleReducer interface {
	ReduceHandle(h *Handles) (state any, err error)
}

// RegisterHandle makes T, a pointer type, known together with the function that
// makes the object again in the receiving process from its state and the handles
// that came with the message; see [RegisterReducer] for the rules. When decoding
// fails later in the message, objects already made are closed if they have a
// Close method.
func RegisterHandle[T HandleReducer, S any](rebuild func(h *Handles, state S) (T, error), name ...string) {
	registerRecipe(newRecipe[T, S](kindHandle, func(h *Handles, v T) (S, error) {
		return stateAs[S](v.ReduceHandle(h))
	}, rebuild), name)
}

// Handles is the table of what travels beside one message on behalf of its live
// objects. What a handle is, is between the objects and whoever carries the
// message: an *os.File for a process that inherits or a socket with SCM_RIGHTS,
// the object itself where the other process is emulated. The zero value is an
// empty table. It is not safe for concurrent use.
//
// The sender encodes [WithHandles] and sends All beside the bytes. Whatever was
// added stays in the table also when encoding fails, and its owner releases it.
// The receiver adds what came, in order, decodes WithHandles, and afterwards
// releases what is in Rest: handles that no object took.
type Handles struct {
	// Context is whatever the carrier wants live objects to know about the
	// journey, such as the process they go to; may be nil.
	Context any

	all   []any
	taken []bool
}

type handlesOption struct{ h *Handles }

func (o handlesOption) apply(c *config) { c.handles = o.h }

// WithHandles lets live objects travel in a message: their handles are added to
// h when encoding and are taken from it when decoding.
func WithHandles(h *Handles) Option { return handlesOption{h} }

// Add puts a handle into the table and returns its number, counted from 0.
func (h *Handles) Add(handle any) int {
	h.all, h.taken = append(h.all, handle), append(h.taken, false)
	return len(h.all) - 1
}

// Len returns how many handles were added.
func (h *Handles) Len() int { return len(h.all) }

// All returns every handle in the order in which they were added.
func (h *Handles) All() []any { return h.all }

// Take hands the handle with a number over to the caller, who owns it from then
// on. A number that was never added, or whose handle was taken before, is an
// error: a hostile message cannot make two objects own one descriptor.
func (h *Handles) Take(number int) (any, error) {
	switch {
	case number < 0 || number >= len(h.all):
		return nil, fmt.Errorf("pickle: the message speaks of handle %d, but %d came with it", number, len(h.all))
	case h.taken[number]:
		return nil, fmt.Errorf("pickle: the message speaks of handle %d twice", number)
	}
	h.taken[number] = true
	return h.all[number], nil
}

// Rest returns the handles that nobody took.
func (h *Handles) Rest() []any {
	var rest []any
	for i, handle := range h.all {
		if !h.taken[i] {
			rest = append(rest, handle)
		}
	}
	return rest
}

// abandon closes what was rebuilt from handles in a message that then failed:
// nobody else will ever see it.
func abandon(rebuilt []any) {
	for _, v := range rebuilt {
		if c, ok := v.(io.Closer); ok {
			_ = protect("Close", c.Close)
		}
	}
}
