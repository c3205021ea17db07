package explore

import "sort"

// applier is the strategy that performs a schedule leniently in constant time per
// choice, whatever the schedule's length: shrinking a long one tries thousands.
type applier struct {
	lists  map[string][]Deviation // by thread, in the order of their operations
	of     [][]Deviation          // by thread number: what is left of its list
	known  int                    // threads that have been looked up
	byPath map[string]int         // thread path → number
	draws  stated
}

func newApplier(s Schedule) *applier {
	a := &applier{lists: make(map[string][]Deviation), draws: statedBy(s.Deviations)}
	for _, d := range s.Deviations {
		if !d.isDraw() {
			a.lists[d.Thread] = append(a.lists[d.Thread], d)
		}
	}
	for _, l := range a.lists {
		sort.SliceStable(l, func(i, j int) bool { return l[i].Op < l[j].Op })
	}
	return a
}

func (a *applier) Name() string { return "replay" }

func (a *applier) Start(int, uint64) bool {
	a.of, a.known = a.of[:0], 0
	a.byPath = make(map[string]int)
	return true
}

func (a *applier) Choose(p *Point) int {
	for ; a.known < p.Threads(); a.known++ {
		path := p.Path(a.known)
		a.byPath[path] = a.known
		a.of = append(a.of, a.lists[path])
	}
	op := p.Done(p.base) + 1
	list := a.of[p.base]
	for len(list) > 0 && list[0].Op < op {
		list = list[1:]
	}
	to := p.base
	for len(list) > 0 && list[0].Op == op {
		d := list[0]
		list = list[1:]
		if t, ok := a.byPath[d.Instead]; ok && p.Enabled(t) {
			to = t
			break
		}
	}
	a.of[p.base] = list
	return to
}

// Draw returns the number that the schedule says if it can be drawn, and otherwise 0.
func (a *applier) Draw(p *Point, thread, n int) int {
	if d, ok := a.draws.next(p.r, thread); ok && d.value < n {
		return d.value
	}
	return 0
}

// sequence is the strategy that runs threads in exactly a given order, one entry
// for each operation, as far as that can be done.
type sequence struct {
	order []int32
	draws [][]int32 // by thread
	next  []int     // of each thread, how many of them have been drawn
	lost  bool      // the program did something else
}

func (s *sequence) Name() string { return "sequence" }

func (s *sequence) Start(int, uint64) bool {
	s.lost = false
	s.next = make([]int, len(s.draws))
	return true
}

// Draw returns the thread's next number, and 0 after the last one.
func (s *sequence) Draw(_ *Point, thread, n int) int {
	if v, ok := s.drawNext(thread, n); ok {
		return v
	}
	return 0
}

func (s *sequence) drawNext(thread, n int) (v int, ok bool) {
	if thread >= len(s.draws) || s.next[thread] == len(s.draws[thread]) {
		return 0, false
	}
	v = int(s.draws[thread][s.next[thread]])
	s.next[thread]++
	return v, v < n
}

func (s *sequence) Choose(p *Point) int {
	if n := p.Steps(); !s.lost && n < len(s.order) && p.Enabled(int(s.order[n])) {
		return int(s.order[n])
	}
	s.lost = true
	return p.base
}

// order is the threads of the run just done, one for each operation.
func (r *runner) order() []int32 {
	out := make([]int32, len(r.steps))
	for i := range r.steps {
		out[i] = r.steps[i].thread
	}
	return out
}
