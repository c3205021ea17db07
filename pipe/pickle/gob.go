package pickle

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"reflect"
	"sync"
)

// Gob encodes with encoding/gob, each message on its own. Types registered with
// [Register] are registered with gob too.
//
// It refuses what gob would drop (functions, channels, unexported fields of
// types without GobEncode or MarshalBinary) and values that contain themselves,
// of which gob dies. It changes what gob changes: a *T arrives as a T, a nil
// slice or map in a struct as an empty one or the reverse, a value that occurs
// twice as two.
var Gob Codec = &foreignCodec{
	name:   "gob",
	check:  checkGob,
	encode: encodeGob,
	decode: decodeGob,
}

// Each message is two values on one gob stream: the type in words, and the value.
func encodeGob(v any) ([]byte, error) {
	registerWithGob()
	text, err := typeOf(v)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := gob.NewEncoder(&b)
	if err := enc.Encode(text); err != nil {
		return nil, err
	}
	if v != nil {
		if err := enc.Encode(v); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

func decodeGob(c *config, data []byte) (any, error) {
	registerWithGob()
	from := bytes.NewReader(data)
	dec := gob.NewDecoder(from)
	var text string
	if err := dec.Decode(&text); err != nil {
		return nil, err
	}
	v, err := c.newOf(text, len(data))
	if err != nil || !v.IsValid() {
		return nil, err
	}
	if err := dec.DecodeValue(v); err != nil {
		return nil, err
	}
	return v.Elem().Interface(), nil
}

// Gob's registry is filled when gob is first used, so that a program that does
// not use it does not pay for it, and again when more types have come.
var gobbed struct {
	sync.Mutex
	world *world
	types map[reflect.Type]bool
}

func registerWithGob() {
	w := currentWorld()
	gobbed.Lock()
	defer gobbed.Unlock()
	if gobbed.world == w {
		return
	}
	if gobbed.types == nil {
		gobbed.types = map[reflect.Type]bool{}
		for _, v := range []any{[]any(nil), map[string]any(nil), map[any]any(nil)} {
			_ = protect("gob.Register", func() error { gob.Register(v); return nil })
		}
	}
	for name, n := range w.byName {
		if n.typ.Kind() == reflect.Interface || gobbed.types[n.typ] {
			continue
		}
		gobbed.types[n.typ] = true
		// It panics when the program has registered the type by itself under
		// another name, and then that name is the one in use.
		_ = protect("gob.Register", func() error {
			gob.RegisterName(name, reflect.Zero(n.typ).Interface())
			return nil
		})
	}
	gobbed.world = w
}

var gobForms = []reflect.Type{reflect.TypeFor[gob.GobEncoder](), reflect.TypeFor[encoding.BinaryMarshaler]()}

func checkGob(c *config, v any) *Error {
	l := look{forms: gobForms, depth: c.depth, sent: reflect.StructField.IsExported, leaf: func(v reflect.Value) string {
		switch v.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			if !v.IsNil() {
				return adviceFor(v.Type())
			}
		}
		return ""
	}}
	return l.at(reflect.ValueOf(v))
}
