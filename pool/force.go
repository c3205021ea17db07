package pool

import (
	"context"
	"time"

	"github.com/pygil/pygil/gil"
)

// TerminateWorkers shuts the executor down and asks every worker to end, with SIGTERM:
// those that are idle too, those that are starting, and those that have been told to go.
// It does not wait. What has not begun is cancelled, what runs fails with a *BrokenError
// that says how its worker ended, and nothing is done again, WithRetries or not. A
// worker that does not listen is killed a second later, as wherever an executor ends one;
// Python would let it be. It may be called again, before and after Shutdown, which waits
// for the workers' end. Python: ProcessPoolExecutor.terminate_workers, of 3.14.
func (x *ProcessExecutor) TerminateWorkers(ctx context.Context) { x.force(ctx, false) }

// KillWorkers is TerminateWorkers with SIGKILL, which no worker can ignore. Python:
// ProcessPoolExecutor.kill_workers, of 3.14.
func (x *ProcessExecutor) KillWorkers(ctx context.Context) { x.force(ctx, true) }

func (x *ProcessExecutor) force(ctx context.Context, kill bool) {
	x.stage.CompareAndSwap(poolRuns, poolClosed)
	for _, j := range x.e.(*fleet).force(ctx, kill) {
		j.drop(ctx)
	}
}

// force ends all workers and returns the jobs that have not begun. Where there are no
// workers it is a shutdown and no more: nothing is broken by it.
func (f *fleet) force(ctx context.Context, kill bool) []job {
	f.lock(ctx, gil.OpSet)
	f.down = true
	jobs := f.takeBack()
	if f.over == nil && len(f.members)+f.unseen > 0 {
		f.over = &BrokenError{Kind: f.kind, Cause: ErrTerminated}
	}
	for _, ms := range [][]*member{f.members, f.parting} {
		for _, m := range ms {
			m.force(f.over, kill)
		}
	}
	f.unlock()
	for _, j := range jobs {
		f.free(ctx, j)
	}
	return jobs
}

// force ends the worker, whatever else has been done about it. The lock is held.
func (m *member) force(err error, kill bool) {
	if m.verdict == nil {
		m.verdict = err
	}
	signal := m.p.Kill
	if !kill {
		signal = m.p.Terminate
		if m.claims != nil && m.mercy == nil {
			m.mercy = time.AfterFunc(mercy, func() { _ = m.p.Kill() })
		}
	}
	m.f.after = append(m.f.after, func() { _ = signal() }) // it runs, or has just ended
}

// takeBack takes the jobs off the fleet that no worker has begun. The lock is held.
func (f *fleet) takeBack() []job {
	for _, m := range f.members {
		if m.untouched() > 0 {
			f.recall(m)
		}
	}
	jobs := f.waiting.clear()
	f.counts.Cancelled += len(jobs)
	f.relax()
	return jobs
}

// forced reports whether err is why everything was ended by force.
func forced(err error) bool {
	b, broken := err.(*BrokenError)
	return broken && b.Cause == ErrTerminated
}
