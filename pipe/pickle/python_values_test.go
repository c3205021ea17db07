package pickle_test

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// through sends a value through pickle.Python.
func through(t *testing.T, v any, opts ...pickle.Option) any {
	t.Helper()
	data, err := pickle.Python.Append([]byte("kept"), v, opts...)
	require.NoError(t, err)
	require.Equal(t, "kept\x80\x04", string(data[:6]))
	got, err := pickle.Python.Unmarshal(data[4:], opts...)
	require.NoError(t, err)
	return got
}

// Keys are equal as in Python.
func TestPythonKeys(t *testing.T) {
	two := new(big.Int).Lsh(big.NewInt(1), 70)
	same := [][]any{
		{1, 1.0, true, complex(1, 0), int8(1), uint64(1), big.NewInt(1), float32(1)},
		{0, false, 0.0, math.Copysign(0, -1)},
		{"a"},
		{[]byte("a"), []byte{97}},
		{nil},
		{two, math.Ldexp(1, 70), new(big.Int).Set(two)},
		{1.5, float32(1.5)},
		{pickle.Tuple{1, "a"}, pickle.Tuple{true, "a"}, pickle.Tuple{1.0, "a"}},
		{pickle.Tuple{pickle.Tuple{1}, "a"}},
		{pickle.Tuple{1, pickle.Tuple{"a"}}},
		{pickle.Tuple{"a", 1}},
		{pickle.Tuple{}},
		{must(pickle.NewFrozenSet(1, "x")), must(pickle.NewFrozenSet("x", 1.0))},
		{must(pickle.NewFrozenSet())},
		{pickle.Global{Module: "m", Name: "f"}},
		{&pickle.Object{}},
		{&pickle.Object{Args: pickle.Tuple{}}},
		{pickle.NewException("ValueError")},
		{2 + 1i},
		{pickle.Tuple{two}},
	}
	d := new(pickle.Dict)
	for i, class := range same {
		for _, key := range class {
			require.NoError(t, d.Set(key, i))
		}
	}
	require.Equal(t, len(same), d.Len())
	for i, class := range same {
		for _, key := range class {
			got, ok := d.Get(key)
			assert.True(t, ok)
			assert.Equal(t, i, got, "%v", key)
		}
	}
	for _, key := range []any{pickle.NewList(), new(pickle.Dict), new(pickle.Set), &pickle.ByteArray{}, []int{1}, func() {}, pickle.Tuple{1, pickle.NewList()}} {
		var e *pickle.Error
		require.ErrorAs(t, d.Set(key, 1), &e)
		assert.Contains(t, e.PythonText(), "unhashable type: '")
		_, ok := d.Get(key)
		assert.False(t, ok)
	}
	nan := math.NaN()
	require.NoError(t, d.Set(nan, 1))
	_, ok := d.Get(nan)
	assert.False(t, ok, "it is equal to nothing")
}

// A dict keeps its order through many changes.
func TestPythonDictOrder(t *testing.T) {
	d, want := new(pickle.Dict), []any{}
	for i := range 1000 {
		require.NoError(t, d.Set(i, i))
		want = append(want, i)
		if i%3 == 0 {
			gone := want[len(want)*2/3]
			v, ok := d.Delete(gone)
			require.True(t, ok)
			require.Equal(t, gone, v)
			want = slices.DeleteFunc(want, func(x any) bool { return x == gone })
		}
		if i%7 == 6 {
			require.NoError(t, d.Set(want[0], want[0])) // keeps its place
		}
	}
	require.Equal(t, want, slices.Collect(d.Keys()))
	require.Equal(t, len(want), d.Len())
	_, ok := d.Delete("absent")
	require.False(t, ok)
	got := through(t, d).(*pickle.Dict)
	require.Equal(t, want, slices.Collect(got.Keys()))
	d.Clear()
	require.Zero(t, d.Len())
	_, err := pickle.NewDict(1)
	require.Error(t, err)
}

type invoice struct {
	ID    int `pickle:"id"`
	Lines []item
	Notes map[string]any
	Cost  *big.Int
	Next  *invoice
	Left  chan int `pickle:"-"`
	extra
}

type item struct {
	Name  string
	Price float32
}

type extra struct{ Extra [2]uint8 }

