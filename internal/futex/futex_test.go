package futex_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/futex"
)

func TestWaitReturnsWhenTheValueDiffers(t *testing.T) {
	word := uint32(1)
	require.False(t, futex.Wait(&word, 0, -1))
}

func TestWaitEndsWithItsTime(t *testing.T) {
	word := uint32(1)
	for !futex.Wait(&word, 1, time.Millisecond) {
		// a signal
	}
}

func TestWakeEndsTheWaitOfEverybody(t *testing.T) {
	var word uint32
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for atomic.LoadUint32(&word) == 0 {
				futex.Wait(&word, 0, -1)
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	atomic.StoreUint32(&word, 1)
	futex.Wake(&word, -1)
	wg.Wait()
}

func TestABellNobodyHearsIsSilent(t *testing.T) {
	var b futex.Bell
	heard := b.Listen()
	require.False(t, b.Heard(heard))
	b.Ring(futex.All)
	require.True(t, b.Heard(heard))
	heard = b.Listen()
	b.Ring(1)
	require.True(t, b.Heard(heard))
	// Nobody has listened since: the word stays, and no system call is made.
	var quiet futex.Bell
	quiet.Ring(futex.All)
	require.Equal(t, futex.Bell{}, quiet)
}

// Two sides change a state by turns; a lost ring would show as a sleep of its
// whole length, of which there must be none.
func TestNoRingIsLost(t *testing.T) {
	var b [2]futex.Bell
	var turn atomic.Int32
	const rounds = 20_000
	var slept atomic.Int32
	side := func(me int32) {
		for range rounds {
			for {
				heard := b[me].Listen()
				if turn.Load() == me {
					break
				}
				if b[me].Sleep(heard, 10*time.Second) {
					slept.Add(1)
				}
			}
			turn.Store(1 - me)
			b[1-me].Ring(1)
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() { side(0) })
	wg.Go(func() { side(1) })
	wg.Wait()
	require.Zero(t, slept.Load())
}
