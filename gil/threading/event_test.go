package threading_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func TestEvent(t *testing.T) { runCases(t, eventSuite()) }

func eventSuite() []testCase {
	// checkNotify has five threads wait twice: the first wait is for Set, the second
	// returns at once.
	checkNotify := func(t *gil.Thread, e *threading.Event) {
		const n = 5
		var first, second tally[bool]
		join := bunch(t, n, func(t *gil.Thread) {
			first.add(e.Wait(t))
			second.add(e.Wait(t))
		})
		settle(t)
		require.Empty(t, first.all())
		e.Set(t)
		join()
		require.Equal(t, repeat(true, n), first.all())
		require.Equal(t, repeat(true, n), second.all())
	}
	return []testCase{
		// EventTests.test_is_set, .test_repr
		{name: "Event/IsSet", body: func(t *gil.Thread) {
			var e threading.Event
			require.False(t, e.IsSet(t))
			e.Set(t)
			require.True(t, e.IsSet(t))
			e.Set(t)
			require.True(t, e.IsSet(t))
			e.Clear(t)
			require.False(t, e.IsSet(t))
			e.Clear(t)
			require.False(t, e.IsSet(t))
		}},
		// EventTests.test_notify
		{name: "Event/Notify", timed: true, body: func(t *gil.Thread) {
			var e threading.Event
			checkNotify(t, &e)
			e.Set(t)
			e.Clear(t)
			checkNotify(t, &e)
		}},
		// EventTests.test_timeout
		{name: "Event/Timeout", timed: true, body: func(t *gil.Thread) {
			var e threading.Event
			for _, set := range []bool{false, true} {
				want := 500 * time.Millisecond
				if set {
					e.Set(t)
					want = 0
				}
				bunch(t, 5, func(t *gil.Thread) {
					for _, d := range []time.Duration{0, -1, -time.Second} {
						require.Zero(t, took(t, func() { require.Equal(t, set, e.WaitTimeout(t, d)) }))
					}
					require.Equal(t, want, took(t, func() {
						require.Equal(t, set, e.WaitTimeout(t, 500*time.Millisecond))
					}))
				})()
			}
		}},
		// EventTests.test_set_and_clear; 2.7 has no such promise.
		{name: "Event/SetAndClear", timed: true, body: func(t *gil.Thread) {
			for _, wait := range []func(e *threading.Event, t *gil.Thread) bool{
				func(e *threading.Event, t *gil.Thread) bool { return e.Wait(t) },
				func(e *threading.Event, t *gil.Thread) bool { return e.WaitTimeout(t, time.Hour) },
			} {
				var e threading.Event
				var results tally[bool]
				const n = 5
				join := bunch(t, n, func(t *gil.Thread) { results.add(wait(&e, t)) })
				settle(t)
				e.Set(t)
				e.Clear(t)
				join()
				if t.Interpreter().Profile().Name() == "2.7" {
					// Of those that a Set wakes some may look before the Clear.
					require.Len(t, results.all(), n)
				} else {
					require.Equal(t, repeat(true, n), results.all())
				}
				require.False(t, e.IsSet(t))
				require.False(t, e.WaitTimeout(t, 0))
			}
		}},
		// A wait that begins after Set and Clear is for the next Set.
		{name: "Event/Rounds", timed: true, body: func(t *gil.Thread) {
			var e threading.Event
			const n = 3
			for round := range 3 {
				var results tally[bool]
				join := bunch(t, n, func(t *gil.Thread) { results.add(e.Wait(t)) })
				settle(t)
				require.Empty(t, results.all(), "round %d", round)
				e.Set(t)
				join()
				require.Equal(t, repeat(true, n), results.all())
				e.Clear(t)
			}
		}},
		// Set by several threads at once.
		{name: "Event/ManySetters", body: func(t *gil.Thread) {
			var e threading.Event
			join := bunch(t, 3, func(t *gil.Thread) { require.True(t, e.Wait(t)) })
			bunch(t, 3, func(t *gil.Thread) { e.Set(t) })()
			join()
		}},
	}
}

// TestEventReread is the same Set and Clear in the timed world, where both happen
// before any waiter runs: 2.7 looks at the flag again and returns False.
func TestEventReread(t *testing.T) {
	for _, c := range []struct {
		p    gil.Profile
		want bool
	}{{gil.CPython27, false}, {gil.CPython31, false}, {gil.CPython32, true}, {gil.CPython36, true}, {gil.CPython314, true}} {
		t.Run(c.p.Name(), func(t *testing.T) {
			require.NoError(t, gil.NewMachine(1).Run(c.p.WithCheckInterval(10_000), func(t *gil.Thread) {
				var e threading.Event
				var results tally[bool]
				join := bunch(t, 4, func(t *gil.Thread) { results.add(e.Wait(t)) })
				settle(t)
				e.Set(t)
				e.Clear(t)
				join()
				require.Equal(t, repeat(c.want, 4), results.all())
			}))
		})
	}
}

// TestEventClearRace has one thread ask and then wait while another one clears: an
// explored run must see the wait that finds the flag cleared, and the one that does
// not.
func TestEventClearRace(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313T} {
		seen := map[bool]int{}
		explore(t, p, 200, func(t *gil.Thread) {
			var e threading.Event
			e.Set(t)
			join := bunch(t, 1, func(t *gil.Thread) { e.Clear(t) })
			if e.IsSet(t) {
				seen[e.WaitTimeout(t, time.Second)]++
			}
			join()
		})
		require.Len(t, seen, 2, "%v: %v", p, seen)
	}
}

// TestEventPulse has a thread set and clear while another one begins to wait. One that
// waits already is let through, one that has only found the flag cleared is not, and
// one that comes in between does not wait at all.
func TestEventPulse(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313T, gil.CPython27} {
		seen := map[string]int{}
		explore(t, p, 300, func(t *gil.Thread) {
			var e threading.Event
			x := t.Go("waiter", func(t *gil.Thread) {
				begin := t.Now()
				switch set, waited := e.WaitTimeout(t, time.Second), t.Now() > begin; {
				case set:
					seen["set"]++
				case waited:
					seen["timeout"]++
				default:
					seen["looked again"]++
				}
			})
			e.Set(t)
			e.Clear(t)
			x.Join(t)
		})
		require.NotZero(t, seen["set"], "%v: %v", p, seen)
		require.NotZero(t, seen["timeout"], "%v: %v", p, seen)
		if p.Name() != "2.7" {
			require.Zero(t, seen["looked again"], "%v: %v", p, seen)
		}
	}
}

// TestEventPolled has a Set and a Clear come between two looks of a wait that polls: it
// ends at the next look, as in Python, where the Set has released the waiter's lock,
// and not when its time is over.
func TestEventPolled(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython27, func(t *gil.Thread) {
		var e threading.Event
		begin := t.Now()
		join := bunch(t, 1, func(t *gil.Thread) {
			require.False(t, e.WaitTimeout(t, time.Hour))
			require.Less(t, t.Now()-begin, time.Second)
		})
		t.Sleep(200 * time.Millisecond)
		e.Set(t)
		e.Clear(t)
		join()
	}))
}
