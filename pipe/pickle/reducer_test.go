package pickle_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// account is a value with something to hide, and with a say in how it travels.
type account struct {
	owner   string
	history []int
	made    int
}

type accountState struct {
	Owner   string
	History []int
}

func (a *account) Reduce() (any, error) {
	if a.owner == "closed" {
		return nil, errors.New("a closed account goes nowhere")
	}
	return accountState{a.owner, a.history}, nil
}

var made int

func init() {
	pickle.RegisterReducer(func(s accountState) (*account, error) {
		if s.Owner == "" {
			return nil, errors.New("an account needs an owner")
		}
		if s.Owner == "panic" {
			panic("at the worst moment")
		}
		made++
		return &account{s.Owner, s.History, made}, nil
	})
}

func TestReducer(t *testing.T) {
	a := &account{owner: "ann", history: []int{1, 2}}
	before := made
	x, err := pickle.Unmarshal(message(t, []any{a, map[string]*account{"a": a, "nil": nil}, &a}))
	require.NoError(t, err)
	got := x.([]any)
	assert.Equal(t, &account{"ann", []int{1, 2}, before + 1}, got[0])
	assert.Same(t, got[0], got[1].(map[string]*account)["a"], "one account stays one")
	assert.Same(t, got[0], *got[2].(**account))
	assert.Equal(t, before+1, made, "and is made once")

	_, err = pickle.Marshal([]*account{{owner: "closed"}})
	assert.ErrorContains(t, err, "at value[0]: it says: a closed account goes nowhere")
	_, err = pickle.Unmarshal(message(t, &account{}))
	assert.ErrorContains(t, err, "the function that rebuilds it says: an account needs an owner")
	_, err = pickle.Unmarshal(message(t, &account{owner: "panic"}))
	assert.ErrorContains(t, err, "the function that rebuilds it panicked: at the worst moment")
	_, err = pickle.Marshal(account{owner: "by value"})
	assert.ErrorContains(t, err, "hold a pointer to it")
}

// A value by value, with states of all sorts.
type secret string

func (s secret) Reduce() (any, error) { return []byte(s), nil }

type loop struct{ to any }

func (l *loop) Reduce() (any, error) { return l.to, nil }

type liar struct{}

func (liar) Reduce() (any, error) { return "text", nil }

type nobody struct{ x int }

func (n nobody) Reduce() (any, error) { return n.x, nil }

func TestReducerRules(t *testing.T) {
	pickle.RegisterReducer(func(b []byte) (secret, error) { return secret(b), nil }, "secret")
	pickle.RegisterReducer(func(s any) (*loop, error) { return &loop{s}, nil })
	pickle.RegisterReducer(func(n int) (liar, error) { return liar{}, nil })
	got := roundTrip(t, []any{secret("s"), []secret{"a", ""}, map[secret]int{"k": 1}})
	assert.Equal(t, secret("s"), got.([]any)[0])
	roundTrip(t, &loop{[]any{1, nil}})
	roundTrip(t, &loop{nil})

	l := &loop{}
	l.to = []any{l}
	_, err := pickle.Marshal(l)
	assert.ErrorContains(t, err, "at loop.Reduce()[0]: its state leads back to it")
	_, err = pickle.Marshal(liar{})
	assert.ErrorContains(t, err, "its state has type string where int was registered")
	_, err = pickle.Marshal(&loop{func() {}})
	assert.ErrorContains(t, err, "at loop.Reduce(): a function cannot leave")

	_, err = pickle.Marshal([]any{nobody{1}})
	assert.ErrorContains(t, err, "no function that rebuilds it was registered with RegisterReducer")
	pickle.Register[nobody]()
	_, err = pickle.Marshal([]any{&nobody{1}})
	assert.ErrorContains(t, err, "no function that rebuilds it was registered with RegisterReducer", "Register alone says nothing about rebuilding")

	for _, f := range []func(){
		func() { pickle.RegisterReducer(func(b []byte) (secret, error) { return "", nil }) },
		func() {
			pickle.RegisterPair(func(int) (int, error) { return 0, nil }, func(int) (int, error) { return 0, nil })
		},
		func() {
			pickle.RegisterPair(func(io.Reader) (int, error) { return 0, nil }, func(int) (io.Reader, error) { return nil, nil })
		},
		func() { pickle.RegisterReducer(func(s any) (nobody, error) { return nobody{}, nil }, "a", "b") },
		func() {
			pickle.RegisterHandle(func(*pickle.Handles, int) (notAPointer, error) { return notAPointer{}, nil })
		},
	} {
		assert.Panics(t, f)
	}
}

