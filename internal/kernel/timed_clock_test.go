package kernel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/kernel"
)

const ms = kernel.Time(time.Millisecond)

// timedRun runs bodies as the tasks of one domain each, or of one domain all, all
// spawned at time 0 by a task that ends at once.
func timedRun(cfg kernel.Config, shared bool, bodies ...func(k *kernel.Timed, t *kernel.Task)) (*kernel.Timed, []*kernel.Task) {
	k := kernel.NewTimed(cfg)
	home := new(kernel.Domain)
	k.AddDomain(home)
	main := new(kernel.Task)
	main.Init(nil, home, "main")
	tasks := make([]*kernel.Task, len(bodies))
	k.Run(main, func() {
		for i, body := range bodies {
			d := home
			if !shared {
				d = new(kernel.Domain)
				k.AddDomain(d)
			}
			t := new(kernel.Task)
			t.Init(main, d, fmt.Sprint(i))
			tasks[i] = t
			k.Sync(main)
			k.Spawn(main, t, func() {
				body(k, t)
				k.Exit(t)
			})
		}
		k.Exit(main)
	})
	return k, tasks
}

func computeFor(d kernel.Time, end *kernel.Time) func(k *kernel.Timed, t *kernel.Task) {
	return func(k *kernel.Timed, t *kernel.Task) {
		for left := d; left > 0; {
			left -= k.Advance(t, left)
		}
		*end = k.Now(t)
	}
}

// TestCoresAreShared: n equal computations on c cores end when all the work is
// done, and the account says so.
func TestCoresAreShared(t *testing.T) {
	for _, quantum := range []time.Duration{0, time.Millisecond, 4 * time.Millisecond} {
		for c := 1; c <= 6; c++ {
			for n := 1; n <= 8; n++ {
				ends := make([]kernel.Time, n)
				bodies := make([]func(*kernel.Timed, *kernel.Task), n)
				for i := range bodies {
					bodies[i] = computeFor(24*ms, &ends[i])
				}
				k, _ := timedRun(kernel.Config{Cores: c, Quantum: quantum, LookAhead: -1}, false, bodies...)
				u := k.Usage()
				require.Equal(t, min(n, c), u.Par)
				require.Equal(t, time.Duration(n)*24*time.Millisecond, u.Busy, "%d on %d", n, c)
				// Without preemption they run in rounds; with it nobody ends before the
				// others are nearly done, and never is a core idle while somebody waits.
				rounds := (n + c - 1) / c
				if quantum == 0 {
					require.Equal(t, time.Duration(rounds)*24*time.Millisecond, u.Wall, "%d on %d", n, c)
				} else {
					require.LessOrEqual(t, u.Wall, time.Duration(rounds)*24*time.Millisecond)
					require.GreaterOrEqual(t, u.Wall*time.Duration(min(n, c)), u.Busy)
					require.LessOrEqual(t, u.Wall, u.Busy/time.Duration(min(n, c))+2*quantum)
				}
			}
		}
	}
}

// TestSMT: eight tasks of a second on four cores with two hardware threads each, at
// three yields (seeds table, row 11).
func TestSMT(t *testing.T) {
	for yield, want := range map[float64]time.Duration{
		1: 2 * time.Second, 1.3: 1538461539 * time.Nanosecond, 2: time.Second,
	} {
		ends := make([]kernel.Time, 8)
		bodies := make([]func(*kernel.Timed, *kernel.Task), 8)
		for i := range bodies {
			bodies[i] = computeFor(kernel.Time(time.Second), &ends[i])
		}
		k, _ := timedRun(kernel.Config{Cores: 8, PerCore: 2, Yield: yield, LookAhead: -1}, false, bodies...)
		require.Equal(t, want, k.Usage().Wall, "yield %v", yield)
		require.Equal(t, 8, k.Usage().Par)
	}
	// Four tasks get a core each: nothing is shared.
	ends := make([]kernel.Time, 4)
	bodies := make([]func(*kernel.Timed, *kernel.Task), 4)
	for i := range bodies {
		bodies[i] = computeFor(kernel.Time(time.Second), &ends[i])
	}
	k, _ := timedRun(kernel.Config{Cores: 8, PerCore: 2, Yield: 1, LookAhead: -1}, false, bodies...)
	require.Equal(t, time.Second, k.Usage().Wall)
	// One that ends earlier gives its neighbour the whole core back.
	var a, b kernel.Time
	timedRun(kernel.Config{Cores: 2, PerCore: 2, Yield: 1, LookAhead: -1}, false, computeFor(10*ms, &a), computeFor(30*ms, &b))
	require.Equal(t, 20*ms, a)
	require.Equal(t, 40*ms, b)
}

