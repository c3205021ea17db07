//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// BA-1: each gets another index.
func TestBarrierOfProcesses(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 3)
	b := k.Barrier
	x, y := hire(t, k), hire(t, k)
	require.Equal(t, 3, b.Parties())
	for range 20 {
		x.order("barrier")
		y.order("barrier")
		i, err := b.Wait(ctx)
		require.NoError(t, err)
		all := []string{string(rune('0' + i)), x.answer(), y.answer()}
		slices.Sort(all)
		require.Equal(t, []string{"0", "1", "2"}, all)
	}
	require.Zero(t, b.NWaiting(ctx))
	require.False(t, b.Broken(ctx))
}

// BA-3: rounds do not mix, though many threads run ahead.
func TestBarrierRounds(t *testing.T) {
	ctx := t.Context()
	const parties, rounds = 5, 200
	b := newKit(t, parties).Barrier
	var inRound [rounds]atomic.Int32
	var wg sync.WaitGroup
	for range parties {
		wg.Go(func() {
			for r := range rounds {
				inRound[r].Add(1)
				_, err := b.Wait(ctx)
				assert.NoError(t, err)
				assert.EqualValues(t, parties, inRound[r].Load())
			}
		})
	}
	wg.Wait()
	one, err := process.NewBarrier(ctx, 1)
	require.NoError(t, err)
	i, err := one.Wait(ctx)
	require.NoError(t, err)
	require.Zero(t, i)
	require.NoError(t, one.Close())
	_, err = one.Wait(ctx)
	require.ErrorIs(t, err, process.ErrClosed)
	_, err = process.NewBarrier(ctx, 0)
	raises(t, "parties must be > 0", err)
}

// BA-2
func TestBarrierBreaks(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 2)
	b := k.Barrier
	s := hire(t, k)

	s.order("barrier")
	eventually(t, func() bool { return b.NWaiting(ctx) == 1 })
	require.NoError(t, b.Abort(ctx))
	require.Equal(t, "broken", s.answer())
	require.True(t, b.Broken(ctx))
	_, err := b.Wait(ctx)
	require.ErrorIs(t, err, process.ErrBrokenBarrier)
	require.NoError(t, b.Reset(ctx))
	require.False(t, b.Broken(ctx))

	s.order("barrier")
	eventually(t, func() bool { return b.NWaiting(ctx) == 1 })
	require.NoError(t, b.Reset(ctx))
	require.Equal(t, "broken", s.answer())
	require.False(t, b.Broken(ctx))

	_, err = b.WaitTimeout(ctx, time.Millisecond)
	require.ErrorIs(t, err, process.ErrBrokenBarrier)
	require.ErrorIs(t, err, process.ErrTimeout)
	require.Equal(t, "broken", s.do("barrier"))
	require.NoError(t, b.Reset(ctx))

	short, cancel := context.WithCancel(ctx)
	time.AfterFunc(time.Millisecond, cancel)
	_, err = b.Wait(short)
	require.ErrorIs(t, err, process.ErrBrokenBarrier)
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, b.Reset(ctx))

	s.order("barrier")
	i, err := b.Wait(ctx)
	require.NoError(t, err)
	require.NotEqual(t, s.answer(), string(rune('0'+i)))
}

func TestBarrierAction(t *testing.T) {
	ctx := t.Context()
	b := newKit(t, 3).Barrier
	n := 0
	action := func() error { n++; return nil }
	for round := 1; round <= 10; round++ {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				_, err := b.WaitDo(ctx, action)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		require.Equal(t, round, n)
	}
	bad := errors.New("bad")
	var failed, brokenToo atomic.Int32
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			switch _, err := b.WaitDo(ctx, func() error { return bad }); {
			case errors.Is(err, bad):
				failed.Add(1)
			case errors.Is(err, process.ErrBrokenBarrier):
				brokenToo.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, failed.Load())
	require.EqualValues(t, 2, brokenToo.Load())
}

// Pain 4: a party that was killed does not come, and nobody waits for it.
func TestADeadPartyBreaksTheBarrier(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 3)
	b := k.Barrier
	dead, other := hire(t, k), hire(t, k)
	dead.order("barrier")
	other.order("barrier")
	eventually(t, func() bool { return b.NWaiting(ctx) == 2 })
	dead.kill()
	require.Equal(t, "broken", other.answer())
	require.NoError(t, b.Reset(ctx))
	next := hire(t, k)
	next.order("barrier")
	other.order("barrier")
	_, err := b.Wait(ctx)
	require.NoError(t, err)
	require.NotEqual(t, next.answer(), other.answer())
}

// Parties are killed again and again, wherever they are: the others learn of it
// each time, and the barrier goes on after Reset.
func TestBarrierOfManyDeaths(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 3)
	b := k.Barrier
	for i := range 8 {
		x, y := hire(t, k), hire(t, k)
		x.order("barrier")
		y.order("barrier")
		mine := background(func() error { _, err := b.Wait(ctx); return err })
		if i < 6 { // the rest is killed on its way
			eventually(t, func() bool { return b.NWaiting(ctx) > i%2 || b.NWaiting(ctx) == 0 })
		}
		x.kill()
		// It was killed before, in, or after the round. In the first case nobody
		// knows that it wanted to come.
		second := background(func() error {
			if y.answer() == "broken" {
				return process.ErrBrokenBarrier
			}
			return nil
		})
		done := make(chan [2]error, 1)
		go func() { done <- [2]error{mine(), second()} }()
		var errs [2]error
		select {
		case errs = <-done:
		case <-time.After(300 * time.Millisecond):
			// The living wait for a third, or are slow.
			eventually(t, func() bool { return b.NWaiting(ctx) == 2 || len(done) == 1 })
			if len(done) == 0 {
				require.NoError(t, b.Abort(ctx))
			}
			errs = <-done
		}
		require.Equal(t, errs[0] == nil, errs[1] == nil, "%v", errs)
		require.NoError(t, b.Reset(ctx))
		require.False(t, b.Broken(ctx))
	}
}
