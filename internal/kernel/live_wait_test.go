package kernel_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/kernel"
)

// onKernels runs body as a task of a live and of a timed kernel. The task that
// body is given may wake itself: what counts is the order.
func onKernels(t *testing.T, body func(k kernel.Kernel, me *kernel.Task)) {
	t.Run("live", func(*testing.T) {
		k := kernel.NewLive()
		d, me := new(kernel.Domain), new(kernel.Task)
		k.AddDomain(d)
		me.Init(nil, d, "me")
		k.Adopt(me)
		body(k, me)
	})
	t.Run("timed", func(*testing.T) {
		k := kernel.NewTimed(kernel.Config{Cores: 1, TickPico: 1000, LookAhead: -1})
		d, me := new(kernel.Domain), new(kernel.Task)
		k.AddDomain(d)
		me.Init(nil, d, "me")
		k.Run(me, func() {
			body(k, me)
			k.Exit(me)
		})
	})
}

// TestSure: a wait without a number is ended by its own wake-up, before it has begun or
// after, and by nothing else: not by what is left of an earlier wait, not by a kill.
func TestSure(t *testing.T) {
	k := kernel.NewLive()
	d, me := new(kernel.Domain), new(kernel.Task)
	k.AddDomain(d)
	me.Init(nil, d, "me")
	k.Adopt(me)

	left := k.Prepare(me, kernel.SlotGIL)
	require.True(t, k.Wake(nil, left), "never parked for")
	w := kernel.Sure(me)
	require.Same(t, me, w.Task())
	require.False(t, k.Wake(nil, left))
	var woke atomic.Bool
	go func() {
		k.Kill(nil, me)
		time.Sleep(time.Millisecond) // it may be parked by now, or not yet
		woke.Store(true)
		assert.True(t, k.Wake(nil, w))
	}()
	require.False(t, kernel.ParkSure(me), "it was killed")
	require.True(t, woke.Load(), "it waits for the wake-up although it was killed")

	again := kernel.Sure(me)
	require.True(t, k.Wake(nil, again))
	require.False(t, kernel.ParkSure(me))
	require.Equal(t, kernel.Killed, k.Park(me, k.Prepare(me, kernel.SlotGIL), kernel.Never), "nothing is left for a common wait")
}

// TestAWakeEndsItsOwnWaitOnly: tickets, not tokens.
func TestAWakeEndsItsOwnWaitOnly(t *testing.T) {
	onKernels(t, func(k kernel.Kernel, me *kernel.Task) {
		for _, slot := range []kernel.Slot{kernel.SlotWait, kernel.SlotGIL} {
			// A wake-up between Prepare and Park counts, once.
			w := k.Prepare(me, slot)
			require.Same(t, me, w.Task())
			require.True(t, k.Wake(me, w))
			require.False(t, k.Wake(me, w))
			require.Equal(t, kernel.Woken, k.Park(me, w, kernel.Never))
			require.False(t, k.Wake(me, w), "that wait is over")

			// A wait that timed out cannot be woken, and the next one is not woken by it.
			late := k.Prepare(me, slot)
			require.Equal(t, kernel.TimedOut, k.Park(me, late, k.Now(me)))
			require.Equal(t, kernel.TimedOut, k.Park(me, k.Prepare(me, slot), k.Now(me)-1))
			require.False(t, k.Wake(me, late))
			next := k.Prepare(me, slot)
			require.False(t, k.Wake(me, late))
			require.Equal(t, kernel.TimedOut, k.Park(me, next, k.Now(me)+1))

			// A wake-up for a wait that never happened does not end the next one.
			left := k.Prepare(me, slot)
			require.True(t, k.Wake(me, left))
			next = k.Prepare(me, slot)
			require.False(t, k.Wake(me, left))
			require.Equal(t, kernel.TimedOut, k.Park(me, next, k.Now(me)+1))
		}
	})
}

// TestTheSlotsAreApart: a task waits for a lock while a wake-up for that lock is
// already there, for the GIL, and only then takes it.
func TestTheSlotsAreApart(t *testing.T) {
	onKernels(t, func(k kernel.Kernel, me *kernel.Task) {
		lock := k.Prepare(me, kernel.SlotWait)
		gil := k.Prepare(me, kernel.SlotGIL)
		require.True(t, k.Wake(me, lock))
		require.Equal(t, kernel.TimedOut, k.Park(me, gil, k.Now(me)+1))
		require.Equal(t, kernel.Woken, k.Park(me, lock, kernel.Never))
	})
}

