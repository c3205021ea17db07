package pool

import (
	"context"
	"runtime/debug"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// Function is what pools and executors run: a *process.Func, which processes can run
// as well as threads, or what Func makes of any function, for threads only.
type Function[In, Out any] interface {
	// Name is what reports and observers call it.
	Name() string
	// Run runs it right here. What Func makes needs a thread behind the context.
	Run(ctx context.Context, in In) (Out, error)
}

// Func makes a Function of any function whose first parameter is a *gil.Thread or a
// context.Context. It runs on the thread of the worker, by threads only: a process
// finds functions by name, see process.Define.
func Func[C context.Context, In, Out any](fn func(C, In) (Out, error)) Function[In, Out] {
	f := &function[In, Out]{}
	switch fn := any(fn).(type) {
	case func(*gil.Thread, In) (Out, error):
		f.run = fn
	case func(context.Context, In) (Out, error):
		f.run = func(t *gil.Thread, in In) (Out, error) { return fn(t, in) }
	default:
		panic(badValue("", "Func: the first parameter of a function is a *gil.Thread or a context.Context, not %T", fn))
	}
	if fn == nil {
		panic(badValue("", "Func: the function is nil"))
	}
	return f
}

// A function is any function.
type function[In, Out any] struct {
	run func(t *gil.Thread, in In) (Out, error)
}

func (f *function[In, Out]) Name() string { return "function" }

// Run runs it here, on the thread behind ctx.
func (f *function[In, Out]) Run(ctx context.Context, in In) (out Out, err error) {
	t := acting(ctx)
	if t == nil {
		return out, noThread("Run")
	}
	return f.run(t, in)
}

func noThread(method string) error {
	return misuse("", "%s: no thread behind the context: pass a *gil.Thread or a context derived from one", method)
}

// foreign is the answer to a thread of another interpreter than the executor's.
func foreign(method string) error {
	return misuse("", "%s: the workers are threads of another interpreter, which alone can start them and wait for them", method)
}

// targeted is a function of package process.
type targeted interface{ Target() process.Target }

// mustFunction refuses a function that is none.
func mustFunction[In, Out any](f Function[In, Out]) error {
	if p, is := f.(*process.Func[In, Out]); f == nil || is && p == nil {
		return badValue("'NoneType' object is not callable", "the function is nil")
	}
	return nil
}

// local returns what runs f on a thread.
func local[In, Out any](f Function[In, Out]) func(t *gil.Thread, in In) (Out, error) {
	if f, ok := f.(*function[In, Out]); ok {
		return f.run
	}
	return func(t *gil.Thread, in In) (Out, error) { return f.Run(t, in) }
}

// protect calls fn and makes an error of its panic.
func protect(fn func() error) (err error) {
	defer caught(&err)
	return fn()
}

// caught is deferred: it makes an error of a panic. That by which a world ends its
// threads goes on.
func caught(err *error) {
	switch v := recover(); {
	case v == nil:
	case gil.Unwinding(v):
		panic(v)
	default:
		*err = &PanicError{Value: v, Stack: string(debug.Stack())}
	}
}
