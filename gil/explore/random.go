package explore

import "github.com/pygil/pygil/internal/kernel"

// rng is a small generator of random numbers.
type rng struct{ state uint64 }

func (r *rng) next() uint64 {
	r.state++
	return kernel.Hash(r.state, 0)
}

// below draws from [0, n).
func (r *rng) below(n int) int {
	return int((r.next() >> 32) * uint64(n) >> 32)
}

type random struct{ rng rng }

// Random is the random walk: it chooses uniformly among the enabled threads. It
// has no memory and is fair, finds short bugs at once, and hardly ever holds one
// thread back for long.
func Random() Strategy { return &random{} }

func (s *random) Name() string { return "random" }

func (s *random) Clone() Strategy { return Random() }

func (s *random) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	return true
}

func (s *random) Choose(p *Point) int { return p.set.Nth(s.rng.below(p.set.Len())) }
