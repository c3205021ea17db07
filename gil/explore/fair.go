package explore

import "github.com/pygil/pygil/internal/kernel"

// fairness stands in front of a strategy and keeps threads that only wait from
// running for ever (Musuvathi, Qadeer: "Fair stateless model checking", PLDI 2008).
// When a thread yields it gets a lower priority than every thread that it could
// have let run, or that it has itself kept from running, and that has not run since
// its last yield; it runs again when none of those is enabled or all have run.
//
// A thread yields by Thread.Yield, and by looking at the same thing again and again
// without changing anything.
type fairness struct {
	active bool // somebody has yielded in this run: until then nothing is kept
	used   bool // a thread was held back, in some run
	of     []patience
	set    kernel.Set
	before bitset // enabled before the last operation
	now    bitset // enabled before this one
}

// patience is what is known of a thread since it yielded last.
type patience struct {
	below    bitset // threads that come first
	enabled  bitset // that could run all the time
	disabled bitset // that it has kept from running
	ran      bitset
	yielded  bool
}

// pollsAllowed is how often a thread may look at the same thing in a row before
// that counts as a yield.
const pollsAllowed = 2

func (f *fairness) reset() {
	f.active = false
	f.of, f.before = f.of[:0], f.before[:0]
}

// filter takes the threads out of the enabled ones that have to let others go
// first.
func (f *fairness) filter(r *runner, enabled *kernel.Set) *kernel.Set {
	if !f.active {
		return enabled
	}
	f.grow(r)
	held := false
	for t := enabled.Next(0); t >= 0; t = enabled.Next(t + 1) {
		if !f.waits(t, enabled) {
			continue
		}
		if !held {
			f.set.CopyFrom(enabled)
			held = true
		}
		f.set.Remove(t)
	}
	if !held || f.set.Len() == 0 {
		return enabled
	}
	f.used = true
	return &f.set
}

// waits reports whether thread t has to let an enabled one go first.
func (f *fairness) waits(t int, enabled *kernel.Set) bool {
	b := f.of[t].below
	for u := b.firstFrom(0); u >= 0; u = b.firstFrom(u + 1) {
		if enabled.Has(u) {
			return true
		}
	}
	return false
}

func (f *fairness) grow(r *runner) {
	for len(f.of) < len(r.threads) {
		if len(f.of) < cap(f.of) {
			f.of = f.of[:len(f.of)+1]
			w := &f.of[len(f.of)-1]
			*w = patience{below: w.below[:0], enabled: w.enabled[:0], disabled: w.disabled[:0], ran: w.ran[:0]}
		} else {
			f.of = append(f.of, patience{})
		}
	}
}

// performed takes notice of an operation of thread t just before it happens.
func (f *fairness) performed(r *runner, t int, op Op) {
	yields := op.Kind == kernel.OpYield
	switch th := &r.threads[t]; {
	case yields:
	case op.Obj != 0 && op.Kind == th.kind && op.Obj == th.obj && f.looks(r, op):
		th.polls++
		yields = th.polls >= pollsAllowed
	default:
		th.kind, th.obj, th.polls = op.Kind, op.Obj, 0
	}
	if !f.active && !yields {
		return
	}
	f.grow(r)
	w := &f.of[t]
	f.active = true
	f.now.are(r.k.Enabled())
	for u := range f.of {
		o := &f.of[u]
		o.below.remove(t)
		o.ran.add(t)
		o.enabled.intersect(f.now)
	}
	// What the operation before this one has disabled was its thread's doing.
	if n := len(r.steps); n > 1 {
		last := int(r.steps[n-2].thread)
		f.of[last].disabled.addAll(f.before, f.now, last)
	}
	f.before, f.now = f.now, f.before
	if !yields {
		return
	}
	if w.yielded {
		w.below.addAll(w.enabled, w.ran, t)
		w.below.addAll(w.disabled, w.ran, t)
	}
	w.yielded = true
	w.enabled, w.disabled, w.ran = append(w.enabled[:0], f.before...), w.disabled[:0], w.ran[:0]
}

// looks reports whether the operation that is about to happen changes nothing.
func (f *fairness) looks(r *runner, op Op) bool {
	return !op.Kind.Writes() || r.steps[len(r.steps)-1].flags&(tries|refused) == tries|refused
}
