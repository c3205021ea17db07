package pickle_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// allocated returns how many bytes fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Lengths of 2^62 wherever a length can stand: an error, and no memory.
func TestHostileLengths(t *testing.T) {
	huge := binary.AppendUvarint(nil, 1<<62)
	for name, head := range map[string][]byte{
		"string":                {0xe1, 0x11},
		"bytes":                 {0xe1, 0x18},
		"list":                  {0xe1, 0x19},
		"dict":                  {0xe1, 0x1a},
		"[]int":                 {0xe1, 0x1e, 0x02},
		"[]struct{}":            {0xe1, 0x1e, 0x1b},
		"[][]int":               {0xe1, 0x1e, 0x1e, 0x02},
		"map[int]int":           {0xe1, 0x20, 0x02, 0x02},
		"map[struct{}]struct{}": {0xe1, 0x20, 0x1b, 0x1b},
		"array type":            {0xe1, 0x1f},
		"array of struct{}":     {0xe1, 0x1f},
		"big.Int":               {0xe1, 0x15},
		"big.Float":             {0xe1, 0x17},
		"name":                  {0xe1, 0x21},
		"type number":           {0xe1, 0x22},
		"sentinel":              {0xe1, 0x23},
		"reference":             {0xe1, 0x19, 0x01},
		"part":                  {0xe1, 0x18, 0x02, 0x18, 0x05, 'x'},
		"zone":                  {0xe1, 0x14, 0, 0, 2},
	} {
		for _, tail := range [][]byte{nil, make([]byte, 100), bytes.Repeat([]byte{2}, 100)} {
			data := append(append(bytes.Clone(head), huge...), tail...)
			var err error
			n := allocated(func() { _, err = pickle.Unmarshal(data) })
			assert.Error(t, err, name)
			assert.Less(t, n, uint64(100_000), name)
		}
	}
	// The same inside out: each of many levels claims all the bytes that are left.
	// Every claim alone is possible, all of them together are not.
	for _, level := range [][]byte{{0x19}, {0x1a}, {0x1e, 0x19}, {0x20, 0x02, 0x19}} {
		const depth = 5000
		var data []byte
		for range depth {
			data = append(data, level...)
			data = binary.AppendUvarint(data, depth)
			if level[0] == 0x1a || level[0] == 0x20 {
				data = append(data, 0) // the first key
			}
		}
		data = append([]byte{0xe1}, data...)
		data = append(data, make([]byte, depth)...)
		var err error
		n := allocated(func() { _, err = pickle.Unmarshal(data) })
		assert.Error(t, err)
		assert.Less(t, n, uint64(200*len(data)+1<<20))
	}
}

type bulky struct {
	Scratch [1 << 20]byte `pickle:"-"`
	Sent    bool
}

type husk struct {
	Scratch [1 << 10]byte `pickle:"-"`
}

type huge [1 << 17]uint64

func init() {
	pickle.Register[bulky]()
	pickle.Register[husk]()
	pickle.Register[huge]()
}

