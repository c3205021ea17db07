package threading_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// reasons runs main and counts why the GIL was given up.
func reasons(t *testing.T, p gil.Profile, main func(t *gil.Thread)) map[gil.Why]int {
	t.Helper()
	seen := map[gil.Why]int{}
	require.NoError(t, gil.NewMachine(1, gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
		if e.Kind == gil.EvGILRelease {
			seen[e.Why]++
		}
	}))).Run(p, main))
	return seen
}

// What a thread waits for is in its events.
func TestReasonsToWait(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython36, gil.CPython313, gil.CPython314} {
		assert.Equal(t, map[gil.Why]int{gil.WhyEvent: 1, gil.WhyExit: 1}, reasons(t, p, func(th *gil.Thread) {
			new(threading.Event).WaitTimeout(th, time.Millisecond)
		}))
		assert.Equal(t, map[gil.Why]int{gil.WhyCond: 1, gil.WhyExit: 1}, reasons(t, p, func(th *gil.Thread) {
			c := threading.NewCondition(nil)
			c.Acquire(th)
			c.WaitTimeout(th, time.Millisecond)
			c.Release(th)
		}))
		assert.Equal(t, map[gil.Why]int{gil.WhyLock: 1, gil.WhyExit: 1}, reasons(t, p, func(th *gil.Thread) {
			var l threading.Lock
			l.Acquire(th)
			l.AcquireTimeout(th, time.Millisecond)
		}))
	}
}

// Taking a unit of a semaphore gives the GIL of 2.7 up, as taking a lock does, and
// later ones not.
func TestSemaphoreReleasesTheGIL(t *testing.T) {
	take := func(th *gil.Thread) {
		threading.NewSemaphore(1).Acquire(th)
		threading.NewBoundedSemaphore(1).TryAcquire(th)
	}
	assert.Equal(t, map[gil.Why]int{gil.WhyLock: 2, gil.WhyExit: 1}, reasons(t, gil.CPython27, take))
	assert.Equal(t, map[gil.Why]int{gil.WhyExit: 1}, reasons(t, gil.CPython36, take))
}

func TestTimerIsCalledByItsNumber(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		m := threading.NewTimer(0, func(*gil.Thread) {})
		m.Start(th)
		m.Join(th)
		assert.Equal(t, "Thread-1", m.Thread().Name())
		assert.Equal(t, "Thread-2 (TestTimerIsCalledByItsNumber.func1.2)", th.NewThread("", func(*gil.Thread) {}).Name())
	}))
}
