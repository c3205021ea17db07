package gil_test

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/blocking"
)

type ownKey struct{}

func TestThreadIsAContextThatEndsWithIt(t *testing.T) {
	for _, w := range []gil.World{gil.Live(), gil.NewMachine(2)} {
		var ctx context.Context
		var called atomic.Bool
		require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
			u := m.Go("u", func(u *gil.Thread) {
				ctx = u
				assert.NoError(m, u.Err())
				context.AfterFunc(u, func() { called.Store(true) })
			})
			u.Join(m)
			_, has := u.Deadline()
			assert.False(m, has)
			me, ok := gil.Current(context.WithValue(m, ownKey{}, 2))
			assert.True(m, ok)
			assert.Same(m, m, me)
		}))
		<-ctx.Done()
		require.ErrorIs(t, ctx.Err(), context.Canceled)
		for range 1000 { // AfterFunc of package context runs on a goroutine of its own
			if called.Load() {
				break
			}
			runtime.Gosched()
		}
	}
	_, ok := gil.Current(t.Context())
	require.False(t, ok)
}

// TestAfterFuncsAreCalledInOrder: in that in which they were given, or a run would
// depend on the order of a map.
func TestAfterFuncsAreCalledInOrder(t *testing.T) {
	var want []int
	for n := range 30 {
		want = append(want, n)
	}
	for name, w := range worlds() {
		var got []int
		require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
			got = nil
			ctx, cancel := gil.WithCancel(m)
			for n := range want {
				if n == 7 {
					stop := context.AfterFunc(ctx, func() { got = append(got, -1) })
					stop()
				}
				ctx.(interface{ AfterFunc(f func()) func() bool }).AfterFunc(func() { got = append(got, n) })
			}
			cancel()
		}), name)
		require.Equal(t, want, got, name)
	}
}

func TestDerivingAContextStartsNoGoroutine(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
		before := runtime.NumGoroutine()
		for range 100 {
			ctx, cancel := context.WithCancel(m)
			defer func() {
				cancel()
				assert.ErrorIs(m, ctx.Err(), context.Canceled)
			}()
		}
		assert.Less(m, runtime.NumGoroutine(), before+50, "goroutines of other tests come and go")
		assert.NoError(m, m.Err())
	}))
}

func TestWithTimeoutUsesTheWorldsClock(t *testing.T) {
	program := func(m *gil.Thread) {
		ctx, cancel := gil.WithTimeout(m, time.Second)
		defer cancel()
		m.Sleep(999 * time.Millisecond)
		assert.NoError(m, ctx.Err())
		m.Sleep(2 * time.Millisecond)
		assert.ErrorIs(m, ctx.Err(), context.DeadlineExceeded)
		early, cancel := gil.WithTimeout(m, time.Second)
		cancel()
		assert.ErrorIs(m, early.Err(), context.Canceled)
		whole, cancel := gil.WithCancel(m)
		assert.NoError(m, whole.Err())
		cancel()
		assert.ErrorIs(m, whole.Err(), context.Canceled)
		forever, cancel := gil.WithTimeout(m, math.MaxInt64)
		defer cancel()
		m.Sleep(time.Minute)
		assert.NoError(m, forever.Err())
	}
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, program))
	synctest.Test(t, func(t *testing.T) { require.NoError(t, gil.Live().Run(gil.CPython313, program)) })
}

// A context without time has ended when it is made.
func TestWithTimeoutThatIsOver(t *testing.T) {
	for name, w := range worlds() {
		require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
			for _, d := range []time.Duration{0, -1, math.MinInt64} {
				ctx, cancel := gil.WithTimeout(m, d)
				assert.Equal(m, context.DeadlineExceeded, ctx.Err(), name)
				called := false
				stop := ctx.(interface{ AfterFunc(f func()) func() bool }).AfterFunc(func() { called = true })
				assert.True(m, called)
				assert.False(m, stop())
				cancel()
				assert.Equal(m, context.DeadlineExceeded, ctx.Err(), name)
				due, err := gil.UntilOf(ctx)
				assert.NoError(m, err)
				assert.LessOrEqual(m, due, m.Now())
			}
		}), name)
	}
}

func TestUntilOf(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
		until, err := gil.UntilOf(m)
		assert.NoError(m, err)
		assert.Equal(m, gil.Forever, until)
		m.Sleep(time.Second)
		ctx, cancel := gil.WithTimeout(m, time.Second)
		defer cancel()
		derived, stop := context.WithCancel(ctx)
		defer stop()
		until, err = gil.UntilOf(derived)
		assert.NoError(m, err)
		assert.Equal(m, 2*time.Second, until)
		real, cancel := context.WithTimeout(m, time.Hour)
		defer cancel()
		_, err = gil.UntilOf(real)
		assert.ErrorContains(m, err, "gil.WithTimeout(t, d)")
	}))
	real, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	_, err := gil.UntilOf(real)
	require.Error(t, err)
}

// TestBlockingHook: what package pipe does to give the GIL up.
func TestBlockingHook(t *testing.T) {
	for _, w := range []gil.World{gil.Live(), gil.NewMachine(2)} {
		require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
			ctx, cancel := context.WithCancel(m)
			defer cancel()
			held := true
			blocking.Do(ctx, "read", func() { held = m.Interpreter().GIL().Holder() == m })
			assert.False(m, held)
			assert.Same(m, m, m.Interpreter().GIL().Holder())
			assert.PanicsWithError(m, "boom", func() {
				blocking.Do(ctx, "read", func() { panic(errors.New("boom")) })
			})
			assert.Same(m, m, m.Interpreter().GIL().Holder())
		}))
	}
}
