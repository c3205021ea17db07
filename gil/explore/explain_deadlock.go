package explore

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// deadlocked says why nobody can go on: the name of the pattern and one line for
// each thread that is part of it. It returns empty strings for a run in which
// nobody waits.
func (a *account) deadlocked() (name string, lines []string, threads []int) {
	type wait struct{ holder, since int }
	waits := make(map[int]wait)
	for i := range a.actors {
		who := &a.actors[i]
		if who.ended || who.pending.Kind == kernel.OpNone {
			continue
		}
		w := wait{holder: -1}
		o := a.objects[who.pending.Obj]
		switch {
		case o == nil:
		case o.target >= 0:
			w.holder = o.target
		case who.pending.Kind == kernel.OpAcquire:
			w.holder, w.since = a.owner(o, len(a.steps))
		}
		waits[i] = w
	}
	if cycle := cycleOf(len(a.actors), func(i int) int {
		if w, ok := waits[i]; ok {
			return w.holder
		}
		return -1
	}); cycle != nil {
		for _, i := range cycle {
			lines = append(lines, a.waitLine(i, waits[i].holder, waits[i].since))
		}
		name = "lock-order deadlock"
		for _, i := range cycle {
			if o := a.objects[a.actors[i].pending.Obj]; o.target >= 0 {
				name = "deadlock of a join with a lock"
			}
		}
		if len(cycle) == 1 {
			name = "self-deadlock"
		}
		names := make([]string, 0, len(cycle)+1)
		for _, i := range cycle {
			names = append(names, a.actors[i].name)
		}
		names = append(names, names[0])
		return name + " " + strings.Join(names, " → "), lines, cycle
	}
	for i := range a.actors {
		w, ok := waits[i]
		if !ok {
			continue
		}
		o := a.objects[a.actors[i].pending.Obj]
		line := a.waitLine(i, w.holder, w.since)
		switch {
		case o == nil:
		case o.target >= 0:
			lines = append(lines, line)
			continue // it waits for one that waits for something else
		case w.holder >= 0 && a.actors[w.holder].ended:
			name = first(name, "lock never released")
		case a.actors[i].pending.Kind == kernel.OpWait || a.actors[i].pending.Kind == kernel.OpTake:
			if n, why := a.missedSignal(i, o); n != "" {
				name = first(name, n)
				line += why
			}
		}
		threads = append(threads, i)
		lines = append(lines, line)
	}
	if len(lines) > 0 {
		name = first(name, "nobody is left to go on")
	}
	return name, lines, threads
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cycleOf finds a cycle in a graph in which every node has at most one successor.
func cycleOf(n int, next func(int) int) []int {
	seen := make([]int, n) // 0: not yet, otherwise the walk it was met in, from 1
	for start := range n {
		at := start
		for at >= 0 && seen[at] == 0 {
			seen[at] = start + 1
			at = next(at)
		}
		if at < 0 || seen[at] != start+1 {
			continue
		}
		cycle := []int{at}
		for u := next(at); u != at; u = next(u) {
			cycle = append(cycle, u)
		}
		return cycle
	}
	return nil
}

// waitLine is what one thread waits for, and what it holds itself.
func (a *account) waitLine(i, holder, since int) string {
	who := &a.actors[i]
	var b strings.Builder
	b.WriteString(who.name)
	held := 0
	for _, o := range a.order {
		if o.shared || o.target >= 0 {
			continue
		}
		if h, s := a.owner(o, len(a.steps)); h == i {
			if held++; held == 1 {
				b.WriteString(" holds ")
			} else {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "%s%s", o.title(), taken(a.steps[s].site))
		}
	}
	if held > 0 {
		b.WriteString(" and")
	}
	o := a.objects[who.pending.Obj]
	switch {
	case o == nil:
		fmt.Fprintf(&b, " is about to %s%s", who.pending.Kind, at(who.site))
		return b.String()
	case o.target >= 0:
		fmt.Fprintf(&b, " waits for the %s%s", o.title(), at(who.site))
		return b.String()
	}
	fmt.Fprintf(&b, " waits for %s%s", o.title(), at(who.site))
	switch {
	case holder < 0:
	case holder == i:
		fmt.Fprintf(&b, ", which it holds itself since%s", at(a.steps[since].site))
	case a.actors[holder].ended:
		fmt.Fprintf(&b, ", which %s took%s and never gave back; it has ended", a.actors[holder].name, at(a.steps[since].site))
	default:
		fmt.Fprintf(&b, ", which %s holds", a.actors[holder].name)
	}
	return b.String()
}

func taken(pc uintptr) string {
	if w := site.Line(pc); w != "" {
		return " (taken at " + w + ")"
	}
	return ""
}

// missedSignal looks whether what a thread waits for has been given before it
// began to wait.
func (a *account) missedSignal(i int, o *object) (name, why string) {
	began := 0
	for n := range a.steps {
		if a.steps[n].actor == i {
			began = n + 1
		}
	}
	for n := began - 1; n >= 0; n-- {
		s := &a.steps[n]
		if s.actor == i || s.obj == nil || s.obj.name != o.name {
			continue
		}
		switch s.kind {
		case kernel.OpNotify, kernel.OpSet:
			return "lost wake-up", fmt.Sprintf("; %s gave the signal%s before it waited", a.actors[s.actor].name, at(s.site))
		case kernel.OpClear:
			return "lost wake-up", fmt.Sprintf("; %s cleared it%s before it waited", a.actors[s.actor].name, at(s.site))
		}
	}
	if a.actors[i].pending.Kind == kernel.OpTake {
		return "missing signal", "; nobody that is left adds a unit"
	}
	return "missing wake-up", "; nobody that is left wakes it, and a notification from before it waited is lost"
}
