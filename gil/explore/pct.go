package explore

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

type pct struct {
	depth    int // 0: random
	rng      rng
	known    *profile
	priority []uint64
	low      uint64 // the lowest priority given out
	changes  []int  // the choices at which the highest thread drops
	choices  int
	next     int
	patience int // choices after which it gives up and walks at random
}

// randomDepth is the greatest depth that PCT(0) draws.
const randomDepth = 5

// PCT is probabilistic concurrency testing: threads have random priorities, the
// highest enabled one runs, and at depth-1 random places it drops below all others.
// It finds a bug that depth orderings make, in a program of n threads and k
// choices, with probability of at least 1/(n·k^(depth-1)) per schedule (Burckhardt
// and others, ASPLOS 2010). A depth of 0 draws one from 1 to 5 for each schedule. How many choices there
// are comes from the first schedule, which is a random walk.
func PCT(depth int) Strategy { return &pct{depth: max(0, depth)} }

func (s *pct) Name() string { return "pct" }

func (s *pct) Clone() Strategy { return &pct{depth: s.depth, known: s.known} }

func (s *pct) learn(p *profile) { s.known = p }

func (s *pct) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	s.priority, s.changes = s.priority[:0], s.changes[:0]
	s.low, s.choices, s.next = 1<<32, 0, 0
	depth, places := s.depth, 1
	if depth == 0 {
		depth = 1 + s.rng.below(randomDepth)
	}
	if s.known != nil {
		places = max(1, s.known.choices)
	}
	for range min(depth-1, places) { // beyond that there are no places left
		s.changes = append(s.changes, s.rng.below(places))
	}
	slices.Sort(s.changes)
	s.patience = 20*places + 1000
	return true
}

func (s *pct) grow(p *Point) {
	for len(s.priority) < len(p.r.threads) {
		s.priority = append(s.priority, s.rng.next()|1<<63)
	}
}

func (s *pct) Choose(p *Point) int {
	s.grow(p)
	if s.choices++; s.choices > s.patience { // somebody high in priority spins
		return p.set.Nth(s.rng.below(p.set.Len()))
	}
	t := s.highest(p)
	for s.next < len(s.changes) && s.changes[s.next] < s.choices {
		s.next++
		s.drop(t)
		t = s.highest(p)
	}
	return t
}

func (s *pct) highest(p *Point) int {
	best := -1
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		if best < 0 || s.priority[t] > s.priority[best] {
			best = t
		}
	}
	return best
}

// drop puts t below all others.
func (s *pct) drop(t int) {
	s.low--
	s.priority[t] = s.low
}

// Performed lets a thread that yields drop: it waits for others.
func (s *pct) Performed(p *Point, t int, op Op) {
	if op.Kind == kernel.OpYield {
		s.grow(p)
		s.drop(t)
	}
}
