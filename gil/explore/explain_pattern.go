package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// pattern is what went wrong between threads, by the name that the field has for
// it, with the operations that show it.
type pattern struct {
	name  string
	text  string // who did what where, one clause for each operation
	steps []int
	score int
}

// patternOf finds the pattern that explains a run best, nil when none fits. failed
// is the thread that failed, -1 when it was none in particular.
func (a *account) patternOf(failed int) *pattern {
	var best *pattern
	offer := func(name string, score int, steps ...int) {
		for n, i := range steps {
			if a.steps[i].actor == failed {
				score += 20
				break
			}
			if n == len(steps)-1 && failed == 0 {
				score += 10 // the main thread looks at the result
			}
		}
		if a.preempted(steps[0], steps[len(steps)-1]) {
			score += 15
		}
		if best == nil || score > best.score {
			best = &pattern{name: name, steps: steps, score: score}
		}
	}
	for _, o := range a.order {
		if o.shared {
			a.singlePatterns(o, offer)
		}
	}
	a.tornPairs(offer)
	if best != nil {
		best.text = a.tell(best)
	}
	return best
}

// singlePatterns offers what two threads did to each other on one object: two
// accesses in a row of one thread with another one's in between.
func (a *account) singlePatterns(o *object, offer func(string, int, ...int)) {
	var on []int
	for i := range a.steps {
		if a.steps[i].obj == o {
			on = append(on, i)
		}
	}
	last := make(map[int]int) // by thread: position in on of its latest access
	for p, k := range on {
		by := a.steps[k].actor
		if q, ok := last[by]; ok {
			for m := p - 1; m > q; m-- {
				first, middle, second := a.steps[on[q]].kind, a.steps[on[m]].kind, a.steps[k].kind
				if name, score := between(first, middle, second); name != "" {
					offer(name, score, on[q], on[m], k)
					break
				}
			}
		}
		last[by] = p
	}
	// One that used a value before the other had written it, or never saw it.
	for p, j := range on {
		if a.steps[j].kind != kernel.OpRead {
			continue
		}
		for _, k := range on[p+1:] {
			if a.steps[k].kind.Writes() && a.steps[k].actor != a.steps[j].actor {
				offer("order violation", 20, j, k)
				break
			}
		}
	}
	a.staleChecks(on, offer)
}

// between names what an access in the middle does to the two around it.
func between(first, middle, second kernel.OpKind) (name string, score int) {
	switch {
	case !middle.Writes() && first.Writes() && second.Writes():
		return "half-done change seen", 60
	case !middle.Writes():
		return "", 0
	case first == kernel.OpRead && second == kernel.OpWrite:
		return "lost update", 100
	case first == kernel.OpRead && second == kernel.OpUpdate:
		return "check-then-act", 90
	case first == kernel.OpRead && second == kernel.OpRead:
		return "unrepeatable read", 70
	case first.Writes() && second == kernel.OpRead:
		return "own write overwritten", 55
	}
	return "", 0
}

// staleChecks offers a read that another thread made untrue before the reader went
// on to act on something else.
func (a *account) staleChecks(on []int, offer func(string, int, ...int)) {
	for p, i := range on {
		if a.steps[i].kind != kernel.OpRead {
			continue
		}
		for _, j := range on[p+1:] {
			if a.steps[j].actor == a.steps[i].actor {
				break
			}
			if !a.steps[j].kind.Writes() {
				continue
			}
			for k := j + 1; k < len(a.steps); k++ {
				if s := &a.steps[k]; s.actor == a.steps[i].actor && s.obj != nil && s.obj.shared && s.obj != a.steps[i].obj && s.kind.Writes() {
					offer("check-then-act", 50, i, j, k)
					break
				}
			}
			break
		}
	}
}

