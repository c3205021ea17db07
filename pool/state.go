package pool

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// A stage is how far a future has come.
type stage uint8

const (
	pending stage = iota
	running
	cancelled // nobody has seen it yet
	notified  // cancelled, and whoever would have run it knows
	finished
)

var stageNames = [...]string{"pending", "running", "cancelled", "cancelled", "finished"}

// state is a future without its value. Its lock is held for a few instructions and
// never while anything waits, switches or is called.
type state struct {
	mu      sync.Mutex
	stage   stage
	ending  bool // what is called first is being called
	repanic bool // a panic of the task goes on in Result
	live    bool // it is known to be of no virtual world
	err     error
	waits   []*waiter
	extra   *extra
	place   *place                 // where the explorer and a machine see it; nil in the live world
	worker  atomic.Pointer[member] // the process that it was sent to
}

// An extra is what few futures have. Programs keep many at once: what all of them have
// is what a task costs.
type extra struct {
	calls []func(ctx context.Context)
	stop  func() bool
	first func(ctx context.Context) // called before anybody knows of the outcome
	of    *place                    // the executor's, for observers; nil if nobody observes
	task  int64                     // its number there

	condemned bool // it is not to begin again
}

// more returns the extra of a future that has not ended, which nobody else knows or
// whose lock is held.
func (s *state) more() *extra {
	if s.extra == nil {
		s.extra = new(extra)
	}
	return s.extra
}

// isFollowed is hasFirst for who does not have the lock: what else there is of a future may
// be noted when its work has begun.
func (s *state) isFollowed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hasFirst()
}

// hasFirst reports whether something is called before anybody knows of the outcome. The lock
// is held.
func (s *state) hasFirst() bool { return s.extra != nil && s.extra.first != nil }

// announce tells a virtual world what the thread behind ctx is about to do.
func (s *state) announce(ctx context.Context, k gil.OpKind) {
	if !s.live {
		s.announceTo(ctx, k)
	}
}

func (s *state) announceTo(ctx context.Context, k gil.OpKind) {
	t := virtual(ctx)
	if t == nil {
		return
	}
	s.mu.Lock()
	if s.place == nil {
		s.place = new(place)
	}
	p := s.place
	s.mu.Unlock()
	p.announce(t, k, "a future")
}

// over reports whether nothing changes any more. The lock is held.
func (s *state) over() bool { return s.stage >= cancelled }

// at returns the stage.
func (s *state) at(ctx context.Context) stage {
	s.announce(ctx, gil.OpPeek)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stage
}

// cancel is Future.Cancel.
func (s *state) cancel(ctx context.Context) bool {
	s.announce(ctx, gil.OpSet)
	s.mu.Lock()
	if s.stage != pending {
		defer s.mu.Unlock()
		return s.stage == cancelled || s.stage == notified
	}
	s.stage = cancelled
	waits, calls := s.ended()
	s.mu.Unlock()
	s.tell(ctx, waits, calls)
	return true
}

// begin says that the work starts. It reports false when it is cancelled.
func (s *state) begin(ctx context.Context) (bool, error) {
	s.announce(ctx, gil.OpSet)
	s.mu.Lock()
	at := s.stage
	switch at {
	case pending:
		s.stage = running
	case cancelled:
		s.stage = notified
	}
	s.mu.Unlock()
	switch at {
	case pending:
		return true, nil
	case cancelled:
		return false, nil
	}
	return false, misuse("Future in unexpected state", "the future is %s: its work can begin once only", stageNames[at])
}

// unbegin says that work which was about to start has not, or is to start again. It reports
// whether it is to be cancelled now.
func (s *state) unbegin() (condemned bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == running {
		s.stage = pending
	}
	return s.stage == pending && s.extra != nil && s.extra.condemned
}

// condemn says that work which has begun is about to be ended, and is not to begin again: its
// worker may die, or be dead, before it can be. It reports false if it has not begun.
func (s *state) condemn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stage == pending {
		return false
	}
	if !s.over() {
		s.more().condemned = true
	}
	return true
}

// finish ends the future; set puts the value in its place, with the lock held. It
// reports false when the future had ended before.
func (s *state) finish(ctx context.Context, err error, set func()) bool {
	s.announce(ctx, gil.OpSet)
	s.mu.Lock()
	if s.over() || s.ending {
		s.mu.Unlock()
		return false
	}
	s.ending = s.hasFirst()
	if s.err = err; set != nil {
		set()
	}
	if s.ending {
		s.mu.Unlock()
		s.call(ctx, s.extra.first)
		s.mu.Lock()
		if s.over() { // cancelled meanwhile
			s.mu.Unlock()
			return false
		}
	}
	s.stage = finished
	waits, calls := s.ended()
	s.mu.Unlock()
	if waits != nil || s.extra != nil {
		s.tell(ctx, waits, calls)
	}
	return true
}

