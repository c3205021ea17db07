// Package blocking is the hook through which code that knows nothing about a
// GIL gives one up while it waits.
//
// A pipe, a process or a queue between processes takes a context.Context. When
// that context is an emulated thread, or was derived from one, it carries a
// [Hook]; [Do] finds it and lets the hook run the blocking call with the GIL
// released. Any other context carries none, and Do just calls the function:
// the same code works in a program that has no GIL at all.
//
// The package sits at the bottom of the import graph so that package pipe can
// release the GIL without importing package gil.
package blocking

import "context"

// A Hook runs a blocking call on behalf of the thread that a context stands
// for. Package gil provides the only implementation.
type Hook interface {
	// Block gives the GIL up, runs fn on the calling goroutine, takes the GIL
	// again and returns. The reason is a short word for traces and wait-for
	// graphs, such as "pipe.recv". If fn panics the GIL is taken again before
	// the panic goes on.
	Block(reason string, fn func())
}

// Key is the context key under which a thread answers with its [Hook].
type Key struct{}

// From returns the hook that ctx carries, or nil when no emulated thread
// stands behind ctx.
func From(ctx context.Context) Hook {
	h, _ := ctx.Value(Key{}).(Hook)
	return h
}

// Do runs fn, which may block for long. When ctx carries a [Hook] the thread
// behind it holds no GIL while fn runs and holds it again when Do returns.
//
// Callers first try the operation without blocking and come here only when it
// would have to wait, as CPython's C code does: an operation that need not wait
// is no switch point.
func Do(ctx context.Context, reason string, fn func()) {
	if h := From(ctx); h != nil {
		h.Block(reason, fn)
		return
	}
	fn()
}
