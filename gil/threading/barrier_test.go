package threading_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

const parties = 5

// barrierCases are the cases of CPython's BarrierTests and some more.
func barrierCases() []testCase {
	// multipass has all parties pass n times, each in two steps.
	multipass := func(t *gil.Thread, n int) {
		b := threading.NewBarrier(parties, nil)
		require.Equal(t, parties, b.Parties())
		var in, out tally[bool]
		bunch(t, parties, func(t *gil.Thread) {
			for i := range n {
				in.add(true)
				require.Equal(t, i*parties, out.len())
				pass(t, b)
				out.add(true)
				require.Equal(t, (i+1)*parties, in.len())
				pass(t, b)
			}
		})()
		require.Zero(t, b.NWaiting(t))
		require.False(t, b.Broken(t))
	}
	return []testCase{
		// BarrierTests.test_barrier
		{name: "Barrier/Lockstep", body: func(t *gil.Thread) { multipass(t, 1) }},
		// BarrierTests.test_barrier_10
		{name: "Barrier/Lockstep10", body: func(t *gil.Thread) { multipass(t, 10) }},
		// BarrierTests.test_wait_return
		{name: "Barrier/Index", body: func(t *gil.Thread) {
			b := threading.NewBarrier(parties, nil)
			var got tally[int]
			bunch(t, parties, func(t *gil.Thread) { got.add(pass(t, b)) })()
			v := got.all()
			slices.Sort(v)
			require.Equal(t, []int{0, 1, 2, 3, 4}, v)
		}},
		// The index is the order in which they came.
		{name: "Barrier/Order", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(parties, nil)
			var joins []func()
			for i := range parties - 1 {
				joins = append(joins, bunch(t, 1, func(t *gil.Thread) { require.Equal(t, i, pass(t, b)) }))
				settle(t)
				require.Equal(t, i+1, b.NWaiting(t))
			}
			require.Equal(t, parties-1, pass(t, b))
			for _, join := range joins {
				join()
			}
		}},
		// BarrierTests.test_action
		{name: "Barrier/Action", body: func(t *gil.Thread) {
			var ran tally[string]
			var b *threading.Barrier
			b = threading.NewBarrier(parties, func(t *gil.Thread) {
				require.Equal(t, parties, b.NWaiting(t), "the action may look at its barrier")
				require.False(t, b.Broken(t))
				ran.add(t.Name())
			})
			var last tally[string]
			bunch(t, parties, func(t *gil.Thread) {
				if pass(t, b) == parties-1 {
					last.add(t.Name())
				}
				require.Len(t, ran.all(), 1)
			})()
			require.Equal(t, last.all(), ran.all(), "the last to come runs the action")
		}},
		{name: "Barrier/ActionPanics", timed: true, body: func(t *gil.Thread) {
			oops := errors.New("oops")
			b := threading.NewBarrier(parties, func(t *gil.Thread) { panic(oops) })
			var broken, panicked tally[error]
			bunch(t, parties, func(t *gil.Thread) {
				defer func() {
					if v := recover(); v != nil {
						panicked.add(v.(error))
					}
				}()
				i, err := b.Wait(t)
				require.Equal(t, -1, i)
				broken.add(err)
			})()
			require.Equal(t, []error{oops}, panicked.all())
			require.Len(t, broken.all(), parties-1)
			for _, err := range broken.all() {
				isBroken(t, err)
			}
			require.True(t, b.Broken(t))
			_, err := b.Wait(t)
			isBroken(t, err)
			b.Reset(t)
			require.False(t, b.Broken(t))
		}},
		// BarrierTests.test_abort
		{name: "Barrier/Abort", body: func(t *gil.Thread) {
			b := threading.NewBarrier(parties, nil)
			var passed, broken tally[bool]
			bunch(t, parties, func(t *gil.Thread) {
				i, err := b.Wait(t)
				if err == nil && i == parties/2 {
					b.Abort(t)
					return
				}
				if err == nil {
					_, err = b.Wait(t)
				}
				if err == nil {
					passed.add(true)
					return
				}
				isBroken(t, err)
				broken.add(true)
			})()
			require.Empty(t, passed.all())
			require.Len(t, broken.all(), parties-1)
			require.True(t, b.Broken(t))
		}},
		// BarrierTests.test_reset
		{name: "Barrier/Reset", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(parties, nil)
			var broken, again tally[bool]
			bunch(t, parties, func(t *gil.Thread) {
				if i := pass(t, b); i == parties/2 {
					for b.NWaiting(t) < parties-1 {
						t.Sleep(time.Millisecond)
					}
					b.Reset(t)
				} else {
					_, err := b.Wait(t)
					isBroken(t, err)
					broken.add(true)
				}
				pass(t, b)
				again.add(true)
			})()
			require.Len(t, broken.all(), parties-1)
			require.Len(t, again.all(), parties)
			require.False(t, b.Broken(t))
		}},
		// BarrierTests.test_abort_and_reset
		{name: "Barrier/AbortAndReset", body: func(t *gil.Thread) {
			b, sync := threading.NewBarrier(parties, nil), threading.NewBarrier(parties, nil)
			var broken, again tally[bool]
			bunch(t, parties, func(t *gil.Thread) {
				i, err := b.Wait(t)
				switch {
				case err == nil && i == parties/2:
					b.Abort(t)
				case err == nil:
					_, err = b.Wait(t)
					fallthrough
				default:
					isBroken(t, err)
					broken.add(true)
				}
				if pass(t, sync) == parties/2 {
					b.Reset(t)
				}
				pass(t, sync)
				pass(t, b)
				again.add(true)
			})()
			require.Len(t, broken.all(), parties-1)
			require.Len(t, again.all(), parties)
		}},
		// A barrier that is reset while it is broken and somebody is inside is whole
		// again when the last one has left.
		{name: "Barrier/ResetBroken", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(3, nil)
			join := bunch(t, 2, func(t *gil.Thread) {
				_, err := b.Wait(t)
				isBroken(t, err)
			})
			settle(t)
			b.Abort(t)
			b.Reset(t)
			join()
			require.False(t, b.Broken(t))
			join = bunch(t, 2, func(t *gil.Thread) { pass(t, b) })
			pass(t, b)
			join()
		}},
		// BarrierTests.test_timeout
		{name: "Barrier/Timeout", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(parties, nil)
			var timedOut tally[bool]
			bunch(t, parties, func(t *gil.Thread) {
				if i := pass(t, b); i == parties/2 {
					t.Sleep(time.Second) // one thread is late
				}
				var err error
				d := took(t, func() { _, err = b.WaitTimeout(t, 500*time.Millisecond) })
				isBroken(t, err)
				late := errors.Is(err, context.DeadlineExceeded)
				timedOut.add(late)
				if late {
					require.Equal(t, 500*time.Millisecond, d)
				}
			})()
			require.Contains(t, timedOut.all(), true)
			require.Contains(t, timedOut.all(), false)
			require.True(t, b.Broken(t))
		}},
		// BarrierTests.test_default_timeout
		{name: "Barrier/DefaultTimeout", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(2, nil)
			b.Timeout = 100 * time.Millisecond
			bunch(t, 1, func(t *gil.Thread) {
				d := took(t, func() {
					_, err := b.Wait(t)
					isBroken(t, err)
					require.ErrorIs(t, err, context.DeadlineExceeded)
				})
				require.Equal(t, 100*time.Millisecond, d)
			})()
			b.Reset(t)
			_, err := b.WaitTimeout(t, 0)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.True(t, b.Broken(t))
		}},
		// BarrierTests.test_single_thread
		{name: "Barrier/SingleThread", body: func(t *gil.Thread) {
			b := threading.NewBarrier(1, nil)
			for range 3 {
				require.Zero(t, pass(t, b))
			}
			i, err := b.WaitTimeout(t, 0)
			require.NoError(t, err)
			require.Zero(t, i)
		}},
		// BarrierTests.test_repr
		{name: "Barrier/NWaiting", timed: true, body: func(t *gil.Thread) {
			b := threading.NewBarrier(3, nil)
			require.Zero(t, b.NWaiting(t))
			join := bunch(t, 2, func(t *gil.Thread) { pass(t, b) })
			settle(t)
			require.Equal(t, 2, b.NWaiting(t))
			pass(t, b)
			join()
			require.Zero(t, b.NWaiting(t))
			b.Abort(t)
			require.True(t, b.Broken(t))
			require.Zero(t, b.NWaiting(t))
		}},
		// Whoever comes while a round leaves waits until it has left: six threads make
		// three whole rounds of two.
		{name: "Barrier/Drains", body: func(t *gil.Thread) {
			b := threading.NewBarrier(2, nil)
			var places tally[int]
			bunch(t, 6, func(t *gil.Thread) { places.add(pass(t, b)) })()
			v := places.all()
			slices.Sort(v)
			require.Equal(t, append(repeat(0, 3), repeat(1, 3)...), v)
		}},
	}
}

