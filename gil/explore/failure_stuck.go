package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// endless finds out what kind of endlessness a run has that was cut short, and, if it
// is to be shrunk, looks for a short way into it.
//
// It is a livelock when everybody who could run did, and all of them went round in
// a circle in which nothing new was written; a starvation when somebody who could
// run never did while the others went round; otherwise it may just be long.
func (f *Failure) endless(prog func(*gil.Thread), c *config, shrink bool) {
	a, _, err := record(prog, c, newApplier(f.Schedule))
	if identity(err) != identity(f.Err) {
		return
	}
	v := a.circle()
	f.take(v, a)
	if f.Kind == StepLimit || !shrink {
		return
	}
	// The way into a circle is short, or its length in steps would not be all there
	// is to say. Candidates are cut short early, and the best one is run in full.
	short := *c
	short.maxSteps = min(c.maxSteps, max(1000, 8*v.length()*len(a.actors)))
	r := newRunner(prog, &short)
	z := &shrinker{r: r, runs: shrinkRuns / 40, steps: shrinkSteps, best: f.Schedule, length: c.maxSteps}
	z.judge = func(err error) string { // the kind of a run that was cut short lies in what it repeats
		if classify(err) != StepLimit {
			return ""
		}
		b, _, _ := record(prog, &short, newApplier(r.schedule()))
		return b.circle().identity()
	}
	z.id = v.identity()
	if !z.try(Schedule{}) {
		z.halve()
	}
	r.close()
	b, done, err := record(prog, c, newApplier(z.best))
	if w := b.circle(); classify(err) == StepLimit && w.identity() == v.identity() {
		f.Schedule, f.Steps = z.best, len(done.steps)
		f.Schedule.Fingerprint = done.fingerprint()
		f.take(w, b)
	}
}

// take makes what was found out the failure.
func (f *Failure) take(v *round, a *account) {
	f.Kind = v.kind
	f.Schedule.Kind = v.kind
	if v.kind == StepLimit {
		f.Explanation = []string{v.text}
		return
	}
	f.Err = &Diagnosis{Kind: v.kind, Text: v.text, Threads: v.names, bound: true}
	f.Pattern = v.kind.String()
	f.Explanation = v.lines
	f.table = a.circleTable(v)
}

// round is what the threads of a run did again and again at its end.
type round struct {
	kind    Kind
	text    string
	names   []string
	lines   []string
	starved []int
	turns   []turn
	from    int // the step from which on it went round
}

// turn is one thread's part.
type turn struct {
	actor int
	steps []int // the operations of one turn, as steps of the account
}

func (v *round) identity() string { return v.kind.String() + ": " + strings.Join(v.names, ",") }

func (v *round) length() int {
	n := 1
	for _, t := range v.turns {
		n += len(t.steps)
	}
	return n
}

// longestTurn is how many operations a turn of one thread may have.
const longestTurn = 256

// circle looks at the end of a run that was cut short.
func (a *account) circle() *round {
	v := &round{kind: StepLimit}
	half := len(a.steps) / 2
	of := make([][]int, len(a.actors))
	for i := half; i < len(a.steps); i++ {
		of[a.steps[i].actor] = append(of[a.steps[i].actor], i)
	}
	could := a.couldRun(half)
	v.from = half
	round := true // everybody who ran did
	for t, steps := range of {
		switch {
		case len(steps) == 0 && could[t]:
			v.starved = append(v.starved, t)
			v.names = append(v.names, a.actors[t].name)
		case len(steps) > 0:
			p := a.period(steps)
			if p == 0 {
				round = false
				continue
			}
			v.turns = append(v.turns, turn{t, steps[len(steps)-p:]})
		}
	}
	switch {
	case !round || len(v.turns) == 0:
		v.text = "the run has not ended within the limit of operations and does not repeat itself either: raise WithMaxSteps if it ends at all"
		v.names = nil
		return v
	case len(v.starved) > 0:
		v.kind = Starvation
		v.text = fmt.Sprintf("%s could run all the time and never did, while %s went round in circles; fairness was not asked for",
			listed(v.names), a.runners(v))
		for _, t := range v.starved {
			v.lines = append(v.lines, fmt.Sprintf("%s could run and did not for the last %s operations", a.actors[t].name, thousands(len(a.steps)-half)))
		}
	default:
		v.kind = Livelock
		for _, t := range v.turns {
			v.names = append(v.names, a.actors[t.actor].name)
		}
		v.text = fmt.Sprintf("%s for ever and get nowhere", strings.ReplaceAll(listed(v.names)+" go round", "\n", " "))
		if len(v.names) == 1 {
			v.text = v.names[0] + " goes round for ever and gets nowhere"
		}
	}
	for _, t := range v.turns {
		v.lines = append(v.lines, a.turnLine(t))
	}
	if only := a.onlyRead(v); len(only) > 0 {
		v.lines = append(v.lines, "only read in that circle, so nobody in it can end it: "+listed(only))
	}
	return v
}

