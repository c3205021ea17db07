package pickle

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// An Error says which part of a value could not be encoded or decoded, why, and
// what to do instead. Every error of this package is an *Error, but for those of
// Compare and Handles.Take; it travels itself, so that a failure in another process
// arrives whole. Python: pickle.PicklingError, pickle.UnpicklingError and the TypeError of
// "cannot pickle 'generator' object".
type Error struct {
	// Op is "marshal" or "unmarshal".
	Op string
	// Path leads from the value handed in to the part at fault, such as
	// Order.Lines[3].Price or value["key"].Next. It starts with the name of the
	// value's type, or with "value" when the type has none.
	Path string
	// Type is the Go type of the part at fault, such as "chan int"; "" when it
	// is not known.
	Type string
	// Reason says what is wrong and, where there is one, the way out.
	Reason string
	// Offset is the byte of the message at which decoding stopped, -1 when
	// encoding.
	Offset int
	// Python is what [Error.PythonText] returns.
	Python string
	// Err is the error of the program's own code behind this one (a Reduce, a
	// rebuild function, an UnmarshalBinary), or nil.
	Err error

	trail []string `pickle:"-"` // the path's segments, innermost first, while the error is on its way out
}

// Error returns the failure in Go's style, prefixed with the package's name.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("pickle: ")
	switch {
	case e.Op == opUnmarshal:
		b.WriteString("cannot unpickle")
	case strings.HasSuffix(e.Python, inheritance):
		b.WriteString(e.Python)
	default:
		fmt.Fprintf(&b, "cannot pickle '%s' object", e.Type)
	}
	if strings.ContainsAny(e.Path, ".[") {
		b.WriteString(" at ")
		b.WriteString(e.Path)
	}
	if e.Offset >= 0 && e.Op == opUnmarshal {
		fmt.Fprintf(&b, " (byte %d)", e.Offset)
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	return b.String()
}

// PythonText returns the text of the exception that CPython raises in the same
// place, such as "cannot pickle 'func' object".
func (e *Error) PythonText() string { return e.Python }

// Unwrap returns [Error.Err].
func (e *Error) Unwrap() error { return e.Err }

const (
	opMarshal   = "marshal"
	opUnmarshal = "unmarshal"

	inheritance = " objects should only be shared between processes through inheritance"
	truncated   = "pickle data was truncated"
)

// in adds one step to the path of a failure on its way out. A path is put
// together backwards and only when something failed, so that it costs a message
// that is well nothing.
func (e *Error) in(step string) *Error {
	e.trail = append(e.trail, step)
	return e
}

func (e *Error) inField(name string) *Error { return e.in("." + name) }

func (e *Error) inIndex(i int) *Error { return e.in("[" + strconv.Itoa(i) + "]") }

// inKey adds the step into a map's entry. A key that is long or has no short
// text is shown by its type: a path is read by people.
func (e *Error) inKey(k reflect.Value) *Error {
	for k.Kind() == reflect.Interface && !k.IsNil() {
		k = k.Elem()
	}
	switch k.Kind() {
	case reflect.String:
		s := k.String()
		if len(s) > 40 {
			s = s[:40] + "…"
		}
		return e.in("[" + strconv.Quote(s) + "]")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return e.in("[" + strconv.FormatInt(k.Int(), 10) + "]")
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return e.in("[" + strconv.FormatUint(k.Uint(), 10) + "]")
	case reflect.Bool:
		return e.in("[" + strconv.FormatBool(k.Bool()) + "]")
	case reflect.Invalid, reflect.Interface:
		return e.in("[nil]")
	}
	return e.in("[" + k.Type().String() + "]")
}

// A path longer than this is cut in its middle: a value nested ten thousand deep
// fails with a path that says so in one line.
const pathEnds = 8

// finish turns the trail into Path, below a root of the given name, and returns
// the error as callers get it.
func (e *Error) finish(root string) error {
	var b strings.Builder
	b.WriteString(root)
	n := len(e.trail)
	for i := n - 1; i >= 0; i-- {
		if n > 2*pathEnds+1 && i == n-1-pathEnds {
			fmt.Fprintf(&b, "…(%d more)…", n-2*pathEnds)
			i = pathEnds
			continue
		}
		b.WriteString(e.trail[i])
	}
	e.Path, e.trail = b.String(), nil
	return e
}

// rootName is how a path begins: the name of the value's type without its
// package, seen through pointers, or "value".
func rootName(t reflect.Type) string {
	for t != nil && t.Kind() == reflect.Pointer && t.Name() == "" {
		t = t.Elem()
	}
	if t == nil || t.Name() == "" || t.PkgPath() == "" {
		return "value"
	}
	return t.Name()
}

// className is a type as a message quotes it: 'func' and 'chan' by their kind,
// as Python says 'generator', and anything else by its Go name.
func className(t reflect.Type) string {
	if t.Name() == "" {
		switch t.Kind() {
		case reflect.Func, reflect.Chan:
			return t.Kind().String()
		}
	}
	return t.String()
}

// refused is the error for a value whose type does not travel.
func refused(t reflect.Type, reason string) *Error {
	name := className(t)
	return &Error{Op: opMarshal, Type: name, Reason: reason, Offset: -1, Python: "cannot pickle '" + name + "' object"}
}

// refusedBy is refused with an error of the program's own code behind it, whose
// words for Python win over ours.
func refusedBy(t reflect.Type, what string, err error) *Error {
	e := refused(t, what+": "+err.Error())
	e.Err = err
	var p interface{ PythonText() string }
	if errors.As(err, &p) {
		e.Python = p.PythonText()
	}
	return e
}

// protect runs a piece of the program's own code (a Reduce, an Error method, a
// rebuild function) and turns a panic into an error: one bad value must not take
// down whoever sends messages.
func protect(what string, fn func() error) (err error) {
	done := false
	defer func() {
		if done {
			return
		}
		// A recovered nil is runtime.Goexit, which goes on by itself.
		if r := recover(); r != nil {
			err = fmt.Errorf("%s panicked: %v", what, r)
		}
	}()
	err = fn()
	done = true
	return err
}