// What Go has and Python has not arrives as what is closest, and comes back as what
// it was when the receiver says so.
func TestPythonInto(t *testing.T) {
	o := &invoice{ID: 7, Lines: []item{{"a", 1.5}, {"b", 2}}, Notes: map[string]any{"k": 1}, Cost: big.NewInt(5), extra: extra{[2]uint8{1, 2}}}
	o.Next = o
	got := through(t, o)
	assert.Equal(t, "{'id': 7, 'Lines': [{'Name': 'a', 'Price': 1.5}, {'Name': 'b', 'Price': 2.0}], 'Notes': {'k': 1}, 'Cost': 5, 'Next': {...}, 'Extra': b'\\x01\\x02'}", pickle.Repr(got))
	var back *invoice
	require.NoError(t, pickle.Convert(got, &back))
	assert.Same(t, back, back.Next)
	assert.Equal(t, o.Lines, back.Lines)
	assert.Equal(t, o.Extra, back.Extra)
	assert.Equal(t, 0, o.Cost.Cmp(back.Cost))

	data := must(pickle.Python.Append(nil, pickle.NewList(1, 2.0, nil)))
	var p []*int8
	require.NoError(t, pickle.Python.UnmarshalInto(data, &p))
	require.Len(t, p, 3)
	assert.EqualValues(t, 2, *p[1])
	assert.Nil(t, p[2])
	var set map[string]struct{}
	require.NoError(t, pickle.Convert(must(pickle.NewSet("a")), &set))
	assert.Contains(t, set, "a")
	var pair struct{ A, B any }
	require.NoError(t, pickle.Convert(dictOf("A", 1), &pair))
	assert.Equal(t, 1, pair.A)
	list := []any{0}
	list[0] = list
	assert.Equal(t, "[[...]]", pickle.Repr(through(t, list)))
	type name string
	var names []name
	require.NoError(t, pickle.Convert(pickle.Tuple{"x"}, &names))
	assert.Equal(t, []name{"x"}, names)
	var l pickle.List
	require.NoError(t, pickle.Convert(pickle.NewList(1), &l))
	assert.Equal(t, []any{1}, l.Items)

	kept := int8(9)
	for _, c := range []struct {
		v    any
		ptr  any
		says string
	}{
		{300, &kept, "Python's int was sent where int8 is wanted, which cannot hold 300"},
		{1.5, &kept, "which cannot hold 1.5"},
		{nil, &kept, "Python's NoneType was sent where int8 is wanted"},
		{"1", &kept, "Python's str was sent where int8 is wanted"},
		{true, &kept, "Python's bool was sent where int8 is wanted"},
		{0.1, new(float32), "which cannot hold 0.1"},
		{1<<24 + 1, new(float32), "which cannot hold 16777217"},
		{pickle.NewList(1), new([2]int), "it has 1 items"},
		{pickle.NewList(1, "x"), new([]int), "at value[1]"},
		{dictOf("id", 1, "other", 2), new(invoice), "which has no field for some of its keys"},
		{dictOf("id", "x"), new(invoice), "invoice.id"},
		{dictOf(pickle.Tuple{1}, 1), new(map[any]any), "use a *pickle.Dict"},
		{[]byte("x"), new([]int), "Python's bytes"},
		{1, new(time.Time), "Python's int was sent where time.Time"},
	} {
		err := pickle.Convert(c.v, c.ptr)
		assert.ErrorContains(t, err, c.says)
	}
	assert.EqualValues(t, 9, kept, "an error leaves the variable alone")
	assert.Error(t, pickle.Convert(1, kept))
	// A type that has a copy of what is shared for itself is bounded.
	type wide [1 << 20]byte
	l1 := pickle.NewList()
	for range 2000 {
		l1.Items = append(l1.Items, make([]byte, 1<<20))
	}
	assert.ErrorContains(t, pickle.Convert(l1, new([]wide)), "needs more memory")
}

// What has no form in Python is refused, with the way out.
func TestPythonRefuses(t *testing.T) {
	for says, v := range map[string]any{
		"send it as []byte":                            "\xff",
		"cannot pickle 'func' object":                  func() {},
		"cannot pickle 'chan' object at value[0]":      []any{make(chan int)},
		"its field mu is unexported":                   struct{ mu int }{},
		"it belongs to one process":                    &struct{ M sync.Mutex }{},
		"send its Unix seconds":                        time.Now(),
		"pickle.ExceptionOf":                           io.EOF,
		"nothing that Python can hash":                 map[[1]int]int{{1}: 1},
		"it is used by its pointer":                    pickle.Exception{},
		"has a module and a name":                      pickle.Global{Name: "x"},
		"only an object that is made ByNew has Kwargs": &pickle.Object{Class: class("Point"), Kwargs: dictOf()},
		"two of its fields are named a":                struct{ A, B int }{},
	} {
		if strings.HasPrefix(says, "two") {
			v = struct {
				A int `pickle:"a"`
				B int `pickle:"a"`
			}{}
		}
		_, err := pickle.Python.Append(nil, v)
		assert.ErrorContains(t, err, says)
	}
	_, err := pickle.Python.Append(nil, make([]byte, 100), pickle.WithMaxSize(50))
	assert.ErrorContains(t, err, "WithMaxSize")
	assert.Panics(t, func() { pickle.WithClasses("nomodule") })
	assert.Equal(t, "python", pickle.Python.String())
}

