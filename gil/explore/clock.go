package explore

// The clock of an explored run stands still while any thread can go on. With
// WithEarlyTimers the earliest timer may fire at any choice instead, as if the
// threads were slow: a choice like that of a thread, and written down like one.

// firer is a strategy that decides when timers fire early.
type firer interface {
	// fires reports whether the earliest timer fires before anybody runs.
	fires(p *Point) bool
	// early reports whether any may.
	early() bool
}

// firing is a timer that has fired early: before which step, and whom the base
// order would have run.
type firing struct{ step, base int32 }

// early is asked by the kernel before a choice at which somebody waits for a moment
// of the clock.
func (r *runner) early() bool {
	if len(r.threads) != len(r.k.Tasks()) {
		r.grow()
	}
	enabled := r.k.Enabled()
	if r.fair != nil {
		enabled = r.fair.filter(r, enabled)
	}
	p := &r.point
	p.set, p.cur, p.base = enabled, r.last, r.last
	if !p.set.Has(p.cur) {
		p.base = p.set.Next(0)
	}
	if !r.firer.fires(p) {
		return false
	}
	r.fired = append(r.fired, firing{int32(len(r.steps)), int32(p.base)})
	return true
}

// hurrier is a strategy that covers everything, early timers included if it is asked
// to.
type hurrier interface{ hurry(early bool) }

// lookAhead installs the hook if the strategy of the run wants it.
func (r *runner) lookAhead(s Strategy) {
	r.fired, r.k.Early = r.fired[:0], nil
	if f, ok := s.(firer); ok && f.early() {
		r.firer, r.k.Early = f, r.early
	}
}

// hasty is a strategy under which timers fire early at random: in some schedules
// often, in others never.
type hasty struct {
	Strategy
	step Stepper
	rng  rng
	rate int // one in so many, 0 for never
}

// WithEarlyTimers lets a timeout run out although threads could still go on, as
// happens when they are slow; timers fire in the order of their deadlines. Without
// it the clock stands still until every thread waits. Strategies that sample have the
// earliest timer fire at random; those that cover everything try both at every choice
// at which somebody waits for a moment, which to Preemptions, Delays and Sampling costs
// as much as a switch.
func WithEarlyTimers() Option { return optionFunc(func(c *config) { c.earlyTimers = true }) }

func (h *hasty) begin(s Strategy, seed uint64) {
	h.Strategy, h.rng.state = s, seed^0x9e3779b97f4a7c15
	h.step, _ = s.(Stepper)
	h.rate = []int{0, 4, 16, 64}[h.rng.below(4)]
}

func (h *hasty) fires(*Point) bool { return h.rng.below(h.rate) == 0 }

func (h *hasty) early() bool { return h.rate > 0 }

// Performed tells the strategy.
func (h *hasty) Performed(p *Point, thread int, op Op) {
	if h.step != nil {
		h.step.Performed(p, thread, op)
	}
}

// Draw has the strategy draw.
func (h *hasty) Draw(p *Point, thread, n int) int { return p.r.drawFor(h.Strategy, thread, n) }

func (f *follower) early() bool { return firesAtAll(f.list) }

// fires looks whether the next deviation from what the base order is about to do is
// one of the clock.
func (f *follower) fires(p *Point) bool {
	i := f.pending(p)
	if i < 0 || f.list[i].Instead != Clock {
		return false
	}
	f.used[i] = true
	return true
}

func (a *applier) early() bool {
	for _, l := range a.lists {
		if firesAtAll(l) {
			return true
		}
	}
	return false
}

// fires is what it is for follower.
func (a *applier) fires(p *Point) bool {
	a.look(p)
	list := a.of[p.base]
	if len(list) == 0 || list[0].Op != p.Done(p.base)+1 || list[0].Instead != Clock {
		return false
	}
	a.of[p.base] = list[1:]
	return true
}

// look finds the lists of threads that have been started.
func (a *applier) look(p *Point) {
	for ; a.known < p.Threads(); a.known++ {
		path := p.Path(a.known)
		a.byPath[path] = a.known
		a.of = append(a.of, a.lists[path])
	}
}

func firesAtAll(list []Deviation) bool {
	for i := range list {
		if list[i].Instead == Clock {
			return true
		}
	}
	return false
}
