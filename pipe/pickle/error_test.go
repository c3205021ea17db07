package pickle_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type Args struct {
	Callback func()
	Deep     []map[string]*Args
	Any      any
	Keys     map[any]int
	Lock     *sync.Mutex
	Hits     *atomic.Int64
	File     *os.File
	Addr     unsafe.Pointer
	Host     *netip.AddrPort
	Err      error
}

type stringer interface{ String() string }

func init() { pickle.Register[Args]() }

// Whatever cannot leave the process is named: where it is, what it is, and what
// to do instead.
func TestRefusalsNameThePath(t *testing.T) {
	f := func() {}
	for _, c := range []struct {
		value                      any
		path, typ, python, message string
	}{
		{
			Args{Callback: f},
			"Args.Callback", "func", "cannot pickle 'func' object",
			"pickle: cannot pickle 'func' object at Args.Callback: a function cannot leave its process; send a name and look it up on the other side, as process.Define does",
		},
		{&Args{Callback: f}, "Args.Callback", "func", "cannot pickle 'func' object", ""},
		{f, "value", "func", "cannot pickle 'func' object", "pickle: cannot pickle 'func' object: a function cannot leave"},
		{make(chan int), "value", "chan", "cannot pickle 'chan' object", "a channel cannot leave its process; send a pipe.Conn"},
		{[]any{1, map[string]any{"k": f}}, `value[1]["k"]`, "func", "cannot pickle 'func' object", ""},
		{Args{Deep: []map[string]*Args{nil, {"x": {Any: []any{0, 0, make(chan bool)}}}}}, `Args.Deep[1]["x"].Any[2]`, "chan", "cannot pickle 'chan' object", ""},
		{Args{Keys: map[any]int{make(chan int): 1}}, "Args.Keys[chan int]", "chan", "cannot pickle 'chan' object", ""},
		{Args{Any: map[int]any{-3: f}}, "Args.Any[-3]", "func", "cannot pickle 'func' object", ""},
		{Args{Any: map[bool]any{true: f}}, "Args.Any[true]", "func", "cannot pickle 'func' object", ""},
		{Args{Any: map[uint8]any{7: f}}, "Args.Any[7]", "func", "cannot pickle 'func' object", ""},
		{Args{Any: map[any]any{nil: f}}, "Args.Any[nil]", "func", "cannot pickle 'func' object", ""},
		{Args{Any: map[string]any{strings.Repeat("k", 99): f}}, `Args.Any["` + strings.Repeat("k", 40) + `…"]`, "func", "cannot pickle 'func' object", ""},
		{Args{Any: map[[1]int]any{{1}: f}}, "Args.Any[[1]int]", "func", "cannot pickle 'func' object", ""},
		{Args{Lock: new(sync.Mutex)}, "Args.Lock", "sync.Mutex", "cannot pickle 'sync.Mutex' object", "package process has locks"},
		{Args{Hits: new(atomic.Int64)}, "Args.Hits", "atomic.Int64", "cannot pickle 'atomic.Int64' object", "values that processes share"},
		{Args{File: os.Stdout}, "Args.File", "os.File", "cannot pickle 'os.File' object", "its field file is unexported and would be lost"},
		{Args{Addr: unsafe.Pointer(new(int))}, "Args.Addr", "unsafe.Pointer", "cannot pickle 'unsafe.Pointer' object", "an address means nothing in another process"},
		{
			Args{Host: new(netip.AddrPort)},
			"Args.Host", "netip.AddrPort", "cannot pickle 'netip.AddrPort' object",
			"pickle.Register[netip.AddrPort]() lets its own marshal methods carry it",
		},
		{
			[]any{stranger{}},
			"value[0]", "pickle_test.stranger",
			"Can't pickle <class 'github.com/pygil/pygil/pipe/pickle_test.stranger'>: attribute lookup stranger on github.com/pygil/pygil/pipe/pickle_test failed",
			"the receiver would not know the type; call pickle.Register[pickle_test.stranger]() in both programs",
		},
		{[]stranger{}, "value", "pickle_test.stranger", "", "pickle.Register[pickle_test.stranger]()"},
		{map[stranger]int{}, "value", "pickle_test.stranger", "", "pickle.Register[pickle_test.stranger]()"},
		{[]stringer{}, "value", "pickle_test.stringer", "", "pickle.Register[pickle_test.stringer]()"},
		{struct{ A int }{1}, "value", "struct { A int }", "", "pickle.Register[struct { A int }]()"},
		{[]func(){}, "value", "func", "cannot pickle 'func' object", "a function cannot leave its process"},
	} {
		data, err := pickle.Marshal(c.value)
		require.Error(t, err, "%T", c.value)
		assert.Nil(t, data)
		var perr *pickle.Error
		require.ErrorAs(t, err, &perr)
		assert.Equal(t, "marshal", perr.Op)
		assert.Equal(t, c.path, perr.Path)
		assert.Equal(t, c.typ, perr.Type)
		if c.python != "" {
			assert.Equal(t, c.python, perr.PythonText())
		}
		assert.Contains(t, err.Error(), c.message)
		assert.True(t, strings.HasPrefix(err.Error(), "pickle: "))

		// Append leaves what was there alone.
		out, err := pickle.Append([]byte("x"), c.value)
		assert.Error(t, err)
		assert.Equal(t, "x", string(out))
	}
}

// A nil func, channel or lock loses nothing.
func TestNilOutcastsTravel(t *testing.T) {
	roundTrip(t, Args{})
	roundTrip(t, &Args{Any: &Args{}})
}

