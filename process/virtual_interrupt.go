package process

import "context"

// An interruptible is what the function of an emulated process gets that takes a
// context: SIGINT ends it, with ErrInterrupted as the cause. It is made of two. The
// causal one is what package context knows a cause of; the other tells those who wait
// on the thread that ends it, as waits in a virtual world must be told.
type interruptible struct {
	context.Context // the causal one
	cause           context.CancelCauseFunc
	told            afterFuncer
	tell            context.CancelFunc
}

func interruptibleOf(t thread) *interruptible {
	i := &interruptible{}
	i.Context, i.cause = context.WithCancelCause(t)
	i.told, i.tell = cancellable(t)
	return i
}

// end ends the context. Only the first call has an effect.
func (i *interruptible) end(cause error) {
	i.cause(cause)
	i.tell()
}

// AfterFunc has f called, by whoever ends the context, once it has ended.
func (i *interruptible) AfterFunc(f func()) (stop func() bool) { return i.told.AfterFunc(f) }
