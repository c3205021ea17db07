package pickle_test

import (
	"errors"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type point struct{ X, Y int }

func (p point) area() float64 { return float64(p.X * p.Y) }

type shape interface{ area() float64 }

type drawing struct {
	Title string
	Main  shape
	More  []shape
}

type secretive struct {
	Name   string
	hidden int
}

type caller struct {
	Name     string
	Callback func()
}

type talker struct{ C chan int }

type stranger struct{ A int }

type node struct {
	Value int
	Next  *node
}

type counted struct {
	Zero  *int
	Empty []int
	None  []int
}

func init() {
	pickle.Register[point]()
	pickle.Register[shape]()
	pickle.Register[drawing]()
	pickle.Register[secretive]()
	pickle.Register[caller]()
	pickle.Register[talker]()
	pickle.Register[node]()
	pickle.Register[counted]()
}

// fidelity are the values that other encoders were measured with, each sent as an
// any. Most of those lose some of them without a word: the point of the table is
// that every row comes back as it was or is refused with a reason.
var fidelity = []struct {
	name  string
	value any
	// refused is a part of the error for what cannot travel.
	refused string
}{
	{"int", 42, ""},
	{"int8", int8(-7), ""},
	{"float32", float32(1.1), ""},
	{"uint64 max", uint64(math.MaxUint64), ""},
	{"NaN", math.NaN(), ""},
	{"+Inf", math.Inf(1), ""},
	{"-Inf", math.Inf(-1), ""},
	{"complex128", complex(1.5, math.Copysign(0, -1)), ""},
	{"non-UTF-8 string", "a\xff\x00z", ""},
	{"list with nil", []any{1, nil, "x"}, ""},
	{"nested any maps", map[string]any{"a": map[string]any{"b": []any{int8(1), uint16(2)}}, "n": nil}, ""},
	{"map[any]any", map[any]any{1: "int", "1": 1, 1.5: nil, true: false}, ""},
	{"registered struct in a list", []any{point{1, 2}, point{3, 4}}, ""},
	{"pointer in an any", &point{5, 6}, ""},
	{"field of a non-empty interface type", drawing{"d", point{2, 3}, []shape{point{1, 1}, &point{2, 2}, nil}}, ""},
	{"nil slice", []int(nil), ""},
	{"empty slice", []int{}, ""},
	{"nil map", map[string]int(nil), ""},
	{"empty map", map[string]int{}, ""},
	{"nil pointer with a type", (*point)(nil), ""},
	{"nil and empty in one struct, pointer to zero", counted{Zero: new(int), Empty: []int{}}, ""},
	{"time with nanoseconds", time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.FixedZone("X", 3600)), ""},
	{"big.Int", new(big.Int).Lsh(big.NewInt(-3), 200), ""},
	{"same pointer twice", func() any { p := &point{1, 2}; return []any{p, p, &point{1, 2}} }(), ""},
	{"bytes", []byte{0, 255, 1}, ""},
	{"array", [3]string{"a", "", "c"}, ""},
	{"nil", nil, ""},
	{"cyclic value", func() any { n := &node{Value: 1}; n.Next = &node{2, n}; return n }(), ""},
	{"unexported field", secretive{"n", 1}, "hidden is unexported"},
	{"func field", caller{"n", func() {}}, "cannot pickle 'func' object at caller.Callback"},
	{"chan field", talker{make(chan int)}, "cannot pickle 'chan' object at talker.C"},
	{"unregistered struct", stranger{1}, "pickle.Register[pickle_test.stranger]()"},
	{"error value", errors.New("boom"), "pickle.Carry(err)"},
}

// TestFidelity is the table of 33 values: right, or an error.
func TestFidelity(t *testing.T) {
	require.Len(t, fidelity, 33)
	for _, row := range fidelity {
		t.Run(row.name, func(t *testing.T) {
			data, err := pickle.Marshal(row.value)
			if row.refused != "" {
				var perr *pickle.Error
				require.ErrorAs(t, err, &perr)
				assert.ErrorContains(t, err, row.refused)
				assert.Nil(t, data)
				return
			}
			require.NoError(t, err)
			got, err := pickle.Unmarshal(data)
			require.NoError(t, err)
			assert.Empty(t, difference(row.value, got))

			// The same through the other two doors.
			appended, err := pickle.Append([]byte("head"), row.value, pickle.WithSortedKeys())
			require.NoError(t, err)
			assert.Equal(t, "head", string(appended[:4]))
			var into any
			require.NoError(t, pickle.UnmarshalInto(appended[4:], &into))
			assert.Empty(t, difference(row.value, into))
		})
	}
}

