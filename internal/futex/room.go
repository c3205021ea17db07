package futex

import (
	"context"
	"sync"
	"time"

	"github.com/pygil/pygil/internal/line"
)

// The intervals after which a sleeper looks whether it missed something because
// a process died. Only tests change them: with long ones, a ring that was forgotten
// is a hang and not a delay.
var (
	FirstLook = 10 * time.Millisecond
	LastLook  = 80 * time.Millisecond
)

// A Room holds the goroutines of this process that wait for one object. The zero
// value is empty. It must not be copied.
type Room struct {
	mu   sync.Mutex
	led  bool // one of them sleeps in the kernel, or is about to
	hope hope // the leader's
	line line.Line[*follower]
}

// A follower waits on a channel until it leads.
type follower struct {
	lead  chan struct{} // closed when it is its turn
	place line.Place[*follower]
}

// A Quest says what a goroutine waits for.
type Quest struct {
	// Bell is rung when the object changes.
	Bell *Bell
	// Try takes what is waited for, or reports whether it happened. It is called
	// often, sometimes with a lock held: it must be short and must not block.
	Try func() (done bool)
	// Check, when not nil, is called about ten times a second while waiting, and
	// before the waiting ends for Until. It looks for deaths.
	Check func()
	// Until ends the waiting; zero is never.
	Until time.Time
}

// Wait returns nil when q.Try succeeded. It returns the context's error when that
// ended first and context.DeadlineExceeded when q.Until came first; Try has failed
// after that moment. It blocks; callers give the GIL up around it.
//
// Goroutines are served in the order of their arrival, except that those who
// find the object ready never come here.
func (r *Room) Wait(ctx context.Context, q *Quest) error {
	r.mu.Lock()
	// With the lock held: whoever is before us in the queue tried before us, so
	// what we could have had at this moment and they could not does not exist.
	if q.Try() {
		r.mu.Unlock()
		return nil
	}
	if !r.led {
		r.led = true
		r.mu.Unlock()
		return r.lead(ctx, q)
	}
	me := &follower{lead: make(chan struct{})}
	r.line.Join(&me.place, me)
	r.mu.Unlock()

	var limit <-chan time.Time
	if !q.Until.IsZero() {
		timer := time.NewTimer(time.Until(q.Until))
		defer timer.Stop()
		limit = timer.C
	}
	var err error
	select {
	case <-me.lead:
		return r.lead(ctx, q)
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit:
		err = context.DeadlineExceeded
	}
	r.mu.Lock()
	queued := r.line.Leave(&me.place)
	r.mu.Unlock()
	if !queued { // it was made the leader at that moment
		r.pass()
	}
	return err
}

// lead sleeps in the kernel on behalf of everybody in the room.
func (r *Room) lead(ctx context.Context, q *Quest) error {
	defer r.pass()
	if r.hope.meets(q) {
		return nil
	}
	if ctx.Done() != nil {
		// The kernel knows no contexts: a ring ends the sleep. Other processes
		// may hear it, and go back to sleep.
		stop := context.AfterFunc(ctx, func() { q.Bell.Poke(All) })
		defer stop()
	}
	patience := FirstLook
	for {
		heard := q.Bell.Listen()
		if q.Try() {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		d := patience
		if !q.Until.IsZero() {
			left := time.Until(q.Until)
			if left <= 0 {
				return context.DeadlineExceeded
			}
			d = min(d, left)
		}
		if q.Bell.Sleep(heard, d) {
			if q.Check != nil {
				q.Check()
			}
			patience = min(2*patience, LastLook)
		}
	}
}

// pass makes the next one in the queue the leader.
func (r *Room) pass() {
	r.mu.Lock()
	if next, ok := r.line.Pop(); ok {
		close(next.lead)
	} else {
		r.led = false
	}
	r.mu.Unlock()
}

// Waiting returns how many goroutines follow a leader here.
func (r *Room) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line.Len()
}
