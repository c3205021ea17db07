package pool

import "github.com/pygil/pygil/gil"

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
