package pickle_test

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// A tape turns fuzzed bytes into choices; an empty one gives zeros, so that every
// value ends.
type tape struct {
	data []byte
	made []any // what can be referred to again
	deep int
}

func (t *tape) byte() byte {
	if len(t.data) == 0 {
		return 0
	}
	b := t.data[0]
	t.data = t.data[1:]
	return b
}

func (t *tape) n(limit int) int { return int(t.byte()) % limit }

func (t *tape) uint64() uint64 {
	var b [8]byte
	want := t.n(9)
	n := copy(b[:want], t.data)
	t.data = t.data[n:]
	return binary.LittleEndian.Uint64(b[:])
}

func (t *tape) text() string {
	n := t.n(12)
	n = min(n, len(t.data))
	s := string(t.data[:n])
	t.data = t.data[n:]
	return s
}

func keep[T any](t *tape, v T) T {
	t.made = append(t.made, v)
	return v
}

// value makes a value of almost any type, with references to what it made before
// and into the middle of it.
func (t *tape) value() any {
	if t.deep++; t.deep > 40 {
		return nil
	}
	defer func() { t.deep-- }()
	switch t.n(36) {
	case 1:
		return t.byte()&1 == 1
	case 2:
		return int(t.uint64())
	case 3:
		return int8(t.byte())
	case 4:
		return []int16{int16(t.uint64()), int16(t.uint64())}
	case 5:
		return uint32(t.uint64())
	case 6:
		return math.Float64frombits(t.uint64())
	case 7:
		return math.Float32frombits(uint32(t.uint64()))
	case 8:
		return complex(math.Float64frombits(t.uint64()), float64(t.byte()))
	case 9:
		return t.text()
	case 10:
		return keep(t, []byte(t.text()))
	case 11, 12:
		return t.list()
	case 13, 14:
		return t.dict()
	case 15:
		p := keep(t, &point{X: int(t.byte())})
		keep(t, &p.Y)
		return p
	case 16:
		n := keep(t, &node{Value: int(t.byte())})
		n.Next, _ = t.again().(*node)
		return n
	case 17:
		f := keep(t, &family{Name: t.text(), Index: map[string]*family{}})
		f.Parent, _ = t.again().(*family)
		if f.Parent != nil {
			f.Parent.Children = append(f.Parent.Children, f)
			f.Parent.Index[f.Name] = f
		}
		return f
	case 18:
		return time.Unix(int64(t.uint64()), int64(t.byte())).UTC()
	case 19:
		return time.Unix(int64(t.byte()), 1).In(time.FixedZone(t.text(), int(t.byte())))
	case 20:
		return new(big.Int).SetBytes([]byte(t.text()))
	case 21:
		return big.NewRat(int64(t.uint64()), int64(t.byte())+1)
	case 22:
		return drawing{t.text(), point{1, 2}, []shape{&point{3, int(t.byte())}, nil}}
	case 23:
		m := keep(t, &matrix{})
		i := t.n(8)
		m.Rows[0], m.Rows[1] = m.Cells[i:i+2], m.Cells[i+1:i+4]
		m.At = &m.Cells[t.n(12)]
		keep(t, m.At)
		return m
	case 24:
		return newRing(make([]int, t.n(5))...)
	case 25:
		return outcome{Err: t.err(), More: []error{t.err(), io.EOF}}
	case 26:
		return map[any]any{t.n(9): t.value(), t.text(): nil, [1]any{t.byte()}: 1.5}
	case 27:
		return map[float64]int{math.Float64frombits(t.uint64()): 1}
	case 28:
		return [3]any{t.value(), t.text()}
	case 29:
		p := t.value()
		return keep(t, &p)
	case 30:
		return []map[string][]string{{t.text(): {t.text(), ""}}, nil, {}}
	case 31:
		return counted{Zero: new(int), Empty: make([]int, t.n(2))}
	case 32:
		return keep(t, table{t.text(): t.value()})
	case 33, 34, 35:
		return t.again()
	}
	return nil
}

func (t *tape) list() any {
	l := keep(t, make([]any, t.n(6)))
	for i := range l {
		l[i] = t.value()
	}
	return l
}

func (t *tape) dict() any {
	d := keep(t, map[string]any{})
	for range t.n(6) {
		d[t.text()] = t.value()
	}
	return d
}

// again returns something that was made before, or a part of it.
func (t *tape) again() any {
	if len(t.made) == 0 {
		return nil
	}
	v := t.made[t.n(len(t.made))]
	if t.byte()&1 == 0 {
		return v
	}
	switch v := v.(type) {
	case []any:
		if n := len(v); n > 0 {
			i := t.n(n)
			return v[i : i+1+t.n(n-i)]
		}
	case []byte:
		if n := len(v); n > 0 {
			return v[t.n(n):]
		}
	case *point:
		return &v.X
	case *matrix:
		return &v.Cells
	}
	return v
}

func (t *tape) err() error {
	switch t.n(5) {
	case 1:
		return io.ErrUnexpectedEOF
	case 2:
		return pickle.Carry(errors.New(t.text()))
	case 3:
		return &pickle.CarriedError{Text: t.text(), Causes: []error{t.err()}}
	case 4:
		return &codeError{int(t.byte()), t.err()}
	}
	return nil
}

