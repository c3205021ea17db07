package process

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// How live objects travel to a child. An object that is more than its fields (a
// pipe.Conn, a Lock, a SharedMemory) implements pickle.HandleReducer and adds to
// the table an *os.File of its own, a duplicate, for each descriptor it stands
// on; its constructor in the child is registered with pickle.RegisterHandle and
// takes the *os.File that the child inherited. The same object, unchanged, can be
// sent over a pipe.Conn, which passes the same files as SCM_RIGHTS.
//
// The files added belong to the message: they are closed here when the child has
// them, or when it turned out that there will be no child.

// luggage is what goes with one child beside its arguments.
type luggage struct {
	ctx     context.Context
	handles pickle.Handles
	after   []func(sent bool)
}

var _ pipe.Carrier = (*luggage)(nil)

// Context implements pipe.Carrier.
func (l *luggage) Context() context.Context { return l.ctx }

// AfterSend implements pipe.Carrier: fn learns whether there is a child.
func (l *luggage) AfterSend(fn func(sent bool)) { l.after = append(l.after, fn) }

// options are what the arguments are encoded with.
func (l *luggage) options() []pickle.Option {
	l.handles.Context = l
	return []pickle.Option{pickle.WithHandles(&l.handles), pickle.WithMaxSize(maxArguments)}
}

// files are the descriptors in the order of the table.
func (l *luggage) files() ([]*os.File, error) {
	files := make([]*os.File, l.handles.Len())
	for i, handle := range l.handles.All() {
		file, ok := handle.(*os.File)
		if !ok {
			return nil, fmt.Errorf("process: a handle of type %T cannot be inherited by a child, only *os.File", handle)
		}
		files[i] = file
	}
	return files, nil
}

// done ends the journey: the objects learn whether they arrived, and what was
// added for them is closed.
func (l *luggage) done(sent bool) {
	for _, fn := range l.after {
		fn(sent)
	}
	release(l.handles.All())
}

// unpacked are the handles that came with this process. Whoever decodes takes
// them all.
type unpacked struct {
	taken atomic.Bool
	files []any
}

// options are what the arguments are decoded with, and what releases the handles
// that no object took.
func (u *unpacked) options() (opts []pickle.Option, rest func()) {
	h := new(pickle.Handles)
	if u.taken.CompareAndSwap(false, true) {
		for _, file := range u.files {
			h.Add(file)
		}
	}
	return []pickle.Option{pickle.WithHandles(h), pickle.WithMaxSize(maxArguments)}, func() { release(h.Rest()) }
}
