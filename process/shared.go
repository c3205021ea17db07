package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/internal/shm"
	"github.com/pygil/pygil/pipe/pickle"
)

// A shared is this process's handle of an object in shared memory. Locks, events
// and all the others embed one.
type shared struct {
	seg    *shm.Segment
	claim  uint32 // this process's number in the segment
	shut   atomic.Bool
	fence  fence
	object string // the type's name, for errors
}

// The kinds of segments, so that no process takes one for another.
const (
	kindLock uint64 = iota + 0x6c_6f_63_6b_00
	kindSemaphore
	kindEvent
	kindCondition
	kindBarrier
	kindValue
	kindArray
)

// makeShared creates the memory of an object.
func makeShared(ctx context.Context, object string, size int, kind uint64) (*shared, error) {
	if err := over(ctx, "New"+object); err != nil {
		return nil, err
	}
	if err := refuseVirtual(ctx); err != nil {
		return nil, err
	}
	seg, err := shm.Create(size, kind)
	if err != nil {
		return nil, fmt.Errorf("process: New%s: %w", object, err)
	}
	return claimed(object, seg)
}

// claimed makes the handle of a segment.
func claimed(object string, seg *shm.Segment) (*shared, error) {
	claim, err := seg.Claim()
	if err != nil {
		_ = seg.Close()
		return nil, fmt.Errorf("process: %s: %w", object, err)
	}
	return &shared{seg: seg, claim: claim, object: object}, nil
}

// passing is what a message holds of an object that travels in it.
type passing struct {
	Handle int
}

// reduce adds the object's descriptor to a message.
func (s *shared) reduce(h *pickle.Handles) (passing, error) {
	file, err := s.seg.File()
	if errors.Is(err, shm.ErrClosed) {
		err = ErrClosed
	}
	if err != nil {
		return passing{}, err
	}
	return passing{h.Add(file)}, nil
}

// arriving makes the handle of an object that came with a message.
func arriving(h *pickle.Handles, p passing, object string, kind uint64, size int) (*shared, error) {
	seg, err := arrivingSegment(h, p.Handle, object, kind)
	if err != nil {
		return nil, err
	}
	if seg.Size() < size {
		_ = seg.Close()
		return nil, fmt.Errorf("process: a %s arrived with %d bytes, want %d", object, seg.Size(), size)
	}
	return claimed(object, seg)
}

func arrivingSegment(h *pickle.Handles, handle int, object string, kind uint64) (*shm.Segment, error) {
	v, err := h.Take(handle)
	if err != nil {
		return nil, err
	}
	file, ok := v.(*os.File)
	if !ok {
		return nil, fmt.Errorf("process: a %s came with a handle of type %T, want *os.File", object, v)
	}
	seg, err := shm.Open(file, kind)
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("process: %s: %w", object, err)
	}
	return seg, nil
}

// at returns a place in the object's memory.
func at[T any](s *shared, offset uintptr) *T {
	return (*T)(unsafe.Add(s.seg.Pointer(), offset))
}

// err is the error of a closed object.
func (s *shared) err() error {
	if s.shut.Load() {
		return ErrClosed
	}
	return nil
}

// close gives the handle up; bells are those that this process's waiters may
// sleep on.
func (s *shared) close(bells ...*futex.Bell) error {
	if s.shut.Swap(true) {
		return nil
	}
	err := s.seg.Close()
	for _, b := range bells {
		b.Poke(futex.All)
	}
	return err
}

// never is the moment at which a wait without a limit ends.
var never time.Time

// within is the moment at which a wait of d ends.
func within(d time.Duration) time.Time { return time.Now().Add(max(d, 0)) }

// wait waits in a room with the GIL given up. It reports false without an error
// when q.Until came first.
func wait(ctx context.Context, op string, room *futex.Room, q *futex.Quest) (bool, error) {
	var err error
	blocking.Do(ctx, op, func() { err = room.Wait(ctx, q) })
	if err == nil {
		return true, nil
	}
	if ended := over(ctx, op); ended != nil {
		return false, ended
	}
	return false, nil
}

// patient is a context for waits that must come to their end: giving a lock back
// to a condition's waiter. Its values are ctx's, its end is not.
func patient(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }
