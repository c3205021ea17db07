package futex_test

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/futex"
)

// permits is the simplest object there is: a count, a bell and a room.
type permits struct {
	n    atomic.Int32
	bell futex.Bell
	room futex.Room
}

func (p *permits) try() bool {
	for {
		n := p.n.Load()
		if n == 0 {
			return false
		}
		if p.n.CompareAndSwap(n, n-1) {
			return true
		}
	}
}

func (p *permits) wait(ctx context.Context, until time.Time, check func()) error {
	return p.room.Wait(ctx, &futex.Quest{Bell: &p.bell, Try: p.try, Check: check, Until: until})
}

func (p *permits) give(n int) {
	p.n.Add(int32(n))
	p.bell.Ring(futex.All)
}

func waitFor(t *testing.T, what func() bool) {
	t.Helper()
	for range 20_000 {
		if what() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	require.Fail(t, "it never happened")
}

// Ten thousand goroutines wait and one thread sleeps.
func TestARoomNeedsOneThread(t *testing.T) {
	var p permits
	const waiters = 10_000
	before := pprof.Lookup("threadcreate").Count()
	var wg sync.WaitGroup
	for range waiters {
		wg.Go(func() { _ = p.wait(context.Background(), time.Time{}, nil) })
	}
	waitFor(t, func() bool { return p.room.Waiting() == waiters-1 })
	require.Less(t, pprof.Lookup("threadcreate").Count()-before, 20)
	p.give(waiters - 1)
	waitFor(t, func() bool { return p.n.Load() == 0 })
	p.give(1)
	wg.Wait()
	require.Zero(t, p.n.Load())
	require.Zero(t, p.room.Waiting())
}

func TestLeaderAndFollowersGiveUp(t *testing.T) {
	var p permits
	ctx, cancel := context.WithCancel(t.Context())
	leader := make(chan error)
	go func() { leader <- p.wait(ctx, time.Time{}, nil) }()
	followers := make(chan error)
	other, cancelOther := context.WithCancel(t.Context())
	for range 3 {
		go func() { followers <- p.wait(other, time.Time{}, nil) }()
	}
	waitFor(t, func() bool { return p.room.Waiting() == 3 })
	cancel()
	cancelOther()
	require.ErrorIs(t, <-leader, context.Canceled)
	for range 3 {
		require.ErrorIs(t, <-followers, context.Canceled)
	}
	require.Zero(t, p.room.Waiting())
	p.give(1)
	require.NoError(t, p.wait(ctx, time.Time{}, nil), "what is ready is taken, whatever the context says")
}

func TestUntilEndsLeaderAndFollower(t *testing.T) {
	var p permits
	checked := 0
	errs := make(chan error)
	for range 2 {
		go func() {
			errs <- p.wait(t.Context(), time.Now().Add(30*time.Millisecond), nil)
		}()
	}
	require.ErrorIs(t, <-errs, context.DeadlineExceeded)
	require.ErrorIs(t, <-errs, context.DeadlineExceeded)
	require.ErrorIs(t, p.wait(t.Context(), time.Now().Add(time.Microsecond), func() { checked++ }), context.DeadlineExceeded)
	require.ErrorIs(t, p.wait(t.Context(), time.Now().Add(-1), func() { checked++ }), context.DeadlineExceeded)
	require.LessOrEqual(t, checked, 2)
}

// Somebody who dies between his change and his ring leaves sleepers behind that
// nobody wakes: they look for themselves.
func TestAChangeWithoutARingIsNoticed(t *testing.T) {
	var p permits
	done := make(chan error)
	var checks atomic.Int32
	go func() { done <- p.wait(t.Context(), time.Time{}, func() { checks.Add(1) }) }()
	waitFor(t, func() bool { return checks.Load() > 0 })
	p.n.Store(1)
	require.NoError(t, <-done)
}

// Many goroutines take and give, some give up: nobody is left waiting while there
// is something to take.
func TestNobodyIsForgotten(t *testing.T) {
	var p permits
	p.n.Store(2)
	var wg sync.WaitGroup
	var got atomic.Int32
	for i := range 16 {
		wg.Go(func() {
			for j := range 300 {
				ctx, cancel := context.WithCancel(t.Context())
				until := time.Time{}
				switch (i + j) % 5 {
				case 0:
					time.AfterFunc(time.Duration(j%7)*10*time.Microsecond, cancel)
				case 1:
					until = time.Now().Add(time.Duration(j%9) * 10 * time.Microsecond)
				}
				if p.wait(ctx, until, nil) == nil {
					got.Add(1)
					p.give(1)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2, p.n.Load())
	require.Zero(t, p.room.Waiting())
	require.Greater(t, got.Load(), int32(16*300/2))
}

// A follower that gives up at the very moment at which it is made the leader passes
// that on.
func TestLeadershipIsNotLost(t *testing.T) {
	for range 2000 {
		var p permits
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _ = p.wait(ctx, time.Time{}, nil) })
		}
		for p.room.Waiting() != 1 {
			runtime.Gosched()
		}
		last := make(chan error)
		go func() { last <- p.wait(t.Context(), time.Time{}, nil) }()
		for p.room.Waiting() != 2 {
			runtime.Gosched()
		}
		cancel()
		wg.Wait()
		p.give(1)
		require.NoError(t, <-last)
	}
}

// Among the living nobody needs to look: no ring falls between the last look and
// the sleep.
func TestNobodyNeedsToLook(t *testing.T) {
	first := futex.FirstLook
	futex.FirstLook = time.Hour
	defer func() { futex.FirstLook = first }()
	// Sleeping at once, and after looking for about as long as it takes.
	for _, soon := range []time.Duration{0, time.Microsecond} {
		hopes(t, soon)
		var p [2]permits
		const rounds = 20_000
		var wg sync.WaitGroup
		for side := range 2 {
			wg.Go(func() {
				for range rounds {
					p[1-side].give(1)
					_ = p[side].wait(context.Background(), time.Time{}, nil)
				}
			})
		}
		wg.Wait()
	}
}

// What changes after a sleeper has looked, and before it sleeps, wakes it.
func TestARingBetweenTheLookAndTheSleep(t *testing.T) {
	first := futex.FirstLook
	futex.FirstLook = time.Hour
	defer func() { futex.FirstLook = first }()
	hopes(t, 0)
	var bell futex.Bell
	var room futex.Room
	looks := 0
	require.NoError(t, room.Wait(t.Context(), &futex.Quest{Bell: &bell, Try: func() bool {
		looks++
		if looks == 2 { // the one after Listen
			bell.Ring(futex.All)
		}
		return looks > 2
	}}))
	require.Equal(t, 3, looks)
}
