package process

import (
	"context"
	"fmt"
	"reflect"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
)

// None is the result of a function that has none.
type None struct{}

// A Func is a function that other processes of this program can run, made by
// [Define] or [DefineTarget]. Parent and child know it by its name.
type Func[In, Out any] struct {
	t   *target
	run func(ctx context.Context, in In) (Out, error)
}

// Define makes a function known to the children of this program. It belongs into
// a package variable, so that parent and child both run it before [Main]:
//
//	var square = process.Define("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
// The function's first parameter decides what it runs on: with a *gil.Thread, the
// child has an interpreter with a GIL and threads, and the function is its main
// thread; with a context.Context it is a plain Go function. The context ends when
// the child is interrupted.
//
// Argument and result travel through package pickle; Define registers their
// types. What is in an argument is copied; live objects (connections, locks,
// shared memory) stay what they are.
//
// Define panics when the name is empty or taken, when the function is nil or its
// first parameter has another type, when a type can never travel, and once Main
// was called.
// Python: a function at the top level of a module.
func Define[C context.Context, In, Out any](name string, fn func(C, In) (Out, error)) *Func[In, Out] {
	f := &Func[In, Out]{}
	threaded := false
	switch fn := any(fn).(type) {
	case func(context.Context, In) (Out, error):
		f.run = fn
	case func(*gil.Thread, In) (Out, error):
		threaded = true
		f.run = func(ctx context.Context, in In) (Out, error) {
			t, ok := gil.Current(ctx)
			if !ok {
				var none Out
				return none, invalid("", "%s runs on a thread, and there is none behind the context", name)
			}
			return fn(t, in)
		}
	default:
		panic(invalid("", "Define(%q): the first parameter of a function is a context.Context or a *gil.Thread, not %s", name, reflect.TypeFor[C]()))
	}
	if fn == nil {
		panic(invalid("", "Define(%q): the function is nil", name))
	}
	register[In]()
	register[Out]()
	f.t = &target{
		name: name, threaded: threaded,
		shape: fmt.Sprintf("%s %s", reflect.TypeFor[In](), reflect.TypeFor[Out]()),
		load: func(data []byte, opts ...pickle.Option) (func(ctx context.Context) (any, error), error) {
			var in In
			if err := pickle.UnmarshalInto(data, &in, opts...); err != nil {
				return nil, err
			}
			return func(ctx context.Context) (any, error) { return f.run(ctx, in) }, nil
		},
		many: f.many,
	}
	define(f.t)
	return f
}

// register names a type, unless it is an interface: then it is the program that
// registers what it puts into it.
func register[T any]() {
	if reflect.TypeFor[T]().Kind() != reflect.Interface {
		pickle.Register[T]()
	}
}

// DefineTarget is [Define] for a function without a result.
// Python: the target of a Process.
func DefineTarget[C context.Context, In any](name string, fn func(C, In) error) *Func[In, None] {
	if fn == nil {
		panic(invalid("", "DefineTarget(%q): the function is nil", name))
	}
	return Define(name, func(ctx C, in In) (None, error) { return None{}, fn(ctx, in) })
}

// Name returns the name the function was defined by.
func (f *Func[In, Out]) Name() string { return f.t.name }

// Run calls the function right here, on the calling goroutine: no process is started
// and nothing is copied. A panic is the caller's. A function that takes a
// *gil.Thread needs one behind ctx; without it Run returns a [*ValueError].
func (f *Func[In, Out]) Run(ctx context.Context, in In) (Out, error) { return f.run(ctx, in) }

// many is Target.Many with the types.
func (f *Func[In, Out]) many(ctx context.Context, data []byte, opts ...pickle.Option) (results any, done int, err error) {
	var in []In
	if err := pickle.UnmarshalInto(data, &in, opts...); err != nil {
		return nil, 0, err
	}
	out := make([]Out, 0, len(in))
	for _, x := range in {
		y, err := f.run(ctx, x)
		if err != nil {
			return out, len(out), err
		}
		out = append(out, y)
	}
	return out, len(out), nil
}

// String returns the name.
func (f *Func[In, Out]) String() string { return f.t.name }

// New makes a process that will run the function with the argument in, which is
// encoded by Start. The error is that of a bad option.
// Python: Process(target=f, args=…).
func (f *Func[In, Out]) New(ctx context.Context, in In, opts ...Option) (*Process, error) {
	return f.process(ctx, in, false, opts)
}

func (f *Func[In, Out]) process(ctx context.Context, in In, reply bool, opts []Option) (*Process, error) {
	return newProcess(ctx, f.t, func(dst []byte, opts ...pickle.Option) ([]byte, error) {
		return pickle.Append(dst, in, opts...)
	}, reply, opts)
}

// Start makes a process that runs the function with the argument in, and starts
// it: [Func.New] and [Process.Start]. A result is dropped; see [Func.Call].
func (f *Func[In, Out]) Start(ctx context.Context, in In, opts ...Option) (*Process, error) {
	p, err := f.New(ctx, in, opts...)
	if err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Call runs the function in a process of its own and returns its result. It waits
// for the result and for the end of the process, with the GIL given up; when ctx
// ends before that, it kills the process and returns the context's error.
//
// Errors: the function's own, as package pickle carries it; a [*PanicError] when
// it panicked; an [*ExitError] when the process ended without a result; those of
// [Process.Start].
func (f *Func[In, Out]) Call(ctx context.Context, in In, opts ...Option) (Out, error) {
	var out Out
	p, err := f.process(ctx, in, true, opts)
	if err != nil {
		return out, err
	}
	if err := p.Start(ctx); err != nil {
		return out, err
	}
	v, err := p.result(ctx)
	if err != nil {
		return out, err
	}
	if v == nil {
		return out, nil
	}
	out, ok := v.(Out)
	if !ok {
		return out, invalid("", "%s returned a %T, want %s", f.t.name, v, reflect.TypeFor[Out]())
	}
	return out, nil
}
