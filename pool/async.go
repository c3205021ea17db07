package pool

import (
	"context"
	"fmt"
	"time"
)

// AsyncResult is what ApplyAsync and MapAsync return: a Future in the words of
// multiprocessing. Python: multiprocessing.pool.AsyncResult.
type AsyncResult[T any] struct {
	f    *Future[T]
	kind string // Python's class
}

// Future returns the same as a future, for Wait and AsCompleted.
func (a *AsyncResult[T]) Future() *Future[T] { return a.f }

// Get waits for the result, with the GIL given up, and returns it or the task's
// error. It may be called again. Python: result.get().
func (a *AsyncResult[T]) Get(ctx context.Context) (T, error) { return a.f.Result(ctx) }

// GetTimeout is Get that waits for at most d; then its error matches ErrTimeout.
// Python: result.get(timeout=d).
func (a *AsyncResult[T]) GetTimeout(ctx context.Context, d time.Duration) (T, error) {
	return a.f.ResultTimeout(ctx, d)
}

// TryGet is Get that does not wait. Python: result.get(timeout=0).
func (a *AsyncResult[T]) TryGet(ctx context.Context) (T, error) { return a.f.TryResult(ctx) }

// Wait waits until there is a result or an error. The error is the context's.
// Python: result.wait().
func (a *AsyncResult[T]) Wait(ctx context.Context) error { return a.f.await(ctx, "wait", forever) }

// WaitTimeout is Wait that waits for at most d and reports whether there is one.
// Python: result.wait(timeout=d), then ready().
func (a *AsyncResult[T]) WaitTimeout(ctx context.Context, d time.Duration) (ready bool, err error) {
	err = a.f.await(ctx, "wait", max(d, 0))
	if _, late := err.(*expired); late && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// Ready reports whether there is a result or an error. Python: result.ready().
func (a *AsyncResult[T]) Ready(ctx context.Context) bool { return a.f.Done(ctx) }

// Successful reports whether there is a result and no error. Before the end the error
// is a *gil.ValueError. Python: result.successful().
func (a *AsyncResult[T]) Successful(ctx context.Context) (bool, error) {
	if !a.Ready(ctx) {
		return false, badValue(fmt.Sprintf("<multiprocessing.pool.%s object at %p> not ready", a.kind, a), "Successful: not ready; Wait for it")
	}
	_, err := a.f.outcome()
	return err == nil, nil
}
