package explore

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

// shrinker makes a failing schedule shorter. A candidate counts only if the run
// fails in the very same way, so what is explained is what was found.
type shrinker struct {
	r      *runner
	id     string
	judge  func(err error) string // the identity of a run's failure
	runs   int                    // that may still be made
	steps  int
	best   Schedule
	err    error // of its run
	last   error // of the run just done
	length int
}

// The work that shrinking may cost: counts, so that the same failure is shrunk in
// the same way on every machine.
const (
	shrinkRuns  = 4000
	shrinkSteps = 40_000_000
)

// shrink returns the shortest schedule found that fails as s does, the number of
// operations of its run, and its error. judge says what a run's failure is; the runner is one
// that has performed s and failed with err.
func (r *runner) shrink(s Schedule, err error, judge func(error) string) (best Schedule, steps int, failed error) {
	z := &shrinker{r: r, id: judge(err), judge: judge, runs: shrinkRuns, steps: shrinkSteps, best: s, err: err, length: len(r.steps)}
	if !z.try(Schedule{}) {
		z.guess()
		if !z.single() {
			z.trim()
		}
	}
	z.halve()
	z.guess()
	for range 3 {
		before := len(z.best.Deviations)
		z.halve()
		z.normalise()
		z.halve()
		if len(z.best.Deviations) == before {
			break
		}
	}
	z.lower()
	z.later()
	return z.best, z.length, z.err
}

// shorter orders schedules: fewer deviations, then fewer operations.
func shorter(a Schedule, aSteps int, b Schedule, bSteps int) bool {
	if len(a.Deviations) != len(b.Deviations) {
		return len(a.Deviations) < len(b.Deviations)
	}
	return aSteps < bSteps
}

// perform runs a candidate and reports whether it fails as it should. The schedule
// of the run is what was really done: deviations that could not be applied are gone.
func (z *shrinker) perform(c Strategy) (s Schedule, same bool) {
	if z.runs <= 0 || z.steps <= 0 {
		return s, false
	}
	z.runs--
	c.Start(0, 0)
	err := z.r.run(c)
	z.last = err
	z.steps -= len(z.r.steps)
	if z.judge(err) != z.id {
		return s, false
	}
	s = z.r.schedule()
	s.Kind = z.best.Kind
	return s, true
}

// try takes a candidate if it fails and is better than the best one.
func (z *shrinker) try(c Schedule) bool { return z.accept(newApplier(c), false) }

// accept takes what a strategy does if it is better than the best; sideways takes
// it also if it has no more deviations.
func (z *shrinker) accept(c Strategy, sideways bool) bool {
	s, same := z.perform(c)
	if !same {
		return false
	}
	if !shorter(s, len(z.r.steps), z.best, z.length) && !(sideways && len(s.Deviations) == len(z.best.Deviations)) {
		return false
	}
	z.best, z.err, z.length = s, z.last, len(z.r.steps)
	return true
}

// single looks for one deviation that is enough, among so many of the list as may
// be tried. Most bugs need no more, and where a list of thousands does harm in many
// places, leaving parts of it out ends in any of them.
func (z *shrinker) single() bool {
	const most = 300
	ds := z.best.Deviations
	if len(ds) < 2 {
		return true
	}
	for i := 0; i < len(ds); i += max(1, len(ds)/most) {
		if z.try(Schedule{Deviations: ds[i : i+1]}) {
			return true
		}
	}
	return false
}

