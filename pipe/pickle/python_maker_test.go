package pickle_test

import (
	"math"
	"math/big"
	"math/rand/v2"

	"github.com/pygil/pygil/pipe/pickle"
)

// A maker makes random values that Python can hold, with parts that are shared and
// parts that lead back.
type maker struct {
	r    *rand.Rand
	made []any
}

func newMaker(seed uint64) *maker { return &maker{r: rand.New(rand.NewPCG(seed, 7))} }

func (m *maker) text() string {
	points := []string{"a", "B", "\x00", "\n", "\\", "'", "é", "€", "\U0001f600", "\xed\xa0\x80", "\xed\xbf\xbf"}
	s := ""
	for range m.r.IntN(8) {
		next := points[m.r.IntN(len(points))]
		if len(next) == 3 && next[0] == 0xed && len(s) > 0 {
			s += "-" // two halves of a pair are not one character
		}
		s += next
	}
	return s
}

func (m *maker) bytes() []byte {
	b := make([]byte, m.r.IntN(8)*m.r.IntN(60))
	for i := range b {
		b[i] = byte(m.r.Uint32())
	}
	return b
}

func (m *maker) plain() any {
	switch m.r.IntN(9) {
	case 0:
		return nil
	case 1:
		return m.r.IntN(2) == 1
	case 2:
		return m.r.IntN(600) - 300
	case 3:
		n := new(big.Int).SetBytes(m.bytes())
		if m.r.IntN(2) == 1 {
			n.Neg(n)
		}
		if n.IsInt64() && int64(int(n.Int64())) == n.Int64() {
			return int(n.Int64())
		}
		return n
	case 4:
		return []float64{0, math.Copysign(0, -1), 1.5, 1e300, 5e-324, math.Inf(1), math.Inf(-1), m.r.Float64()}[m.r.IntN(8)]
	case 5:
		return complex(m.r.Float64(), float64(m.r.IntN(3)))
	case 6:
		return m.bytes()
	case 7:
		return int(int32(m.r.Uint32()))
	}
	return m.text()
}

func (m *maker) key(deep int) any {
	switch m.r.IntN(6) {
	case 0:
		if deep < 3 {
			t := pickle.Tuple{}
			for range m.r.IntN(4) {
				t = append(t, m.key(deep+1))
			}
			return t
		}
	case 1:
		if deep < 3 {
			return m.frozen(deep)
		}
	}
	return m.plain()
}

func (m *maker) frozen(deep int) *pickle.FrozenSet {
	var items []any
	for range m.r.IntN(4) {
		items = append(items, m.key(deep+1))
	}
	s, err := pickle.NewFrozenSet(items...)
	if err != nil {
		panic(err)
	}
	return s
}

func (m *maker) value(deep int) any {
	k := m.r.IntN(14)
	switch {
	case k < 4 || deep > 5:
		return m.plain()
	case k == 4 && len(m.made) > 0:
		return m.made[m.r.IntN(len(m.made))]
	}
	n := m.r.IntN(6)
	switch k {
	case 5, 6:
		l := pickle.NewList()
		m.made = append(m.made, l)
		for range n {
			l.Items = append(l.Items, m.value(deep+1))
		}
		return l
	case 7, 8:
		d := new(pickle.Dict)
		m.made = append(m.made, d)
		for range n {
			_ = d.Set(m.key(0), m.value(deep+1))
		}
		return d
	}
	v := m.fixed(k, n, deep)
	if t, ok := v.(pickle.Tuple); !ok || len(t) > 0 {
		m.made = append(m.made, v)
	}
	return v
}

// fixed makes what cannot lead back to itself.
func (m *maker) fixed(k, n, deep int) any {
	switch k {
	case 9:
		s := new(pickle.Set)
		for range n {
			_ = s.Add(m.key(0))
		}
		return s
	case 10:
		if s := m.frozen(0); s.Len() > 0 { // Python has one empty frozenset
			return s
		}
	case 11:
		return &pickle.ByteArray{Bytes: m.bytes()}
	case 12:
		x := pickle.NewException([]string{"ValueError", "KeyError", "RuntimeError"}[n%3])
		for range n % 3 {
			x.Args = append(x.Args, m.plain())
		}
		if n == 5 {
			state, _ := pickle.NewDict("extra", m.value(deep+1))
			x.State = state
		}
		return x
	}
	t := pickle.Tuple{}
	for range n {
		t = append(t, m.value(deep+1))
	}
	return t
}
