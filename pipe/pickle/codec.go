package pickle

import (
	"errors"
	"fmt"
	"reflect"
)

// A Codec turns values into messages and back. This package's own is [Native];
// [Gob] and [JSON] are for programs that have types made for those, or whose
// authors want to read the bytes.
//
// Append and UnmarshalInto behave as the functions of the same names: they leave
// dst or the variable alone on an error. Options that a codec has no use for are
// ignored; live objects travel with Native only.
type Codec interface {
	Append(dst []byte, v any, opts ...Option) ([]byte, error)
	// Unmarshal decodes one message.
	Unmarshal(data []byte, opts ...Option) (any, error)
	UnmarshalInto(data []byte, ptr any, opts ...Option) error
	// String returns the codec's name.
	String() string
}

// Native is this package's own codec: what [Marshal] writes and [Unmarshal]
// reads.
var Native Codec = nativeCodec{}

type nativeCodec struct{}

func (nativeCodec) String() string { return "native" }

func (nativeCodec) Append(dst []byte, v any, opts ...Option) ([]byte, error) {
	return Append(dst, v, opts...)
}

func (nativeCodec) Unmarshal(data []byte, opts ...Option) (any, error) {
	return Unmarshal(data, opts...)
}

func (nativeCodec) UnmarshalInto(data []byte, ptr any, opts ...Option) error {
	return UnmarshalInto(data, ptr, opts...)
}

// foreignCodec is what the adapters for other people's encoders share. Those
// lose what they have no form for, and one of them ends the process over a value
// that contains itself. An adapter looks at the value first and refuses what the
// encoder would drop or die of.
type foreignCodec struct {
	name   string
	check  func(c *config, v any) *Error
	encode func(v any) ([]byte, error)
	decode func(c *config, data []byte) (any, error)
}

func (f *foreignCodec) String() string { return f.name }

func (f *foreignCodec) Append(dst []byte, v any, opts ...Option) ([]byte, error) {
	var c config
	c.init(opts)
	fail := f.check(&c, v)
	var data []byte
	if fail == nil {
		err := protect(f.name, func() (err error) {
			data, err = f.encode(v)
			return err
		})
		var known *Error
		switch t := reflect.TypeOf(v); {
		case errors.As(err, &known):
			fail = known
		case err != nil && t == nil:
			fail = refusedBy(anyType, f.name+" says", err)
		case err != nil:
			fail = refusedBy(t, f.name+" says", err)
		case len(data) > c.size:
			fail = refused(t, fmt.Sprintf("the message is longer than WithMaxSize allows (%d bytes)", c.size))
		}
	}
	if fail != nil {
		return dst, fail.finish(rootName(reflect.TypeOf(v)))
	}
	return append(dst, data...), nil
}

func (f *foreignCodec) Unmarshal(data []byte, opts ...Option) (v any, err error) {
	var c config
	c.init(opts)
	err = protect(f.name, func() error {
		if len(data) > c.size {
			return fmt.Errorf("the message of %d bytes is longer than WithMaxSize allows (%d bytes)", len(data), c.size)
		}
		v, err = f.decode(&c, data)
		return err
	})
	if err != nil {
		var known *Error
		if errors.As(err, &known) {
			return nil, known
		}
		e := &Error{Op: opUnmarshal, Reason: f.name + " says: " + err.Error(), Python: err.Error(), Offset: -1, Err: err}
		return nil, e.finish("value")
	}
	return v, nil
}

func (f *foreignCodec) UnmarshalInto(data []byte, ptr any, opts ...Option) error {
	to, err := target(ptr)
	if err != nil {
		return err
	}
	v, err := f.Unmarshal(data, opts...)
	if err != nil {
		return err
	}
	var cfg config
	cfg.init(opts)
	c := converter{room: cfg.room(len(data))}
	x, fail := c.convert(reflect.ValueOf(v), to.Type())
	if fail != nil {
		return fail.finish(rootName(to.Type()))
	}
	to.Set(x)
	return nil
}

// target returns the variable that a pointer given by a caller leads to.
func target(ptr any) (reflect.Value, error) {
	to := reflect.ValueOf(ptr)
	if to.Kind() == reflect.Pointer && !to.IsNil() {
		return to.Elem(), nil
	}
	err := &Error{Op: opUnmarshal, Offset: -1, Reason: "UnmarshalInto needs a pointer to the variable that takes the value"}
	if ptr != nil {
		err.Type = to.Type().String()
	}
	return to, err.finish("value")
}
