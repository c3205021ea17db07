package pickle_test

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type degrees float64

type meters float64

type labels []string

func init() {
	pickle.Register[degrees]()
	pickle.Register[meters]()
	pickle.Register[labels]()
	pickle.Register[struct {
		X, Y int
	}]()
}

// UnmarshalInto converts what loses nothing.
func TestInto(t *testing.T) {
	for _, c := range []struct{ sent, want any }{
		{42, 42},
		{42, int8(42)},
		{-1, int64(-1)},
		{42, uint8(42)},
		{uint64(7), 7},
		{42, 42.0},
		{int64(1 << 53), float64(1 << 53)},
		{3.0, 3},
		{-3.0, int8(-3)},
		{float32(1.5), 1.5},
		{1.5, float32(1.5)},
		{math.Inf(1), float32(math.Inf(1))},
		{uint64(1 << 63), float64(1 << 63)},
		{1i, complex64(1i)},
		{3.0, uint64(3)},
		{-0x1p62, int64(-1 << 62)},
		{1.5, degrees(1.5)},
		{degrees(2), 2.0},
		{5, time.Duration(5)},
		{time.Second, int64(time.Second)},
		{"x", "x"},
		{[]string{"a"}, labels{"a"}},
		{labels{"a"}, []string{"a"}},
		{labels(nil), []string(nil)},
		{[]any{1, 2.0, int8(3)}, []int{1, 2, 3}},
		{[]any(nil), []int(nil)},
		{[]any{}, []string{}},
		{[]int{1, 2}, []any{1, 2}},
		{[]int{1, 2}, [2]uint8{1, 2}},
		{[2]int{1, 2}, []float64{1, 2}},
		{[]any{[]any{1}, nil}, [][]int{{1}, nil}},
		{map[any]any{"a": 1, "b": 2}, map[string]int{"a": 1, "b": 2}},
		{map[string]any(nil), map[string]int(nil)},
		{map[string]any{"k": []any{1}}, map[string][]int8{"k": {1}}},
		{point{1, 2}, struct{ X, Y int }{1, 2}},
		{struct{ X, Y int }{3, 4}, point{3, 4}},
		{nil, []int(nil)},
		{nil, map[string]int(nil)},
		{nil, (*point)(nil)},
		{&point{1, 2}, &point{1, 2}},
	} {
		to := reflect.New(reflect.TypeOf(c.want))
		err := pickle.UnmarshalInto(message(t, c.sent), to.Interface())
		require.NoError(t, err, "%T %v into %T", c.sent, c.sent, c.want)
		assert.Empty(t, difference(c.want, to.Elem().Interface()), "%T into %T", c.sent, c.want)
	}
	var e error
	require.NoError(t, pickle.UnmarshalInto(message(t, io.EOF), &e))
	assert.True(t, e == io.EOF)
	var s shape
	require.NoError(t, pickle.UnmarshalInto(message(t, point{2, 3}), &s))
	assert.Equal(t, point{2, 3}, s)
	require.NoError(t, pickle.UnmarshalInto(message(t, nil), &s))
	assert.Nil(t, s)
	var f float64
	require.NoError(t, pickle.UnmarshalInto(message(t, float32(math.NaN())), &f))
	assert.True(t, math.IsNaN(f))
}

