package explore

import "github.com/pygil/pygil/internal/kernel"

type urw struct {
	rng    rng
	known  *profile
	events events
}

// URW is the uniform random walk: it chooses a thread with a probability
// proportional to the number of operations that it and the threads it will start
// have left, so that where nothing blocks every interleaving is equally likely
// (Zhao, Sen and others, "Selectively uniform concurrency testing", ASPLOS 2025).
// The numbers come from the first schedule, which is a random walk.
func URW() Strategy { return &urw{} }

func (s *urw) Name() string { return "urw" }

func (s *urw) Clone() Strategy { return &urw{known: s.known} }

func (s *urw) learn(p *profile) { s.known = p }

func (s *urw) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	s.events.reset(s.known, 0)
	return true
}

func (s *urw) Choose(p *Point) int {
	s.events.grow(p.r, nil)
	sum := int32(0)
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		sum += max(1, s.events.left[t])
	}
	n := int32(s.rng.below(int(sum)))
	for t := p.set.Next(0); ; t = p.set.Next(t + 1) {
		if n -= max(1, s.events.left[t]); n < 0 {
			return t
		}
	}
}

func (s *urw) Performed(p *Point, t int, op Op) {
	s.events.grow(p.r, nil)
	if op.Kind != kernel.OpYield {
		s.events.done(t)
	}
}
