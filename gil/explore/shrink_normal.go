package explore

import "github.com/pygil/pygil/internal/kernel"

// normalise looks for an order of the same operations with fewer switches: one in
// which independent operations have changed places and no others, so that every
// operation sees what it saw. Leaving deviations out cannot find those in which a
// switch was needed for somebody to be able to go on, but not where it was.
//
// The orders are made without running anything, and each is confirmed by a run.
func (z *shrinker) normalise() {
	const most = 50_000 // steps: the work is proportional to them, and to the threads
	if z.length > most || len(z.best.Deviations) == 0 {
		return
	}
	if _, same := z.perform(newApplier(z.best)); !same {
		return
	}
	steps := append([]step(nil), z.r.steps...)
	threads := len(z.r.threads)
	parents := make([]int32, threads)
	nths := make([]int32, threads)
	for i := range parents {
		parents[i], nths[i] = z.r.threads[i].parent, z.r.threads[i].nth
	}
	draws := z.r.draws()
	p := newPartialOrder(steps, threads, parents, nths)
	for _, order := range [][]int32{p.forward(false), p.forward(true), p.backward()} {
		if order != nil {
			z.accept(&sequence{order: order, draws: draws}, false)
		}
	}
}

// partialOrder is which steps of a run must come before which.
type partialOrder struct {
	steps   []step
	threads int
	before  [][]int32 // immediate predecessors in other threads
	after   [][]int32
}

func newPartialOrder(steps []step, threads int, parents, nths []int32) *partialOrder {
	p := &partialOrder{steps: steps, threads: threads, before: make([][]int32, len(steps)), after: make([][]int32, len(steps))}
	link := func(a, b int) {
		if a >= 0 && steps[a].thread != steps[b].thread {
			p.before[b] = append(p.before[b], int32(a))
			p.after[a] = append(p.after[a], int32(b))
		}
	}
	type object struct {
		write int
		reads []int
	}
	objects := make(map[kernel.ObjID]*object)
	started := make([]int, threads) // the step that started a thread
	first := make([]bool, threads)
	count := make([]int32, threads)
	for i := range started {
		started[i] = -1
	}
	for n := range steps {
		s := &steps[n]
		if t := int(s.thread); !first[t] {
			first[t] = true
			link(started[t], n)
		}
		if s.kind == kernel.OpStart {
			count[s.thread]++
			for c := range started {
				if parents[c] == s.thread && nths[c] == count[s.thread] {
					started[c] = n
				}
			}
		}
		// Time moves only when nobody can run: such a step comes after everything.
		if s.flags&clocked != 0 && n > 0 {
			link(n-1, n)
		}
		obj, effect := target(s)
		if s.obj != 0 && effect == nothing {
			obj, effect = s.obj, reads // a join that is implied, a wait that ran out of time: keep their places
		}
		if effect == nothing {
			continue
		}
		o := objects[obj]
		if o == nil {
			o = &object{write: -1}
			objects[obj] = o
		}
		link(o.write, n)
		if effect == reads {
			o.reads = append(o.reads, n)
			continue
		}
		for _, r := range o.reads {
			link(r, n)
		}
		o.write, o.reads = n, o.reads[:0]
	}
	return p
}

// forward goes on with the current thread while its next step can come, and then
// with one that can: the first started, or, if so asked, the one whose next step
// came first.
func (p *partialOrder) forward(earliest bool) []int32 {
	queues := make([][]int32, p.threads)
	waits := make([]int, len(p.steps))
	for i := range p.steps {
		t := p.steps[i].thread
		queues[t] = append(queues[t], int32(i))
		waits[i] = len(p.before[i])
	}
	if earliest {
		return p.walk(queues, waits, p.after, func(a, b int32) bool { return a < b })
	}
	return p.walk(queues, waits, p.after, nil)
}

// backward is forward from the end: it pushes what a thread does towards what it
// does later.
func (p *partialOrder) backward() []int32 {
	queues := make([][]int32, p.threads)
	waits := make([]int, len(p.steps))
	for i := len(p.steps) - 1; i >= 0; i-- {
		t := p.steps[i].thread
		queues[t] = append(queues[t], int32(i))
		waits[i] = len(p.after[i])
	}
	order := p.walk(queues, waits, p.before, func(a, b int32) bool { return a > b })
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// walk performs the queues of the threads: a step can come when nothing is left
// that it waits for. sooner chooses among those that can come when the current
// thread cannot go on; nil takes the thread that was started first.
func (p *partialOrder) walk(queues [][]int32, waits []int, release [][]int32, sooner func(a, b int32) bool) []int32 {
	order := make([]int32, 0, len(p.steps))
	ready := func(t int) bool { return len(queues[t]) > 0 && waits[queues[t][0]] == 0 }
	cur := -1
	for len(order) < len(p.steps) {
		if cur < 0 || !ready(cur) {
			cur = -1
			for t := range queues {
				if !ready(t) {
					continue
				}
				if cur < 0 || sooner != nil && sooner(queues[t][0], queues[cur][0]) {
					cur = t
				}
			}
			if cur < 0 {
				return nil // cannot be: the run itself is such an order
			}
		}
		n := queues[cur][0]
		queues[cur] = queues[cur][1:]
		order = append(order, int32(cur))
		for _, m := range release[n] {
			waits[m]--
		}
	}
	return order
}
