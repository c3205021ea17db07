package explore

import "github.com/pygil/pygil/internal/kernel"

type urw struct {
	rng     rng
	known   *profile
	events  events
	want    int // the thread whose operation comes next, -1 when it is not drawn yet
	inherit func(parent, child int, n, left int32)
}

// URW is the uniform random walk: it chooses a thread with a probability
// proportional to the number of operations that it and the threads it will start
// have left, so that where nothing blocks every interleaving is equally likely
// (Zhao, Sen and others, "Selectively uniform concurrency testing", ASPLOS 2025).
// The numbers come from the first schedule, which is a random walk.
func URW() Strategy {
	s := &urw{}
	s.inherit = s.born
	return s
}

func (s *urw) Name() string { return "urw" }

func (s *urw) Clone() Strategy {
	c := URW().(*urw)
	c.known = s.known
	return c
}

func (s *urw) learn(p *profile) { s.known = p }

func (s *urw) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	s.events.reset(s.known, 0)
	s.want = -1
	return true
}

// born hands the intention on: what was drawn may be an operation of the child's.
func (s *urw) born(parent, child int, n, left int32) {
	if s.want == parent && left > 0 && s.rng.below(int(left)) < int(n) {
		s.want = child
	}
}

// Choose draws a thread and stays with it until it has done something whose order
// matters: if the drawn one is about to start another, that one's first operation
// may be what was drawn.
func (s *urw) Choose(p *Point) int {
	s.events.grow(p.r, s.inherit)
	if s.want >= 0 && p.set.Has(s.want) {
		return s.want
	}
	sum := int32(0)
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		sum += max(1, s.events.left[t])
	}
	n := int32(s.rng.below(int(sum)))
	for t := p.set.Next(0); ; t = p.set.Next(t + 1) {
		if n -= max(1, s.events.left[t]); n < 0 {
			s.want = t
			return t
		}
	}
}

func (s *urw) Performed(p *Point, t int, op Op) {
	s.events.grow(p.r, s.inherit)
	if happens(op.Kind, op.Obj) {
		s.events.done(t)
		s.want = -1
	}
	if t == s.want && op.Kind == kernel.OpYield {
		s.want = -1 // it waits for another one
	}
}
