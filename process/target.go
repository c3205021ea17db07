package process

import (
	"context"

	"github.com/pygil/pygil/pipe/pickle"
)

// A Target is a [Func] without its types: what runs functions by name, as the
// workers of a pool do, gets it from [Lookup].
type Target struct{ t *target }

// Target returns the function without its types. It counts as a use of the
// function for [WithStrict].
func (f *Func[In, Out]) Target() Target {
	noteUse(f.t.name)
	return Target{f.t}
}

// Lookup finds a function by the name it was defined by. It is a [*ValueError]
// when this program defines none of that name.
func Lookup(name string) (Target, error) {
	t := lookup(name)
	if t == nil {
		return Target{}, invalid("", "no function %q is defined in this program: call Define in a package variable", name)
	}
	return Target{t}, nil
}

// Name returns the name the function was defined by.
func (t Target) Name() string { return t.t.name }

// Threaded reports whether the function takes a *gil.Thread: it is then to be
// called with one, or a context derived from one.
func (t Target) Threaded() bool { return t.t.threaded }

// Load decodes an argument, which package pickle has encoded. The function that it
// returns runs the target with the argument, on the calling goroutine and once; a
// panic is the caller's. Errors are those of package pickle.
func (t Target) Load(data []byte, opts ...pickle.Option) (call func(ctx context.Context) (any, error), err error) {
	return t.t.load(data, opts...)
}

// Many runs the target with every item of a slice of arguments, which package pickle
// has encoded, one after the other on the calling goroutine, up to the first error.
// It returns the results, a slice of the function's result type, and how many items
// were run without an error. A panic is the caller's; the errors of decoding are
// those of package pickle, and then nothing was run.
func (t Target) Many(ctx context.Context, data []byte, opts ...pickle.Option) (results any, done int, err error) {
	return t.t.many(ctx, data, opts...)
}
