package pool

import (
	"context"

	"github.com/pygil/pygil/process"
)

// ProcessExecutor runs functions of package process in worker processes, which are
// this program again. They are started as tasks come and nobody is idle. If one dies,
// the executor is broken: what was running or waiting is a *BrokenError that matches
// ErrBroken and says how the worker died, and so is everything later. WithRetries lets
// tasks run again instead. Python: concurrent.futures.ProcessPoolExecutor.
type ProcessExecutor struct{ *base }

var _ Executor = (*ProcessExecutor)(nil)

// NewProcessExecutor makes an executor of at most n processes; none is started yet.
// The error is a *gil.ValueError when n < 1 and for a bad option. Shut it down after
// use; one that a thread has made and forgotten is shut down when the main thread of
// its interpreter has ended.
//
// Options: WithName, WithInitializer, WithMaxTasksPerChild, WithMaxPending,
// WithRepanic, WithRetries. Python: ProcessPoolExecutor(max_workers=n).
func NewProcessExecutor(ctx context.Context, n int, opts ...Option) (*ProcessExecutor, error) {
	r, err := newProcesses(ctx, n, "process", "ProcessPoolExecutor-", "max_workers must be greater than 0", true, opts)
	if err != nil {
		return nil, err
	}
	return &ProcessExecutor{r}, nil
}

func newProcesses(ctx context.Context, n int, kind, prefix, python string, breaks bool, opts []Option) (*base, error) {
	cfg, err := configure(atProcesses, opts)
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, badValue(python, "%d worker processes: at least 1", n)
	}
	if i := cfg.initialize; i != nil && i.name == "" {
		return nil, badValue("cannot pickle 'function' object", "an initializer made by Func cannot leave the process; make it known to processes with process.Define, in a package variable")
	}
	f := newFleet(ctx, n, kind, prefix, breaks, cfg)
	if breaks {
		f.exit.watch(ctx, f)
	}
	return &base{e: f, cfg: cfg, of: &f.place, live: virtual(ctx) == nil}, nil
}

// Shutdown waits until everything has been done and the processes have ended; see the
// function Shutdown, which has options. Python: executor.shutdown().
func (x *ProcessExecutor) Shutdown(ctx context.Context) error { return Shutdown(ctx, x) }

// With calls fn and shuts the executor down however fn ends. Python: with executor.
func (x *ProcessExecutor) With(ctx context.Context, fn func()) error {
	var err error
	func() {
		defer func() { err = x.Shutdown(ctx) }()
		fn()
	}()
	return err
}

// New makes a pool of n processes and starts them. Close or Terminate it and Join it
// after use, or use With. The error is a *gil.ValueError when n < 1 and for a bad
// option, or that of starting a process; then nothing is left running.
//
// Options: as for NewProcessExecutor. Python: multiprocessing.Pool(n).
func New(ctx context.Context, n int, opts ...Option) (*Pool, error) {
	opts = append([]Option{asPool}, opts...)
	r, err := newProcesses(ctx, n, "process", "PoolWorker-", "Number of processes must be at least 1", false, opts)
	if err != nil {
		return nil, err
	}
	f := r.e.(*fleet)
	f.fill(ctx)
	f.mu.Lock()
	over := f.over
	f.mu.Unlock()
	if b, failed := over.(*BrokenError); failed && !b.Initializer {
		_ = f.join(context.WithoutCancel(ctx))
		return nil, b.Cause
	}
	return &Pool{r}, nil
}

// DefaultProcesses is how many processes Python gives a pool that is not told: one for
// each CPU that this process may use.
func DefaultProcesses() int { return process.CPUCount() }