// tornPairs offers two objects that one thread changes one after the other while
// another one looks at both: it sees one changed and the other not.
func (a *account) tornPairs(offer func(string, int, ...int)) {
	const most = 4000 // steps; the run has been shrunk, so this is far away
	if len(a.steps) > most {
		return
	}
	accesses := make([][]int, len(a.actors))
	for i := range a.steps {
		if o := a.steps[i].obj; o != nil && o.shared {
			accesses[a.steps[i].actor] = append(accesses[a.steps[i].actor], i)
		}
	}
	for w, writes := range accesses {
		for n := 0; n+1 < len(writes); n++ {
			x, y := writes[n], writes[n+1]
			if !a.steps[x].kind.Writes() || !a.steps[y].kind.Writes() || a.steps[x].obj == a.steps[y].obj {
				continue
			}
			for r, reads := range accesses {
				if r == w {
					continue
				}
				for m := 0; m+1 < len(reads); m++ {
					p, q := reads[m], reads[m+1]
					if a.steps[p].kind != kernel.OpRead || a.steps[q].kind != kernel.OpRead {
						continue
					}
					if a.steps[p].obj == a.steps[y].obj {
						p, q = q, p // p looks at what was changed first
					}
					if a.steps[p].obj != a.steps[x].obj || a.steps[q].obj != a.steps[y].obj {
						continue
					}
					if x < p && q < y || p < x && y < q {
						steps := []int{x, p, q, y}
						slices.Sort(steps)
						offer("torn pair", 80, steps...)
					}
				}
			}
		}
	}
}

// preempted reports whether between two operations somebody was chosen although
// the thread of the first one could have gone on.
func (a *account) preempted(from, to int) bool {
	by := a.steps[from].actor
	for _, c := range a.choices {
		if c.step <= from || c.step > to || c.chosen == by || c.last != by {
			continue
		}
		for _, e := range c.enabled {
			if e == by {
				return true
			}
		}
	}
	return false
}

// tell says what the operations of a pattern were, and who held what.
func (a *account) tell(p *pattern) string {
	parts := make([]string, len(p.steps))
	for n, i := range p.steps {
		s := &a.steps[i]
		parts[n] = a.actors[s.actor].name + " " + s.past() + at(s.site)
	}
	text := strings.Join(parts[:len(parts)-1], ", ") + ", then " + parts[len(parts)-1]
	return text + a.lockNote(p)
}

// lockNote says when one side of a conflict held a lock that the other did not
// ask for.
func (a *account) lockNote(p *pattern) string {
	first, last := p.steps[0], p.steps[len(p.steps)-1]
	by := a.steps[first].actor
	if a.steps[last].actor != by {
		return ""
	}
	for _, o := range a.order {
		if o.shared || o.target >= 0 {
			continue
		}
		h1, s1 := a.owner(o, first)
		h2, s2 := a.owner(o, last)
		if h1 == by && h2 == by && s1 == s2 {
			other := a.steps[p.steps[1]].actor
			return fmt.Sprintf("; %s held %s all the while, %s did not ask for it", a.actors[by].name, o.title(), a.actors[other].name)
		}
		if h1 == by && h2 == by {
			return fmt.Sprintf("; %s held %s both times but let it go in between", a.actors[by].name, o.title())
		}
	}
	return ""
}

// past is an operation as something that was done.
func (s *happening) past() string {
	o := s.obj.title()
	switch s.kind {
	case kernel.OpRead:
		if len(s.values) > 0 {
			return "read " + o + " → " + s.values[0].text
		}
		return "read " + o
	case kernel.OpWrite:
		if len(s.values) > 0 {
			return "wrote " + o + " ← " + s.values[len(s.values)-1].text
		}
		return "wrote " + o
	case kernel.OpUpdate:
		return "changed " + o
	}
	return s.kind.String() + " " + o
}

// at is a site in brackets.
func at(pc uintptr) string {
	if w := site.Line(pc); w != "" {
		return " (" + w + ")"
	}
	return ""
}
