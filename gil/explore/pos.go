package explore

type pos struct {
	rng      rng
	priority []uint64 // of each thread's pending operation, 0 when none is drawn
}

// POS is partial-order sampling: every operation gets a random priority when it is
// announced, the enabled one with the highest is performed, and then those that
// conflict with it draw anew (Yuan, Yang, Gu: "Partial order aware concurrency
// sampling", CAV 2018).
func POS() Strategy { return &pos{} }

func (s *pos) Name() string { return "pos" }

func (s *pos) Clone() Strategy { return POS() }

func (s *pos) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	s.priority = s.priority[:0]
	return true
}

func (s *pos) Choose(p *Point) int {
	s.grow(p)
	best := -1
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		if s.priority[t] == 0 {
			s.priority[t] = s.rng.next() | 1
		}
		if best < 0 || s.priority[t] > s.priority[best] {
			best = t
		}
	}
	return best
}

func (s *pos) grow(p *Point) {
	for len(s.priority) < len(p.r.threads) {
		s.priority = append(s.priority, 0)
	}
}

func (s *pos) Performed(p *Point, t int, op Op) {
	s.grow(p)
	s.priority[t] = 0
	if op.Obj == 0 {
		return
	}
	for u := range s.priority {
		if o := p.r.k.Pending(u); o.Obj == op.Obj && (op.Kind.Writes() || o.Kind.Writes()) {
			s.priority[u] = 0
		}
	}
}