func (a *account) runners(v *round) string {
	var names []string
	for _, t := range v.turns {
		names = append(names, a.actors[t.actor].name)
	}
	return listed(names)
}

// listed lists names as a sentence does.
func listed(names []string) string {
	switch len(names) {
	case 0:
		return "nobody"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// couldRun says which threads were enabled at every choice from a step on.
func (a *account) couldRun(from int) []bool {
	could := make([]bool, len(a.actors))
	n := 0
	count := make([]int, len(a.actors))
	for _, c := range a.choices {
		if c.step < from {
			continue
		}
		n++
		for _, t := range c.enabled {
			count[t]++
		}
	}
	for t := range could {
		could[t] = n > 0 && count[t] == n
	}
	return could
}

// period is the length of what a thread repeats at the end of its operations, 0
// when it does not.
func (a *account) period(steps []int) int {
	n := len(steps)
	for p := 1; p <= longestTurn && 3*p <= n; p++ {
		same := true
		for i := n - 1; i >= n-2*p && same; i-- {
			x, y := &a.steps[steps[i]], &a.steps[steps[i-p]]
			same = x.kind == y.kind && x.obj.title() == y.obj.title() && x.site == y.site && slices.Equal(x.values, y.values)
		}
		if same {
			return p
		}
	}
	return 0
}

// turnLine is one thread's part of a circle in words.
func (a *account) turnLine(t turn) string {
	const most = 8
	parts := make([]string, 0, most)
	for i, n := range t.steps {
		if i == most {
			parts = append(parts, fmt.Sprintf("… %d more", len(t.steps)-most))
			break
		}
		s := &a.steps[n]
		parts = append(parts, a.cell(s)+at(s.site))
	}
	return a.actors[t.actor].name + " repeats: " + strings.Join(parts, ", ")
}

// onlyRead is the variables that the circle reads and nobody in it writes.
func (a *account) onlyRead(v *round) []string {
	state := make(map[*object]bool) // true: read only
	var order []*object
	for _, t := range v.turns {
		for _, n := range t.steps {
			s := &a.steps[n]
			if s.obj == nil || s.obj.target >= 0 {
				continue
			}
			if _, ok := state[s.obj]; !ok {
				state[s.obj] = true
				order = append(order, s.obj)
			}
			if s.kind != kernel.OpRead && s.kind != kernel.OpPeek && !s.failed {
				state[s.obj] = false
			}
		}
	}
	var out []string
	for _, o := range order {
		if state[o] {
			out = append(out, o.title())
		}
	}
	return out
}

// circleTable shows how the run got into its circle and one round of it.
func (a *account) circleTable(v *round) string {
	const most = 30
	var rows []row
	add := func(from, to int) {
		for i := from; i < to; i++ {
			s := &a.steps[i]
			rows = append(rows, row{number: i + 1, actor: s.actor, text: a.cell(s), site: s.site})
		}
	}
	n := min(2*v.length(), most, len(a.steps))
	add(0, n)
	if n < len(a.steps) {
		rows = append(rows, row{actor: -1, text: fmt.Sprintf("… and so on, %s operations …", thousands(len(a.steps)-n))})
	}
	return a.layOut(rows)
}
