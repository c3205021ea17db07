package explore

import "fmt"

// bounded walks through the schedules in the order of what they cost: the base
// order first, which costs nothing, then those of cost 1, and so on up to a bound.
// A schedule is a list of places at which it deviates from the base order, or from
// drawing 0; each is
// run once, and shows the places at which schedules that begin like it can deviate
// next.
type bounded struct {
	name    string
	bound   int // -1 for none
	delays  bool
	shuffle bool

	rng     rng
	levels  [][]*detour // by cost, those that are not run yet
	level   int
	current *detour
	path    []*detour // of the current schedule, by place
	at      int       // choices of this run
	next    int       // in path
	soon    bool      // timers may fire early
	whole   bool      // no level above the bound has anything in it
}

// detour is a schedule: the one before it, until choice number at, where the n-th
// alternative is taken.
type detour struct {
	before *detour
	at, n  int32
}

// Preemptions walks through all schedules with at most bound preemptions: switches
// away from a thread that could go on. Those with fewer come first (Musuvathi,
// Qadeer: "Iterative context bounding for systematic testing of multithreaded
// programs", PLDI 2007). A negative bound is none.
func Preemptions(bound int) Strategy { return &bounded{name: "preemptions", bound: bound} }

// Delays walks through all schedules with at most bound delays. The threads take
// turns in the order in which they were started, each until it cannot go on, and a
// delay skips the one whose turn it is. Those with fewer come first (Emmi, Qadeer,
// Rakamarić: "Delay-bounded scheduling", POPL 2011). A negative bound is none.
func Delays(bound int) Strategy { return &bounded{name: "delays", bound: bound, delays: true} }

// Sampling draws from the schedules with at most bound preemptions, those with fewer
// first, and never the same one twice. What is drawn from, each with the same
// probability, are those that differ in one more choice from one that was performed:
// so the first one is the base order. A negative bound is none.
func Sampling(bound int) Strategy { return &bounded{name: "sampling", bound: bound, shuffle: true} }

func (s *bounded) Name() string {
	if s.bound < 0 {
		return s.name
	}
	return fmt.Sprintf("%s(%d)", s.name, s.bound)
}

func (s *bounded) Start(n int, seed uint64) bool {
	if n == 0 {
		s.levels, s.level, s.whole = [][]*detour{{{at: -1}}}, 0, true
		s.rng.state = seed
	}
	for s.level < len(s.levels) && len(s.levels[s.level]) == 0 {
		s.levels[s.level] = nil
		s.level++
	}
	if s.level == len(s.levels) {
		return false
	}
	l := s.levels[s.level]
	last := len(l) - 1
	if s.shuffle {
		i := s.rng.below(len(l))
		l[i], l[last] = l[last], l[i]
	}
	s.current, s.levels[s.level] = l[last], l[:last]
	s.path = s.path[:0]
	for d := s.current; d.before != nil; d = d.before {
		s.path = append(s.path, d)
	}
	s.at, s.next = 0, len(s.path)-1
	return true
}

// Choose takes the alternative of the schedule's next detour. Beyond the last one
// it notes where others can begin.
func (s *bounded) Choose(p *Point) int {
	at := s.at
	s.at++
	if s.next >= 0 {
		if d := s.path[s.next]; int(d.at) == at {
			s.next--
			return s.alternative(p, int(d.n))
		}
		return s.alternative(p, 0)
	}
	for n := 1; n < p.set.Len(); n++ {
		cost := 0
		switch {
		case s.delays:
			cost = n
		case p.set.Has(p.cur):
			cost = 1
		}
		if !s.offer(at, n, s.level+cost) {
			break
		}
	}
	return s.alternative(p, 0)
}

// Draw takes the number of the schedule's next detour if that one is about this
// draw. Numbers cost nothing.
func (s *bounded) Draw(_ *Point, _, n int) int {
	at := s.at
	s.at++
	if s.next >= 0 {
		if d := s.path[s.next]; int(d.at) == at {
			s.next--
			return int(d.n)
		}
		return 0
	}
	for v := 1; v < n; v++ {
		s.offer(at, v, s.level)
	}
	return 0
}

// alternative is the n-th thread in the order of what it costs.
func (s *bounded) alternative(p *Point, n int) int {
	if !s.delays {
		return nthFrom(p, n)
	}
	// Turns: from the current thread on, and around.
	t := p.set.Next(p.cur)
	for ; ; n-- {
		if t < 0 {
			t = p.set.Next(0)
		}
		if n == 0 {
			return t
		}
		t = p.set.Next(t + 1)
	}
}

func (s *bounded) hurry(early bool) { s.soon = early }

func (s *bounded) early() bool { return s.soon }

// fires is Draw of firing or not, at the cost of a switch.
func (s *bounded) fires(*Point) bool {
	at := s.at
	s.at++
	if s.next >= 0 {
		if d := s.path[s.next]; int(d.at) == at {
			s.next--
			return true
		}
		return false
	}
	s.offer(at, 1, s.level+1)
	return false
}

// offer notes that a schedule can take the n-th alternative at a choice, and what that
// costs. It reports whether that is within the bound.
func (s *bounded) offer(at, n, cost int) bool {
	if s.bound >= 0 && cost > s.bound {
		s.whole = false
		return false
	}
	for len(s.levels) <= cost {
		s.levels = append(s.levels, nil)
	}
	s.levels[cost] = append(s.levels[cost], &detour{s.current, int32(at), int32(n)})
	return true
}

func (s *bounded) ended(*runner) {}

// covered says nothing about how much is left: the levels above the current one are
// not known.
func (s *bounded) covered() (bool, float64) {
	for _, l := range s.levels {
		if len(l) > 0 {
			return false, 0
		}
	}
	return s.whole, 0
}

// within is the bound inside which everything has been covered, -1 if there is none.
func (s *bounded) within() int {
	if s.level == len(s.levels) {
		return s.bound
	}
	return s.level - 1
}
