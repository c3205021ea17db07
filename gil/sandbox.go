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
	w     *world
}

// NewSandbox makes a sandbox for programs under profile p. A limit above 0 ends a
// run after that many operations with an error that matches ErrStepLimit. Close
// it after use.
func NewSandbox(p Profile, e kernel.Explorer, limit int, opts ...Option) *Sandbox {
	p.valid()
	return &Sandbox{k: kernel.NewExplored(0, e), prof: p, opts: collect(opts), limit: limit}
}

// Run performs main once with the given seed for what the program itself draws,
// and returns how threads failed, a *DeadlockError, or ErrStepLimit.
func (s *Sandbox) Run(seed uint64, main func(t *Thread)) error {
	s.k.Reset(seed)
	w := newWorld(s.k, s.opts)
	s.w = w
	i := w.newInterpreter(s.prof, s.opts)
	i.pid = w.pids.Add(1)
	t := i.newMain(main)
	overrun := false
	s.k.Stalled = w.stalled
	s.k.Limit = s.limit
	s.k.Overrun = func() {
		overrun = true
		for _, u := range s.k.Tasks() {
			s.k.Kill(nil, u)
		}
	}
	s.k.Run(&t.k, func() { i.body(t) })
	s.k.World().End()
	err := w.failure()
	if overrun {
		err = errors.Join(err, ErrStepLimit)
	}
	return err
}

// Kernel is the kernel of the run that is going on or has ended last.
func (s *Sandbox) Kernel() *kernel.Explored { return s.k }

// Close ends the sandbox's coroutines.
func (s *Sandbox) Close() { s.k.Close() }
