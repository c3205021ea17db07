package asyncio

import (
	"math/rand/v2"
)

// shuffle permutes what Python leaves open.
type shuffle struct{ r *rand.Rand }

func newShuffle(seed uint64) *shuffle { return &shuffle{rand.New(rand.NewPCG(seed, 1))} }

// batch permutes timers of one deadline within the first n entries of the ready
// queue; all else is promised to be FIFO.
func (s *shuffle) batch(l *Loop, n int) {
	m := len(l.ready.buf) - 1
	for i := 0; i < n; {
		t := l.ready.buf[(l.ready.head+i)&m].t
		j := i + 1
		for t != nil && j < n {
			u := l.ready.buf[(l.ready.head+j)&m].t
			if u == nil || u.when != t.when {
				break
			}
			j++
		}
		if j-i > 1 {
			s.r.Shuffle(j-i, func(a, b int) { l.ready.swap(i+a, i+b) })
		}
		i = j
	}
}

// futures returns the futures in another order.
func (s *shuffle) futures(fs []*future) []*future {
	out := append([]*future(nil), fs...)
	s.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