type notAPointer struct{}

func (notAPointer) ReduceHandle(*pickle.Handles) (any, error) { return 0, nil }

// RegisterPair takes types of other packages apart.
func TestPair(t *testing.T) {
	pickle.RegisterPair(
		func(r *regexp.Regexp) (string, error) { return r.String(), nil },
		func(s string) (*regexp.Regexp, error) { return regexp.Compile(s) })
	r := regexp.MustCompile("a+b")
	x, err := pickle.Unmarshal(message(t, map[string]any{"x": r, "y": r}))
	require.NoError(t, err)
	got := x.(map[string]any)
	assert.Equal(t, "a+b", got["x"].(*regexp.Regexp).String())
	assert.Same(t, got["x"], got["y"])
}

// An element type with a say of its own is asked element by element, also where
// its kind is a number.
type grade uint8

func (g grade) Reduce() (any, error) {
	if g == 13 {
		return nil, errors.New("there is no grade 13")
	}
	return int(g), nil
}

func TestReducerOfNumbers(t *testing.T) {
	pickle.RegisterReducer(func(n int) (grade, error) { return grade(n), nil })
	roundTrip(t, []any{[]grade{1, 2}, [2]grade{3, 4}, map[grade]grade{5: 6}, grade(7)})
	_, err := pickle.Marshal([]grade{12, 13})
	assert.ErrorContains(t, err, "at value[1]: it says: there is no grade 13")
	_, err = pickle.Marshal([2]grade{12, 13})
	assert.ErrorContains(t, err, "at value[1]: it says: there is no grade 13")
}

// meddler empties the map that it is in while it is being written.
type meddler struct{ m map[int]any }

func (m meddler) Reduce() (any, error) {
	clear(m.m)
	return 0, nil
}

func TestMapChangedMeanwhile(t *testing.T) {
	pickle.RegisterReducer(func(int) (meddler, error) { return meddler{}, nil })
	m := map[int]any{}
	for i := range 3 {
		m[i] = meddler{m}
	}
	_, err := pickle.Marshal(m)
	assert.ErrorContains(t, err, "it was changed while it was being written")
}

// Nothing that was not registered runs when decoding: neither the methods of a
// type that only occurs somewhere, nor a reducer's when it was not named.
type tripwire struct{ Text string }

var tripped int

func (w *tripwire) UnmarshalBinary([]byte) error  { tripped++; return nil }
func (w tripwire) MarshalBinary() ([]byte, error) { tripped++; return []byte(w.Text), nil }
func (w *tripwire) GobDecode([]byte) error        { tripped++; return nil }
func (w *tripwire) UnmarshalText([]byte) error    { tripped++; return nil }
func (w *tripwire) UnmarshalJSON([]byte) error    { tripped++; return nil }
func (w tripwire) Error() string                  { tripped++; return "" }
func (w tripwire) String() string                 { tripped++; return "" }
func (w tripwire) Is(error) bool                  { tripped++; return false }
func (w *tripwire) Close() error                  { tripped++; return nil }
func (w tripwire) Format(fmt.State, rune)         { tripped++ }

type mine struct {
	Wire  tripwire
	Wires map[tripwire]*tripwire
}

func TestNothingRunsOnDecode(t *testing.T) {
	pickle.Register[mine]()
	data := message(t, mine{tripwire{"a"}, map[tripwire]*tripwire{{"b"}: {"c"}}})
	tripped = 0
	got, err := pickle.Unmarshal(data)
	require.NoError(t, err)
	_, err = pickle.Unmarshal(data[:len(data)-1])
	require.Error(t, err)
	var into mine
	require.NoError(t, pickle.UnmarshalInto(data, &into))
	assert.Zero(t, tripped)
	assert.Equal(t, "a", got.(mine).Wire.Text)
	assert.Equal(t, "c", into.Wires[tripwire{"b"}].Text)
}

// plug is a live object: one end of a real pipe.
type plug struct {
	f      *os.File
	writes bool
	closed bool
}

type plugState struct {
	Handle int
	Writes bool
}

func (p *plug) ReduceHandle(h *pickle.Handles) (any, error) {
	if h.Context == "sealed" {
		return nil, errors.New("nothing leaves a sealed room")
	}
	return plugState{h.Add(p.f), p.writes}, nil
}

func (p *plug) Close() error {
	p.closed = true
	lastClosed = p
	return nil
}

