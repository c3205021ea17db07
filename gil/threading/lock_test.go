package threading_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// lockCases are the cases that every lock passes: Lock, RLock, and a Condition used
// as a lock.
func lockCases(kind string, create func() threading.Locker) []testCase {
	return []testCase{
		// BaseLockTests.test_constructor, .test_acquire_release
		{name: kind + "/AcquireRelease", body: func(t *gil.Thread) {
			l := create()
			l.Acquire(t)
			l.Release(t)
			l.Acquire(t)
			l.Release(t)
		}},
		// BaseLockTests.test_acquire_destroy: nothing is left of a lock that nobody
		// releases.
		{name: kind + "/LeftHeld", body: func(t *gil.Thread) {
			create().Acquire(t)
		}},
		// BaseLockTests.test_try_acquire
		{name: kind + "/TryAcquire", body: func(t *gil.Thread) {
			l := create()
			require.True(t, l.TryAcquire(t))
			l.Release(t)
			require.True(t, l.TryAcquire(t))
			l.Release(t)
		}},
		// BaseLockTests.test_try_acquire_contended
		{name: kind + "/TryAcquireContended", body: func(t *gil.Thread) {
			l := create()
			l.Acquire(t)
			var got tally[bool]
			bunch(t, 1, func(t *gil.Thread) { got.add(l.TryAcquire(t)) })()
			require.Equal(t, []bool{false}, got.all())
			l.Release(t)
		}},
		// BaseLockTests.test_acquire_contended
		{name: kind + "/AcquireContended", timed: true, body: func(t *gil.Thread) {
			l := create()
			l.Acquire(t)
			var finished tally[string]
			join := bunch(t, 5, func(t *gil.Thread) {
				l.Acquire(t)
				l.Release(t)
				finished.add(t.Name())
			})
			settle(t)
			require.Empty(t, finished.all())
			l.Release(t)
			join()
			require.Len(t, finished.all(), 5)
		}},
		{name: kind + "/Excludes", body: func(t *gil.Thread) {
			l := create()
			n, inside := 0, 0
			bunch(t, 4, func(t *gil.Thread) {
				for range 5 {
					l.Acquire(t)
					inside++
					require.Equal(t, 1, inside)
					n++
					t.Tick(3)
					inside--
					l.Release(t)
				}
			})()
			require.Equal(t, 20, n)
		}},
		// BaseLockTests.test_with
		{name: kind + "/With", body: func(t *gil.Thread) {
			l := create().(interface {
				threading.Locker
				With(t *gil.Thread, fn func())
			})
			free := func() {
				bunch(t, 1, func(t *gil.Thread) {
					require.True(t, l.TryAcquire(t))
					l.Release(t)
				})()
			}
			l.With(t, func() {
				bunch(t, 1, func(t *gil.Thread) { require.False(t, l.TryAcquire(t)) })()
			})
			free()
			oops := errors.New("oops")
			require.PanicsWithValue(t, oops, func() { l.With(t, func() { panic(oops) }) })
			free()
		}},
		// BaseLockTests.test_thread_leak
		{name: kind + "/ManyThreads", body: func(t *gil.Thread) {
			l := create()
			bunch(t, 15, func(t *gil.Thread) {
				l.Acquire(t)
				l.Release(t)
			})()
			require.Equal(t, 1, t.Interpreter().ActiveCount(t))
		}},
		// BaseLockTests.test_timeout
		{name: kind + "/Timeout", timed: true, body: func(t *gil.Thread) {
			l := create()
			want := "timeout value must be a non-negative number"
			if n := t.Interpreter().Profile().Name(); n == "2.7" || n == "3.12" {
				want = "timeout value must be positive"
			}
			for _, d := range []time.Duration{-1, -100 * time.Second} {
				require.Equal(t, want, pythonText(t, func() { l.AcquireTimeout(t, d) }))
			}
			require.True(t, l.AcquireTimeout(t, 1<<63-1))
			l.Release(t)
			require.Zero(t, took(t, func() { require.True(t, l.AcquireTimeout(t, 5*time.Second)) }))
			bunch(t, 1, func(t *gil.Thread) {
				d := took(t, func() { require.False(t, l.AcquireTimeout(t, 500*time.Millisecond)) })
				require.Equal(t, 500*time.Millisecond, d)
				require.Zero(t, took(t, func() { require.False(t, l.AcquireTimeout(t, 0)) }))
			})()
			l.Release(t)
		}},
		{name: kind + "/TimeoutInTime", timed: true, body: func(t *gil.Thread) {
			l := create()
			l.Acquire(t)
			join := bunch(t, 1, func(t *gil.Thread) {
				d := took(t, func() { require.True(t, l.AcquireTimeout(t, time.Second)) })
				require.Equal(t, 300*time.Millisecond, d)
				l.Release(t)
			})
			t.Sleep(300 * time.Millisecond)
			l.Release(t)
			join()
		}},
	}
}