// ended takes those off who are to be told. The lock is held.
func (s *state) ended() (waits []*waiter, calls []func(context.Context)) {
	waits, s.waits = s.waits, nil
	if s.extra != nil {
		calls, s.extra.calls = s.extra.calls, nil
	}
	if s.worker.Load() != nil {
		s.worker.Store(nil) // a future that is kept keeps no pool
	}
	return waits, calls
}

// tell wakes the waiters and then calls the callbacks, in the order in which they
// were added.
func (s *state) tell(ctx context.Context, waits []*waiter, calls []func(ctx context.Context)) {
	if s.extra != nil && s.extra.stop != nil { // nobody sets it any more
		s.extra.stop()
	}
	for _, w := range waits {
		w.tell(ctx, s)
	}
	if h, is := ctx.(hearer); is && len(calls) > 0 {
		h.m.herald.call(h.m.f, func() {
			for _, call := range calls {
				s.call(context.Background(), call)
			}
		})
		return
	}
	for _, call := range calls {
		s.call(ctx, call)
	}
}

// call calls a callback. Its panic is reported and goes no further: nobody who is
// here has anything to do with it.
func (s *state) call(ctx context.Context, fn func(ctx context.Context)) {
	err := protect(func() error {
		fn(ctx)
		return nil
	})
	if p, panicked := err.(*PanicError); panicked {
		fmt.Fprintf(os.Stderr, "exception calling callback for %s:\n%v\n%s", s.describe(), p.Value, p.Stack)
	}
}

// whenDone has fn called at the end, at once if that has come.
func (s *state) whenDone(ctx context.Context, fn func(ctx context.Context)) {
	s.announce(ctx, gil.OpPut)
	s.mu.Lock()
	if !s.over() {
		x := s.more()
		x.calls = append(x.calls, fn)
		s.mu.Unlock()
		s.hurry()
		return
	}
	s.mu.Unlock()
	s.call(ctx, fn)
}

// awaited reports whether the first who waits waits for nothing else, and no callback
// does.
func (s *state) awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.extra != nil && (s.extra.first != nil || len(s.extra.calls) > 0)
	return !told && len(s.waits) > 0 && s.waits[0].patient
}

// isOver is over without the lock.
func (s *state) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over()
}

// follow has stop called at the end: there is nothing left then that a context could end.
func (s *state) follow(stop func() bool) {
	s.mu.Lock()
	over := s.over()
	if !over {
		s.more().stop = stop
	}
	s.mu.Unlock()
	if over {
		stop()
	}
}

// enlist has w told of the end. It reports false when that has come.
func (s *state) enlist(w *waiter) bool {
	s.mu.Lock()
	if s.over() {
		s.mu.Unlock()
		return false
	}
	s.waits = append(s.waits, w)
	s.mu.Unlock()
	if !w.reader {
		s.hurry()
	}
	return true
}

// dismiss is the opposite of enlist.
func (s *state) dismiss(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits = slices.DeleteFunc(s.waits, func(x *waiter) bool { return x == w })
}

// await waits for the end, for at most d unless that is forever.
func (s *state) await(ctx context.Context, op string, d time.Duration) error {
	s.announce(ctx, gil.OpWait)
	s.mu.Lock()
	over := s.over()
	s.mu.Unlock()
	switch {
	case over:
		return nil
	case ctx.Err() != nil:
		return gone(ctx, op)
	case d <= 0 && d != forever:
		return &expired{op: op}
	}
	if d == forever {
		s.help(ctx)
	}
	w := newWaiter(ctx)
	w.patient = d == forever
	if !s.enlist(w) {
		return nil
	}
	defer s.dismiss(w)
	return w.wait(ctx, op, d, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.over()
	})
}

// outcome returns how it ended, if it has: nil, the error, or that it was cancelled. After
// the end nothing changes any more.
func (s *state) outcome() (over bool, err error) {
	s.mu.Lock()
	over, err = s.over(), s.err
	cancelled := over && s.stage != finished
	s.mu.Unlock()
	if cancelled {
		err = ErrCancelled
	}
	return over, err
}

// awaitOutcome waits for the end as await does, and returns how it ended.
func (s *state) awaitOutcome(ctx context.Context, op string, d time.Duration) (failed, err error) {
	if s.live { // no virtual world is told, and most of the time there is nothing to wait for
		if over, failed := s.outcome(); over {
			return failed, nil
		}
	}
	if err := s.await(ctx, op, d); err != nil {
		return nil, err
	}
	_, failed = s.outcome()
	return failed, nil
}

func (s *state) describe() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := stageNames[s.stage]
	if s.stage == finished && s.err != nil {
		text += fmt.Sprintf(" raised %T", s.err)
	}
	return fmt.Sprintf("<Future at %p state=%s>", s, text)
}