// pass waits at a barrier that must let t pass.
func pass(t *gil.Thread, b *threading.Barrier) int {
	i, err := b.Wait(t)
	require.NoError(t, err)
	return i
}

// isBroken checks the error of a broken barrier.
func isBroken(t *gil.Thread, err error) {
	require.ErrorIs(t, err, threading.ErrBrokenBarrier)
	var e *threading.BrokenBarrierError
	require.ErrorAs(t, err, &e)
	require.Empty(t, e.PythonText())
	require.Regexp(t, "^threading: .* mend it with Reset$", err.Error())
}

func TestBarrier(t *testing.T) { runCases(t, barrierCases()) }

// BarrierTests.test_constructor
func TestBarrierConstructor(t *testing.T) {
	for _, n := range []int{0, -1} {
		require.Equal(t, "parties must be >= 1", pythonText(t, func() { threading.NewBarrier(n, nil) }))
	}
	for p, want := range map[*gil.Profile]string{&gil.CPython313: "parties must be > 0", &gil.CPython314: "parties must be >= 1"} {
		timed(t, *p, func(t *gil.Thread) {
			var b threading.Barrier
			_, err := b.Wait(t)
			var e *gil.ValueError
			require.ErrorAs(t, err, &e)
			require.Equal(t, want, e.PythonText())
		})
	}
}