// A byte must not stand for a megabyte, not even of a type that the program
// registered; and the honest message of such a type needs a word to pass.
func TestMemoryIsBounded(t *testing.T) {
	for _, v := range []any{
		[]bulky{{Sent: true}, {}}, []*bulky{{}, {}}, map[int]bulky{1: {}}, []any{bulky{}, bulky{}}, make([]husk, 5000),
	} {
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		n := allocated(func() { _, err = pickle.Unmarshal(data) })
		assert.ErrorContains(t, err, "WithMaxMemory raises the bound", "%T", v)
		assert.Less(t, n, uint64(1<<20))
		got, err := pickle.Unmarshal(data, pickle.WithMaxMemory(8<<20))
		require.NoError(t, err)
		assert.IsType(t, v, got)
	}
	// The other way round it takes all its bytes to claim a large value.
	data, err := pickle.Marshal([]*huge{{}})
	require.NoError(t, err)
	require.NotEmpty(t, roundTrip(t, []*huge{{}}))
	for _, cut := range []int{len(data) - 1, len(data) / 2} {
		n := allocated(func() { _, err = pickle.Unmarshal(data[:cut]) })
		assert.Error(t, err)
		assert.Less(t, n, uint64(1<<20))
	}
	// What honest values need is below the default: the worst ones for a byte.
	for _, v := range []any{
		make([]any, 10000), make([][]int, 10000), make([]string, 10000), make([]*int, 10000), make([]map[int]int, 10000), make([]error, 10000),
		func() any {
			s := make([]map[string]any, 5000)
			for i := range s {
				s[i] = map[string]any{"": nil}
			}
			return s
		}(),
		func() any {
			s := make([]any, 5000)
			for i := range s {
				s[i] = &[]any{&point{}, map[int8]int8{}}
			}
			return s
		}(),
		map[uint8]struct{}{1: {}},
		map[struct{}]struct{}{{}: {}},
	} {
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		n := allocated(func() { _, err = pickle.Unmarshal(data) })
		require.NoError(t, err, "%T", v)
		assert.Less(t, n, uint64(250*len(data)+100_000), "%T", v)
	}
}

// What has no size costs nothing, until the receiver asks for it as something
// that has one.
func TestConversionIsBounded(t *testing.T) {
	data := message(t, make([]struct{}, 100_000_000))
	v, err := pickle.Unmarshal(data)
	require.NoError(t, err)
	assert.Len(t, v, 100_000_000)
	for _, ptr := range []any{new([]any), new([]struct{ A [0]int }), new([]int)} {
		n := allocated(func() { err = pickle.UnmarshalInto(data, ptr) })
		assert.Error(t, err)
		assert.Less(t, n, uint64(1<<20))
	}
	var list []any
	require.NoError(t, pickle.UnmarshalInto(message(t, make([]struct{}, 1000)), &list))
	assert.Len(t, list, 1000)
}

func TestMaxSize(t *testing.T) {
	for _, v := range []any{"0123456789", []byte("0123456789"), []any{1, 2, 3, 4, 5, 6, 7}, 12345678} {
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		n := len(data)
		_, err = pickle.Marshal(v, pickle.WithMaxSize(n))
		assert.NoError(t, err)
		_, err = pickle.Marshal(v, pickle.WithMaxSize(n-1))
		assert.ErrorContains(t, err, "longer than WithMaxSize allows")
		_, err = pickle.Unmarshal(data, pickle.WithMaxSize(n))
		assert.NoError(t, err)
		_, err = pickle.Unmarshal(data, pickle.WithMaxSize(n-1))
		assert.ErrorContains(t, err, "longer than WithMaxSize allows")
		// What stands in dst already is not part of the message.
		_, err = pickle.Append(make([]byte, 1000), v, pickle.WithMaxSize(n))
		assert.NoError(t, err)
	}
	_, err := pickle.Marshal("0123456789", pickle.WithMaxSize(2))
	assert.ErrorContains(t, err, "longer")
	assert.PanicsWithValue(t, "pickle: WithMaxSize(0): a message has at least one byte", func() { pickle.WithMaxSize(0) })
	assert.Panics(t, func() { pickle.WithMaxMemory(0) })
}

// nest builds values n levels deep, each of another kind of level.
var nest = map[string]func(n int) any{
	"list": func(n int) (v any) {
		for range n {
			v = []any{v}
		}
		return v
	},
	"dict": func(n int) (v any) {
		for range n {
			v = map[string]any{"k": v}
		}
		return v
	},
	"node": func(n int) any {
		var l *node
		for range n {
			l = &node{Next: l}
		}
		return l
	},
	"pointer to any": func(n int) (v any) {
		for range n {
			v = func(v any) *any { return &v }(v)
		}
		return v
	},
	"boxed struct": func(n int) (v any) {
		for range n {
			v = boxes{v}
		}
		return v
	},
	"boxed array": func(n int) (v any) {
		for range n {
			v = [1]any{v}
		}
		return v
	},
	"map": func(n int) (v any) {
		for range n {
			v = map[int]any{1: v}
		}
		return v
	},
	"carried error": func(n int) any {
		var err error = errors.New("bottom")
		for range (n - 2) / 2 {
			err = &wrapped{err}
		}
		return []error{err}
	},
}

