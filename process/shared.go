package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/internal/shm"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A shared is this process's handle of an object in shared memory. Locks, events
// and all the others embed one.
type shared struct {
	seg    memory
	in     *piece // seg in a virtual world, nil in the live one
	claim  uint32 // this process's number in the segment
	shut   atomic.Bool
	fence  fence
	object string // the type's name, for errors
}

// A memory is what an object lies in, as a process has it: a *shm.Segment or a
// piece of a virtual world.
type memory interface {
	Pointer() unsafe.Pointer
	Size() int
	// Alive reports whether the process with a number has neither died nor closed
	// its handle.
	Alive(n uint32) bool
	PID(n uint32) int
	Close() error
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
	if t := virtual(ctx); t != nil {
		return sharedOf(object, newRegion(t, object, size, kind)), nil
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
	if s.in != nil {
		return s.reduceTo(h)
	}
	if c, ok := h.Context.(pipe.Carrier); ok && virtual(c.Context()) != nil {
		return passing{}, invalid("", "this %s belongs to the live world and cannot go to an emulated process: make it with the thread as the context", s.object)
	}
	file, err := s.seg.(*shm.Segment).File()
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
	v, err := h.Take(p.Handle)
	if err != nil {
		return nil, err
	}
	if r, ok := v.(*region); ok {
		return arrivingIn(h, r, object, kind, size)
	}
	seg, err := arrivingSegment(v, object, kind)
	if err != nil {
		return nil, err
	}
	if seg.Size() < size {
		_ = seg.Close()
		return nil, fmt.Errorf("process: a %s arrived with %d bytes, want %d", object, seg.Size(), size)
	}
	return claimed(object, seg)
}

func arrivingSegment(v any, object string, kind uint64) (*shm.Segment, error) {
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
	if s.in != nil {
		if t := s.in.of.acting(); t != nil {
			s.in.common.Act(t, opRelease)
		}
		err := s.seg.Close()
		s.in.world.died()
		return err
	}
	err := s.seg.Close()
	for _, b := range bells {
		b.Poke(futex.All)
	}
	return err
}

// wait waits in a room with the GIL given up. It reports false without an error
// when the quest's limit came first.
func (s *shared) wait(ctx context.Context, op string, room *futex.Room, q *quest) (bool, error) {
	if s.in != nil {
		return s.await(ctx, op, q)
	}
	q.Until = q.until.real
	var err error
	blocking.Do(ctx, op, func() { err = room.Wait(ctx, &q.Quest) })
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
