package gil

import (
	"errors"

	"github.com/pygil/pygil/internal/kernel"
)

// Sandbox runs one program again and again in explored worlds: an explorer, not a
// clock, decides who runs next. It is what package explore stands on; the
// explorer is an internal type, so only this module can make one.
//
// A Sandbox keeps its coroutines from run to run and is used by one goroutine.
type Sandbox struct {
	k     *kernel.Explored
	prof  Profile
	opts  options
	limit int
	kills int    // see KillPoints
	homes uint64 // number of the last home

	w       *world
	i       *Interpreter // the same one in every run
	overrun bool
	body    func()
	pool    []*Thread // made by earlier runs
	used    int       // of them, in this run

	// Stray, if not nil, is called by a goroutine that acts as thread t, which is not
	// its own: in a run that is kept apart and announced, and where t does not run. It
	// ends then, unless the result says that the sandbox is not used any more.
	Stray func(t *Thread) (ends bool)
	// Lent, if not nil, is called by a goroutine that lends itself the thread of task t,
	// see Thread.Lend; the function it returns, by one that gives it back.
	Lent func(t *kernel.Task) (back func())

	apart   bool
	ordered bool     // from here on in this run everything is ordered
	acting  *outside // whose program runs now, nil when this package does
	over    mark
	after   []func() // what is to be done when the run is over
}

func (s *Sandbox) runMain(t *Thread) {
	if raceKernel && s.apart {
		t.out.start()
		defer s.gather()
	}
	s.k.Run(&t.k, s.body)
}

// KeepApart makes the runs from now on such that the race detector, if there is one,
// reports accesses of plain Go variables that nothing but the GIL orders. It has no
// effect without a race detector; on a sandbox with an observer, which would be a
// part of the program that no thread runs; and on one whose processes are forked.
func (s *Sandbox) KeepApart(on bool) {
	s.apart = raceKernel && on && s.opts.observer == nil && !s.w.forks()
}

// part has a thread's function run outside, if it is to.
func (s *Sandbox) part(t *Thread) {
	t.box, t.out = nil, nil
	if s.apart {
		t.box, t.out = s, newOutside(t, s)
	}
}

// order makes everything that is done from now on in this run ordered for the race
// detector, and what has been done up to now.
func (s *Sandbox) order() {
	s.ordered = true
	for _, t := range s.pool[:s.used] {
		if t.out != nil {
			raceLearn(&t.out.up)
		}
	}
}

// afterwards has f called when the run is over.
//
//go:norace
func (s *Sandbox) afterwards(f func()) { s.after = append(s.after, f) }

// gather ends a run that was kept apart: what its threads have done is known to who
// goes on, and what they have used is in its place again.
//
//go:norace
func (s *Sandbox) gather() {
	raceLearn(&s.over)
	for i, f := range s.after {
		f()
		s.after[i] = nil
	}
	s.after = s.after[:0]
}

// peeked is what is found by f, which looks at a twin without a thread at hand.
func peeked[R any](s *Sandbox, f func() R) R {
	if o := s.i.w.outside(); o != nil {
		return within(o.t, f)
	}
	return f()
}

// NewSandbox makes a sandbox for programs under profile p. A limit above 0 ends a
// run after that many operations with an error that matches ErrStepLimit. Close
// it after use.
func NewSandbox(p Profile, e kernel.Explorer, limit int, opts ...Option) *Sandbox {
	p.valid()
	s := &Sandbox{k: kernel.NewExplored(0, e), prof: p, opts: collect(opts), limit: limit}
	s.w = newWorld(s.k, s.opts)
	s.w.sandbox = s
	s.i = &Interpreter{w: s.w, prof: p, code: p.compile(), name: s.opts.name, hook: s.opts.hook}
	s.homes = homes.Add(homesOfASandbox) - homesOfASandbox
	s.body = func() { s.i.body(s.i.main) }
	s.k.Stalled = func() bool {
		if raceKernel && s.apart {
			s.order() // what explains a deadlock may be the program's
		}
		return s.w.stalled()
	}
	s.k.Abandoned = s.w.abandon
	s.k.Overrun = s.cutShort
	return s
}

