package threading

import (
	"math"
	"time"

	"github.com/pygil/pygil/gil"
)

// What differs between the Pythons that threads of a profile run under. Other
// differences are the Gate's business: fairness, and whether a free lock gives the
// GIL up.

// polls reports whether a wait with a timeout is a loop of sleeps, and Event.Wait
// looks at the flag again when it has been woken: threading.py up to 3.1 could
// not wait for a lock with a timeout.
func polls(t *gil.Thread) bool { return t.Interpreter().Profile().PollsWaits() }

// negativeTimeout is the text of lock.acquire(timeout=-2).
func negativeTimeout(t *gil.Thread) string {
	switch t.Interpreter().Profile().Name() {
	case "2.7", "3.1", "3.2", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "pypy", "jvm":
		return "timeout value must be positive"
	}
	return "timeout value must be a non-negative number"
}

// notifyCount turns the argument of notify into a number of waiters to wake out
// of those there are. A negative one wakes nobody from 3.9 on, is refused by the
// islice of 3.6 to 3.8, and is the end of a slice in 2.7: all but the last.
func notifyCount(t *gil.Thread, n, waiting int) int {
	if n >= 0 {
		return min(n, waiting)
	}
	switch t.Interpreter().Profile().Name() {
	case "2.7", "3.1":
		return max(0, waiting+n)
	case "3.6", "3.7", "3.8":
		panic(badValue("Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
			"Notify(%d): the number of threads to wake must not be negative", n))
	}
	return 0
}

// noParties is the text of Barrier(0). Up to 3.12 Python accepts it, and nobody
// ever passes.
func noParties(t *gil.Thread) string {
	if t.Interpreter().Profile().Name() == "3.13" {
		return "parties must be > 0"
	}
	return noPartiesNewest
}

const noPartiesNewest = "parties must be >= 1"

// after is the moment of the world's clock that is d away, or the last there is.
func after(t *gil.Thread, d time.Duration) time.Duration {
	now := t.Now()
	if end := now + max(d, 0); end >= now {
		return end
	}
	return math.MaxInt64
}

// until turns a timeout into a moment for Gate.Pass. One of zero or less is a try.
func until(t *gil.Thread, d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return after(t, d)
}

// blockingUntil is until for acquire, which refuses a negative timeout.
func blockingUntil(t *gil.Thread, d time.Duration) time.Duration {
	if d < 0 {
		panic(badValue(negativeTimeout(t), "AcquireTimeout(%v): the timeout must not be negative; Acquire waits for ever", d))
	}
	return until(t, d)
}

// The sleeps of a polling wait.
const (
	firstNap   = time.Millisecond
	longestNap = 50 * time.Millisecond
)

// passPolling is Pass with a timeout in Pythons that poll: it tries, sleeps 1, 2,
// 4 … 50 ms, and tries again, so it notices up to 50 ms late.
func passPolling(g *gil.Gate, t *gil.Thread, d time.Duration) bool {
	end, before := after(t, d), g.Openings(t)
	for nap := firstNap; ; nap = min(2*nap, longestNap) {
		if g.Pass(t, gil.OpTryAcquire, 0) == gil.Passed || g.Openings(t) != before {
			return true
		}
		left := end - t.Now()
		if left <= 0 {
			return false
		}
		t.Sleep(min(nap, left))
	}
}