type boxes struct{ V any }

// wrapped is an error that only a carrier can carry.
type wrapped struct{ cause error }

func (w *wrapped) Error() string { return "wrapped" }

func (w *wrapped) Unwrap() error { return w.cause }

func init() { pickle.Register[boxes]() }

// Depth is counted alike by both sides, to the level.
func TestMaxDepth(t *testing.T) {
	for name, build := range nest {
		t.Run(name, func(t *testing.T) {
			v := build(100)
			data, err := pickle.Marshal(v, pickle.WithMaxDepth(100))
			require.NoError(t, err)
			_, err = pickle.Unmarshal(data, pickle.WithMaxDepth(100))
			require.NoError(t, err)
			_, err = pickle.Unmarshal(data, pickle.WithMaxDepth(99))
			var perr *pickle.Error
			require.ErrorAs(t, err, &perr)
			assert.Contains(t, err.Error(), "nested deeper than 99")
			_, err = pickle.Marshal(v, pickle.WithMaxDepth(99))
			require.ErrorAs(t, err, &perr)
			assert.Contains(t, err.Error(), "nested deeper than 99")
			assert.Equal(t, "maximum recursion depth exceeded while pickling an object", perr.PythonText())
			var into any
			require.NoError(t, pickle.UnmarshalInto(data, &into, pickle.WithMaxDepth(100)))
		})
	}
	for _, n := range []int{0, -1, 100_001} {
		assert.Panics(t, func() { pickle.WithMaxDepth(n) })
	}
}

// At the highest depth that may be asked for the stack still holds, and the
// default stops well before.
func TestDeepest(t *testing.T) {
	for name, build := range nest {
		if testing.Short() && name != "node" {
			continue // one kind is enough for a short run
		}
		t.Run(name, func(t *testing.T) {
			v := build(100_000)
			data, err := pickle.Marshal(v, pickle.WithMaxDepth(100_000))
			require.NoError(t, err)
			_, err = pickle.Unmarshal(data, pickle.WithMaxDepth(100_000))
			require.NoError(t, err)
			_, err = pickle.Unmarshal(data)
			assert.ErrorContains(t, err, "nested deeper than 10000")
			_, err = pickle.Marshal(v)
			assert.ErrorContains(t, err, "nested deeper than 10000")
		})
	}
}

// A type in a message may be made of so many others and no more, and messages
// may bring so many types that the program does not have.
func TestForeignTypesAreBounded(t *testing.T) {
	deep := append([]byte{0xe1}, bytes.Repeat([]byte{0x1d}, 64)...)
	v, err := pickle.Unmarshal(append(bytes.Clone(deep), 0x02, 0x00))
	require.NoError(t, err)
	assert.True(t, v != nil, "a nil pointer with a type")
	_, err = pickle.Unmarshal(append(append(bytes.Clone(deep), 0x1d), 0x02, 0x00))
	assert.ErrorContains(t, err, "a type is made of more than 64 others")

	array := func(n int) []byte {
		return append(binary.AppendUvarint([]byte{0xe1, 0x1d, 0x1f}, uint64(n)), 0x03, 0x00)
	}
	before := pickle.ForeignTypes()
	for range 3 { // the same types again are not more types
		for n := 7000; n < 7010; n++ {
			_, err := pickle.Unmarshal(array(n))
			require.NoError(t, err)
		}
	}
	assert.Equal(t, before+20, pickle.ForeignTypes(), "ten arrays, ten pointers to them")
	pickle.SetForeignTypes(pickle.MaxForeign)
	defer pickle.SetForeignTypes(before + 20)
	_, err = pickle.Unmarshal(array(7011))
	assert.ErrorContains(t, err, "messages have brought 10000 types")
	// Types that came before, and those of the program, still do.
	_, err = pickle.Unmarshal(array(7000))
	assert.NoError(t, err)
	roundTrip(t, &[7012]int8{})
	roundTrip(t, map[uint16][]map[int32]bool{1: nil})
}

