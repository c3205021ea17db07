package pool

import (
	"context"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// Pool is a number of workers, processes or threads, with the verbs of
// multiprocessing.Pool: Map, MapAsync, Apply, ApplyAsync, IMap, IMapUnordered,
// Starmap. It is an Executor too.
//
// A worker that dies is replaced; the task it ran fails with a *WorkerError, and
// nothing is run again, unless WithRetries allows it.
//
// Python: multiprocessing.Pool, multiprocessing.pool.ThreadPool.
type Pool struct{ *base }

// NewThread makes a pool of n threads. It panics with a *gil.ValueError when n < 1
// and for a bad option. A task that runs cannot be ended.
//
// Options: as for NewThreadExecutor. Python: multiprocessing.pool.ThreadPool(n).
func NewThread(t *gil.Thread, n int, opts ...Option) *Pool {
	opts = append([]Option{asPool}, opts...)
	return &Pool{newThreads(t, n, atThreads, "thread", "ThreadPool-", "Number of processes must be at least 1", opts)}
}

// asPool has refusals speak of a pool.
var asPool = setting{"a pool", atThreads | atProcesses, func(c *config) { c.pool = true }}

// Close says that no more tasks come. The workers end when all are done. It does not
// wait. Python: pool.close().
func (p *Pool) Close(ctx context.Context) error {
	if err := p.actor(ctx, "Close"); err != nil {
		return err
	}
	if p.stage.CompareAndSwap(poolRuns, poolClosed) {
		p.e.close(ctx)
	}
	return nil
}

// Terminate ends the workers at once; threads when they have finished what they do.
// What was not finished fails with ErrTerminated. It does not wait for the workers:
// that is Join. It may be called in a callback. Python: pool.terminate().
func (p *Pool) Terminate(ctx context.Context) error {
	if err := p.actor(ctx, "Terminate"); err != nil {
		return err
	}
	p.stage.Store(poolTerminated)
	for _, j := range p.e.clear(ctx) {
		j.fail(ctx, ErrTerminated)
	}
	p.e.terminate(ctx)
	return nil
}

// Join waits, with the GIL given up, until all workers have ended. It is a
// *gil.ValueError before Close or Terminate. Python: pool.join().
func (p *Pool) Join(ctx context.Context) error {
	if err := p.actor(ctx, "Join"); err != nil {
		return err
	}
	if p.stage.Load() == poolRuns {
		return badValue("Pool is still running", "the pool is still running: Close or Terminate it before Join")
	}
	return p.e.join(ctx)
}

// actor says that threads need one that acts.
func (p *Pool) actor(ctx context.Context, method string) error {
	if !p.e.remote() && acting(ctx) == nil {
		return noThread(method)
	}
	return nil
}

// With calls fn, and however it ends terminates the pool and joins it. Python: with
// pool.
func (p *Pool) With(ctx context.Context, fn func()) error {
	if p.stage.Load() != poolRuns {
		return notRunning()
	}
	defer func() {
		_ = p.Terminate(ctx) // what can fail is the acting thread, which Join tells
		_ = p.Join(ctx)
	}()
	fn()
	return nil
}

// String shows the state and the number of workers as Python's repr does:
//
//	<pool.Pool state=RUN pool_size=4>
func (p *Pool) String() string {
	state := [...]string{"RUN", "CLOSE", "TERMINATE"}[p.stage.Load()]
	return fmt.Sprintf("<pool.Pool state=%s pool_size=%d>", state, p.e.size(context.Background()))
}
