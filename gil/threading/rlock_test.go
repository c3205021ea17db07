package threading_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

const notAcquired = "cannot release un-acquired lock"

// rlockCases are the cases of locks that one thread may acquire again: RLock, and a
// Condition used as a lock.
func rlockCases(kind string, create func() threading.Locker) []testCase {
	return append(lockCases(kind, create), []testCase{
		// RLockTests.test_reacquire
		{name: kind + "/Reacquire", body: func(t *gil.Thread) {
			l := create()
			l.Acquire(t)
			l.Acquire(t)
			l.Release(t)
			l.Acquire(t)
			require.True(t, l.TryAcquire(t))
			require.True(t, l.AcquireTimeout(t, 0))
			l.Release(t)
			l.Release(t)
			l.Release(t)
			bunch(t, 1, func(t *gil.Thread) { require.False(t, l.TryAcquire(t)) })()
			l.Release(t)
			bunch(t, 1, func(t *gil.Thread) { require.True(t, l.TryAcquire(t)) })()
		}},
		// RLockTests.test_release_unacquired
		{name: kind + "/ReleaseUnacquired", body: func(t *gil.Thread) {
			l := create()
			release := func() { l.Release(t) }
			require.Equal(t, notAcquired, pythonText(t, release))
			l.Acquire(t)
			l.Acquire(t)
			l.Release(t)
			l.Acquire(t)
			l.Release(t)
			l.Release(t)
			require.Equal(t, notAcquired, pythonText(t, release))
			require.True(t, l.TryAcquire(t))
		}},
		// RLockTests.test_release_save_unacquired
		{name: kind + "/ReleaseAllUnacquired", body: func(t *gil.Thread) {
			l := create()
			all := func() { threading.ReleaseAll(t, l) }
			require.Equal(t, notAcquired, pythonText(t, all))
			l.Acquire(t)
			l.Acquire(t)
			l.Release(t)
			l.Release(t)
			require.Equal(t, notAcquired, pythonText(t, all))
		}},
		{name: kind + "/ReleaseAll", body: func(t *gil.Thread) {
			l := create()
			for range 3 {
				l.Acquire(t)
			}
			levels := threading.ReleaseAll(t, l)
			require.Equal(t, 3, levels)
			bunch(t, 1, func(t *gil.Thread) {
				require.True(t, l.TryAcquire(t))
				l.Release(t)
			})()
			threading.AcquireAll(t, l, levels)
			l.Release(t)
			l.Release(t)
			bunch(t, 1, func(t *gil.Thread) { require.False(t, l.TryAcquire(t)) })()
			l.Release(t)
			bunch(t, 1, func(t *gil.Thread) { require.True(t, l.TryAcquire(t)) })()
		}},
		// RLockTests.test_different_thread
		{name: kind + "/DifferentThread", timed: true, body: func(t *gil.Thread) {
			l := create()
			join := bunch(t, 1, func(t *gil.Thread) {
				l.Acquire(t)
				t.Sleep(1000 * 1000 * 1000)
				l.Release(t)
			})
			settle(t)
			require.Equal(t, notAcquired, pythonText(t, func() { l.Release(t) }))
			require.Equal(t, notAcquired, pythonText(t, func() { threading.ReleaseAll(t, l) }))
			require.False(t, l.TryAcquire(t), "a refused release changes nothing")
			join()
		}},
		// RLockTests.test__is_owned
		{name: kind + "/IsOwned", body: func(t *gil.Thread) {
			l := create()
			require.False(t, threading.IsOwned(t, l))
			l.Acquire(t)
			require.True(t, threading.IsOwned(t, l))
			l.Acquire(t)
			require.True(t, threading.IsOwned(t, l))
			bunch(t, 1, func(t *gil.Thread) { require.False(t, threading.IsOwned(t, l)) })()
			l.Release(t)
			require.True(t, threading.IsOwned(t, l))
			l.Release(t)
			require.False(t, threading.IsOwned(t, l))
		}},
	}...)
}

func TestRLock(t *testing.T) { runCases(t, rlockSuite()) }

func rlockSuite() []testCase {
	return append(rlockCases("RLock", func() threading.Locker { return new(threading.RLock) }), []testCase{
		// BaseLockTests.test_repr, .test_locked_repr
		{name: "RLock/Locked", body: func(t *gil.Thread) {
			var l threading.RLock
			require.False(t, l.Locked(t))
			l.Acquire(t)
			l.Acquire(t)
			l.Release(t)
			require.True(t, l.Locked(t))
			bunch(t, 1, func(t *gil.Thread) { require.True(t, l.Locked(t)) })()
			l.Release(t)
			require.False(t, l.Locked(t))
		}},
		// RLockTests.test_recursion_count
		{name: "RLock/RecursionCount", timed: true, body: func(t *gil.Thread) {
			var l threading.RLock
			require.Equal(t, 0, l.Levels(t))
			l.Acquire(t)
			require.Equal(t, 1, l.Levels(t))
			l.Acquire(t)
			l.Acquire(t)
			require.Equal(t, 3, l.Levels(t))
			l.Release(t)
			require.Equal(t, 2, l.Levels(t))
			l.Release(t)
			l.Release(t)
			require.Equal(t, 0, l.Levels(t))
			join := bunch(t, 1, func(t *gil.Thread) {
				l.Acquire(t)
				settle(t)
				settle(t)
				l.Release(t)
			})
			settle(t)
			require.Equal(t, 0, l.Levels(t), "of another thread")
			join()
			require.Equal(t, 0, l.Levels(t))
		}},
	}...)
}

// TestConditionAsLock is CPython's ConditionAsRLockTests: a condition has its lock's
// methods. Its test_recursion_count has no meaning there either.
func TestConditionAsLock(t *testing.T) { runCases(t, conditionAsLockSuite()) }

func conditionAsLockSuite() []testCase {
	return append(
		rlockCases("Condition", func() threading.Locker { return new(threading.Condition) }),
		lockCases("ConditionOfLock", func() threading.Locker { return threading.NewCondition(new(threading.Lock)) })...)
}

// TestRLockOfAnEndedWorld is free in the next one, whoever held it in the last.
func TestRLockOfAnEndedWorld(t *testing.T) {
	var l threading.RLock
	hold := func(m *gil.Thread) { l.Acquire(m) }
	require.NoError(t, gil.Live().Run(gil.CPython313, hold))
	require.NoError(t, gil.Live().Run(gil.CPython313, func(m *gil.Thread) {
		defer func() {
			err, ok := recover().(*gil.RuntimeError)
			require.True(m, ok)
			require.Equal(m, "cannot release un-acquired lock", err.PythonText())
			require.ErrorContains(m, err, "acquire it first")
			hold(m)
			l.Release(m)
		}()
		l.Release(m)
	}))
}