// TestLatencies of waking and of timed waits.
func TestLatencies(t *testing.T) {
	cfg := kernel.Config{
		Cores: 2, WakeLatency: 40 * time.Microsecond, WakeCost: 7 * time.Microsecond, TimerSlack: 50 * time.Microsecond, LookAhead: -1,
	}
	const us = kernel.Time(time.Microsecond)
	var ticket kernel.Ticket
	var begun, woke, slept, waker kernel.Time
	timedRun(cfg, true,
		func(k *kernel.Timed, t *kernel.Task) {
			begun = k.Now(t)
			ticket = k.Prepare(t, kernel.SlotWait)
			k.Park(t, ticket, kernel.Never)
			woke = k.Now(t)
			k.Park(t, k.Prepare(t, kernel.SlotWait), woke+ms)
			slept = k.Now(t)
		},
		func(k *kernel.Timed, u *kernel.Task) {
			k.Advance(u, ms)
			k.Sync(u)
			require.True(t, k.Wake(u, ticket))
			waker = k.Now(u)
		})
	require.Equal(t, 40*us, begun, "a spawned task wants a core after the wake latency")
	require.Equal(t, 40*us+ms+7*us, waker, "waking costs the waker")
	require.Equal(t, 40*us+ms+40*us, woke)
	require.Equal(t, woke+ms+50*us, slept, "timed waits end late by the slack")
}

// TestPokeCutsAnAdvanceShort, and the rest can be computed later.
func TestPokeCutsAnAdvanceShort(t *testing.T) {
	var target *kernel.Task
	var used, end kernel.Time
	timedRun(kernel.Config{Cores: 2, LookAhead: -1}, true,
		func(k *kernel.Timed, t *kernel.Task) {
			target = t
			used = k.Advance(t, 10*ms)
			used += k.Advance(t, ms)
			end = k.Now(t)
		},
		func(k *kernel.Timed, t *kernel.Task) {
			k.Advance(t, 3*ms)
			k.Sync(t)
			k.Poke(t, target)
		})
	require.Equal(t, 4*ms, used)
	require.Equal(t, 4*ms, end)
}

// TestAfterIsCalledInOrder of the times, and not when it is stopped.
func TestAfterIsCalledInOrder(t *testing.T) {
	var order []int
	timedRun(kernel.Config{Cores: 1, LookAhead: -1}, true, func(k *kernel.Timed, me *kernel.Task) {
		for _, n := range []int{5, 1, 4, 2, 3} {
			k.After(me, kernel.Time(n)*ms, func() { order = append(order, n) })
		}
		stopped := k.After(me, 2*ms, func() { order = append(order, 100) })
		k.Advance(me, 2*ms-1)
		require.Equal(t, []int{1}, order)
		require.True(t, stopped.Stop())
		require.False(t, stopped.Stop())
		k.Advance(me, 10*ms)
	})
	require.Equal(t, []int{1, 2, 3, 4, 5}, order)
}

// TestChooseIsKeyed: a task's draws depend on the seed, its path and its own
// count, not on what others draw.
func TestChooseIsKeyed(t *testing.T) {
	draw := func(seed uint64, others bool) (out []int) {
		bodies := []func(*kernel.Timed, *kernel.Task){func(k *kernel.Timed, t *kernel.Task) {
			for range 50 {
				out = append(out, k.Choose(t, kernel.ChooseSuccessor, 7))
				k.Advance(t, ms)
			}
		}}
		if others {
			bodies = append(bodies, func(k *kernel.Timed, t *kernel.Task) {
				for range 50 {
					k.Choose(t, kernel.ChooseSuccessor, 3)
					k.Advance(t, ms/2)
				}
			})
		}
		timedRun(kernel.Config{Cores: 2, Seed: seed, LookAhead: -1}, true, bodies...)
		return out
	}
	a := draw(1, false)
	require.Equal(t, a, draw(1, true))
	require.NotEqual(t, a, draw(2, false))
	seen := map[int]bool{}
	for _, n := range a {
		require.GreaterOrEqual(t, n, 0)
		require.Less(t, n, 7)
		seen[n] = true
	}
	require.Len(t, seen, 7)
}

// TestTicksTakeTime however they are granted.
func TestTicksTakeTime(t *testing.T) {
	for _, pico := range []int64{1000, 3000, 2500, 333} {
		const n = 100_000
		var end kernel.Time
		timedRun(kernel.Config{Cores: 1, TickPico: pico, LookAhead: -1}, true, func(k *kernel.Timed, t *kernel.Task) {
			for range n {
				if t.Budget--; t.Budget < int(t.Limit.Load()) {
					t.Limit.Store(0)
					t.Renew(k.Grant(t))
				}
			}
			end = k.Now(t)
		})
		require.Equal(t, kernel.Time(n*pico/1000), end, "%d ps", pico)
	}
}

// TestStalled is asked when nothing is due but tasks are left, and can end a wait.
func TestStalled(t *testing.T) {
	k := kernel.NewTimed(kernel.Config{Cores: 1, LookAhead: -1})
	d := new(kernel.Domain)
	k.AddDomain(d)
	main := new(kernel.Task)
	main.Init(nil, d, "main")
	var w kernel.Ticket
	asked := 0
	k.Hooks.Stalled = func() bool {
		asked++
		return k.Wake(nil, w)
	}
	k.Run(main, func() {
		k.Advance(main, ms)
		w = k.Prepare(main, kernel.SlotWait)
		require.Equal(t, kernel.Woken, k.Park(main, w, kernel.Never))
		require.Equal(t, ms, k.Now(main))
		k.Exit(main)
	})
	require.Equal(t, 1, asked)
	require.True(t, k.World().Ended())
	require.Zero(t, k.Alive())
}
