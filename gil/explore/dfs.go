package explore

// dfs walks through all schedules.
type dfs struct {
	path []dfsNode
	at   int
	done bool
	soon bool // timers may fire early
}

// dfsNode is a choice or a draw on the current path: the n-th of width.
type dfsNode struct{ n, width int32 }

// DFS walks through all interleavings, and all draws of the program, depth first, the
// base order first. It ends
// when it has covered all of them, which only tiny programs allow: DPOR covers as
// much with far fewer schedules.
func DFS() Strategy { return &dfs{} }

func (s *dfs) Name() string { return "dfs" }

func (s *dfs) Start(n int, _ uint64) bool {
	if n == 0 {
		*s = dfs{path: s.path[:0], soon: s.soon}
	}
	s.at = 0
	return !s.done
}

func (s *dfs) Choose(p *Point) int {
	if s.at == len(s.path) {
		s.path = append(s.path, dfsNode{0, int32(p.set.Len())})
	}
	n := int(s.path[s.at].n)
	s.at++
	return nthFrom(p, n)
}

// Draw walks through the numbers.
func (s *dfs) Draw(_ *Point, _, n int) int {
	if s.at == len(s.path) {
		s.path = append(s.path, dfsNode{0, int32(n)})
	}
	s.at++
	return int(s.path[s.at-1].n)
}

// nthFrom is the n-th enabled thread when the one of the base order comes first.
func nthFrom(p *Point, n int) int {
	if n == 0 {
		return p.base
	}
	t := p.set.Nth(n - 1)
	if t >= p.base {
		t = p.set.Nth(n)
	}
	return t
}

func (s *dfs) hurry(early bool) { s.soon = early }

func (s *dfs) early() bool { return s.soon }

// fires walks through not firing and firing.
func (s *dfs) fires(p *Point) bool { return s.Draw(p, 0, 2) == 1 }

func (s *dfs) ended(*runner) {
	for i := len(s.path) - 1; i >= 0; i-- {
		if s.path[i].n++; s.path[i].n < s.path[i].width {
			s.path = s.path[:i+1]
			return
		}
	}
	s.path, s.done = s.path[:0], true
}

// covered weighs each choice equally: the part of the tree that lies before the
// path.
func (s *dfs) covered() (bool, float64) {
	if s.done {
		return true, 1
	}
	part, weight := 0.0, 1.0
	for _, n := range s.path {
		weight /= float64(n.width)
		part += weight * float64(n.n)
	}
	return false, part
}
