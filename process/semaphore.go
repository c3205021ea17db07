package process

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// MaxSemaphore is the greatest value of a [Semaphore]. Python: SEM_VALUE_MAX.
const MaxSemaphore = math.MaxInt32

// A Semaphore is a number that is never below zero: Acquire waits until it can take
// one off, Release adds one. It is made with [NewSemaphore] and reaches other
// processes as, or inside, an argument or a message.
//
// What was acquired belongs to nobody: any process may release it, and if one dies
// that would have, the number stays lower until somebody does it instead. Nobody
// waits for a waiter that died. Python: multiprocessing.Semaphore.
type Semaphore struct {
	*semaphore
}

// A BoundedSemaphore is a [Semaphore] whose value never exceeds the one that it
// was made with: releasing more often than that is an error. Python:
// multiprocessing.BoundedSemaphore.
type BoundedSemaphore struct {
	*semaphore
}

type semaphore struct {
	shared
	mem  *semaphoreMemory
	room futex.Room
}

type semaphoreMemory struct {
	value uint32
	limit uint32
	bell  futex.Bell
}

const semaphoreSize = 16

// NewSemaphore makes a semaphore with value n. A *ValueError says that n is negative or
// above MaxSemaphore. It does not block. Python: multiprocessing.Semaphore(n).
func NewSemaphore(ctx context.Context, n int) (*Semaphore, error) {
	s, err := newSemaphore(ctx, "Semaphore", n, MaxSemaphore)
	if err != nil {
		return nil, err
	}
	return &Semaphore{s}, nil
}

// NewBoundedSemaphore makes a semaphore whose value is n now and never more; its errors
// are those of NewSemaphore. It does not block. Python:
// multiprocessing.BoundedSemaphore(n).
func NewBoundedSemaphore(ctx context.Context, n int) (*BoundedSemaphore, error) {
	s, err := newSemaphore(ctx, "BoundedSemaphore", n, n)
	if err != nil {
		return nil, err
	}
	return &BoundedSemaphore{s}, nil
}

func newSemaphore(ctx context.Context, object string, n, limit int) (*semaphore, error) {
	switch {
	case n < 0:
		return nil, invalid("[Errno 22] Invalid argument", "New%s: the value %d is negative; give 0 or more", object, n)
	case n > MaxSemaphore:
		return nil, invalid("Python int too large to convert to C int", "New%s: the value %d is greater than MaxSemaphore", object, n)
	}
	s, err := makeShared(ctx, object, semaphoreSize, kindSemaphore)
	if err != nil {
		return nil, err
	}
	m := semaphoreOf(s)
	m.mem.value, m.mem.limit = uint32(n), uint32(limit)
	return m, nil
}

func semaphoreOf(s *shared) *semaphore {
	return &semaphore{shared: s.twin(), mem: at[semaphoreMemory](s, 0)}
}

// take takes one off if there is one.
func (s *semaphore) take() bool {
	for {
		v := atomic.LoadUint32(&s.mem.value)
		if v == 0 {
			return false
		}
		if atomic.CompareAndSwapUint32(&s.mem.value, v, v-1) {
			s.fence.pass()
			runtime.KeepAlive(s)
			return true
		}
	}
}

func (s *semaphore) acquire(ctx context.Context, op string, until limit) (bool, error) {
	var failed error
	ok, err := s.wait(ctx, s.object+"."+op, &s.room, &quest{
		Quest: futex.Quest{
			Bell: &s.mem.bell,
			Try: func() bool {
				failed = s.err()
				return failed != nil || s.take()
			},
		},
		kind:  opTake,
		ready: func() bool { return s.err() != nil || atomic.LoadUint32(&s.mem.value) > 0 },
		until: until,
	})
	if failed != nil {
		return false, failed
	}
	return ok, err
}

// Acquire waits until the value is above zero and takes one off. The GIL is given
// up while it waits. Python: semaphore.acquire().
func (s *semaphore) Acquire(ctx context.Context) error {
	if s.in == nil && !s.shut.Load() && s.take() {
		return nil
	}
	_, err := s.acquire(ctx, "Acquire", never)
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether it took
// one off. Zero and negative times do not wait. Python:
// semaphore.acquire(timeout=d).
func (s *semaphore) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	return s.acquire(ctx, "AcquireTimeout", within(ctx, d))
}

// TryAcquire is Acquire that does not wait, and reports whether it took one off.
// Python: semaphore.acquire(block=False).
func (s *semaphore) TryAcquire(ctx context.Context) (acquired bool, err error) {
	if err := s.act(ctx, opTryAcquire); err != nil {
		return false, err
	}
	return s.take(), nil
}

// Release adds one. A [*ValueError] says that the value has its greatest already.
// It does not block. Python: semaphore.release().
func (s *semaphore) Release(ctx context.Context) error {
	if err := s.act(ctx, opRelease); err != nil {
		return err
	}
	s.fence.pass()
	for {
		v := atomic.LoadUint32(&s.mem.value)
		if v >= s.mem.limit {
			return invalid(releasedTooOften, "%s: release beyond %d", s.object, s.mem.limit)
		}
		if atomic.CompareAndSwapUint32(&s.mem.value, v, v+1) {
			// All of them: of two that two releases wake one may be killed.
			s.ring(&s.mem.bell, futex.All)
			runtime.KeepAlive(s)
			return nil
		}
	}
}

// Value returns the value, which may have changed by then. Python:
// semaphore.get_value().
func (s *semaphore) Value(ctx context.Context) int {
	_ = s.act(ctx, opPeek)
	return s.value()
}

func (s *semaphore) value() int {
	defer runtime.KeepAlive(s)
	return int(atomic.LoadUint32(&s.mem.value))
}

// With calls fn between Acquire and Release. Python: with semaphore.
func (s *semaphore) With(ctx context.Context, fn func()) (err error) {
	if err := s.Acquire(ctx); err != nil {
		return err
	}
	defer func() { err = s.Release(ctx) }()
	fn()
	return nil
}

// Close gives this process's handle up; what waits here returns [ErrClosed]. Other
// processes keep the semaphore. It does not block, and may be called again.
func (s *semaphore) Close() error { return s.close(&s.mem.bell) }

// ReduceHandle lets the semaphore travel to another process, where it arrives as
// the same semaphore. It implements pickle.HandleReducer.
func (s *semaphore) ReduceHandle(h *pickle.Handles) (any, error) { return s.reduce(h) }

// String shows the value as Python's repr does.
func (s *Semaphore) String() string {
	return fmt.Sprintf("<Semaphore(value=%d)>", s.value())
}

// String shows the value and the bound as Python's repr does.
func (s *BoundedSemaphore) String() string {
	return fmt.Sprintf("<BoundedSemaphore(value=%d, maxvalue=%d)>", s.value(), s.mem.limit)
}

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Semaphore, error) {
		s, err := arriving(h, p, "Semaphore", kindSemaphore, semaphoreSize)
		if err != nil {
			return nil, err
		}
		return &Semaphore{semaphoreOf(s)}, nil
	}, "process.Semaphore")
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*BoundedSemaphore, error) {
		s, err := arriving(h, p, "BoundedSemaphore", kindSemaphore, semaphoreSize)
		if err != nil {
			return nil, err
		}
		return &BoundedSemaphore{semaphoreOf(s)}, nil
	}, "process.BoundedSemaphore")
}
