package pipe_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

// Who waits gets the slot in the order of arrival.
func TestSlotOrder(t *testing.T) {
	var s pipe.Slot
	require.True(t, s.Try())
	require.False(t, s.Try())
	const n = 5
	var order []int
	var wg sync.WaitGroup
	for i := range n {
		queued := make(chan struct{})
		h := &thread{Context: t.Context(), on: func() { close(queued) }}
		wg.Add(1)
		go func() {
			defer wg.Done()
			h.gil.Lock()
			defer h.gil.Unlock()
			if s.Wait(h, nil) == nil {
				order = append(order, i) // guarded by the slot
				s.Give()
			}
		}()
		<-queued
	}
	s.Give()
	wg.Wait()
	assert.Equal(t, []int{0, 1, 2, 3, 4}, order)
	assert.True(t, s.Try())
}

// The slot is handed over at the very moment at which its new holder gives up:
// it is not lost, whichever of the two he notices.
func TestSlotHandedToOneWhoGivesUp(t *testing.T) {
	var s pipe.Slot
	outcomes := map[bool]int{}
	for i := range 200 {
		require.True(t, s.Try(), "round %d", i)
		ctx, cancel := context.WithCancel(t.Context())
		closed := make(chan struct{})
		holding(ctx, func() {
			if i%2 == 0 {
				cancel()
			} else {
				close(closed)
			}
			s.Give()
		}, func(ctx context.Context) {
			err := s.Wait(ctx, closed)
			outcomes[err == nil]++
			if err == nil {
				s.Give()
			}
		})
		cancel()
	}
	assert.True(t, s.Try())
	assert.Len(t, outcomes, 2, "both happened")
}

// Many take turns, many give up, one at a time holds it.
func TestSlotExcludes(t *testing.T) {
	var s pipe.Slot
	holders, turns := 0, 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 300 {
				ctx, cancel := context.WithCancel(t.Context())
				if rand.IntN(3) == 0 {
					go cancel()
				}
				if s.Try() || s.Wait(ctx, nil) == nil {
					holders++
					if holders != 1 {
						t.Error("two hold it")
					}
					turns++
					holders--
					s.Give()
				}
				cancel()
			}
		}()
	}
	wg.Wait()
	assert.Positive(t, turns)
	assert.True(t, s.Try())
}