// Only what can be compared is a key.
func TestHostileKeys(t *testing.T) {
	for name, data := range map[string][]byte{
		"list in map[any]any":  {0xe1, 0x20, 0x12, 0x12, 5, 0x19, 4, 0},
		"dict in map[any]any":  {0xe1, 0x20, 0x12, 0x12, 5, 0x1a, 4, 0},
		"array of any of list": {0xe1, 0x20, 0x1f, 1, 0x12, 0x02, 5, 0x19, 4, 0},
		"boxed array":          {0xe1, 0x20, 0x12, 0x02, 5, 0x1f, 1, 0x12, 0x19, 4, 0},
	} {
		_, err := pickle.Unmarshal(data)
		assert.ErrorContains(t, err, "cannot be compared", name)
		var perr *pickle.Error
		require.ErrorAs(t, err, &perr)
		assert.Contains(t, perr.PythonText(), "unhashable type: '")
	}
}

// A reference to a value of another type, or to one that is not whole yet.
func TestHostileReferences(t *testing.T) {
	for _, data := range [][]byte{
		{0xe1, 0x19, 6, 0x1d, 0x02, 4, 2, 0x1d, 0x03, 1, 1},       // *int again as *int8
		{0xe1, 0x19, 6, 0x1d, 0x02, 4, 2, 0x1e, 0x02, 1, 1},       // *int again as []int
		{0xe1, 0x19, 6, 0x18, 5, 'x', 0x1e, 0x03, 1, 1},           // []byte again as []int8
		{0xe1, 0x19, 5, 0x20, 0x02, 0x02, 1, 0},                   // []any again as map
		{0xe1, 0x19, 5, 0x18, 2, 0x19, 1, 0, 0, 0, 1},             // []any as a part of itself as []byte
		{0xe1, 0x19, 5, 0x1d, 0x02, 2, 0x19, 1, 0, 1, 9},          // element 9 of 1
		{0xe1, 0x19, 5, 0x1d, 0x02, 2, 0x19, 1, 0, 0},             // the whole as a pointer to an int
		{0xe1, 0x19, 5, 0x1d, 0x02, 2, 0x02, 1, 0, 0},             // a part of an int
		{0xe1, 0x19, 5, 0x18, 2, 0x18, 0, 0, 0, 1},                // a part of nil
		{0xe1, 0x18, 2, 0x18, 5, 'x', 0, 1, 1},                    // bytes 1 to 2 of 1
		{0xe1, 0x18, 2, 0x18, 5, 'x', 0, 0, 0},                    // no bytes
		{0xe1, 0x1e, 0x1b, 2, 0x1e, 0x1b, 5, 0, 0xff, 0xff, 3, 5}, // far behind the end
	} {
		_, err := pickle.Unmarshal(data)
		assert.Error(t, err, "%x", data)
	}
	// A field taken for a pointer, a slice or an array to something else: each
	// byte of a message with parts becomes each tag and code, and what is accepted
	// is a value that can be sent.
	m := &matrix{}
	p := &point{1, 2}
	good := message(t, []any{m, &m.Cells[3], m.Cells[1:3], &m.Rows, m.Rows[:1], p, &p.Y, []any{p, &p.X}})
	for i := range good {
		for b := range 0x26 {
			bad := bytes.Clone(good)
			bad[i] = byte(b)
			if v, err := pickle.Unmarshal(bad); err == nil {
				again, err := pickle.Unmarshal(message(t, v))
				require.NoError(t, err)
				require.Empty(t, difference(v, again))
			}
		}
	}
	at := bytes.LastIndex(good, []byte{0x1d, 0x02, 2})
	require.Positive(t, at)
	good[at+1] = 0x11 // *int, a part of the point, becomes *string
	_, err := pickle.Unmarshal(good)
	assert.ErrorContains(t, err, "the message takes a int for it")
}