// guess tries single deviations that the run suggests: that one thread is stopped
// before or after an access of what another one changes. Leaving deviations out ends
// where none can be left out; there may be a shorter list elsewhere.
func (z *shrinker) guess() {
	const most = 400
	if len(z.best.Deviations) < 2 {
		return
	}
	if _, same := z.perform(newApplier(z.best)); !same {
		return
	}
	r := z.r
	ops := make([]int, len(r.threads))
	number := make([]int, len(r.steps)) // of the thread's operations
	for n := range r.steps {
		t := r.steps[n].thread
		ops[t]++
		number[n] = ops[t]
	}
	var guesses []Deviation
	add := func(stop int32, op int, instead int32) {
		d := Deviation{Thread: r.pathOf(int(stop)), Op: op, Instead: r.pathOf(int(instead))}
		if op > 0 && !slices.Contains(guesses, d) {
			guesses = append(guesses, d)
		}
	}
	around := func(i, j int) bool {
		u, t := r.steps[i].thread, r.steps[j].thread
		add(u, number[i]+1, t)
		add(t, number[j], u)
		add(u, number[i], t)
		add(t, number[j]+1, u)
		return len(guesses) < most
	}
	r.races(around) // first what nothing orders
	last := make(map[kernel.ObjID]int)
	for n := range r.steps {
		obj, effect := target(&r.steps[n])
		if effect == nothing || r.steps[n].kind == kernel.OpJoin || r.steps[n].kind == kernel.OpExit {
			continue
		}
		if i, ok := last[obj]; ok && r.steps[i].thread != r.steps[n].thread && !around(i, n) {
			break
		}
		last[obj] = n
	}
	for _, d := range guesses {
		if z.try(Schedule{Deviations: []Deviation{d}}) {
			return
		}
	}
}

// trim cuts deviations off the end, then off the beginning, halving its way to the
// shortest list that fails. Where more than one place in the list does harm that
// need not be the shortest there is, but it takes a dozen runs and leaves little.
func (z *shrinker) trim() {
	for _, end := range [2]bool{true, false} {
		ds := z.best.Deviations
		fails := len(ds) // this many are known to be enough
		for enough := 0; fails-enough > 1; {
			mid := (enough + fails) / 2
			part := ds[:mid]
			if !end {
				part = ds[len(ds)-mid:]
			}
			if z.try(Schedule{Deviations: part}) {
				fails = mid
			} else {
				enough = mid
			}
		}
	}
}

// halve is Zeller and Hildebrandt's ddmin over the deviations: leave out halves,
// then quarters, down to single ones, until nothing can be left out.
func (z *shrinker) halve() {
	parts := 2
	for n := len(z.best.Deviations); n > 0 && z.runs > 0 && z.steps > 0; n = len(z.best.Deviations) {
		parts = min(parts, n)
		size := (n + parts - 1) / parts
		shrunk := false
		for from := 0; from < n; from += size {
			ds := z.best.Deviations
			if len(ds) != n {
				break
			}
			rest := make([]Deviation, 0, n)
			rest = append(rest, ds[:from]...)
			rest = append(rest, ds[min(from+size, n):]...)
			if z.try(Schedule{Deviations: rest}) {
				shrunk = true
				break
			}
		}
		switch {
		case shrunk:
			parts = max(parts-1, 2)
		case size == 1:
			return
		default:
			parts *= 2
		}
	}
}

// lower draws the least number with which the failure persists.
func (z *shrinker) lower() {
	for i := 0; i < len(z.best.Deviations); i++ {
		d := z.best.Deviations[i]
		nth, value, ok := d.draw()
		for v := 1; ok && v < value && v < lowest; v++ {
			c := Schedule{Deviations: append([]Deviation(nil), z.best.Deviations...)}
			c.Deviations[i].Instead = drawText(nth, v)
			if z.accept(newApplier(c), true) {
				break
			}
		}
	}
}

// lowest is how many numbers are tried below one that was drawn.
const lowest = 64

// later moves each deviation to a later operation of its thread as long as the
// failure persists: the position nearest to what it breaks is the canonical one,
// and the one that says most.
func (z *shrinker) later() {
	for i := 0; i < len(z.best.Deviations); i++ {
		if z.best.Deviations[i].isDraw() {
			continue
		}
		for moved := 0; moved < 64 && i < len(z.best.Deviations); moved++ {
			c := Schedule{Deviations: append([]Deviation(nil), z.best.Deviations...)}
			c.Deviations[i].Op++
			was := z.best.Deviations[i]
			if !z.accept(newApplier(c), true) || i < len(z.best.Deviations) && z.best.Deviations[i] == was {
				break
			}
		}
	}
}