// TestEveryKind sends each kind of Go value, its extremes and its nil and empty
// forms, alone, in a list, behind a pointer and as a field.
func TestEveryKind(t *testing.T) {
	type celsius float64
	type names []string
	type ages map[string]uint8
	type grid [2][3]int16
	type blob []byte
	type flag bool
	type id uintptr
	type octet uint8
	type pointer *point
	type inner struct{ A, B any }
	type everything struct {
		inner
		Bool    bool
		Floats  []float32
		Celsius celsius
		Names   names
		Ages    ages
		Grid    grid
		Blob    blob
		Flags   []flag
		ID      id
		Any     any
		Ptr     **int
		Func    func()
		Chan    chan int
		Anon    struct{ X, Y int }
		_       int
		Skipped int `pickle:"-"`
	}
	pickle.Register[celsius]()
	pickle.Register[names]()
	pickle.Register[ages]()
	pickle.Register[grid]()
	pickle.Register[blob]()
	pickle.Register[flag]()
	pickle.Register[id]()
	pickle.Register[octet]()
	pickle.Register[pointer]()
	pickle.Register[everything]()
	pickle.Register[struct{ X, Y int }]()
	n := 7
	pn := &n
	for _, v := range []any{
		true, false, math.MinInt, math.MaxInt, int8(math.MinInt8), int16(math.MinInt16), int32(math.MinInt32), int64(math.MinInt64),
		uint(math.MaxUint), uint8(255), uint16(math.MaxUint16), uint32(math.MaxUint32), uintptr(math.MaxUint32),
		float32(math.SmallestNonzeroFloat32), math.MaxFloat64, math.Copysign(0, -1), complex64(complex(1, -1)),
		"", "héllo", celsius(-273.15),
		names{"a", ""},
		names(nil),
		ages{"x": 1},
		grid{{1, 2, 3}, {4, 5, 6}},
		blob("b"),
		blob{},
		blob(nil),
		flag(true), id(9),
		[]octet{1, 2},
		[2]octet{3},
		pointer(&point{1, 2}),
		[]pointer{{X: 1}, nil},
		[]bool{true, false},
		[]int8{-1},
		[]uint16{1, 65535},
		[]uint32{1 << 31},
		[]uint64{1 << 63},
		[]int64{-1 << 63},
		[]uintptr{1},
		[]float32{1.5},
		[]float64{math.Inf(1)},
		[]complex64{1i},
		[]complex128{-1i},
		[]uint{3},
		[]int16{-3},
		[]int32{'x'},
		[0]int{},
		[4]byte{1, 2, 3, 4},
		[2]any{1, "x"},
		[]struct{}{{}, {}},
		map[struct{}]int{{}: 1},
		map[[2]int]string{{1, 2}: "k"},
		map[float64]int{math.NaN(): 1, 0: 2},
		map[any]int{nil: 1, [2]any{1, "k"}: 2},
		[][]int{nil, {}, {1}},
		map[string][]byte{"a": nil, "b": {}},
		struct{ X, Y int }{1, 2},
		time.Duration(5), time.March, time.Sunday,
		everything{
			inner: inner{1, []any{nil}}, Bool: true, Floats: []float32{1, 2}, Celsius: 3, Names: names{}, Ages: ages{}, Grid: grid{{1}},
			Blob: blob("xyz"), Flags: []flag{true}, ID: 4, Any: celsius(2), Ptr: &pn, Anon: struct{ X, Y int }{3, 4},
		},
	} {
		roundTrip(t, v)
		roundTrip(t, []any{v, v})
		roundTrip(t, map[string]any{"v": v})
		roundTrip(t, &v)
	}
	got := roundTrip(t, everything{Skipped: 5, Any: 1}, "Skipped").(everything)
	assert.Zero(t, got.Skipped, "a field marked pickle:\"-\" stays behind")
}

// roundTrip sends v and requires that it came back as it was; a difference may be
// expected.
func roundTrip(t *testing.T, v any, expected ...string) any {
	t.Helper()
	data, err := pickle.Marshal(v)
	require.NoError(t, err, "%T", v)
	got, err := pickle.Unmarshal(data)
	require.NoError(t, err, "%T", v)
	why := difference(v, got)
	if len(expected) == 1 {
		require.Contains(t, why, expected[0])
	} else {
		require.Empty(t, why, "%#v", v)
	}
	return got
}

// A float32 NaN with the signalling bit, as messages must not touch it.
func TestNaNPayloads(t *testing.T) {
	type pair struct {
		F float32
		C complex64
	}
	pickle.Register[pair]()
	f := math.Float32frombits(0x7f80_0001)
	p := pair{f, complex(f, 1)}
	for _, v := range []any{&p, []pair{p}, &[1]float32{f}} {
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		got, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		switch got := got.(type) {
		case *pair:
			assert.Equal(t, uint32(0x7f80_0001), math.Float32bits(got.F))
		case *[1]float32:
			assert.Equal(t, uint32(0x7f80_0001), math.Float32bits(got[0]))
		case []pair:
			assert.Equal(t, uint32(0x7f80_0001), math.Float32bits(got[0].F))
		}
	}
}

// Equal values give equal bytes when their keys are sorted, and the bytes do not
// depend on who encodes: two programs, one format.
func TestSortedKeys(t *testing.T) {
	v := map[any]any{}
	for i := range 50 {
		v[i] = map[string]int{"a": i, "b": 2, "c": 3}
		v[float64(i)] = map[bool]uint8{true: 1, false: 2}
		v[[2]any{i, "x"}] = map[complex128]point{1i: {1, 2}, 2: {3, 4}}
		v[point{i, -i}] = map[uint]int{1: 1, 2: 2}
	}
	v[nil] = nil
	first, err := pickle.Marshal(v, pickle.WithSortedKeys())
	require.NoError(t, err)
	for range 5 {
		again, err := pickle.Marshal(v, pickle.WithSortedKeys())
		require.NoError(t, err)
		assert.Equal(t, first, again)
	}
	got, err := pickle.Unmarshal(first)
	require.NoError(t, err)
	assert.Empty(t, difference(v, got))
	nans := map[float64]string{math.NaN(): "a", 1: "c"}
	data, err := pickle.Marshal(nans, pickle.WithSortedKeys())
	require.NoError(t, err)
	got, err = pickle.Unmarshal(data)
	require.NoError(t, err)
	assert.Empty(t, difference(nans, got))
}