func TestLock(t *testing.T) { runCases(t, lockSuite()) }

func lockSuite() []testCase {
	return append(lockCases("Lock", func() threading.Locker { return new(threading.Lock) }), []testCase{
		// BaseLockTests.test_repr, .test_locked_repr
		{name: "Lock/Locked", body: func(t *gil.Thread) {
			var l threading.Lock
			require.False(t, l.Locked(t))
			l.Acquire(t)
			require.True(t, l.Locked(t))
			l.Release(t)
			require.False(t, l.Locked(t))
		}},
		// LockTests.test_reacquire
		{name: "Lock/Reacquire", timed: true, body: func(t *gil.Thread) {
			var l threading.Lock
			var phase tally[int]
			join := bunch(t, 1, func(t *gil.Thread) {
				l.Acquire(t)
				phase.add(1)
				l.Acquire(t)
				phase.add(2)
			})
			settle(t)
			require.Equal(t, []int{1}, phase.all())
			l.Release(t)
			join()
			require.Equal(t, []int{1, 2}, phase.all())
		}},
		// LockTests.test_different_thread
		{name: "Lock/DifferentThread", body: func(t *gil.Thread) {
			var l threading.Lock
			l.Acquire(t)
			bunch(t, 1, func(t *gil.Thread) { l.Release(t) })()
			l.Acquire(t)
			l.Release(t)
		}},
		// LockTests.test_state_after_timeout
		{name: "Lock/StateAfterTimeout", timed: true, body: func(t *gil.Thread) {
			var l threading.Lock
			l.Acquire(t)
			require.False(t, l.AcquireTimeout(t, 10*time.Millisecond))
			l.Release(t)
			require.False(t, l.Locked(t))
			require.True(t, l.TryAcquire(t))
		}},
		// ThreadingExceptionTests.test_releasing_unacquired_lock
		{name: "Lock/ReleaseUnacquired", body: func(t *gil.Thread) {
			var l threading.Lock
			release := func() { l.Release(t) }
			require.Equal(t, "release unlocked lock", pythonText(t, release))
			l.Acquire(t)
			l.Release(t)
			require.Equal(t, "release unlocked lock", pythonText(t, release))
			require.True(t, l.TryAcquire(t), "a refused release changes nothing")
			require.False(t, l.TryAcquire(t))
		}},
		// Two threads release one acquire: one of them is refused, whoever it is.
		{name: "Lock/ReleaseTwice", body: func(t *gil.Thread) {
			var l threading.Lock
			l.Acquire(t)
			var refused tally[bool]
			bunch(t, 2, func(t *gil.Thread) {
				defer func() { refused.add(recover() != nil) }()
				l.Release(t)
			})()
			require.ElementsMatch(t, []bool{true, false}, refused.all())
			require.True(t, l.TryAcquire(t))
			require.False(t, l.TryAcquire(t))
		}},
	}...)
}
