package pickle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// A CarriedError stands for an error whose own type cannot travel: errors.New's,
// fmt.Errorf's and most others have unexported fields. It keeps the text, the
// causes, and every error registered with [RegisterError] that the original
// matched, so that errors.Is and errors.As find on this side what they would
// have found on the other, the original's own type excepted.
//
// Where a struct, slice or map holds errors (its element is of type error), an
// error that cannot travel as it is becomes a CarriedError by itself. In an any
// the type of a value is part of it, and such an error is refused; [Carry] says
// that its text and causes are what is wanted.
// Python: multiprocessing.pool.RemoteTraceback, which keeps the text only.
type CarriedError struct {
	// Type is the original's Go type, such as "*errors.errorString".
	Type string
	// Text is what the original's Error method returned.
	Text string
	// Python is what the original's PythonText method returned, if it had one.
	Python string
	// Causes are the errors that the original's Unwrap method returned.
	Causes []error
	// Matches are the registered errors that the original matched.
	Matches []error
}

// Error returns the original's text.
func (e *CarriedError) Error() string { return e.Text }

// PythonText returns the original's text for Python, or its text.
func (e *CarriedError) PythonText() string {
	if e.Python == "" {
		return e.Text
	}
	return e.Python
}

// Unwrap returns the original's causes.
func (e *CarriedError) Unwrap() []error { return e.Causes }

// Is reports whether the original matched target, a registered error.
func (e *CarriedError) Is(target error) bool { return slices.Contains(e.Matches, target) }

// Carry returns an error that can be encoded anywhere: err itself when it can
// travel as it is, and otherwise a [CarriedError]. It returns nil for nil.
func Carry(err error) error {
	if err == nil {
		return nil
	}
	if _, refusal := Marshal(err); refusal == nil {
		return err
	}
	c, failed := carried(currentWorld(), err)
	if failed != nil {
		return &CarriedError{Type: reflect.TypeOf(err).String(), Text: failed.Error()}
	}
	return c
}

// RegisterError makes err known by a name: it arrives as that very value, so
// that err == io.EOF holds on the other side. The errors of packages io, io/fs,
// os, context and errors that a caller may compare with are registered already.
// RegisterError panics when the name or the error is taken, and when err is nil
// or cannot be compared.
func RegisterError(name string, err error) {
	if err == nil || !reflect.ValueOf(err).Comparable() {
		panic(fmt.Sprintf("pickle: RegisterError(%q): only an error that can be compared can be a sentinel", name))
	}
	if name == "" || len(name) > maxName {
		panic(fmt.Sprintf("pickle: RegisterError: a name must have 1 to %d bytes", maxName))
	}
	registry.Lock()
	defer registry.Unlock()
	old, taken := registry.names[err]
	switch {
	case taken && old == name:
		return
	case taken:
		panic(fmt.Sprintf("pickle: RegisterError(%q): the error is registered as %q", name, old))
	case registry.sentinels[name] != nil:
		panic(fmt.Sprintf("pickle: RegisterError(%q): the name stands for another error", name))
	}
	registry.sentinels[name], registry.names[err] = err, name
	registry.current.Store(nil)
}

func init() {
	for name, err := range map[string]error{
		"io.EOF":                   io.EOF,
		"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
		"io.ErrClosedPipe":         io.ErrClosedPipe,
		"io.ErrNoProgress":         io.ErrNoProgress,
		"io.ErrShortBuffer":        io.ErrShortBuffer,
		"io.ErrShortWrite":         io.ErrShortWrite,
		"fs.ErrInvalid":            fs.ErrInvalid,
		"fs.ErrPermission":         fs.ErrPermission,
		"fs.ErrExist":              fs.ErrExist,
		"fs.ErrNotExist":           fs.ErrNotExist,
		"fs.ErrClosed":             fs.ErrClosed,
		"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
		"os.ErrProcessDone":        os.ErrProcessDone,
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
		"errors.ErrUnsupported":    errors.ErrUnsupported,
	} {
		RegisterError(name, err)
	}
	// Names of the standard library that messages are full of.
	Register[Error]()
	Register[CarriedError]()
	Register[fs.PathError]()
	Register[os.LinkError]()
	Register[os.SyscallError]()
	Register[syscall.Errno]()
	Register[time.Duration]()
	Register[time.Month]()
	Register[time.Weekday]()
}

// carry writes an error whose own type cannot travel. One error that occurs
// twice arrives as one.
func (e *encoder) carry(err error) *Error {
	p := e.w.carried
	if failed := e.describe(p); failed != nil {
		return failed
	}
	// The length of -1 says that the memory there has another shape.
	id := identity{nil, -1, p.shape}
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer {
		id.ptr = v.UnsafePointer()
		if n, ok := e.memo.find(id); ok {
			e.seen(n)
			return nil
		}
	}
	c, failed := carried(e.w, err)
	if failed != nil {
		return refusedBy(reflect.TypeOf(err), "it cannot be carried", failed)
	}
	if id.ptr == nil {
		id = identity{unsafe.Pointer(c), 0, p.shape}
	}
	e.memo.add(id)
	e.code(codeNew)
	return e.pointed(p, reflect.ValueOf(c).Elem())
}

// carried takes an error apart, running its methods.
func carried(w *world, err error) (c *CarriedError, failed error) {
	c = &CarriedError{Type: reflect.TypeOf(err).String()}
	failed = protect("a method of the error", func() error {
		c.Text = err.Error()
		if p, ok := err.(interface{ PythonText() string }); ok {
			c.Python = p.PythonText()
		}
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			if cause := u.Unwrap(); cause != nil {
				c.Causes = []error{cause}
			}
		case interface{ Unwrap() []error }:
			c.Causes = slices.DeleteFunc(slices.Clone(u.Unwrap()), func(cause error) bool { return cause == nil })
		}
		// What the causes match will be found through them.
		if is, ok := err.(interface{ Is(error) bool }); ok {
			for sentinel := range w.names {
				if is.Is(sentinel) {
					c.Matches = append(c.Matches, sentinel)
				}
			}
			slices.SortFunc(c.Matches, func(a, b error) int { return strings.Compare(w.names[a], w.names[b]) })
		}
		return nil
	})
	return c, failed
}

// sentinel reads the name of a registered error.
func (d *decoder) sentinel() (any, *Error) {
	at := d.pos
	name, err := d.blob()
	if err != nil {
		return nil, err
	}
	if found := d.w.sentinels[string(name)]; found != nil {
		return found, nil
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	return nil, d.failAt(at, errorType, "the error %q is not registered here; call pickle.RegisterError in both programs", name)
}
