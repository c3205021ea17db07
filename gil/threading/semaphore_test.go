package threading_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// semaphore is what Semaphore and BoundedSemaphore have in common.
type semaphore interface {
	threading.Locker
	ReleaseN(t *gil.Thread, n int)
	Value(t *gil.Thread) int
	With(t *gil.Thread, fn func())
}

var (
	_ semaphore = (*threading.Semaphore)(nil)
	_ semaphore = (*threading.BoundedSemaphore)(nil)
)

// semaphoreCases are the cases of both; one makes a semaphore with the zero value.
func semaphoreCases(kind string, create func(n int) semaphore, one func() semaphore) []testCase {
	// phases has ten threads acquire twice from a semaphore of seven, one of which is
	// taken, and releases in three phases by release.
	phases := func(t *gil.Thread, release func(t *gil.Thread, s semaphore, n int)) {
		const value, n = 7, 10
		s := create(value)
		s.Acquire(t)
		var got tally[int]
		phase := 0
		join := bunch(t, n, func(t *gil.Thread) {
			for range 2 {
				s.Acquire(t)
				got.add(phase)
			}
		})
		sorted := func() []int {
			v := got.all()
			slices.Sort(v)
			return v
		}
		settle(t)
		want := repeat(0, value-1)
		require.Equal(t, want, sorted())
		for phase = 1; phase <= 2; phase++ {
			more := value + 1 - phase
			release(t, s, more)
			settle(t)
			want = append(want, repeat(phase, more)...)
			require.Equal(t, want, sorted())
		}
		require.False(t, s.TryAcquire(t))
		release(t, s, 1)
		join()
		require.Len(t, got.all(), 2*n)
	}
	return []testCase{
		// BaseSemaphoreTests.test_constructor
		{name: kind + "/Constructor", body: func(t *gil.Thread) {
			for _, n := range []int{-1, math.MinInt} {
				require.Equal(t, "semaphore initial value must be >= 0", pythonText(t, func() { create(n) }))
			}
			require.Contains(t, pythonText(t, func() { create(math.MaxInt32) }), "must not be more than 2147483646")
			require.Equal(t, math.MaxInt32-1, create(math.MaxInt32-1).Value(t))
			require.False(t, create(0).TryAcquire(t))
		}},
		// BaseSemaphoreTests.test_acquire
		{name: kind + "/Acquire", body: func(t *gil.Thread) {
			s := create(1)
			s.Acquire(t)
			s.Release(t)
			s = create(2)
			s.Acquire(t)
			s.Acquire(t)
			s.Release(t)
			s.Release(t)
			require.Equal(t, 2, s.Value(t))
		}},
		// BaseSemaphoreTests.test_acquire_destroy
		{name: kind + "/LeftHeld", body: func(t *gil.Thread) { one().Acquire(t) }},
		// BaseSemaphoreTests.test_acquire_contended
		{name: kind + "/AcquireContended", timed: true, body: func(t *gil.Thread) {
			phases(t, func(t *gil.Thread, s semaphore, n int) {
				for range n {
					s.Release(t)
				}
			})
		}},
		// BaseSemaphoreTests.test_multirelease
		{name: kind + "/MultiRelease", timed: true, body: func(t *gil.Thread) {
			phases(t, func(t *gil.Thread, s semaphore, n int) { s.ReleaseN(t, n) })
			s := create(2)
			for _, n := range []int{0, -1, math.MinInt} {
				require.Equal(t, "n must be one or more", pythonText(t, func() { s.ReleaseN(t, n) }))
			}
			require.Equal(t, 2, s.Value(t))
		}},
		// BaseSemaphoreTests.test_try_acquire
		{name: kind + "/TryAcquire", body: func(t *gil.Thread) {
			s := create(2)
			require.True(t, s.TryAcquire(t))
			require.True(t, s.TryAcquire(t))
			require.False(t, s.TryAcquire(t))
			s.Release(t)
			require.True(t, s.TryAcquire(t))
		}},
		// BaseSemaphoreTests.test_try_acquire_contended
		{name: kind + "/TryAcquireContended", body: func(t *gil.Thread) {
			s := create(4)
			s.Acquire(t)
			var got tally[bool]
			bunch(t, 5, func(t *gil.Thread) {
				got.add(s.TryAcquire(t))
				got.add(s.TryAcquire(t))
			})()
			require.ElementsMatch(t, append(repeat(false, 7), repeat(true, 3)...), got.all())
		}},
		// BaseSemaphoreTests.test_acquire_timeout
		{name: kind + "/AcquireTimeout", timed: true, body: func(t *gil.Thread) {
			s := create(2)
			const short = 5 * time.Millisecond
			require.True(t, s.AcquireTimeout(t, short))
			require.True(t, s.AcquireTimeout(t, short))
			require.False(t, s.AcquireTimeout(t, short))
			s.Release(t)
			require.True(t, s.AcquireTimeout(t, short))
			d := took(t, func() { require.False(t, s.AcquireTimeout(t, 500*time.Millisecond)) })
			require.Equal(t, 500*time.Millisecond, d)
			for _, d := range []time.Duration{0, -1, -time.Second} {
				require.Zero(t, took(t, func() { require.False(t, s.AcquireTimeout(t, d)) }))
			}
			s.Release(t)
			require.True(t, s.AcquireTimeout(t, -time.Second))
			join := bunch(t, 1, func(t *gil.Thread) { require.True(t, s.AcquireTimeout(t, 1<<63-1)) })
			settle(t)
			s.Release(t)
			join()
		}},
		// BaseSemaphoreTests.test_default_value
		{name: kind + "/DefaultValue", timed: true, body: func(t *gil.Thread) {
			s := one()
			s.Acquire(t)
			var finished tally[bool]
			join := bunch(t, 1, func(t *gil.Thread) {
				s.Acquire(t)
				s.Release(t)
				finished.add(true)
			})
			settle(t)
			require.Empty(t, finished.all())
			s.Release(t)
			join()
		}},
		// BaseSemaphoreTests.test_with
		{name: kind + "/With", body: func(t *gil.Thread) {
			s := create(2)
			nest := func(err error) {
				s.With(t, func() {
					require.True(t, s.TryAcquire(t))
					s.Release(t)
					s.With(t, func() {
						require.False(t, s.TryAcquire(t))
						if err != nil {
							panic(err)
						}
					})
				})
			}
			nest(nil)
			require.Equal(t, 2, s.Value(t))
			oops := errors.New("oops")
			require.PanicsWithValue(t, oops, func() { nest(oops) })
			require.Equal(t, 2, s.Value(t))
		}},
		// SemaphoreTests.test_repr, BoundedSemaphoreTests.test_repr
		{name: kind + "/Value", body: func(t *gil.Thread) {
			s := create(3)
			require.Equal(t, 3, s.Value(t))
			s.Acquire(t)
			require.Equal(t, 2, s.Value(t))
			require.Equal(t, 1, one().Value(t))
		}},
		// Each of the units is acquired by one thread at a time.
		{name: kind + "/Limits", body: func(t *gil.Thread) {
			s := create(2)
			var inside, most int
			var mu threading.Lock
			bunch(t, 5, func(t *gil.Thread) {
				for range 3 {
					s.Acquire(t)
					mu.With(t, func() {
						inside++
						most = max(most, inside)
					})
					t.Tick(2)
					mu.With(t, func() { inside-- })
					s.Release(t)
				}
			})()
			require.LessOrEqual(t, most, 2)
			require.Equal(t, 2, s.Value(t))
		}},
	}
}

