package queue

import (
	"context"
	"io"
	"os"
	"reflect"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A parcel is what travels beside an item on behalf of the live objects in it: locks,
// connections, other queues. It is their pipe.Carrier, and an item that a Put has
// accepted has been sent.
type parcel struct {
	ctx     context.Context
	handles pickle.Handles
	after   []func(sent bool)
}

var _ pipe.Carrier = (*parcel)(nil)

func newParcel(ctx context.Context, handles []any) *parcel {
	p := &parcel{ctx: ctx}
	p.handles.Context = p
	for _, h := range handles {
		p.handles.Add(h)
	}
	return p
}

// Context implements pipe.Carrier.
func (p *parcel) Context() context.Context { return p.ctx }

// AfterSend implements pipe.Carrier.
func (p *parcel) AfterSend(fn func(sent bool)) { p.after = append(p.after, fn) }

// done tells the objects whether they were sent.
func (p *parcel) done(sent bool) {
	for _, fn := range p.after {
		fn(sent)
	}
}

// release closes handles that nobody owns.
func release(handles []any) {
	for _, h := range handles {
		if c, ok := h.(io.Closer); ok {
			_ = c.Close()
		}
	}
}

// descriptors reports whether handles can go to a real process.
func descriptors(handles []any) bool {
	for _, h := range handles {
		if _, ok := h.(*os.File); !ok {
			return false
		}
	}
	return len(handles) <= mostHandles
}

// carries reports whether live objects can be in a value of a type.
func carries(t reflect.Type) bool { return holds(t, map[reflect.Type]bool{}) }

var (
	handleReducer = reflect.TypeFor[pickle.HandleReducer]()
	reducer       = reflect.TypeFor[pickle.Reducer]()
)

func holds(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if t.Implements(handleReducer) || t.Implements(reducer) {
		return true
	}
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holds(t.Elem(), seen)
	case reflect.Map:
		return holds(t.Key(), seen) || holds(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
