package gil

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pygil/pygil/internal/kernel"
)

// Print writes its arguments as Python's print does to an unbuffered stream: the
// text, then the newline, each a call that gives the GIL up, so that the lines of
// two threads can run into each other. A single argument is shown as str() shows
// it, elements of containers as repr() does. It takes no time.
func (t *Thread) Print(args ...any) {
	t.mustOutside()
	parts := make([]string, len(args))
	for i, a := range args {
		parts[i] = Str(a)
	}
	t.write(strings.Join(parts, " "))
	t.write("\n")
}

// write is one write to standard output.
func (t *Thread) write(text string) {
	w := t.interp.w
	if e := w.emit; e != nil {
		e.event(t, Event{Kind: EvPrint, Name: text})
	}
	out := func() {
		w.stdout.Lock()
		defer w.stdout.Unlock()
		_, _ = fmt.Fprint(w.opts.stdout, text) // as for fmt.Print: nobody to tell
	}
	if t.x != nil {
		t.prints()
		if !raceKernel || w.opts.stdout != io.Discard { // what guards the writer orders those who print
			out()
		}
		return
	}
	t.detach(stateIO, WhyIO)
	defer t.attach() // also when the writer panics
	out()
}

// prints is the moment at which text is written in an explored run. There may be a
// switch before it and after it.
func (t *Thread) prints() {
	if raceKernel && t.apart() {
		t.inside(t.prints)
		return
	}
	t.armed = true
	t.announce(kernel.OpPrint, 0, nil)
	t.armed = true
}

// mustOutside is must where the outside may be.
func (t *Thread) mustOutside() {
	if raceKernel && t.apart() {
		t.inside(t.must)
		return
	}
	t.must()
}

// Str shows v as Python's str() shows the value it stands for.
func Str(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr shows v as Python's repr() shows the value it stands for: None, True,
// 'text', [1, 2], {'a': 1}. Maps are shown in the order of their keys. A value
// with a PythonRepr() string method shows itself; any other is shown by fmt.
func Repr(v any) string {
	var b strings.Builder
	repr(&b, reflect.ValueOf(v), 0)
	return b.String()
}

// reprDepth bounds the nesting; Python stops with a RecursionError.
const reprDepth = 100

func repr(b *strings.Builder, v reflect.Value, depth int) {
	if depth > reprDepth {
		b.WriteString("...")
		return
	}
	if !v.IsValid() {
		b.WriteString("None")
		return
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		b.WriteString("None") // also one whose type has a method to show itself
		return
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case interface{ PythonRepr() string }:
			b.WriteString(x.PythonRepr())
			return
		case fmt.Stringer:
			b.WriteString(x.String())
			return
		case error:
			b.WriteString(x.Error())
			return
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		b.WriteString(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		b.WriteString(floatRepr(v.Float()))
	case reflect.Complex64, reflect.Complex128:
		b.WriteString(complexRepr(v.Complex()))
	case reflect.String:
		b.WriteString(stringRepr(v.String()))
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b.WriteString("b")
			quoted(b, v.Bytes())
			return
		}
		if v.IsNil() {
			b.WriteString("[]")
			return
		}
		sequenceRepr(b, v, "[", "]", depth)
	case reflect.Array:
		closing := ")"
		if v.Len() == 1 {
			closing = ",)"
		}
		sequenceRepr(b, v, "(", closing, depth)
	case reflect.Map:
		mapRepr(b, v, depth)
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			b.WriteString("None")
			return
		}
		repr(b, v.Elem(), depth+1)
	default:
		if v.CanInterface() {
			fmt.Fprintf(b, "%v", v.Interface())
		} else {
			fmt.Fprintf(b, "<%s>", v.Type())
		}
	}
}

func sequenceRepr(b *strings.Builder, v reflect.Value, open, closing string, depth int) {
	b.WriteString(open)
	for i := range v.Len() {
		if i > 0 {
			b.WriteString(", ")
		}
		repr(b, v.Index(i), depth+1)
	}
	b.WriteString(closing)
}

func mapRepr(b *strings.Builder, v reflect.Value, depth int) {
	type entry struct {
		order      reflect.Value
		key, value string
	}
	entries := make([]entry, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		var k, e strings.Builder
		repr(&k, it.Key(), depth+1)
		repr(&e, it.Value(), depth+1)
		entries = append(entries, entry{it.Key(), k.String(), e.String()})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(compareNumbers(a.order, b.order), strings.Compare(a.key, b.key))
	})
	b.WriteString("{")
	for i, e := range entries {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(e.key + ": " + e.value)
	}
	b.WriteString("}")
}

// compareNumbers orders keys of a numeric type; others are equal to it.
func compareNumbers(a, b reflect.Value) int {
	switch {
	case a.Kind() != b.Kind():
		return 0
	case a.CanInt():
		return cmp.Compare(a.Int(), b.Int())
	case a.CanUint():
		return cmp.Compare(a.Uint(), b.Uint())
	case a.CanFloat():
		return cmp.Compare(a.Float(), b.Float())
	}
	return 0
}

// complexRepr: parts are floats without the ".0", and one whose real part is 0 is only
// its imaginary part.
func complexRepr(c complex128) string {
	part := func(f float64) string { return strings.TrimSuffix(floatRepr(f), ".0") }
	im := part(imag(c)) + "j"
	if real(c) == 0 && !math.Signbit(real(c)) {
		return im
	}
	if im[0] != '-' {
		im = "+" + im
	}
	return "(" + part(real(c)) + im + ")"
}

func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// stringRepr quotes as Python does: single quotes unless only those occur, and what
// cannot be seen is escaped.
func stringRepr(s string) string {
	var b strings.Builder
	quote := quoteFor(s)
	b.WriteByte(quote)
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, `\udc%02x`, s[i]) // surrogateescape: how Python keeps such a byte
		case r < utf8.RuneSelf:
			asciiRepr(&b, byte(r), quote)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// quoted shows bytes, each that is no visible ASCII character by its number.
func quoted(b *strings.Builder, s []byte) {
	quote := quoteFor(string(s))
	b.WriteByte(quote)
	for _, c := range s {
		asciiRepr(b, c, quote)
	}
	b.WriteByte(quote)
}

func quoteFor(s string) byte {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return '"'
	}
	return '\''
}

// asciiRepr shows one byte of what stands between the quotes.
func asciiRepr(b *strings.Builder, c, quote byte) {
	switch {
	case c == quote || c == '\\':
		b.WriteByte('\\')
		b.WriteByte(c)
	case c == '\n':
		b.WriteString(`\n`)
	case c == '\r':
		b.WriteString(`\r`)
	case c == '\t':
		b.WriteString(`\t`)
	case c < ' ' || c >= 0x7f:
		fmt.Fprintf(b, `\x%02x`, c)
	default:
		b.WriteByte(c)
	}
}
