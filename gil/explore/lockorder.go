package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
)

// nesting is a thread that took a lock while it held another one.
type nesting struct {
	outer, inner kernel.ObjID
	thread       int32
	took, step   int            // the steps that took the outer one and the inner one
	held         []kernel.ObjID // all that it held then
	knows        clock          // what it had heard of, locks apart
	at           int32          // its own clock
}

// holding is a lock that a thread holds, and the step that took it.
type holding struct {
	lock kernel.ObjID
	step int
}

// nestings finds the first of each kind in the run just done.
func (r *runner) nestings() []nesting {
	var out []nesting
	threads := make([]clock, len(r.threads))
	for i := range threads {
		threads[i].set(i, 1)
	}
	gates := make(gateClocks)
	held := make([][]holding, len(r.threads))
	for n := range r.steps {
		s := &r.steps[n]
		t := int(s.thread)
		mine := &threads[t]
		switch s.kind {
		case kernel.OpStart:
			for c := range r.threads {
				if c > 0 && int(r.threads[c].born) == n {
					threads[c].join(*mine)
				}
			}
			mine.set(t, mine.at(t)+1)
			continue
		case kernel.OpAcquire, kernel.OpTryAcquire:
			if s.flags&refused != 0 || slices.ContainsFunc(held[t], func(h holding) bool { return h.lock == s.obj }) {
				continue
			}
			var all []kernel.ObjID
			for _, h := range held[t] {
				all = append(all, h.lock)
			}
			for _, h := range held[t] {
				known := func(o nesting) bool { return o.outer == h.lock && o.inner == s.obj && o.thread == s.thread }
				if s.flags&tries == 0 && !slices.ContainsFunc(out, known) {
					out = append(out, nesting{h.lock, s.obj, s.thread, h.step, n, all, slices.Clone(*mine), mine.at(t)})
				}
			}
			held[t] = append(held[t], holding{s.obj, n})
			continue
		case kernel.OpRelease:
			for u := range held {
				held[u] = slices.DeleteFunc(held[u], func(h holding) bool { return h.lock == s.obj })
			}
			continue
		case kernel.OpRead, kernel.OpWrite, kernel.OpUpdate:
			continue
		}
		if s.obj == 0 {
			continue
		}
		gates.passed(s, mine, t)
	}
	return out
}

// longestInversion is how many threads an inversion may have.
const longestInversion = 4

// inversion finds threads of the run just done that take locks in a circle, each
// holding the one that the thread before it wants: in this run they did not meet. It
// is none if they hold another lock in common meanwhile, or if something that is no
// lock orders them.
func (r *runner) inversion() []nesting {
	all := r.nestings()
	var ring []nesting
	var search func() bool
	search = func() bool {
		last := &ring[len(ring)-1]
		for i := range all {
			n := &all[i]
			if n.outer != last.inner || slices.ContainsFunc(ring, n.excludes) {
				continue
			}
			ring = append(ring, *n)
			if n.inner == ring[0].outer || len(ring) < longestInversion && search() {
				return true
			}
			ring = ring[:len(ring)-1]
		}
		return false
	}
	for i := range all {
		if ring = append(ring[:0], all[i]); search() {
			return ring
		}
	}
	return nil
}

// excludes reports whether two threads cannot be in the middle of these at a time.
func (n *nesting) excludes(o nesting) bool {
	return n.thread == o.thread || n.at <= o.knows.at(int(n.thread)) || o.at <= n.knows.at(int(o.thread)) ||
		slices.ContainsFunc(n.held, func(l kernel.ObjID) bool { return slices.Contains(o.held, l) })
}

// inverted is the diagnosis of an inversion in the run just done, nil when there is
// none. Its text tells them apart and so must not depend on the schedule.
func (r *runner) inverted() error {
	ring := r.inversion()
	if ring == nil {
		return nil
	}
	d := &Diagnosis{Kind: LockOrder}
	for i := range ring {
		d.Threads = append(d.Threads, r.nameOf(int(ring[i].thread)))
	}
	slices.Sort(d.Threads)
	d.Text = fmt.Sprintf("locks in different orders: %s each take one while they hold another one, in a circle; "+
		"they did not meet here, but could: take locks in one order everywhere", listed(d.Threads))
	return d
}

// inverted describes an inversion: who took what while holding what.
func (a *account) inverted(ring []nesting) (name string, lines []string) {
	var names []string
	for i := range ring {
		n := &ring[i]
		outer, inner := &a.steps[n.took], &a.steps[n.step]
		who := a.actors[n.thread].name
		names = append(names, who)
		lines = append(lines, fmt.Sprintf("%s took %s%s while it held %s%s",
			who, inner.obj.title(), at(inner.site), outer.obj.title(), at(outer.site)))
	}
	return "lock-order inversion " + strings.Join(append(names, names[0]), " → "), lines
}