// Nothing is imported and nothing called: what is not known is an error in the
// receiver, which says how to allow it.
func TestPythonBadMessages(t *testing.T) {
	for data, says := range map[string]string{
		"":                                      "Ran out of input",
		"\xe1\x11":                              `invalid load key, '\xe1'.`,
		"\x80\x06N.":                            "unsupported pickle protocol: 6",
		"\x80\x04K":                             "pickle data was truncated",
		"\x80\x04N":                             "pickle data was truncated",
		"\x80\x04.":                             "unpickling stack underflow",
		"\x80\x04h\x05.":                        "Memo value not found at index 5",
		"\x80\x04NP1\n.":                        "A load persistent id instruction was encountered, but no persistent_load function was specified.",
		"\x80\x05\x97.":                         "pickle stream refers to out-of-band data but no *buffers* argument was given",
		"\x80\x04)a.":                           "unpickling stack underflow",
		"\x80\x04e.":                            "could not find MARK",
		"\xff.":                                 `invalid load key, '\xff'.`,
		"\x80\x04\x8c\x01\xff.":                 "'utf-8' codec can't decode",
		"\x80\x04}]K\x01s.":                     "unhashable type: 'list'",
		"I" + strings.Repeat("1", 5000) + "\n.": "Exceeds the limit (4300 digits) for integer string conversion",
	} {
		_, err := pickle.Python.Unmarshal([]byte(data))
		var e *pickle.Error
		require.ErrorAs(t, err, &e, "%q", data)
		assert.Equal(t, says, e.PythonText())
	}
	for data, says := range map[string]string{
		"\x80\x04cos\nsystem\n\x8c\x04true\x85R.": `needs os.system, which is not allowed here; allow it with pickle.WithClasses("os.system")`,
		"\x80\x04N.N":                                 "1 bytes follow",
		"\x80\x04NN.":                                 "leaves more than one value",
		"\x80\x04cbuiltins\nset\nN\x85R.":             "arguments that it does not take",
		"\x80\x04cbuiltins\nset\n)\x81.":              "in a way that Python does not",
		"\x80\x04N)R.":                                "calls a NoneType",
		"\x80\x04]}b.":                                "gives a state to a list",
		"\x80\x04N\x82\x01.":                          "number of copyreg's",
		"\x80\x04cbuiltins\ngetattr\nN\x86R.":         "builtins.getattr, which is not allowed",
		"\x80\x04cbuiltins\nValueError\n)R}b}b.":      "two states",
		"\x80\x04\x8c\x02os\x8c\x06system\x93N\x85R.": "os.system",
		"\x80\x04(\x8c\x04trueios\nsystem\n.":         "os.system",
	} {
		_, err := pickle.Python.Unmarshal([]byte(data))
		assert.ErrorContains(t, err, says, "%q", data)
	}
	_, err := pickle.Python.Unmarshal([]byte("\x80\x04c__main__\nPoint\n."), pickle.WithClasses("__main__.Points", "other.*"))
	assert.Error(t, err)
	v, err := pickle.Python.Unmarshal([]byte("\x80\x05\x97\x98."), pickle.WithBuffers(&pickle.Buffers{List: [][]byte{[]byte("beside")}}))
	require.NoError(t, err)
	assert.Equal(t, []byte("beside"), v)
	data := must(pickle.Python.Append(nil, make([]byte, 1<<16)))
	assert.Less(t, allocated(func() { v = must(pickle.Python.Unmarshal(data, pickle.WithAliasing())) }), uint64(1<<14))
	assert.Equal(t, make([]byte, 1<<16), v)
}

