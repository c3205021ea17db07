package explore

import "github.com/pygil/pygil/gil"

// Raw hands failures out as they were found, neither confirmed nor shrunk.
func Raw() Option { return optionFunc(func(c *config) { c.raw = true }) }

// Into stores the report of a search that returns something else.
func Into(r **Report) Option { return optionFunc(func(c *config) { c.into = r }) }

// DPORAwake is DPOR without sleep sets, DPORLockless without the reversal of races
// for locks.
func DPORAwake() Strategy    { return &dpor{awake: true} }
func DPORLockless() Strategy { return &dpor{lockless: true} }
func DPORGlued() Strategy    { return &dpor{glued: true} }

// Performing is the strategy that performs one schedule, strictly.
func Performing(s Schedule) Strategy { return &performing{follow(s, true)} }

type performing struct{ *follower }

func (p *performing) Start(n int, seed uint64) bool { return p.follower.Start(n, seed) && n == 0 }

// curt is DPOR with runs that end when an assertion has failed.
type curt struct {
	*dpor
	failed func() bool
}

// Curt is DPOR whose runs end where a program that aborts would: at the first choice
// at which something has failed.
func Curt(failed func() bool) Strategy { return &curt{&dpor{}, failed} }

// Choose ends the run, or is that of DPOR.
func (b *curt) Choose(p *Point) int {
	if !b.failed() {
		return b.dpor.Choose(p)
	}
	for i := range p.r.threads {
		if t := &p.r.threads[i]; !t.over {
			p.r.k.Kill(nil, t.task)
		}
	}
	return p.base
}

// Seen counts classes, at most SeenLimit.
type Seen struct{ seen }

const SeenLimit = seenLimit

func (s *Seen) Add(h uint64) bool         { return s.add(h) }
func (s *Seen) Count() (n int, more bool) { return s.n, s.capped }

// Identity is what two failures that are one have in common.
func Identity(f *Failure) string { return identity(f.Err) }

// Alarms performs a program once that can ask, as a search does from time to time,
// whether it is stuck.
func Alarms(prog func(t *gil.Thread, alarm func() bool)) {
	c := collect(nil)
	c.guard = new(guard)
	seen := make(map[*runner]sign)
	r := newRunner(func(t *gil.Thread) { prog(t, func() bool { return c.guard.alarm(seen) != nil }) }, c)
	defer r.close()
	_ = r.run(begin(Random()))
}
