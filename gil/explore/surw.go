package explore

type surw struct {
	rng      rng
	known    *profile
	events   events   // on the object
	priority []uint64 // of each thread's next operation
	held     bitset   // threads that wait before an operation on the object
	want     int      // the thread whose operation on the object comes next, -1 when it is not drawn yet
	inherit  func(parent, child int, n, left int32)
}

// SURW is the selectively uniform random walk: in each schedule it picks one of
// the objects that threads share and makes all orders of the operations on that one
// equally likely; the other operations come in an order of random priorities (Zhao,
// Sen and others, "Selectively uniform concurrency testing", ASPLOS 2025). What
// there is to be picked comes from the first schedule, which is a random walk.
func SURW() Strategy {
	s := &surw{}
	s.inherit = s.born
	return s
}

func (s *surw) Name() string { return "surw" }

func (s *surw) Clone() Strategy {
	c := SURW().(*surw)
	c.known = s.known
	return c
}

func (s *surw) learn(p *profile) { s.known = p }

func (s *surw) Start(_ int, seed uint64) bool {
	s.rng.state = seed
	s.priority, s.held, s.want = s.priority[:0], s.held[:0], -1
	if s.known == nil || len(s.known.shared) == 0 {
		s.events.reset(s.known, 0)
		return true
	}
	s.events.reset(s.known, s.known.shared[s.rng.below(len(s.known.shared))].id)
	return true
}

// born hands the intention on: the operation that was drawn may be one of the
// child's.
func (s *surw) born(parent, child int, n, left int32) {
	if s.want == parent && left > 0 && s.rng.below(int(left)) < int(n) {
		s.want = child
	}
}

// interesting reports whether thread t is about to touch the object.
func (s *surw) interesting(op Op) bool {
	return op.Obj == s.events.object && counts(op.Kind, op.Obj)
}

func (s *surw) grow(p *Point) {
	s.events.grow(p.r, s.inherit)
	for len(s.priority) < len(p.r.threads) {
		s.priority = append(s.priority, s.rng.next())
	}
}

func (s *surw) Choose(p *Point) int {
	s.grow(p)
	for {
		c := -1
		for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
			if !s.held.has(t) && (c < 0 || s.priority[t] > s.priority[c]) {
				c = t
			}
		}
		if c < 0 { // the one that is wanted waits for something itself
			s.held, s.want = s.held[:0], -1
			continue
		}
		if !s.interesting(p.r.k.Pending(c)) {
			return c
		}
		if s.want < 0 {
			s.want = s.draw(p, c)
		}
		if c == s.want {
			return c
		}
		s.held.add(c)
	}
}

// draw picks the thread whose operation on the object is to be next, c if nobody is
// expected to have one.
func (s *surw) draw(p *Point, c int) int {
	sum := int32(0)
	for t := p.set.Next(0); t >= 0; t = p.set.Next(t + 1) {
		if !s.held.has(t) {
			sum += s.events.left[t]
		}
	}
	if sum == 0 {
		return c
	}
	n := int32(s.rng.below(int(sum)))
	for t := p.set.Next(0); ; t = p.set.Next(t + 1) {
		if s.held.has(t) {
			continue
		}
		if n -= s.events.left[t]; n < 0 {
			return t
		}
	}
}

func (s *surw) Performed(p *Point, t int, op Op) {
	s.grow(p)
	s.priority[t] = s.rng.next()
	if s.interesting(op) {
		s.events.done(t)
		s.held = s.held[:0]
		s.want = -1
	}
}