var lastClosed *plug

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, s plugState) (*plug, error) {
		x, err := h.Take(s.Handle)
		if err != nil {
			return nil, err
		}
		f, ok := x.(*os.File)
		if !ok {
			return nil, fmt.Errorf("handle %d is a %T", s.Handle, x)
		}
		return &plug{f: f, writes: s.Writes}, nil
	})
}

func newPlugs(t *testing.T) (r, w *plug) {
	t.Helper()
	a, b, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { a.Close(); b.Close() })
	return &plug{f: a}, &plug{f: b, writes: true}
}

// A live object travels beside the message, by its handles.
func TestHandles(t *testing.T) {
	r, w := newPlugs(t)
	var out pickle.Handles
	data, err := pickle.Marshal(map[string]any{"r": r, "w": w, "again": w}, pickle.WithHandles(&out))
	require.NoError(t, err)
	require.Len(t, out.All(), 2, "one object, one handle")

	var in pickle.Handles
	for _, h := range out.All() {
		in.Add(h)
	}
	x, err := pickle.Unmarshal(data, pickle.WithHandles(&in))
	require.NoError(t, err)
	assert.Empty(t, in.Rest())
	got := x.(map[string]any)
	assert.Same(t, got["w"], got["again"])
	_, err = got["w"].(*plug).f.WriteString("through the pipe")
	require.NoError(t, err)
	b := make([]byte, 99)
	n, err := got["r"].(*plug).f.Read(b)
	require.NoError(t, err)
	assert.Equal(t, "through the pipe", string(b[:n]))
}

// Without a table there is no way out but inheritance, in CPython's words.
func TestHandlesRefused(t *testing.T) {
	r, _ := newPlugs(t)
	_, err := pickle.Marshal([]any{1, r})
	var perr *pickle.Error
	require.ErrorAs(t, err, &perr)
	assert.Equal(t, "plug objects should only be shared between processes through inheritance", perr.PythonText())
	assert.EqualError(t, err, "pickle: plug objects should only be shared between processes through inheritance at value[1]: "+
		"pass it as an argument of a process, or send it over a connection that carries handles")
	_, err = pickle.Marshal(*r, pickle.WithHandles(new(pickle.Handles)))
	assert.ErrorContains(t, err, "hold a pointer to it")
	_, err = pickle.Marshal(r, pickle.WithHandles(&pickle.Handles{Context: "sealed"}))
	assert.ErrorContains(t, err, "it says: nothing leaves a sealed room")
	roundTrip(t, (*plug)(nil))

	var h pickle.Handles
	data, err := pickle.Marshal(r, pickle.WithHandles(&h))
	require.NoError(t, err)
	_, err = pickle.Unmarshal(data)
	assert.ErrorContains(t, err, "decode it WithHandles")
	_, err = pickle.Unmarshal(data, pickle.WithHandles(new(pickle.Handles)))
	assert.ErrorContains(t, err, "speaks of handle 0, but 0 came with it")
	_, err = pickle.Marshal([]any{r, func() {}}, pickle.WithHandles(&h))
	assert.Error(t, err)
	assert.Len(t, h.Rest(), 2, "what was added before a refusal is the owner's to release")
}

// Two objects never own one handle, and what was rebuilt for nobody is closed.
func TestHostileHandles(t *testing.T) {
	r, w := newPlugs(t)
	var h pickle.Handles
	data, err := pickle.Marshal([]any{r, w}, pickle.WithHandles(&h))
	require.NoError(t, err)
	for i := range data { // the second state's number of its handle, 1, becomes 0
		if data[i] == 2 && i > len(data)-4 {
			data[i] = 0
		}
	}
	lastClosed = nil
	_, err = pickle.Unmarshal(data, pickle.WithHandles(&h))
	require.ErrorContains(t, err, "speaks of handle 0 twice")
	require.NotNil(t, lastClosed)
	assert.Same(t, r.f, lastClosed.f)
	assert.Equal(t, []any{w.f}, h.Rest())
	_, err = h.Take(-1)
	assert.Error(t, err)
	assert.Equal(t, 2, h.Len())
}

// Written twice because of a shared part, a message still asks for each handle
// once.
func TestHandlesAndParts(t *testing.T) {
	r, _ := newPlugs(t)
	p := &point{1, 2}
	var h pickle.Handles
	data, err := pickle.Marshal([]any{r, p, &p.Y}, pickle.WithHandles(&h))
	require.NoError(t, err)
	require.Equal(t, 1, h.Len())
	x, err := pickle.Unmarshal(data, pickle.WithHandles(&h))
	require.NoError(t, err)
	got := x.([]any)
	assert.Same(t, r.f, got[0].(*plug).f)
	assert.Same(t, &got[1].(*point).Y, got[2])
}
