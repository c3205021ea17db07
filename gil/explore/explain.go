package explore

import (
	"fmt"
	"slices"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// explain performs the failing schedule once more with everything written down,
// and fills in what there is to say about it.
func (f *Failure) explain(prog func(*gil.Thread), c *config, r *runner) {
	a, done, err := record(prog, c, newApplier(f.Schedule))
	if f.Err != nil && f.Kind != LostUpdate && f.Kind != LockOrder && identity(err) != identity(f.Err) {
		return // it does not happen under observation: better no explanation than a wrong one
	}
	f.Thread = culprit(f.Err)
	var p *pattern
	var involved []int // threads whose last words belong into the table
	switch f.Kind {
	case Deadlock:
		name, lines, threads := a.deadlocked()
		f.Pattern, f.Explanation, involved = name, lines, threads
	case Race:
		if x, y, ok := done.race(); ok {
			p = &pattern{name: "data race", steps: []int{x, y}}
			f.Explanation = append(f.Explanation, a.unordered(x, y))
		}
	case LostUpdate:
		if x, y, z, ok := done.lost(); ok {
			p = &pattern{name: "lost update", steps: []int{x, y, z}}
			f.Explanation = append(f.Explanation, a.tell(p))
		}
	case LockOrder:
		if ring := done.inversion(); ring != nil {
			f.Pattern, f.Explanation = a.inverted(ring)
			p = &pattern{name: f.Pattern}
			for i := range ring {
				p.steps = append(p.steps, ring[i].took, ring[i].step)
			}
		}
	case Leak:
	default:
		if failed := a.actorNamed(f.Thread); failed >= 0 || f.Thread == "" {
			if p = a.patternOf(failed); p != nil {
				f.Explanation = append(f.Explanation, p.name+": "+p.text)
			}
		}
	}
	if p != nil {
		f.Pattern = p.name
	}
	if f.Kind == Panic || f.Kind == Assertion || f.Kind == Deadlock {
		f.Decisive = a.decisive(f, r)
	}
	f.table = a.table(f, p, involved)
}

func (a *account) actorNamed(name string) int {
	return slices.IndexFunc(a.actors, func(w actor) bool { return w.name == name })
}

// unordered describes a race: both accesses, and what each thread held.
func (a *account) unordered(x, y int) string {
	side := func(i int) string {
		s := &a.steps[i]
		text := a.say(s)
		held := a.held(s.actor, i)
		if len(held) == 0 {
			return text + " holding nothing"
		}
		text += " holding"
		for n, o := range held {
			if n > 0 {
				text += ","
			}
			text += " " + o.title()
		}
		return text
	}
	return fmt.Sprintf("%s, and %s: no lock, join or signal orders them", side(x), side(y))
}

// held is what a thread holds after so many steps.
func (a *account) held(by, upTo int) []*object {
	var out []*object
	for _, o := range a.order {
		if o.shared || o.target >= 0 {
			continue
		}
		if h, _ := a.owner(o, upTo); h == by {
			out = append(out, o)
		}
	}
	return out
}

// The random continuations that are tried from each point of a failing run, and
// the operations that all of them together may cost.
const (
	suffixes    = 200
	suffixSteps = 4_000_000
)

// decisive finds the point of no return: the operation after which nearly every
// continuation fails, where just before it many did not. It tries random
// continuations from the choices of the failing run and halves its way to the jump.
func (a *account) decisive(f *Failure, r *runner) string {
	if len(a.choices) == 0 || len(a.steps)*suffixes*8 > suffixSteps*10 {
		return ""
	}
	id := identity(f.Err)
	budget := suffixSteps
	share := func(after int) int { // of 100 continuations that keep the first so many choices, how many fail
		failed, tried := 0, 0
		for n := range suffixes {
			if budget <= 0 {
				break
			}
			s := &branch{choices: a.choices[:after], draws: a.drawsBefore(after)}
			s.Start(0, kernel.Hash(0x5eed, uint64(n)))
			err := r.run(s)
			budget -= len(r.steps)
			tried++
			if err != nil && similar(identity(err), id, f.Kind) {
				failed++
			}
		}
		if tried == 0 {
			return 0
		}
		return failed * 100 / tried
	}
	begin, end := share(0), share(len(a.choices))
	if begin >= 90 {
		return fmt.Sprintf("it fails in nearly every interleaving (%d of 100)", begin)
	}
	if end < 90 {
		return ""
	}
	lo, hi := 0, len(a.choices) // share(lo) < 90 <= share(hi)
	before, after := begin, end
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if v := share(mid); v < 90 {
			lo, before = mid, v
		} else {
			hi, after = mid, v
		}
	}
	step := a.choices[hi-1].step
	if step >= len(a.steps) {
		return ""
	}
	return fmt.Sprintf("the point of no return is operation %d, %s: before it %d of 100 continuations fail, after it %d",
		step+1, a.sayShort(&a.steps[step]), before, after)
}

// similar reports whether two failures are the same to whoever asks how likely one
// is: of deadlocks and panics any will do.
func similar(a, b string, k Kind) bool {
	if k == Deadlock {
		return len(a) > 8 && a[:8] == b[:8]
	}
	return a == b
}

// drawsBefore is what was drawn before choice number n, counted from 0.
func (a *account) drawsBefore(n int) []draw {
	if n >= len(a.choices) {
		return a.draws
	}
	for i := range a.draws {
		if a.draws[i].step > a.choices[n].step {
			return a.draws[:i]
		}
	}
	return a.draws
}

// branch is the strategy that repeats the first choices and draws of a run and then
// walks at random.
type branch struct {
	choices []choice
	draws   []draw
	next    int
	drawn   int
	rng     rng
}

func (b *branch) Name() string { return "branch" }

func (b *branch) Start(_ int, seed uint64) bool {
	b.next, b.drawn, b.rng.state = 0, 0, seed
	return true
}

// Draw repeats what was drawn.
func (b *branch) Draw(_ *Point, _, n int) int {
	if b.drawn < len(b.draws) {
		b.drawn++
		return min(b.draws[b.drawn-1].value, n-1)
	}
	return b.rng.below(n)
}

func (b *branch) Choose(p *Point) int {
	if b.next < len(b.choices) {
		c := b.choices[b.next].chosen
		b.next++
		if p.Enabled(c) {
			return c
		}
	}
	return p.set.Nth(b.rng.below(p.set.Len()))
}

// sayShort is an operation with its thread.
func (a *account) sayShort(s *happening) string {
	return a.actors[s.actor].name + "'s " + a.cell(s) + at(s.site)
}
