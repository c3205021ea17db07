package pickle

import (
	"reflect"
	"slices"
)

// Marshal returns a message that holds v, whatever it is: its value, its type,
// and what is shared within it. It reads v and everything v leads to, which
// nobody may change meanwhile. It blocks on nothing.
//
// The error is an [*Error] that names the part of v that cannot travel; nothing
// is left out of a message without one, except what the tag pickle:"-" marks.
// Python: pickle.dumps.
func Marshal(v any, opts ...Option) ([]byte, error) {
	if len(opts) == 0 {
		if data, ok := scalar(nil, v); ok {
			return data, nil
		}
	}
	e := newEncoder(opts)
	if err := e.message(v); err != nil {
		e.free()
		return nil, err.finish(rootName(reflect.TypeOf(v)))
	}
	data := e.buf
	if cap(data) > scratchKept {
		e.buf = nil // too large to keep, and too large to copy
	} else {
		data = slices.Clone(data)
	}
	e.free()
	return data[:len(data):len(data)], nil
}

// Append appends the message that [Marshal] returns to dst and returns the
// extended slice. On an error it returns dst as it was.
func Append(dst []byte, v any, opts ...Option) ([]byte, error) {
	if len(opts) == 0 {
		if out, ok := scalar(dst, v); ok {
			return out, nil
		}
	}
	e := newEncoder(opts)
	kept := e.buf
	e.buf = dst
	err := e.message(v)
	out := e.buf
	e.buf = kept
	e.free()
	if err != nil {
		return dst, err.finish(rootName(reflect.TypeOf(v)))
	}
	return out, nil
}

// Unmarshal returns the value that a message holds, of the type it was sent
// with. It reads data and keeps no part of it, unless [WithAliasing] is given.
//
// The error is an [*Error]. Whatever data is, Unmarshal does not panic, asks for
// no more memory than the length of data justifies, and runs no code of the
// program but the functions and methods that it registered for decoding.
// Python: pickle.loads.
func Unmarshal(data []byte, opts ...Option) (any, error) {
	if len(opts) == 0 {
		if n, ok := quickInt(data); ok {
			return n, nil
		}
	}
	d := newDecoder(data, opts)
	v, err := d.message()
	if err != nil {
		abandon(d.rebuilt)
		d.free()
		return nil, err.finish("value")
	}
	d.free()
	return v, nil
}

func (d *decoder) message() (any, *Error) {
	if err := d.open(); err != nil {
		return nil, err
	}
	v, err := d.dynamic()
	if err != nil {
		return nil, err
	}
	return v, d.done()
}

// UnmarshalInto stores the value that a message holds in the variable that ptr
// points to. A value of another type than the variable's is converted when that
// loses nothing, and otherwise is an error:
//
//   - between numbers, when the number is the same afterwards;
//   - between a type and another with the same underlying type;
//   - from a slice or array to a slice or array, from a map to a map, and
//     between structs with the same fields, when each part can be converted;
//   - from anything to an interface that it implements, and from nil to a
//     pointer, map, slice or interface.
//
// On an error the variable keeps its value. Otherwise UnmarshalInto is
// [Unmarshal].
func UnmarshalInto(data []byte, ptr any, opts ...Option) error {
	if len(opts) == 0 {
		switch p := ptr.(type) {
		case *int:
			if n, ok := quickInt(data); ok && p != nil {
				*p = n
				return nil
			}
		case *string:
			if s, ok := quickString(data); ok && p != nil {
				*p = s
				return nil
			}
		}
	}
	to, bad := target(ptr)
	if bad != nil {
		return bad
	}
	d := newDecoder(data, opts)
	if err := d.into(to); err != nil {
		abandon(d.rebuilt)
		d.free()
		return err.finish(rootName(to.Type()))
	}
	d.free()
	return nil
}

// into reads the message into a variable.
func (d *decoder) into(to reflect.Value) *Error {
	if err := d.open(); err != nil {
		return err
	}
	if tag := d.peek(); tag != tagNil && tag != tagSentinel && to.Kind() != reflect.Interface {
		p, err := d.describe(0)
		if err != nil {
			return err
		}
		if p.typ == to.Type() {
			// Into a variable of its own first: the caller's keeps its value
			// until the whole message is known to be good.
			v := reflect.New(p.typ).Elem()
			if d.cfg.reuse && p.reusable() {
				v.Set(to)
				v.SetLen(0)
			}
			if err := d.value(p, v); err != nil {
				return err
			}
			if err := d.done(); err != nil {
				return err
			}
			to.Set(v)
			return nil
		}
		d.pos, d.types = 1, d.types[:0]
	}
	x, err := d.dynamic()
	if err != nil {
		return err
	}
	if err := d.done(); err != nil {
		return err
	}
	c := converter{room: d.cfg.room(len(d.data)), parted: d.parted}
	v, err := c.convert(reflect.ValueOf(x), to.Type())
	if err != nil {
		return err
	}
	to.Set(v)
	return nil
}

// peek returns the tag that comes next, tagNil when none does.
func (d *decoder) peek() byte {
	if d.left() == 0 {
		return tagNil
	}
	return d.data[d.pos]
}