// Exceptions are errors.
func TestPythonExceptions(t *testing.T) {
	for want, e := range map[string]*pickle.Exception{
		"ValueError: no such luck":             pickle.NewException("ValueError", "no such luck"),
		"KeyError: 'k'":                        pickle.NewException("KeyError", "k"),
		"queue.Empty":                          pickle.NewException("queue.Empty"),
		"FileNotFoundError: [Errno 2] no: 'x'": pickle.NewException("FileNotFoundError", 2, "no", "x"),
		"OSError: [Errno 5] bad":               pickle.NewException("OSError", 5, "bad"),
		"RuntimeError: (1, 'two')":             pickle.NewException("RuntimeError", 1, "two"),
		"mine.Failure: 7":                      pickle.NewException("mine.Failure", 7),
	} {
		got := through(t, e, pickle.WithExceptions("mine.*"))
		require.Empty(t, unlike(e, got))
		assert.EqualError(t, got.(error), want)
	}
	_, err := pickle.Python.Unmarshal(must(pickle.Python.Append(nil, pickle.NewException("mine.Failure"))))
	require.ErrorContains(t, err, "mine.Failure")

	for _, c := range []struct {
		err   error
		class string
	}{{io.EOF, "EOFError"}, {fs.ErrNotExist, "FileNotFoundError"}, {os.ErrDeadlineExceeded, "TimeoutError"}, {errors.New("x"), "RuntimeError"}} {
		e := pickle.ExceptionOf(c.err)
		assert.Equal(t, c.class, e.Class.Name)
		assert.Equal(t, c.class != "RuntimeError", errors.Is(e, c.err))
		assert.Same(t, e, pickle.ExceptionOf(errors.Join(io.ErrClosedPipe, e)))
	}
	assert.Nil(t, pickle.ExceptionOf(nil))
	// What a pool of Python sends of a failure.
	v, err := pickle.Python.Unmarshal([]byte("\x80\x04cmultiprocessing.pool\nrebuild_exc\ncbuiltins\nValueError\n)R\x8c\x02tb\x86R."))
	require.NoError(t, err)
	assert.Equal(t, "tb", v.(*pickle.Exception).Traceback)
}

// The values of Python travel between Go programs as well.
func TestPythonValuesTravelNatively(t *testing.T) {
	v := pickle.NewList(1, pickle.Tuple{"a"}, dictOf("k", must(pickle.NewSet(1))), &pickle.ByteArray{Bytes: []byte("x")},
		must(pickle.NewFrozenSet("y")), pickle.NewException("ValueError", "z"), &pickle.Object{Class: class("Point")}, class("f"))
	got, err := pickle.Unmarshal(must(pickle.Marshal(v)))
	require.NoError(t, err)
	require.Empty(t, unlike(v, got))
}

// Repr is Python's.
func TestPythonRepr(t *testing.T) {
	for want, v := range map[string]any{
		"1e+16": 1e16, "1e-05": 0.00001, "0.0001": 0.0001, "123456789.0": 123456789.0, "-0.0": math.Copysign(0, -1), "inf": math.Inf(1), "nan": math.NaN(),
		"(1-2j)": complex(1, -2), "1j": complex(0, 1), `"it's"`: "it's", `'"it\'s"\n\x00é\ud800'`: "\"it's\"\n\x00é\xed\xa0\x80",
		`b'\x00a\\'`: []byte("\x00a\\"), "(1,)": pickle.Tuple{1}, "{1: [None, True]}": dictOf(1, pickle.NewList(nil, true)),
		"set()": new(pickle.Set), "frozenset({1})": must(pickle.NewFrozenSet(1)), "bytearray(b'')": &pickle.ByteArray{},
		"<__main__.Point>": class("Point"), "ValueError('x')": pickle.NewException("ValueError", "x"),
		"__main__.Point(1, state={'x': 2})": &pickle.Object{Class: class("Point"), Args: pickle.Tuple{1}, State: dictOf("x", 2)},
		"[1, 2]":                            []int{1, 2},
	} {
		assert.Equal(t, want, pickle.Repr(v))
	}
	l := pickle.NewList()
	l.Items = append(l.Items, l, pickle.Tuple{l})
	assert.Equal(t, "[[...], ([...],)]", l.String())
	o := &pickle.Object{State: pickle.Tuple{dictOf("a", 1), dictOf("b", 2)}}
	a, _ := o.Attr("a")
	b, _ := o.Attr("b")
	_, ok := o.Attr("c")
	assert.Equal(t, []any{1, 2, false}, []any{a, b, ok})
}
