package explore

import (
	"fmt"
	"strings"
)

// Share is a part of a portfolio.
type Share struct {
	Strategy Strategy // one whose schedules do not build on each other, such as Random
	Weight   int      // its part of the schedules, in relation to the others'
}

// portfolio takes turns.
type portfolio struct {
	shares []Share
	turns  []int // which share runs schedule n, modulo its length
	now    Strategy
	step   Stepper
}

// Portfolio mixes strategies: each runs its part of the schedules, evenly spread.
// Without arguments it is what a search does by default: SURW, URW, POS, PCT with
// random depth and the random walk. It panics when a weight is not positive or a
// strategy is one that builds on its own earlier schedules, as DFS and DPOR do.
func Portfolio(shares ...Share) Strategy {
	if len(shares) == 0 {
		shares = []Share{{SURW(), 11}, {URW(), 5}, {POS(), 1}, {PCT(0), 2}, {Random(), 1}}
	}
	s := &portfolio{shares: shares}
	sum := 0
	for _, h := range shares {
		if h.Strategy == nil || h.Weight < 1 {
			panic(fmt.Errorf("explore: Portfolio: weights must be positive and strategies not nil"))
		}
		if _, ok := h.Strategy.(cloner); !ok {
			panic(fmt.Errorf("explore: Portfolio: the schedules of %s build on each other, so it cannot take turns; run it alone", h.Strategy.Name()))
		}
		sum += h.Weight
	}
	// The one that lags behind its part most is next.
	credit := make([]int, len(shares))
	for range sum {
		best := 0
		for i, h := range shares {
			if credit[i] += h.Weight; credit[i] > credit[best] {
				best = i
			}
		}
		credit[best] -= sum
		s.turns = append(s.turns, best)
	}
	return s
}

func (s *portfolio) Name() string {
	var names []string
	for _, h := range s.shares {
		names = append(names, h.Strategy.Name())
	}
	return "portfolio(" + strings.Join(names, ", ") + ")"
}

func (s *portfolio) Clone() Strategy {
	c := &portfolio{turns: s.turns}
	for _, h := range s.shares {
		c.shares = append(c.shares, Share{h.Strategy.(cloner).Clone(), h.Weight})
	}
	return c
}

func (s *portfolio) learn(p *profile) {
	for _, h := range s.shares {
		if l, ok := h.Strategy.(learner); ok {
			l.learn(p)
		}
	}
}

func (s *portfolio) Start(n int, seed uint64) bool {
	s.now = s.shares[s.turns[n%len(s.turns)]].Strategy
	s.step, _ = s.now.(Stepper)
	return s.now.Start(n, seed)
}

func (s *portfolio) Choose(p *Point) int { return s.now.Choose(p) }

// Draw has the one whose turn it is draw.
func (s *portfolio) Draw(p *Point, thread, n int) int { return p.r.drawFor(s.now, thread, n) }

func (s *portfolio) Performed(p *Point, t int, op Op) {
	if s.step != nil {
		s.step.Performed(p, t, op)
	}
}
