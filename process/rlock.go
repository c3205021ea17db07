package process

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/pipe/pickle"
)

// An RLock is a lock that its owner can acquire again, and releases as often. It
// is made with [NewRLock] and travels as a [Lock] does; what happens when its
// owner's process dies is the same too.
//
// The owner is a thread: the *gil.Thread that the context is, or was derived from.
// A goroutine has no identity of its own. Code without such threads gives each of
// its owners a context made by [WithOwner]; with any other context the methods
// return an [*AssertionError].
//
// Python: multiprocessing.RLock.
type RLock struct {
	*mutex

	mu     sync.Mutex
	owner  any // while levels is not 0
	levels int
}

var _ Locker = (*RLock)(nil)

type ownerKey struct{}

// WithOwner returns a context that stands for an owner of RLocks, of its own and
// different from every other: for goroutines that are no *gil.Thread. Contexts
// derived from it are the same owner. On a thread's context it has no effect: the
// thread is the owner.
func WithOwner(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownerKey{}, new(int))
}

// identity is who acts, nil when that cannot be known.
func identity(ctx context.Context) any {
	if hook := blocking.From(ctx); hook != nil {
		return hook
	}
	return ctx.Value(ownerKey{})
}

// NewRLock makes a lock that is free. It does not block. Python:
// multiprocessing.RLock().
func NewRLock(ctx context.Context) (*RLock, error) {
	m, err := newMutex(ctx, "RLock")
	if err != nil {
		return nil, err
	}
	return &RLock{mutex: m}, nil
}

// again acquires a lock that the caller owns once more.
func (r *RLock) again(ctx context.Context, op string) (who any, owned bool, err error) {
	if who = identity(ctx); who == nil {
		return nil, false, asserted("", "RLock.%s: this context is no owner: pass a *gil.Thread, or a context made by WithOwner", op)
	}
	if err := r.err(); err != nil {
		return nil, false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if owned = r.levels > 0 && r.owner == who; owned {
		r.levels++
	}
	return who, owned, nil
}

// own notes that who has just acquired the lock.
func (r *RLock) own(who any, levels int) {
	r.mu.Lock()
	r.owner, r.levels = who, levels
	r.mu.Unlock()
}

func (r *RLock) acquireAs(ctx context.Context, op string, until limit, repair bool) (bool, error) {
	who, owned, err := r.again(ctx, op)
	if owned || err != nil {
		return owned, err
	}
	if r.in != nil || !r.take() {
		if ok, err := r.mutex.acquire(ctx, op, until, repair); !ok {
			return false, err
		}
	}
	r.own(who, 1)
	return true, nil
}

// Acquire waits until the caller owns the lock, at once if it does, then once more.
// Errors are those of [Lock.Acquire]. The GIL is given up while it waits. Python:
// rlock.acquire().
func (r *RLock) Acquire(ctx context.Context) error {
	_, err := r.acquireAs(ctx, "Acquire", never, false)
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether the
// caller owns the lock. Zero and negative times do not wait. Python:
// rlock.acquire(timeout=d).
func (r *RLock) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	return r.acquireAs(ctx, "AcquireTimeout", within(ctx, d), false)
}

// TryAcquire is Acquire that does not wait, and reports whether the caller owns the
// lock. Python: rlock.acquire(block=False).
func (r *RLock) TryAcquire(ctx context.Context) (acquired bool, err error) {
	who, owned, err := r.again(ctx, "TryAcquire")
	if owned || err != nil {
		return owned, err
	}
	ok, err := r.try(ctx)
	if ok {
		r.own(who, 1)
	}
	return ok, err
}

// Recover acquires the lock although its owner died; see [Lock.Recover].
func (r *RLock) Recover(ctx context.Context) error {
	_, err := r.acquireAs(ctx, "Recover", never, true)
	return err
}

// Release gives up one acquisition; the last one frees the lock. An
// [*AssertionError] says that the caller does not own it. It does not block.
// Python: rlock.release().
func (r *RLock) Release(ctx context.Context) error {
	if err := r.err(); err != nil {
		return err
	}
	who := identity(ctx)
	r.mu.Lock()
	if r.levels == 0 || who == nil || r.owner != who {
		r.mu.Unlock()
		return asserted("attempt to release recursive lock not owned by thread",
			"RLock: release by a thread that does not own it: whoever acquired it releases it")
	}
	if r.levels > 1 {
		r.levels--
		r.mu.Unlock()
		return nil
	}
	r.owner, r.levels = nil, 0
	r.mu.Unlock()
	return r.release(ctx)
}

// Locked reports whether the lock is owned by anybody, if only a dead process.
// Python: rlock.locked(), from 3.14.
func (r *RLock) Locked(ctx context.Context) bool { return r.locked(ctx) }

// With calls fn while the caller owns the lock and releases it however fn ends.
// Python: with rlock.
func (r *RLock) With(ctx context.Context, fn func()) error { return with(ctx, r, fn) }

// Close gives this process's handle up; see [Lock.Close].
func (r *RLock) Close() error { return r.close(&r.mem.bell) }

// String says who owns the lock and how often, as Python's repr does.
func (r *RLock) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !r.taken():
		return "<RLock(None, 0)>"
	case r.levels > 0:
		return fmt.Sprintf("<RLock(%s, %d)>", r.mutex.owner(), r.levels)
	}
	return fmt.Sprintf("<RLock(%s, nonzero)>", r.mutex.owner())
}

func (r *RLock) held(ctx context.Context) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.levels > 0 && r.owner == identity(ctx)
}

func (r *RLock) save(ctx context.Context) (levels int, err error) {
	r.mu.Lock()
	levels, r.owner, r.levels = r.levels, nil, 0
	r.mu.Unlock()
	return levels, r.release(ctx)
}

func (r *RLock) restore(ctx context.Context, levels int) error {
	if err := r.Acquire(patient(ctx)); err != nil {
		return err
	}
	r.own(identity(ctx), levels)
	return nil
}

// ReduceHandle lets the lock travel to another process, where it arrives as the
// same lock. It implements pickle.HandleReducer.
func (r *RLock) ReduceHandle(h *pickle.Handles) (any, error) { return r.reduce(h) }

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*RLock, error) {
		m, err := arrivingMutex(h, p, "RLock")
		if err != nil {
			return nil, err
		}
		return &RLock{mutex: m}, nil
	}, "process.RLock")
}