func TestSemaphore(t *testing.T) { runCases(t, semaphoreSuite()) }

func semaphoreSuite() []testCase {
	create := func(n int) semaphore { return threading.NewSemaphore(n) }
	return append(semaphoreCases("Semaphore", create, func() semaphore { return new(threading.Semaphore) }), []testCase{
		// SemaphoreTests.test_release_unacquired
		{name: "Semaphore/ReleaseUnacquired", body: func(t *gil.Thread) {
			s := threading.NewSemaphore(1)
			s.Release(t)
			s.Acquire(t)
			s.Acquire(t)
			s.Release(t)
			s.ReleaseN(t, 3)
			require.Equal(t, 4, s.Value(t))
		}},
		// A semaphore counts up to a limit, and says so instead of going beyond.
		{name: "Semaphore/Full", body: func(t *gil.Thread) {
			s := threading.NewSemaphore(math.MaxInt32 - 2)
			s.Release(t)
			require.Contains(t, pythonText(t, func() { s.Release(t) }), "would have more than 2147483646 units")
			require.Contains(t, pythonText(t, func() { s.ReleaseN(t, math.MaxInt32) }), "must not be more than 2147483646")
			require.Equal(t, math.MaxInt32-1, s.Value(t))
		}},
	}...)
}

func TestBoundedSemaphore(t *testing.T) { runCases(t, boundedSemaphoreSuite()) }

func boundedSemaphoreSuite() []testCase {
	const tooMany = "Semaphore released too many times"
	create := func(n int) semaphore { return threading.NewBoundedSemaphore(n) }
	return append(semaphoreCases("BoundedSemaphore", create, func() semaphore { return new(threading.BoundedSemaphore) }), []testCase{
		// BoundedSemaphoreTests.test_release_unacquired
		{name: "BoundedSemaphore/ReleaseUnacquired", body: func(t *gil.Thread) {
			var s threading.BoundedSemaphore
			release := func() { s.Release(t) }
			require.Equal(t, tooMany, pythonText(t, release))
			s.Acquire(t)
			s.Release(t)
			require.Equal(t, tooMany, pythonText(t, release))
			require.Equal(t, 1, s.Value(t), "a refused release changes nothing")
		}},
		// ThreadTests.test_BoundedSemaphore_limit: each of ten threads releases once too
		// often.
		{name: "BoundedSemaphore/Limit", body: func(t *gil.Thread) {
			var s threading.BoundedSemaphore
			acquire := func(t *gil.Thread) {
				s.Acquire(t)
				s.Release(t)
			}
			bunch(t, 3, acquire)()
			require.Equal(t, tooMany, pythonText(t, func() { s.Release(t) }))
			bunch(t, 3, acquire)()
			require.Equal(t, tooMany, pythonText(t, func() { s.Release(t) }))
		}},
		{name: "BoundedSemaphore/MultiReleaseUnacquired", body: func(t *gil.Thread) {
			s := threading.NewBoundedSemaphore(5)
			s.Acquire(t)
			s.Acquire(t)
			require.Equal(t, tooMany, pythonText(t, func() { s.ReleaseN(t, 3) }))
			require.Equal(t, tooMany, pythonText(t, func() { s.ReleaseN(t, math.MaxInt32-1) }))
			require.Equal(t, 3, s.Value(t))
			s.ReleaseN(t, 2)
			require.Equal(t, 5, s.Value(t))
		}},
		// Two threads release one unit: one of them is refused, whoever it is.
		{name: "BoundedSemaphore/ReleaseTwice", body: func(t *gil.Thread) {
			s := threading.NewBoundedSemaphore(3)
			s.Acquire(t)
			var refused tally[bool]
			bunch(t, 2, func(t *gil.Thread) {
				defer func() { refused.add(recover() != nil) }()
				s.Release(t)
			})()
			require.ElementsMatch(t, []bool{true, false}, refused.all())
			require.Equal(t, 3, s.Value(t))
		}},
	}...)
}
