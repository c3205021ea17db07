package pool

import (
	"context"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/blocking"
)

// reserve waits for a place, where their number is bounded.
func (c *crew) reserve(t *gil.Thread, j job, wait bool) error {
	switch {
	case wait:
		c.room.Acquire(t)
	case !c.room.TryAcquire(t):
		return ErrFull
	}
	j.head().bounded = true
	return nil
}

// free gives the place back.
func (c *crew) free(t *gil.Thread, j job) {
	if h := j.head(); h.bounded {
		h.bounded = false
		c.room.Release(t)
	}
}

// reserve waits for a place as the one of a crew does; real workers have no semaphore of a
// virtual world.
func (f *fleet) reserve(ctx context.Context, j job, wait bool) (err error) {
	switch {
	case f.room == nil && f.places == nil:
		return nil
	case f.places != nil:
		t := virtual(ctx)
		switch {
		case t == nil:
			return noThread("Submit")
		case wait:
			f.places.Acquire(t)
		case !f.places.TryAcquire(t):
			return ErrFull
		}
	case f.room.TryAcquire(1):
	case !wait:
		return ErrFull
	default:
		blocking.Do(ctx, "pool.submit", func() { err = f.room.Acquire(ctx, 1) })
		if err != nil {
			return gone(ctx, "submit")
		}
	}
	j.head().bounded = true
	return nil
}

// free gives the place of a job back.
func (f *fleet) free(ctx context.Context, j job) {
	h := j.head()
	if !h.bounded {
		return
	}
	h.bounded = false
	if t := virtual(ctx); t != nil {
		f.places.Release(t)
		return
	}
	f.room.Release(1)
}