// TestKillEndsEveryWait, the present one and all that come.
func TestKillEndsEveryWait(t *testing.T) {
	onKernels(t, func(k kernel.Kernel, me *kernel.Task) {
		w := k.Prepare(me, kernel.SlotWait)
		k.Kill(me, me)
		require.True(t, me.Killed())
		require.Equal(t, kernel.Killed, k.Park(me, w, kernel.Never))
		for _, slot := range []kernel.Slot{kernel.SlotGIL, kernel.SlotWait} {
			require.Equal(t, kernel.Killed, k.Park(me, k.Prepare(me, slot), kernel.Never))
			require.Equal(t, kernel.Killed, k.Park(me, k.Prepare(me, slot), k.Now(me)+1))
		}
	})
}

// TestEveryWakeIsOneWakeUp under contention: of all the Wakes of a wait at most one
// says that it ended it, and exactly if Park says so.
func TestEveryWakeIsOneWakeUp(t *testing.T) {
	k := kernel.NewLive()
	d := new(kernel.Domain)
	k.AddDomain(d)
	me := new(kernel.Task)
	me.Init(nil, d, "me")
	k.Adopt(me)
	type wait struct {
		ticket kernel.Ticket
		ended  atomic.Int64
	}
	var current atomic.Pointer[wait]
	var old atomic.Pointer[wait]
	var stop atomic.Bool
	var wg sync.WaitGroup
	for n := range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			rng := rand.New(rand.NewPCG(uint64(n), 0))
			for !stop.Load() {
				for _, w := range []*wait{current.Load(), old.Load()} {
					if w != nil && k.Wake(nil, w.ticket) {
						w.ended.Add(1)
					}
				}
				if rng.IntN(3) == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	woken := 0
	var all []*wait
	var ends []int64
	for n := range 20_000 {
		w := &wait{ticket: k.Prepare(me, kernel.SlotWait)}
		old.Store(current.Load())
		current.Store(w)
		until := kernel.Never
		if n%2 == 0 {
			until = k.Now(me) + kernel.Time(n%4)*200
		}
		how := k.Park(me, w.ticket, until)
		want := int64(0)
		if how == kernel.Woken {
			want = 1
			woken++
		}
		// Whoever ended it may not have written it down yet.
		for late := time.Now().Add(time.Minute); w.ended.Load() < want && time.Now().Before(late); {
			time.Sleep(10 * time.Microsecond)
		}
		require.Equal(t, want, w.ended.Load(), "wait %d", n)
		all, ends = append(all, w), append(ends, want)
	}
	stop.Store(true)
	wg.Wait()
	for n, w := range all { // nor has anyone ended it later
		require.Equal(t, ends[n], w.ended.Load(), "wait %d", n)
	}
	require.GreaterOrEqual(t, woken, 10_000, "those that have no limit; how many of the others is the scheduler's affair")
}

// TestKillAndParkMeet: whichever comes first, the task ends up killed.
func TestKillAndParkMeet(t *testing.T) {
	for n := range 3000 {
		k := kernel.NewLive()
		d := new(kernel.Domain)
		k.AddDomain(d)
		me := new(kernel.Task)
		me.Init(nil, d, "me")
		done := make(chan kernel.Wake, 2)
		k.Spawn(nil, me, func() {
			w := k.Prepare(me, kernel.SlotWait)
			g := k.Prepare(me, kernel.SlotGIL)
			if n%3 == 0 {
				runtime.Gosched()
			}
			done <- k.Park(me, g, kernel.Never)
			done <- k.Park(me, w, kernel.Never)
		})
		if n%2 == 0 {
			runtime.Gosched()
		}
		k.Kill(nil, me)
		require.Equal(t, kernel.Killed, <-done)
		require.Equal(t, kernel.Killed, <-done)
	}
}

// TestLiveTimers are called once, unless they are stopped.
func TestLiveTimers(t *testing.T) {
	k := kernel.NewLive()
	called := make(chan struct{})
	tm := k.After(nil, k.Now(nil)+1000, func() { close(called) })
	<-called
	require.False(t, tm.Stop())
	tm = k.After(nil, k.Now(nil)+kernel.Time(time.Hour), func() { t.Error("called") })
	require.True(t, tm.Stop())
	require.False(t, tm.Stop())
}
