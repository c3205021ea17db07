package explore

import (
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/pygil/pygil/gil"
)

// WithNearby makes Replay try up to n schedules more when the given one does not
// fail: ones in which the deviations lie a few operations earlier or later. An edit
// of the program that adds or removes operations before the place that matters
// moves it, and a saved failure should outlive that.
func WithNearby(n int) Option { return optionFunc(func(c *config) { c.nearby = n }) }

// Replay performs one schedule and returns how it failed, explained but not shrunk,
// nil if it did not. Where the program is not any more the one that the schedule was
// recorded of, the deviations that still make sense are applied and the others left
// out.
//
// A schedule says how the recorded run failed, so one of a race or a leak looks for
// those without WithRaces and WithLeaks.
//
// With WithStrictReplay a run that does anything else than the recorded one did is
// a failure of kind Nondeterminism.
func Replay(prog func(t *gil.Thread), s Schedule, opts ...Option) *Failure {
	c := collect(opts)
	var f *Failure
	stuck := c.supervise(func() {
		if f = c.replay(prog, s); f == nil && s.Kind == Starvation && !c.unfair {
			c.unfair = true // it was found without the filter that prevents it
			f = c.replay(prog, s)
		}
	})
	if stuck != nil {
		return stuck
	}
	return f
}

// replay performs the schedule, and those near to it if that is wanted.
func (c *config) replay(prog func(t *gil.Thread), s Schedule) *Failure {
	c.races = c.races || s.Kind == Race
	c.leaks = c.leaks || s.Kind == Leak
	r := newRunner(prog, c)
	r.box.KeepApart(c.plain)
	defer r.close()
	if c.strict {
		fw, err := r.replay(s, true)
		if d := r.divergence(fw, s); d != nil {
			return &Failure{Kind: Nondeterminism, Err: d, Schedule: s, Found: s, Schedules: 1, Steps: len(r.steps)}
		}
		if err == nil {
			return nil
		}
	}
	var found *Failure
	n := 0
	for candidate := range nearby(s) {
		if n > c.nearby {
			break
		}
		err := r.run(begin(newApplier(candidate)))
		if err == nil {
			err = r.suspicion(s.Kind)
		}
		if err != nil {
			if f := r.failure(err, n); s.Kind == NoFailure || s.Kind == f.Kind || f.endlessAs(s.Kind) || n == 0 {
				found = f
				break
			}
		}
		n++
	}
	if found == nil {
		return nil
	}
	found.Found = s
	if found.Kind == StepLimit {
		found.endless(prog, c.quietly(), false)
		r.tell(found.Err)
		return found
	}
	quiet := newRunner(prog, c.quietly())
	defer quiet.close()
	found.explain(prog, quiet.conf, quiet)
	return found
}

// endlessAs reports whether a run that was cut short may be what was recorded as a
// livelock or a starvation.
func (f *Failure) endlessAs(k Kind) bool {
	return f.Kind == StepLimit && (k == Livelock || k == Starvation)
}

// nearby yields the schedule itself, then those in which all deviations of one
// thread, or of all, or a single one, lie the same number of operations earlier or
// later, and then the same with draws renumbered, as an edit does that draws once more
// or less, and with threads renumbered, as one does that starts one more or fewer.
func nearby(s Schedule) iter.Seq[Schedule] {
	return func(yield func(Schedule) bool) {
		if !around(s, yield) {
			return
		}
		for _, by := range [...]int{1, -1, 2} {
			if c, ok := s.redrawn(by); ok && !around(c, yield) {
				return
			}
		}
		for _, by := range [...]int{1, -1, 2} {
			for from := 1; from <= s.highest(); from++ {
				if c, ok := s.renumbered(from, by); ok && !around(c, yield) {
					return
				}
			}
		}
	}
}

// around yields a schedule and those near it.
func around(s Schedule, yield func(Schedule) bool) bool {
	const farthest = 12
	if !yield(s) {
		return false
	}
	var threads []string
	for _, d := range s.Deviations {
		if !slices.Contains(threads, d.Thread) {
			threads = append(threads, d.Thread)
		}
	}
	for far := 1; far <= farthest; far++ {
		for _, by := range [2]int{far, -far} {
			for _, t := range threads {
				if !yield(s.shifted(by, func(_ int, d Deviation) bool { return d.Thread == t })) {
					return false
				}
			}
			if len(threads) > 1 && !yield(s.shifted(by, func(int, Deviation) bool { return true })) {
				return false
			}
			for i := range s.Deviations {
				if len(s.Deviations) > 1 && !yield(s.shifted(by, func(j int, _ Deviation) bool { return i == j })) {
					return false
				}
			}
		}
	}
	return true
}

// redrawn is the schedule with draws so many draws later.
func (s Schedule) redrawn(by int) (c Schedule, ok bool) {
	c = Schedule{Kind: s.Kind, Deviations: slices.Clone(s.Deviations)}
	for i := range c.Deviations {
		if nth, v, is := c.Deviations[i].draw(); is && nth+by > 0 {
			ok = true
			c.Deviations[i].Instead = drawText(nth+by, v)
		}
	}
	return c, ok
}

// highest is the highest number of a child of the main thread that is mentioned.
func (s Schedule) highest() int {
	n := 0
	for _, d := range s.Deviations {
		for _, p := range [2]string{d.Thread, d.Instead} {
			head, _, _ := strings.Cut(p, ".")
			if v, err := strconv.Atoi(head); err == nil {
				n = max(n, v)
			}
		}
	}
	return n
}

// renumbered is the schedule with the children of the main thread from a number on
// moved by so many.
func (s Schedule) renumbered(from, by int) (c Schedule, ok bool) {
	c = Schedule{Kind: s.Kind, Deviations: append([]Deviation(nil), s.Deviations...)}
	move := func(p string) string {
		head, rest, nested := strings.Cut(p, ".")
		v, err := strconv.Atoi(head)
		if err != nil || v < from || v == 0 {
			return p
		}
		if v+by < 1 {
			return ""
		}
		ok = true
		if head = strconv.Itoa(v + by); nested {
			return head + "." + rest
		}
		return head
	}
	for i := range c.Deviations {
		d := &c.Deviations[i]
		if d.Thread, d.Instead = move(d.Thread), move(d.Instead); d.Thread == "" || d.Instead == "" {
			return c, false
		}
	}
	return c, ok
}

// shifted is the schedule with the chosen deviations so many operations later.
func (s Schedule) shifted(by int, which func(i int, d Deviation) bool) Schedule {
	c := Schedule{Kind: s.Kind, Deviations: append([]Deviation(nil), s.Deviations...)}
	for i, d := range c.Deviations {
		if which(i, d) {
			c.Deviations[i].Op = max(1, d.Op+by)
		}
	}
	return c
}
