package pool

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// ThreadExecutor runs functions on threads of one interpreter. They are started as
// tasks come and nobody is idle, and compete for the same GIL. It works in every
// world. Python: concurrent.futures.ThreadPoolExecutor.
type ThreadExecutor struct{ *base }

var (
	_ Executor         = (*ThreadExecutor)(nil)
	_ asyncio.Executor = (*ThreadExecutor)(nil)
)

// executors counts those that were made, for names.
var executors atomic.Int64

// NewThreadExecutor makes an executor of at most n threads. Shut it down after use;
// one that was forgotten is shut down when the main thread has ended. It panics with a
// *gil.ValueError when n < 1 and for a bad option.
//
// Options: WithName, WithInitializer, WithMaxTasksPerChild, WithMaxPending,
// WithRepanic. Python: ThreadPoolExecutor(max_workers=n).
func NewThreadExecutor(t *gil.Thread, n int, opts ...Option) *ThreadExecutor {
	return &ThreadExecutor{newThreads(t, n, atThreads, "thread", "ThreadPoolExecutor-", "max_workers must be greater than 0", opts)}
}

func newThreads(t *gil.Thread, n int, s site, kind, prefix, python string, opts []Option) *base {
	cfg, err := configure(s, opts)
	if err != nil {
		panic(err)
	}
	if n < 1 {
		panic(badValue(python, "an executor of %d workers: at least 1", n))
	}
	if cfg.name == "" {
		cfg.name = prefix[:len(prefix)-1]
		if virtual(t) == nil { // a number would differ from run to run
			cfg.name = fmt.Sprint(prefix, executors.Add(1)-1)
		}
	}
	c := newCrew(t, n, kind, cfg)
	if !cfg.pool {
		c.exit.watch(t, c)
	}
	return &base{e: c, cfg: cfg, of: &c.place, live: !c.virtual}
}

// Execute has work called on a thread of the executor, for gil/asyncio: RunInExecutor
// and SetDefaultExecutor take a ThreadExecutor. It does not wait.
func (x *ThreadExecutor) Execute(by *gil.Thread, work func(t *gil.Thread)) error {
	_, err := TrySubmit(by, x, Func(func(t *gil.Thread, _ struct{}) (struct{}, error) {
		work(t)
		return struct{}{}, nil
	}), struct{}{})
	return err
}

// Shutdown waits until everything has been done and the threads have ended; see the
// function Shutdown, which has options. Python: executor.shutdown().
func (x *ThreadExecutor) Shutdown(by *gil.Thread) error { return Shutdown(by, x) }

// With calls fn and shuts the executor down however fn ends. Python: with executor.
func (x *ThreadExecutor) With(t *gil.Thread, fn func()) {
	defer func() { _ = x.Shutdown(t) }() // it has no error on a thread of its own
	fn()
}

// DefaultThreads is how many threads Python gives an executor that is not told:
// min(32, cores + 4), of the world that t is of.
func DefaultThreads(t *gil.Thread) int {
	cores := runtime.NumCPU()
	if m := t.Machine(); m != nil {
		cores = m.Cores()
	}
	return min(32, cores+4)
}