func TestDeepPathsAreShort(t *testing.T) {
	var l any = func() {}
	for range 200 {
		l = []any{l}
	}
	_, err := pickle.Marshal(l)
	var perr *pickle.Error
	require.ErrorAs(t, err, &perr)
	assert.Equal(t, "value"+strings.Repeat("[0]", 8)+"…(184 more)…"+strings.Repeat("[0]", 8), perr.Path)
}

// An Error is a value like any other.
func TestErrorTravels(t *testing.T) {
	_, err := pickle.Marshal(Args{Callback: func() {}})
	got := roundTrip(t, []any{err}).([]any)
	assert.EqualError(t, got[0].(error), err.Error())
	_, err = pickle.Unmarshal([]byte("nonsense"))
	got = roundTrip(t, []any{err}).([]any)
	assert.EqualError(t, got[0].(error), err.Error())
}

// Messages that are cut off or wrong say where, in Go's words and in Python's.
func TestUnmarshalErrors(t *testing.T) {
	for _, c := range []struct{ data, reason, python string }{
		{"", "the message is empty", "Ran out of input"},
		{"8004", "does not start as a message of this package does", `invalid load key, '\x80'.`},
		{"e1", "the message ends inside a value", "pickle data was truncated"},
		{"e1 00 00", "1 bytes follow the value", ""},
		{"e1 11 05 6869", "claims 5 elements, but only 2 bytes are left", "pickle data was truncated"},
		{"e1 02 80", "the message ends inside a number", "pickle data was truncated"},
		{"e1 02 ffffffffffffffffffff01", "a number has more than 64 bits", ""},
		{"e1 0e 00", "the message ends inside a value", "pickle data was truncated"},
		{"e1 01 02", "2 is no bool", ""},
		{"e1 04 80808001", "does not fit", ""},
		{"e1 09 80808001", "does not fit", ""},
		{"e1 19 01 05", "refers to value 5, which it does not have yet", "Memo value not found at index 5"},
		{"e1 19 06 00 11", "the message ends inside a number", ""},
		{"e1 ff", "unknown type 255", `invalid load key, '\xff'.`},
		{"e1 1d 03 04", "the message ends inside a value", ""},
		{"e1 21 03 78 79 7a 00000000", `the type "xyz" is not registered here`, "Can't get attribute 'xyz' on <module 'main'>"},
		{"e1 1e 00", "unknown type 0", ""},
		{"e1 22 00", "refers to type 0, which it does not have yet", ""},
		{"e1 23 01 78", `the error "x" is not registered here`, ""},
		{"e1 18 03 05", "refers to a buffer beside it that did not come", "pickle stream refers to out-of-band data but no *buffers* argument was given"},
		{"e1 20 18 02 00", "a map cannot have keys of type []uint8", ""},
		{"e1 1a 06 01 61 00 01 61 00", "a key of the map occurs twice", ""},
		{"e1 1d 02 09", "unknown code 9", ""},
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(c.data, " ", ""))
		require.NoError(t, err)
		v, err := pickle.Unmarshal(data)
		require.Error(t, err, c.data)
		assert.Nil(t, v)
		var perr *pickle.Error
		require.ErrorAs(t, err, &perr)
		assert.Contains(t, err.Error(), c.reason, c.data)
		assert.Equal(t, "unmarshal", perr.Op)
		if c.python != "" {
			assert.Equal(t, c.python, perr.PythonText(), c.data)
		} else {
			assert.NotEmpty(t, perr.PythonText(), c.data)
		}
	}
}

// Where it went wrong is named when decoding, too.
func TestUnmarshalErrorPath(t *testing.T) {
	data, err := pickle.Marshal(map[string]any{"k": []any{1, point{2, 3}}})
	require.NoError(t, err)
	_, err = pickle.Unmarshal(data[:len(data)-1])
	var perr *pickle.Error
	require.ErrorAs(t, err, &perr)
	assert.Equal(t, `value["k"][1].Y`, perr.Path)
	assert.Equal(t, len(data)-1, perr.Offset)
	assert.EqualError(t, err, perr.Error())
	assert.Contains(t, err.Error(), `at value["k"][1].Y (byte `)
}

// A truncated message is an error at every length, and so is a longer one.
func TestEveryTruncation(t *testing.T) {
	v := []any{fidelity[26].value, drawing{"d", point{2, 3}, []shape{&point{1, 2}}}, map[any]any{"a": []byte("xyz"), 2: 1.5}, context.Canceled}
	data, err := pickle.Marshal(v)
	require.NoError(t, err)
	for n := range data {
		_, err := pickle.Unmarshal(data[:n])
		require.Error(t, err, "%d of %d bytes", n, len(data))
	}
	_, err = pickle.Unmarshal(append(data, 0))
	require.ErrorContains(t, err, "1 bytes follow the value")
}

// Code of the program that runs while encoding may fail or panic.
type moody struct{ how string }

func (m *moody) Reduce() (any, error) {
	if m.how == "panic" {
		panic("no")
	}
	return nil, errors.New(m.how)
}

func TestReduceSaysNo(t *testing.T) {
	_, err := pickle.Marshal([]any{&moody{"pool objects cannot be passed between processes or pickled"}})
	assert.ErrorContains(t, err, "at value[0]: it says: pool objects cannot be passed between processes or pickled")
	_, err = pickle.Marshal(&moody{"panic"})
	assert.ErrorContains(t, err, "Reduce panicked: no")
}