// Run performs main once with the given seed for what the program itself draws,
// and returns how threads failed, a *DeadlockError, or ErrStepLimit.
//
// The threads of one run are used again in the next, so a program must not keep
// them.
func (s *Sandbox) Run(seed uint64, main func(t *Thread)) error {
	s.k.Reset(seed, s.limit)
	s.used, s.overrun, s.ordered = 0, false, false
	s.w.reset()
	s.w.kills = s.kills
	s.w.since.Store(s.homes + 1)
	i := s.i
	i.reset()
	s.w.boot(i, &s.opts)
	i.pid = s.w.number(&s.w.pids)
	s.runMain(i.newMain(nil, main))
	s.k.World().End()
	err := s.w.failure()
	if s.overrun {
		err = errors.Join(err, ErrStepLimit)
	}
	return err
}

// cutShort ends a run that has performed as many operations as it may.
func (s *Sandbox) cutShort() {
	s.overrun = true
	for _, u := range s.k.Tasks() {
		s.k.Kill(nil, u)
	}
}

// reset makes the world one in which nothing has happened.
func (w *world) reset() {
	w.interps, w.pids, w.tids = word{}, word{}, word{}
	clear(w.all)
	w.all = w.all[:0]
	w.deadlock = nil
	w.names.reset()
	if w.emit != nil {
		w.emit.broken = nil
	}
}

// reset makes an interpreter that has ended as good as new.
func (i *Interpreter) reset() {
	clear(i.threads)
	i.threads = i.threads[:0]
	i.count = 0
	if i.private.Load() != 0 {
		i.private.Store(0)
	}
	i.main, i.mainDone, i.closing = nil, false, false
	i.errs, i.fate = nil, fate{}
}

// thread returns a thread of an earlier run, as good as new, or a new one.
func (s *Sandbox) thread() *Thread {
	if s.used == len(s.pool) {
		t := new(Thread)
		t.life0 = t.run()
		t.x = s.k
		t.k.Owner = t
		s.pool = append(s.pool, t)
	}
	t := s.pool[s.used]
	s.used++
	if t.stage.Load() != stageNew || t.ended.home != nil { // it has begun, or was about to
		t.reset()
	}
	return t
}

// reset makes a thread of an earlier explored run as good as new. It touches what
// such runs change and no more: clearing the whole struct would take longer than
// a short run.
func (t *Thread) reset() {
	t.k.Reset()
	t.near = away
	t.armed, t.dying, t.daemon, t.begun = false, false, false, false
	t.resisted, t.straight, t.told = 0, 0, 0
	t.stage.Store(true, stageNew)
	if t.failure != nil || t.messages != nil {
		t.failure, t.messages = nil, nil
	}
	t.ended.home = nil
	t.wait.gate = nil
	t.ctx.err = nil
	if t.ctx.done != nil || t.ctx.after != nil {
		t.ctx.done, t.ctx.after = nil, nil
	}
}

// Inside calls f, on behalf of thread t, where what the sandbox's explorer does
// belongs: the program is kept apart from that.
func (s *Sandbox) Inside(t *Thread, f func()) {
	if raceKernel && t.apart() {
		t.inside(f)
		return
	}
	f()
}

// Kernel is the kernel of the run that is going on or has ended last.
func (s *Sandbox) Kernel() *kernel.Explored { return s.k }

// Close ends the sandbox's coroutines.
func (s *Sandbox) Close() { s.k.Close() }

// Gate describes the gate that the thread of task t is about to pass, or passes:
// how many permits it has, -1 when there is no gate and All when it was opened for
// the thread, and whether the thread would not wait for one.
func (s *Sandbox) Gate(t *kernel.Task) (permits int, try bool) {
	w := &t.Owner.(*Thread).wait
	if w.gate == nil {
		return -1, false
	}
	if w.ready != nil {
		return int(b2i(w.ready())), w.try
	}
	if !w.try && w.through(w.gate) {
		return All, false
	}
	return int(w.gate.permits.Load()), w.try
}

// Openings is how often the gate that the thread of task t is about to pass was opened
// for All since the thread is there.
func (s *Sandbox) Openings(t *kernel.Task) int {
	w := &t.Owner.(*Thread).wait
	if w.gate == nil {
		return 0
	}
	return int(w.gate.alls.Load() - w.alls)
}

// End is the object that the end of the thread of task t is: what a join of it
// waits for.
func (s *Sandbox) End(t *kernel.Task) kernel.ObjID { return t.Owner.(*Thread).ended.id }

// NameOf is what reports call the thread of task t: its name, with that of its process
// unless that is the first one.
func (s *Sandbox) NameOf(t *kernel.Task) string { return t.Owner.(*Thread).title() }

// ThreadOf is the thread of task t.
func (s *Sandbox) ThreadOf(t *kernel.Task) *Thread { return t.Owner.(*Thread) }
