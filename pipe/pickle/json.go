package pickle

import (
	"encoding"
	"encoding/json"
	"reflect"
	"unicode/utf8"
)

// JSON encodes with encoding/json, so that people and other programs can read
// the messages: an object with the type of the value and the value itself,
//
//	{"type":"[]int","value":[1,2,3]}
//
// It refuses what JSON would drop or change: functions, channels, unexported
// fields of types without a form of their own, strings that are not UTF-8, and
// in an any everything that would arrive as another type (JSON has one kind of
// number, a float64). A value that occurs twice arrives as two.
var JSON Codec = &foreignCodec{
	name:   "json",
	check:  checkJSON,
	encode: encodeJSON,
	decode: decodeJSON,
}

type jsonMessage struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

func encodeJSON(v any) ([]byte, error) {
	text, err := typeOf(v)
	if err != nil {
		return nil, err
	}
	value, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(jsonMessage{text, value})
}

func decodeJSON(c *config, data []byte) (any, error) {
	var m jsonMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	v, err := c.newOf(m.Type, len(data))
	if err != nil || !v.IsValid() {
		return nil, err
	}
	if err := json.Unmarshal(m.Value, v.Interface()); err != nil {
		return nil, err
	}
	return v.Elem().Interface(), nil
}

var jsonForms = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}

func checkJSON(c *config, v any) *Error {
	sent := func(f reflect.StructField) bool {
		return f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct
	}
	skip := func(f reflect.StructField) bool { return f.Tag.Get("json") == "-" }
	l := look{forms: jsonForms, depth: c.depth, sent: sent, skip: skip, leaf: func(v reflect.Value) string {
		switch v.Kind() {
		case reflect.Func, reflect.Chan, reflect.UnsafePointer:
			return adviceFor(v.Type())
		case reflect.String:
			if !utf8.ValidString(v.String()) {
				return "a string that is not UTF-8 would arrive changed"
			}
		case reflect.Interface:
			return boxedInJSON(v)
		}
		return ""
	}}
	return l.at(reflect.ValueOf(v))
}

// boxedInJSON says why a value in an interface would arrive as another one.
func boxedInJSON(v reflect.Value) string {
	if v.IsNil() {
		return ""
	}
	if v.NumMethod() == 0 {
		switch v.Elem().Interface().(type) {
		case bool, float64, string, []any, map[string]any:
			return ""
		}
	}
	return "JSON would forget that there is a value of type " + v.Elem().Type().String() + " in it; give the place that type"
}