// And refuses what would, leaving the variable alone.
func TestIntoRefuses(t *testing.T) {
	for _, c := range []struct{ sent, into any }{
		{300, int8(1)},
		{-1, uint(1)},
		{uint64(math.MaxUint64), int64(1)},
		{int64(1<<53 + 1), 1.5},
		{1.5, 1},
		{math.NaN(), 1},
		{math.Inf(-1), 1},
		{math.Copysign(0, -1), 1},
		{1e300, 1},
		{1.1, float32(1)},
		{int64(math.MaxInt64), 1.5},
		{uint64(math.MaxUint64), 1.5},
		{-1.0, uint8(1)},
		{1i, 1.0},
		{1.0, 1i},
		{1, "x"},
		{"1", 1},
		{true, 1},
		{1, true},
		{"x", []byte("y")},
		{[]byte("y"), "x"},
		{nil, 1},
		{nil, point{}},
		{degrees(1), meters(2)},
		{&point{1, 2}, point{}},
		{point{1, 2}, &point{}},
		{point{1, 2}, node{}},
		{point{1, 2}, struct{ X, Z int }{}},
		{point{1, 2}, struct{ X int }{}},
		{[]any{1, "x"}, []int{9}},
		{[]int{1, 2, 3}, [2]int{}},
		{[]int(nil), [0]int{}},
		{map[any]any{1: 1, int8(1): 2}, map[int]int{}},
		{map[any]any{"a": 1.5}, map[string]int{}},
		{map[string]int{"a": 1}, []int{}},
		{[]any{[]any{1, nil}}, [][]int{}},
	} {
		to := reflect.New(reflect.TypeOf(c.into))
		to.Elem().Set(reflect.ValueOf(c.into))
		err := pickle.UnmarshalInto(message(t, c.sent), to.Interface())
		var perr *pickle.Error
		require.ErrorAs(t, err, &perr, "%T %v into %T", c.sent, c.sent, c.into)
		assert.Contains(t, err.Error(), " was sent where ")
		assert.Equal(t, c.into, to.Elem().Interface())
	}
	var s shape
	err := pickle.UnmarshalInto(message(t, 1), &s)
	assert.EqualError(t, err, "pickle: cannot unpickle: int was sent where pickle_test.shape is wanted, which it does not implement")
	err = pickle.UnmarshalInto(message(t, map[string]any{"k": []any{1, "x"}}), new(map[string][]int))
	assert.ErrorContains(t, err, `at value["k"][1]: string was sent where int is wanted`)

	// A message that breaks off leaves the variable alone, too.
	p := point{8, 9}
	data := message(t, point{1, 2})
	require.Error(t, pickle.UnmarshalInto(data[:len(data)-1], &p))
	require.Error(t, pickle.UnmarshalInto(append(data, 0), &p))
	assert.Equal(t, point{8, 9}, p)

	for _, ptr := range []any{nil, 1, (*int)(nil), point{}} {
		assert.ErrorContains(t, pickle.UnmarshalInto(data, ptr), "needs a pointer", fmt.Sprintf("%T", ptr))
	}
}

// Sharing and cycles survive a conversion.
func TestIntoKeepsSharing(t *testing.T) {
	l := []any{1, 2}
	var got [][]int
	require.NoError(t, pickle.UnmarshalInto(message(t, []any{l, l, []any{1, 2}}), &got))
	got[0][0] = 9
	assert.Equal(t, [][]int{{9, 2}, {9, 2}, {1, 2}}, got)

	type lists []lists
	self := []any{nil}
	self[0] = self
	var cyclic lists
	require.NoError(t, pickle.UnmarshalInto(message(t, self), &cyclic))
	assert.Same(t, &cyclic[0], &cyclic[0][0])

	m := map[any]any{"a": 1}
	var maps []map[string]int
	require.NoError(t, pickle.UnmarshalInto(message(t, []any{m, m}), &maps))
	maps[0]["b"] = 2
	assert.Len(t, maps[1], 2)

	a := []any{1, 2, 3}
	err := pickle.UnmarshalInto(message(t, []any{a, a[1:]}), &got)
	assert.ErrorContains(t, err, "would tear apart what other values of the message are parts of")
	var whole []any
	require.NoError(t, pickle.UnmarshalInto(message(t, []any{a, a[1:]}), &whole), "no conversion, nothing torn")
}

// The fast ways give what the long way gives.
func TestIntoCommonTypes(t *testing.T) {
	var i int
	var s string
	var v any
	for _, data := range [][]byte{message(t, 7), message(t, "s"), message(t, -1), message(t, ""), nil, {0xe1}, {0xe1, 2}, {0xe1, 0x11}, {0xe1, 2, 2, 0}, {0xe1, 0x11, 1, 'a', 'b'}, {0xe1, 0x11, 0xff}} {
		slow := pickle.WithMaxDepth(5) // any option leads the long way
		for _, ptr := range []any{&i, &s, &v} {
			err := pickle.UnmarshalInto(data, ptr)
			got := reflect.ValueOf(ptr).Elem().Interface()
			reflect.ValueOf(ptr).Elem().SetZero()
			want := pickle.UnmarshalInto(data, ptr, slow)
			assert.Equal(t, want, err, "%x", data)
			if err == nil {
				assert.Equal(t, reflect.ValueOf(ptr).Elem().Interface(), got)
			}
			reflect.ValueOf(ptr).Elem().SetZero()
		}
		a, err := pickle.Unmarshal(data)
		b, want := pickle.Unmarshal(data, slow)
		assert.Equal(t, b, a)
		assert.Equal(t, want, err)
	}
	for _, v := range []any{nil, 1, math.MinInt, true, false, 1.5, "", "text"} {
		short, err := pickle.Marshal(v)
		require.NoError(t, err)
		long, err := pickle.Marshal(v, pickle.WithMaxDepth(5))
		require.NoError(t, err)
		assert.Equal(t, long, short)
	}
}
