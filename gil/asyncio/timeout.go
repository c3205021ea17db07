package asyncio

import "time"

// TimeoutScope is a running timeout block. Python: asyncio.Timeout.
type TimeoutScope struct {
	co      *Co
	t       *timer
	soon    *Handle
	when    time.Duration
	asked   int
	limited bool
	state   scopeState
}

type scopeState uint8

const (
	scopeCreated scopeState = iota
	scopeEntered
	scopeExpiring
	scopeExpired
	scopeExited
)

var scopeNames = [...]string{"created", "active", "expiring", "expired", "finished"}

// Timeout runs fn and cancels it after d: fn sees ErrCancelled at its await, and
// Timeout returns an error that matches ErrTimeout if fn passes the cancellation
// on. When the task is cancelled from outside as well, the cancellation wins. A
// body that never suspends cannot be timed out. Python: async with
// asyncio.timeout(d), 3.11.
func Timeout(co *Co, d time.Duration, fn func(co *Co) error) error {
	return TimeoutWith(co, d, func(co *Co, _ *TimeoutScope) error { return fn(co) })
}

// TimeoutWith is Timeout whose fn is given the scope, to reschedule it or to ask
// whether it has expired. Python: async with asyncio.timeout(d) as scope.
func TimeoutWith(co *Co, d time.Duration, fn func(co *Co, s *TimeoutScope) error) error {
	if err := co.loop.rules.need(11, "Timeout (asyncio.timeout)", "timeout"); err != nil {
		return err
	}
	s := &TimeoutScope{}
	return s.run(co, co.loop.later(d), func(co *Co) error { return fn(co, s) })
}

// TimeoutAt is TimeoutWith that ends at a moment of the loop's clock. Python:
// asyncio.timeout_at, 3.11.
func TimeoutAt(co *Co, when time.Duration, fn func(co *Co, s *TimeoutScope) error) error {
	if err := co.loop.rules.need(11, "TimeoutAt (asyncio.timeout_at)", "timeout_at"); err != nil {
		return err
	}
	s := &TimeoutScope{}
	return s.run(co, when, func(co *Co) error { return fn(co, s) })
}

func (s *TimeoutScope) run(co *Co, when time.Duration, fn func(co *Co) error) (err error) {
	if err := co.check(); err != nil {
		return err
	}
	s.co, s.state, s.asked = co, scopeEntered, int(co.asked)
	s.arm(when)
	defer func() { // also when fn panics
		s.disarm()
		switch s.state {
		case scopeExpiring:
			s.state = scopeExpired
			if co.Uncancel() <= s.asked && err != nil {
				if c := cancellation(err); c != nil {
					err = &TimeoutError{Cause: c}
				}
			}
		case scopeEntered:
			s.state = scopeExited
		}
	}()
	return fn(co)
}

func (s *TimeoutScope) arm(when time.Duration) {
	l := s.co.loop
	s.when, s.limited = when, true
	if when <= l.Time() {
		h := l.handle(s.expire)
		s.soon = h
		l.ready.push(job{h: h})
		return
	}
	s.t = l.timer(when, s.expire)
}

func (s *TimeoutScope) disarm() {
	if s.t != nil {
		s.co.loop.timers.cancel(s.t)
		s.t = nil
	}
	if s.soon != nil {
		s.soon.Cancel()
		s.soon = nil
	}
}

func (s *TimeoutScope) expire() {
	s.co.cancel(noReason)
	s.state = scopeExpiring
	s.t, s.soon = nil, nil
}

// Reschedule moves the end to a moment of the loop's clock. It returns a
// *gil.RuntimeError when the block has expired or ended. Python:
// Timeout.reschedule.
func (s *TimeoutScope) Reschedule(when time.Duration) error {
	if s.state != scopeEntered {
		return misuse("Cannot change state of "+scopeNames[s.state]+" Timeout", "Reschedule of a timeout that is %s", scopeNames[s.state])
	}
	s.disarm()
	s.arm(when)
	return nil
}

// Disable takes the limit away. It returns a *gil.RuntimeError when the block has
// expired or ended. Python: Timeout.reschedule(None).
func (s *TimeoutScope) Disable() error {
	if s.state != scopeEntered {
		return misuse("Cannot change state of "+scopeNames[s.state]+" Timeout", "Disable of a timeout that is %s", scopeNames[s.state])
	}
	s.disarm()
	s.limited = false
	return nil
}

// When is the moment at which the block ends, if it has a limit. Python:
// Timeout.when.
func (s *TimeoutScope) When() (when time.Duration, limited bool) { return s.when, s.limited }

// Expired reports whether the time was up, also when the body swallowed the
// cancellation. Python: Timeout.expired.
func (s *TimeoutScope) Expired() bool { return s.state == scopeExpiring || s.state == scopeExpired }
