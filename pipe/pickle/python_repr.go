package pickle

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Repr returns what Python's repr does for a value that [Python] decodes, such as
// "{'a': [1, None]}"; objects are shown by what they are made from. What contains
// itself is shown as [...], what is nested deeper than a thousand times as ..., and
// a text longer than a mebibyte is cut.
func Repr(v any) string {
	w := reprWriter{open: map[any]bool{}}
	w.value(v)
	return w.b.String()
}

const (
	reprDepth = 1000
	reprSize  = 1 << 20
)

type reprWriter struct {
	b    strings.Builder
	open map[any]bool // the values that are being written
	deep int
}

func (w *reprWriter) value(v any) {
	if w.b.Len() > reprSize || w.deep > reprDepth {
		w.b.WriteString("...")
		return
	}
	w.deep++
	defer func() { w.deep-- }()
	switch v := v.(type) {
	case nil:
		w.b.WriteString("None")
	case bool:
		w.b.WriteString(map[bool]string{false: "False", true: "True"}[v])
	case int:
		w.b.WriteString(strconv.Itoa(v))
	case *big.Int:
		w.b.WriteString(v.String())
	case float64:
		w.b.WriteString(floatRepr(v))
	case complex128:
		w.complex(v)
	case string:
		w.text(v)
	case []byte:
		w.bytes(v)
	case *ByteArray:
		w.b.WriteString("bytearray(")
		w.bytes(v.Bytes)
		w.b.WriteByte(')')
	case *List:
		w.within(v, "[", "]", func() { w.items(v.Items) })
	case Tuple:
		w.b.WriteByte('(')
		w.items(v)
		if len(v) == 1 {
			w.b.WriteByte(',')
		}
		w.b.WriteByte(')')
	case *Dict:
		w.within(v, "{", "}", func() { w.entries(v) })
	case *Set:
		w.set("set(", v.d.keys(), false)
	case *FrozenSet:
		w.set("frozenset(", v.d.keys(), true)
	case Global:
		w.b.WriteString("<" + v.String() + ">")
	case *Exception:
		w.within(v, v.Class.Name+"(", ")", func() { w.items(v.Args) })
	case *Object:
		w.within(v, v.Class.String()+"(", ")", func() { w.object(v) })
	default:
		w.other(v)
	}
}

// other shows a value of a Go type as what it is in Python.
func (w *reprWriter) other(v any) {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		fmt.Fprintf(&w.b, "%d", v)
	case reflect.Float32:
		w.b.WriteString(floatRepr(r.Float()))
	case reflect.Slice, reflect.Array:
		w.b.WriteByte('[')
		for i := range r.Len() {
			if i > 0 {
				w.b.WriteString(", ")
			}
			w.value(r.Index(i).Interface())
		}
		w.b.WriteByte(']')
	default:
		fmt.Fprintf(&w.b, "<%T>", v)
	}
}

// within writes a container unless it is being written already.
func (w *reprWriter) within(v any, open, end string, inside func()) {
	w.b.WriteString(open)
	if w.open[v] {
		w.b.WriteString("...")
	} else {
		w.open[v] = true
		inside()
		delete(w.open, v)
	}
	w.b.WriteString(end)
}

func (w *reprWriter) items(items []any) {
	for i, v := range items {
		if i > 0 {
			w.b.WriteString(", ")
		}
		if w.b.Len() > reprSize {
			w.b.WriteString("...")
			return
		}
		w.value(v)
	}
}

func (w *reprWriter) entries(d *Dict) {
	i := 0
	for k, v := range d.All() {
		if i++; i > 1 {
			w.b.WriteString(", ")
		}
		if w.b.Len() > reprSize {
			w.b.WriteString("...")
			return
		}
		w.value(k)
		w.b.WriteString(": ")
		w.value(v)
	}
}

func (w *reprWriter) set(open string, items []any, frozen bool) {
	switch {
	case len(items) == 0:
		w.b.WriteString(open + ")")
		return
	case frozen:
		w.b.WriteString(open)
	}
	w.b.WriteByte('{')
	w.items(items)
	w.b.WriteByte('}')
	if frozen {
		w.b.WriteByte(')')
	}
}

func (w *reprWriter) object(o *Object) {
	w.items(o.Args)
	more := func(name string, v any) {
		if s := w.b.String(); !strings.HasSuffix(s, "(") {
			w.b.WriteString(", ")
		}
		w.b.WriteString(name + "=")
		w.value(v)
	}
	if o.Kwargs != nil {
		more("kwargs", o.Kwargs)
	}
	if o.State != nil {
		more("state", o.State)
	}
	if o.Items != nil {
		more("items", Tuple(o.Items))
	}
	if o.Entries != nil {
		more("entries", o.Entries)
	}
}

// floatRepr is the shortest text that reads back, in Python's form.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case f == 0 || math.Abs(f) >= 1e-4 && math.Abs(f) < 1e16:
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return strconv.FormatFloat(f, 'e', -1, 64)
}

func (w *reprWriter) complex(c complex128) {
	part := func(f float64) string { return strings.TrimSuffix(floatRepr(f), ".0") }
	if real(c) == 0 && !math.Signbit(real(c)) {
		w.b.WriteString(part(imag(c)) + "j")
		return
	}
	im := part(imag(c))
	if im[0] != '-' {
		im = "+" + im
	}
	w.b.WriteString("(" + part(real(c)) + im + "j)")
}

func (w *reprWriter) text(s string) {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	w.b.WriteRune(quote)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			if r, n = surrogate(s[i:]); n == 0 {
				r, n = rune(s[i]), 1
			}
		}
		i += n
		switch {
		case r == quote || r == '\\':
			w.b.WriteRune('\\')
			w.b.WriteRune(r)
		case r == '\n':
			w.b.WriteString(`\n`)
		case r == '\r':
			w.b.WriteString(`\r`)
		case r == '\t':
			w.b.WriteString(`\t`)
		case r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r):
			w.b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&w.b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&w.b, `\u%04x`, r)
		default:
			fmt.Fprintf(&w.b, `\U%08x`, r)
		}
	}
	w.b.WriteRune(quote)
}

func (w *reprWriter) bytes(b []byte) {
	quote := byte('\'')
	if s := string(b); strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	w.b.WriteByte('b')
	w.b.WriteByte(quote)
	for i, c := range b {
		switch {
		case i > reprSize:
			w.b.WriteString("...")
			return
		case c == quote || c == '\\':
			w.b.WriteByte('\\')
			w.b.WriteByte(c)
		case c == '\n':
			w.b.WriteString(`\n`)
		case c == '\r':
			w.b.WriteString(`\r`)
		case c == '\t':
			w.b.WriteString(`\t`)
		case c < 0x20 || c > 0x7e:
			fmt.Fprintf(&w.b, `\x%02x`, c)
		default:
			w.b.WriteByte(c)
		}
	}
	w.b.WriteByte(quote)
}

// pyTypeName is the name of a value's type in Python, as its errors quote it.
func pyTypeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case *ByteArray:
		return "bytearray"
	case *big.Int:
		return "int"
	case complex128:
		return "complex"
	case *List:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Set:
		return "set"
	case *FrozenSet:
		return "frozenset"
	case *Object:
		return v.Class.Name
	case *Exception:
		return v.Class.Name
	case Global:
		return "type"
	}
	switch t := reflect.TypeOf(v); t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map, reflect.Struct:
		return "dict"
	case reflect.String:
		return "str"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return "int"
	default:
		return t.String()
	}
}