// FuzzRoundTrip makes values from the fuzzer's bytes and requires that each comes
// back as it was, in every way of encoding.
func FuzzRoundTrip(f *testing.F) {
	for i := range 36 {
		f.Add([]byte{byte(i), 3, 7, 'a', 'b', 'c', 'd', 'e', 'f', 33, 1, 1, 2, 34, 0})
		f.Add([]byte{11, 5, byte(i), 3, 7, 'a', 'b', 33, 0, 1, 34, 1, 1, byte(i), 35, 2, 3})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<10 {
			return
		}
		v := (&tape{data: data}).value()
		var bufs pickle.Buffers
		bufs.Min = 4
		for _, opts := range [][]pickle.Option{nil, {pickle.WithSortedKeys()}, {pickle.WithBuffers(&bufs)}} {
			msg, err := pickle.Marshal(v, opts...)
			require.NoError(t, err)
			got, err := pickle.Unmarshal(msg, opts...)
			require.NoError(t, err, "%x", msg)
			require.Empty(t, difference(v, got), "%x", msg)
		}
	})
}

// FuzzUnmarshal feeds anything to the decoder. It must not panic nor ask for
// memory that the input does not pay for, and what it returns must be a value
// like any other: it can be sent again and comes back the same.
func FuzzUnmarshal(f *testing.F) {
	for _, msg := range messages() {
		f.Add(msg)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		decodes(t, data)
		var h pickle.Handles
		h.Add(new(os.File))
		if n := allocated(func() { _, _ = pickle.Unmarshal(data, pickle.WithHandles(&h)) }); n > uint64(1000*len(data)+8<<20) {
			t.Fatalf("%d bytes of input took %d bytes of memory", len(data), n)
		}
	})
}

// messages are some that are well-formed.
func messages() (all [][]byte) {
	for i := range 36 {
		v := (&tape{data: []byte{byte(i), 3, 7, 'a', 'b', 'c', 'd', 'e', 'f', 33, 1, 1, 2, 34, 0}}).value()
		if msg, err := pickle.Marshal(v); err == nil {
			all = append(all, msg)
		}
	}
	for _, row := range fidelity {
		if msg, err := pickle.Marshal([]any{row.value, row.value}); err == nil {
			all = append(all, msg)
		}
	}
	for _, v := range []any{&account{owner: "o"}, pickle.Carry(errors.New("x")), []any{time.Second, &[2][]bool{{true}}}} {
		if msg, err := pickle.Marshal(v); err == nil {
			all = append(all, msg)
		}
	}
	var h pickle.Handles
	if msg, err := pickle.Marshal([]any{&plug{}}, pickle.WithHandles(&h)); err == nil {
		all = append(all, msg)
	}
	return all
}

// decodes feeds a message to the decoder and reports whether that took it.
func decodes(t *testing.T, data []byte) bool {
	var h pickle.Handles
	h.Add(new(os.File))
	v, err := pickle.Unmarshal(data, pickle.WithHandles(&h))
	for _, ptr := range []any{new(int), new([]int), new(map[string]float64), new([]any), new(error), new(node), new(any)} {
		_ = pickle.UnmarshalInto(data, ptr)
	}
	if err != nil {
		var perr *pickle.Error
		if !errors.As(err, &perr) || perr.Error() == "" || perr.PythonText() == "" {
			t.Fatalf("%T %v", err, err)
		}
		return false
	}
	if len(data) > 1<<10 {
		return true
	}
	var out pickle.Handles
	msg, err := pickle.Marshal(v, pickle.WithHandles(&out))
	require.NoError(t, err, "%x", data)
	again, err := pickle.Unmarshal(msg, pickle.WithHandles(&out), pickle.WithMaxMemory(1<<30))
	require.NoError(t, err, "%x became %x", data, msg)
	require.Empty(t, difference(v, again), "%x became %x", data, msg)
	return true
}

// TestManyHostileMessages is the fuzz test with a count: 300 000 messages, each a
// good one that was damaged, the same in every run.
func TestManyHostileMessages(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 10_000
	}
	rng := rand.New(rand.NewPCG(84, 1))
	good := messages()
	taken, buf := 0, []byte(nil)
	for range n {
		buf = damage(rng, append(buf[:0], good[rng.IntN(len(good))]...), good[rng.IntN(len(good))])
		if decodes(t, buf) {
			taken++
		}
	}
	t.Logf("%d messages, %d of them still meant something", n, taken)
	require.Greater(t, taken, n/100)
	require.Less(t, taken, n*9/10)
}

// damage changes a message in one to four places.
func damage(rng *rand.Rand, b, other []byte) []byte {
	for range 1 + rng.IntN(4) {
		if len(b) == 0 {
			return b
		}
		i := rng.IntN(len(b))
		j := min(len(b), i+1+rng.IntN(8))
		switch rng.IntN(7) {
		case 0:
			b[i] ^= 1 << rng.IntN(8)
		case 1:
			b[i] = []byte{0, 1, 2, 3, 0x7f, 0x80, 0xff}[rng.IntN(7)]
		case 2:
			b[i] = byte(rng.Uint32())
		case 3:
			b = slices.Delete(b, i, j)
		case 4:
			b = slices.Insert(b, i, slices.Clone(b[i:j])...)
		case 5:
			k := rng.IntN(len(other))
			b = append(b[:i], other[k:]...)
		case 6:
			b = slices.Insert(b, i, binary.AppendUvarint(nil, rng.Uint64()>>rng.IntN(64))...)
		}
	}
	return b
}
