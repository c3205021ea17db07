package explore

import (
	"math/bits"

	"github.com/pygil/pygil/internal/kernel"
)

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
	used   bool // a thread was held back in this run
	planes []plane
	yields []bool // of each thread, whether it has yielded
	looked bool   // the planes know who is enabled before the next operation
	set    kernel.Set
}

// plane is what is known about 64 threads: sets of them, as bits.
type plane struct {
	of      []patience // of each thread
	before  uint64     // enabled before the last operation
	enabled uint64     // enabled now
}

// patience is what is known of a thread since it yielded last.
type patience struct {
	below    uint64 // threads that come first
	enabled  uint64 // that could run all the time
	disabled uint64 // that it has kept from running
	ran      uint64
}

// pollsAllowed is how often a thread may look at the same thing in a row before
// that counts as a yield.
const pollsAllowed = 2

func (f *fairness) reset() {
	f.active, f.used, f.looked = false, false, false
	f.yields = f.yields[:0]
	for i := range f.planes {
		f.planes[i].before = 0
	}
}

// filter takes the threads out of the enabled ones that have to let others go
// first.
func (f *fairness) filter(r *runner, enabled *kernel.Set) *kernel.Set {
	if !f.active {
		return enabled
	}
	if len(f.yields) != len(r.threads) {
		f.grow(r)
	}
	f.look(enabled)
	f.looked = enabled == r.k.Enabled() // and not some of them
	held := false
	for i := range f.planes {
		for w := f.planes[i].enabled; w != 0; w &= w - 1 {
			t := i<<6 + bits.TrailingZeros64(w)
			if !f.waits(t) {
				continue
			}
			if !held {
				f.set.CopyFrom(enabled)
				held = true
			}
			f.set.Remove(t)
		}
	}
	if !held || f.set.Len() == 0 {
		return enabled
	}
	f.used = true
	return &f.set
}

// waits reports whether thread t has to let an enabled one go first.
func (f *fairness) waits(t int) bool {
	for i := range f.planes {
		if p := &f.planes[i]; p.of[t].below&p.enabled != 0 {
			return true
		}
	}
	return false
}

// look notes who is enabled.
func (f *fairness) look(enabled *kernel.Set) {
	for i := range f.planes {
		f.planes[i].enabled = enabled.Word(i)
	}
}

// grow makes room for the threads of the run.
func (f *fairness) grow(r *runner) {
	n := len(r.threads)
	for len(f.planes)<<6 < n {
		f.planes = append(f.planes, plane{of: make([]patience, len(f.yields))})
	}
	for i := range f.planes {
		p := &f.planes[i]
		p.of = p.of[:min(len(f.yields), len(p.of))]
		for len(p.of) < n {
			p.of = append(p.of, patience{})
		}
	}
	for len(f.yields) < n {
		f.yields = append(f.yields, false)
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
	if len(f.yields) != len(r.threads) {
		f.grow(r)
	}
	f.active = true
	if !f.looked {
		f.look(r.k.Enabled())
	}
	f.looked = false
	last := -1
	if n := len(r.steps); n > 1 {
		last = int(r.steps[n-2].thread)
	}
	for i := range f.planes {
		f.planes[i].performed(i, t, last, yields, f.yields[t])
	}
	f.yields[t] = f.yields[t] || yields
}

// performed takes notice of an operation of thread t, after one of thread last, of
// what the plane with that number knows.
func (p *plane) performed(number, t, last int, yields, again bool) {
	bit := member(number, t)
	for u := range p.of {
		o := &p.of[u]
		o.below &^= bit
		o.ran |= bit
		o.enabled &= p.enabled
	}
	if last >= 0 { // what the operation before this one has disabled was its thread's doing
		p.of[last].disabled |= p.before &^ p.enabled &^ member(number, last)
	}
	p.before = p.enabled
	if !yields {
		return
	}
	w := &p.of[t]
	if again {
		w.below |= (w.enabled | w.disabled) &^ w.ran
	}
	w.enabled, w.disabled, w.ran = p.enabled, 0, 0
}

// member is thread t as a bit of a plane, 0 if it is none of its.
func member(plane, t int) uint64 {
	if t>>6 != plane {
		return 0
	}
	return 1 << (t & 63)
}

// looks reports whether the operation that is about to happen changes nothing.
func (f *fairness) looks(r *runner, op Op) bool {
	return !op.Kind.Writes() || r.steps[len(r.steps)-1].flags&(tries|refused) == tries|refused
}
