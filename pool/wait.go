package pool

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/pygil/pygil/gil"
)

// ReturnWhen says for what Wait waits.
type ReturnWhen string

// What Wait can wait for.
const (
	// AllCompleted waits until every future is done.
	AllCompleted ReturnWhen = "ALL_COMPLETED"
	// FirstCompleted waits until one is.
	FirstCompleted ReturnWhen = "FIRST_COMPLETED"
	// FirstException waits until one has failed, or every one is done. A cancelled
	// future has not failed.
	FirstException ReturnWhen = "FIRST_EXCEPTION"
)

// Wait waits, with the GIL given up, until the futures are as when says, and returns
// which of them are done and which are not, both in the order given and each once.
// What is done when it looks counts, also when the error is that the context ended.
// An unknown when is a *gil.ValueError. Python: concurrent.futures.wait.
func Wait[T any](ctx context.Context, fs []*Future[T], when ReturnWhen) (done, rest []*Future[T], err error) {
	return wait(ctx, fs, when, forever)
}

// WaitTimeout is Wait that waits for at most d. That d has passed is no error.
// Python: concurrent.futures.wait(fs, timeout=d).
func WaitTimeout[T any](ctx context.Context, fs []*Future[T], when ReturnWhen, d time.Duration) (done, rest []*Future[T], err error) {
	done, rest, err = wait(ctx, fs, when, max(d, 0))
	if _, late := err.(*expired); late && ctx.Err() == nil {
		err = nil
	}
	return done, rest, err
}

func wait[T any](ctx context.Context, fs []*Future[T], when ReturnWhen, d time.Duration) (done, rest []*Future[T], err error) {
	switch when {
	case AllCompleted, FirstCompleted, FirstException:
	default:
		text := fmt.Sprintf("Invalid return condition: '%s'", when)
		return nil, nil, badValue(text, "invalid return condition %q: AllCompleted, FirstCompleted or FirstException", string(when))
	}
	if fs, err = distinct(fs); err != nil {
		return nil, nil, err
	}
	p := &poll{when: when}
	w := newWaiter(ctx)
	w.asked = p.ended
	var listed []*state
	for _, f := range fs {
		f.announce(ctx, gil.OpWait)
		p.expect()
		if f.enlist(w) {
			listed = append(listed, &f.state)
		} else {
			p.ended(&f.state)
		}
	}
	switch {
	case p.enough():
	case ctx.Err() != nil:
		err = gone(ctx, "wait")
	case d == 0:
		err = &expired{op: "wait"}
	default:
		err = w.wait(ctx, "wait", d, p.enough)
	}
	for _, s := range listed {
		s.dismiss(w)
	}
	for _, f := range fs {
		f.mu.Lock()
		over := f.over()
		f.mu.Unlock()
		if over {
			done = append(done, f)
		} else {
			rest = append(rest, f)
		}
	}
	return done, rest, err
}

// distinct returns every future once. One that is nil is an error.
func distinct[T any](fs []*Future[T]) ([]*Future[T], error) {
	seen := make(map[*Future[T]]bool, len(fs))
	out := make([]*Future[T], 0, len(fs))
	for i, f := range fs {
		if f == nil {
			return nil, badValue("", "future %d of %d is nil", i, len(fs))
		}
		if !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	return out, nil
}

// A poll counts futures until there are enough.
type poll struct {
	when   ReturnWhen
	mu     sync.Mutex
	open   int
	done   int
	failed bool
}

func (p *poll) expect() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
}

// ended counts a future that is done and reports whether there are enough.
func (p *poll) ended(s *state) bool {
	s.mu.Lock()
	failed := s.stage == finished && s.err != nil
	s.mu.Unlock()
	p.mu.Lock()
	p.open--
	p.done++
	p.failed = p.failed || failed
	p.mu.Unlock()
	return p.enough()
}

func (p *poll) enough() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.open == 0:
		return true
	case p.when == FirstCompleted:
		return p.done > 0
	case p.when == FirstException:
		return p.failed
	}
	return false
}

// AsCompleted yields the futures as they end, each once: first those that have, in
// the order given, then the others in the order in which they end. It waits in
// between, with the GIL given up. If the context ends, it yields no future and the
// error, last. Python: concurrent.futures.as_completed.
func AsCompleted[T any](ctx context.Context, fs []*Future[T]) iter.Seq2[*Future[T], error] {
	return asCompleted(ctx, fs, forever)
}

// AsCompletedTimeout is AsCompleted that goes on for at most d from when the loop
// begins; then it yields an error that matches ErrTimeout and says how many futures
// are not done. Python: as_completed(fs, timeout=d).
func AsCompletedTimeout[T any](ctx context.Context, fs []*Future[T], d time.Duration) iter.Seq2[*Future[T], error] {
	return asCompleted(ctx, fs, max(d, 0))
}

func asCompleted[T any](ctx context.Context, fs []*Future[T], d time.Duration) iter.Seq2[*Future[T], error] {
	return func(yield func(*Future[T], error) bool) {
		fs, err := distinct(fs)
		if err != nil {
			yield(nil, err)
			return
		}
		a := &arrivals{}
		w := newWaiter(ctx)
		w.asked = a.ended
		byState := make(map[*state]*Future[T], len(fs))
		for _, f := range fs {
			byState[&f.state] = f
			f.announce(ctx, gil.OpWait)
			if !f.enlist(w) {
				a.ended(&f.state)
			}
		}
		defer func() {
			for s := range byState {
				s.dismiss(w)
			}
		}()
		limit := deadline(ctx, d)
		for n := len(fs); n > 0; n-- {
			var err error
			switch left := limit(); {
			case a.any():
			case left == 0:
				err = &expired{op: "AsCompleted"}
			default:
				err = w.wait(ctx, "AsCompleted", left, a.any)
			}
			if late, is := err.(*expired); is {
				late.python = fmt.Sprintf("%d (of %d) futures unfinished", n, len(fs))
				late.op = "AsCompleted: " + late.python + ":"
			}
			if err != nil {
				yield(nil, err)
				return
			}
			s := a.next()
			f := byState[s]
			delete(byState, s)
			if !yield(f, nil) {
				return
			}
		}
	}
}

// deadline returns a function that says how much is left of d, on the clock of the
// world that ctx is of.
func deadline(ctx context.Context, d time.Duration) func() time.Duration {
	if d == forever {
		return func() time.Duration { return forever }
	}
	now := clock(ctx)
	end := now() + d
	return func() time.Duration { return max(0, end-now()) }
}

// clock is that of the world that ctx is of.
func clock(ctx context.Context) func() time.Duration {
	if t := acting(ctx); t != nil {
		return t.Now
	}
	began := time.Now()
	return func() time.Duration { return time.Since(began) }
}

// arrivals are futures that have ended and were not yielded yet.
type arrivals struct {
	mu   sync.Mutex
	list []*state
}

func (a *arrivals) ended(s *state) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, s)
	return true
}

func (a *arrivals) any() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list) > 0
}

func (a *arrivals) next() *state {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.list[0]
	a.list[0] = nil // who has it may let go of it while the loop goes on
	a.list = a.list[1:]
	return s
}
