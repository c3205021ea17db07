package threading_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// plain is a lock that does not know its owner and that package threading does not
// know.
type plain struct{ l threading.Lock }

func (p *plain) Acquire(t *gil.Thread)         { p.l.Acquire(t) }
func (p *plain) TryAcquire(t *gil.Thread) bool { return p.l.TryAcquire(t) }
func (p *plain) Release(t *gil.Thread)         { p.l.Release(t) }
func (p *plain) AcquireTimeout(t *gil.Thread, d time.Duration) bool {
	return p.l.AcquireTimeout(t, d)
}

// conditionCases are the cases of a condition, whatever its lock.
func conditionCases(kind string, create func() *threading.Condition) []testCase {
	return []testCase{
		// ConditionTests.test_unacquired_wait
		{name: kind + "/UnacquiredWait", body: func(t *gil.Thread) {
			c := create()
			const want = "cannot wait on un-acquired lock"
			require.Equal(t, want, pythonText(t, func() { c.Wait(t) }))
			c.With(t, func() {})
			require.Equal(t, want, pythonText(t, func() { c.WaitTimeout(t, time.Second) }))
			require.Equal(t, want, pythonText(t, func() { c.WaitFor(t, func() bool { return false }) }))
			require.Zero(t, c.Waiting(t), "a refused wait leaves nobody in line")
		}},
		// ConditionTests.test_unacquired_notify
		{name: kind + "/UnacquiredNotify", body: func(t *gil.Thread) {
			c := create()
			const want = "cannot notify on un-acquired lock"
			require.Equal(t, want, pythonText(t, func() { c.Notify(t, 1) }))
			c.With(t, func() {})
			require.Equal(t, want, pythonText(t, func() { c.Notify(t, 1) }))
			require.Equal(t, want, pythonText(t, func() { c.NotifyAll(t) }))
		}},
		// ConditionTests.test_notify
		{name: kind + "/Notify", timed: true, body: func(t *gil.Thread) {
			c := create()
			checkNotify(t, c)
			checkNotify(t, c)
		}},
		{name: kind + "/NotifyNobody", timed: true, body: func(t *gil.Thread) {
			c := create()
			c.With(t, func() {
				c.Notify(t, 3)
				c.NotifyAll(t)
			})
			join := bunch(t, 1, func(t *gil.Thread) {
				c.With(t, func() {
					require.False(t, c.WaitTimeout(t, time.Second), "an earlier notification is lost")
				})
			})
			settle(t)
			c.With(t, func() { c.Notify(t, 0) })
			join()
		}},
		// ConditionTests.test_timeout
		{name: kind + "/Timeout", timed: true, body: func(t *gil.Thread) {
			c := create()
			bunch(t, 5, func(t *gil.Thread) {
				c.With(t, func() {
					d := took(t, func() { require.False(t, c.WaitTimeout(t, 500*time.Millisecond)) })
					require.Equal(t, 500*time.Millisecond, d)
				})
			})()
			require.Zero(t, c.Waiting(t))
			c.With(t, func() {
				for _, d := range []time.Duration{0, -1, -time.Second} {
					require.Zero(t, took(t, func() { require.False(t, c.WaitTimeout(t, d)) }))
				}
			})
			require.Zero(t, c.Waiting(t), "whoever runs out of time gets out of line")
		}},
		// ConditionTests.test_waitfor
		{name: kind + "/WaitFor", timed: true, body: func(t *gil.Thread) {
			c := create()
			state := 0
			join := bunch(t, 1, func(t *gil.Thread) {
				c.With(t, func() {
					c.WaitFor(t, func() bool { return state == 4 })
					require.Equal(t, 4, state)
				})
			})
			for range 4 {
				settle(t)
				c.With(t, func() {
					state++
					c.Notify(t, 1)
				})
			}
			join()
		}},
		// ConditionTests.test_waitfor_timeout
		{name: kind + "/WaitForTimeout", timed: true, body: func(t *gil.Thread) {
			c := create()
			state := 0
			var done tally[bool]
			join := bunch(t, 1, func(t *gil.Thread) {
				c.With(t, func() {
					d := took(t, func() {
						require.False(t, c.WaitForTimeout(t, func() bool { return state == 4 }, 100*time.Millisecond))
					})
					require.Equal(t, 100*time.Millisecond, d)
					require.True(t, c.WaitForTimeout(t, func() bool { return state == 3 }, 0))
					done.add(true)
				})
			})
			for range 3 {
				settle(t)
				c.With(t, func() {
					state++
					c.Notify(t, 1)
				})
			}
			join()
			require.Len(t, done.all(), 1)
		}},
		// The looks of wait_for with nothing to wait for: two, with the lock given up
		// in between.
		{name: kind + "/WaitForNoTime", timed: true, body: func(t *gil.Thread) {
			c := create()
			for _, d := range []time.Duration{0, -time.Second} {
				looks := 0
				c.With(t, func() {
					require.False(t, c.WaitForTimeout(t, func() bool { looks++; return false }, d))
				})
				require.Equal(t, 2, looks)
			}
			c.With(t, func() {
				require.True(t, c.WaitForTimeout(t, func() bool { return true }, -time.Second))
			})
		}},
		// A notified thread does not go on before the notifier has released the lock.
		{name: kind + "/HurryUpAndWait", timed: true, body: func(t *gil.Thread) {
			c := create()
			released := false
			join := bunch(t, 1, func(t *gil.Thread) {
				c.With(t, func() {
					c.Wait(t)
					require.True(t, released)
				})
			})
			settle(t)
			c.With(t, func() {
				c.NotifyAll(t)
				settle(t)
				released = true
			})
			join()
		}},
	}
}

// checkNotify notifies 3 of 5 threads, then 5 of the 5 that wait for the first or
// the second time, then all.
func checkNotify(t *gil.Thread, c *threading.Condition) {
	const n = 5
	var ready, first, second tally[int]
	phase := 0
	join := bunch(t, n, func(t *gil.Thread) {
		for _, results := range []*tally[int]{&first, &second} {
			c.With(t, func() {
				ready.add(phase)
				c.Wait(t)
				results.add(phase)
			})
		}
	})
	settle(t)
	require.Equal(t, n, ready.len())
	step := func(notify func()) {
		c.With(t, func() {
			notify()
			settle(t)
			phase++ // the notified have not gone on
		})
		settle(t)
	}
	step(func() { c.Notify(t, 3) })
	require.Equal(t, repeat(1, 3), first.all())
	require.Empty(t, second.all())
	require.Equal(t, n+3, ready.len())

	step(func() { c.Notify(t, 5) })
	require.Equal(t, append(repeat(1, 3), repeat(2, 2)...), first.all())
	require.Equal(t, repeat(2, 3), second.all())
	require.Equal(t, 2*n, ready.len())

	step(func() { c.NotifyAll(t) })
	join()
	require.Equal(t, append(repeat(1, 3), repeat(2, 2)...), first.all())
	require.Equal(t, append(repeat(2, 3), repeat(3, 2)...), second.all())
	require.Zero(t, c.Waiting(t))
}

func TestCondition(t *testing.T) { runCases(t, conditionSuite()) }

func conditionSuite() []testCase {
	return slices.Concat(
		conditionCases("Condition", func() *threading.Condition { return new(threading.Condition) }),
		conditionCases("ConditionOfLock", func() *threading.Condition { return threading.NewCondition(new(threading.Lock)) }),
		conditionCases("ConditionOfPlain", func() *threading.Condition { return threading.NewCondition(new(plain)) }),
		conditionCases("ConditionOfCondition", func() *threading.Condition {
			return threading.NewCondition(new(threading.Condition))
		}),
		conditionLockCases())
}

// conditionLockCases are about what a condition does with its lock.
func conditionLockCases() []testCase {
	return []testCase{
		// ConditionTests.test_acquire
		{name: "Condition/Acquire", body: func(t *gil.Thread) {
			var c threading.Condition
			c.Acquire(t)
			c.Acquire(t)
			c.Release(t)
			c.Release(t)
			var l threading.Lock
			d := threading.NewCondition(&l)
			d.Acquire(t)
			require.False(t, l.TryAcquire(t))
			d.Release(t)
			require.True(t, l.TryAcquire(t))
			require.False(t, d.TryAcquire(t))
			l.Release(t)
			d.With(t, func() { require.False(t, l.TryAcquire(t)) })
		}},
		// Wait gives up every level of an RLock and takes as many back.
		{name: "Condition/AllLevels", timed: true, body: func(t *gil.Thread) {
			var l threading.RLock
			c := threading.NewCondition(&l)
			join := bunch(t, 1, func(t *gil.Thread) {
				for range 3 {
					l.Acquire(t)
				}
				c.Wait(t)
				require.Equal(t, 3, l.Levels(t))
				require.False(t, c.WaitTimeout(t, time.Second))
				require.Equal(t, 3, l.Levels(t))
				for range 3 {
					l.Release(t)
				}
			})
			settle(t)
			require.True(t, l.TryAcquire(t))
			c.Notify(t, 1)
			l.Release(t)
			settle(t)
			require.True(t, l.TryAcquire(t), "the second wait gave it up as well")
			l.Release(t)
			join()
			require.True(t, l.TryAcquire(t))
		}},
		// Two conditions over one lock: only the waiters of the one notified wake.
		{name: "Condition/SharedLock", timed: true, body: func(t *gil.Thread) {
			var l threading.Lock
			empty, full := threading.NewCondition(&l), threading.NewCondition(&l)
			var woken tally[string]
			wait := func(name string, c *threading.Condition) func() {
				return bunch(t, 2, func(t *gil.Thread) {
					c.With(t, func() {
						c.Wait(t)
						woken.add(name)
					})
				})
			}
			a, b := wait("empty", empty), wait("full", full)
			settle(t)
			l.With(t, func() { full.NotifyAll(t) })
			b()
			require.Equal(t, []string{"full", "full"}, woken.all())
			l.With(t, func() { empty.NotifyAll(t) })
			a()
		}},
	}
}

// TestNotifyOrder notifies one thread after the other: they are woken in the order
// in which they began to wait.
func TestNotifyOrder(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) {
			everywhere(t, p, func(t *gil.Thread) {
				var c threading.Condition
				var order tally[int]
				joins := make([]func(), 6)
				for i := range joins {
					joins[i] = bunch(t, 1, func(t *gil.Thread) {
						c.With(t, func() {
							c.Wait(t)
							order.add(i)
						})
					})
					settle(t)
				}
				for range joins {
					c.With(t, func() { c.Notify(t, 1) })
					settle(t)
				}
				for _, join := range joins {
					join()
				}
				require.Equal(t, []int{0, 1, 2, 3, 4, 5}, order.all())
			})
		})
	}
}

// TestNotifyAllOrder shows that notified threads compete for the lock: explored
// runs see them return in another order than that in which they were notified.
func TestNotifyAllOrder(t *testing.T) {
	orders := map[[3]int]int{}
	explore(t, gil.CPython313, 200, func(t *gil.Thread) {
		var c threading.Condition
		var order tally[int]
		joins := make([]func(), 3)
		for i := range joins {
			joins[i] = bunch(t, 1, func(t *gil.Thread) {
				c.With(t, func() {
					c.Wait(t)
					order.add(i)
				})
			})
			settle(t)
		}
		c.With(t, func() { c.NotifyAll(t) })
		for _, join := range joins {
			join()
		}
		orders[[3]int(order.all())]++
	})
	require.Len(t, orders, 6, "%v", orders)
}

// TestTimedOutWaiter gives two threads a wait, the older one for 35 ms. Up to the
// moment at which it has the lock back it stays in line, so a notification that
// comes when its time has run out may be spent on it, as in CPython from 3.2 on;
// afterwards it is out of line.
func TestTimedOutWaiter(t *testing.T) {
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) {
			everywhere(t, p, func(t *gil.Thread) {
				var c threading.Condition
				old := bunch(t, 1, func(t *gil.Thread) {
					c.With(t, func() { require.False(t, c.WaitTimeout(t, 35*time.Millisecond)) })
				})
				settle(t)
				young := bunch(t, 1, func(t *gil.Thread) {
					c.With(t, func() {
						d := took(t, func() { c.Wait(t) })
						require.Equal(t, 100*time.Millisecond, d)
					})
				})
				old()
				t.Sleep(110*time.Millisecond - t.Now())
				c.With(t, func() { c.Notify(t, 1) })
				young()
			})
		})
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313} {
		t.Run("late/"+p.Name(), func(t *testing.T) {
			everywhere(t, p, func(t *gil.Thread) {
				var c threading.Condition
				old := bunch(t, 1, func(t *gil.Thread) {
					c.With(t, func() { require.False(t, c.WaitTimeout(t, 35*time.Millisecond)) })
				})
				settle(t)
				var notified tally[bool]
				young := bunch(t, 1, func(t *gil.Thread) {
					c.With(t, func() { notified.add(c.WaitTimeout(t, time.Second)) })
				})
				settle(t)
				c.With(t, func() {
					t.Sleep(50 * time.Millisecond) // the older one's time runs out, and it wants the lock
					c.Notify(t, 1)
				})
				old()
				young()
				require.Equal(t, []bool{p.Name() == "2.7"}, notified.all(), "2.7 gets out of line before it wants the lock")
			})
		})
	}
}

// TestNegativeNotify is notify(-1) with four threads in line.
func TestNegativeNotify(t *testing.T) {
	const islice = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
	for _, c := range []struct {
		p     gil.Profile
		woken int
		text  string
	}{
		{gil.CPython27, 3, ""},
		{gil.CPython36, 0, islice},
		{gil.CPython37, 0, islice},
		{gil.CPython38, 0, islice},
		{gil.CPython39, 0, ""},
		{gil.CPython313, 0, ""},
		{gil.AnyBytecode, 0, ""},
	} {
		t.Run(c.p.Name(), func(t *testing.T) {
			timed(t, c.p, func(t *gil.Thread) {
				var cond threading.Condition
				var woken tally[bool]
				join := bunch(t, 4, func(t *gil.Thread) {
					cond.With(t, func() {
						cond.Wait(t)
						woken.add(true)
					})
				})
				settle(t)
				cond.With(t, func() {
					if c.text != "" {
						require.Equal(t, c.text, pythonText(t, func() { cond.Notify(t, -1) }))
					} else {
						cond.Notify(t, -1)
					}
				})
				settle(t)
				require.Equal(t, c.woken, woken.len())
				cond.With(t, func() { cond.NotifyAll(t) })
				join()
			})
		})
	}
}

// TestPolling shows when a wait with a timeout notices: at once from 3.2 on, at the
// end of a nap of 1, 2, 4, … 32, 50, 50 ms before.
func TestPolling(t *testing.T) {
	const us, ms = time.Microsecond, time.Millisecond
	for _, c := range []struct{ at, want27, limit time.Duration }{
		{0, 0, time.Second},
		{500 * us, 1 * ms, time.Second},
		{2 * ms, 3 * ms, time.Second},
		{10 * ms, 15 * ms, time.Second},
		{60 * ms, 63 * ms, time.Second},
		{64 * ms, 113 * ms, time.Second},
		{120 * ms, 163 * ms, time.Second},
		{120 * ms, 130 * ms, 130 * ms},
		{131 * ms, 130 * ms, 130 * ms},
	} {
		for _, p := range []gil.Profile{gil.CPython27, gil.CPython31, gil.CPython32, gil.CPython313} {
			polls := p.Name() == "2.7" || p.Name() == "3.1"
			want := min(c.at, c.limit)
			if polls {
				want = c.want27
			}
			wait := func(t *gil.Thread, start func(t *gil.Thread), wait func(t *gil.Thread, d time.Duration) bool) {
				if c.at == 0 {
					start(t)
				}
				began := t.Now()
				join := func() {}
				if c.at > 0 {
					join = bunch(t, 1, func(t *gil.Thread) {
						t.Sleep(c.at + began - t.Now())
						start(t)
					})
				}
				d := took(t, func() { require.Equal(t, c.at <= c.limit, wait(t, c.limit)) })
				require.Equal(t, want, d, "at %v under %v", c.at, p)
				join()
			}
			main := func(t *gil.Thread) {
				var e threading.Event
				wait(t, e.Set, e.WaitTimeout)
				if c.at == 0 {
					return // a notification before the wait is lost
				}
				var cond threading.Condition
				notify := func(t *gil.Thread) { cond.With(t, func() { cond.Notify(t, 1) }) }
				wait(t, notify, func(t *gil.Thread, d time.Duration) (notified bool) {
					cond.With(t, func() { notified = cond.WaitTimeout(t, d) })
					return notified
				})
			}
			timed(t, p, main)
			bubble(t, p, main)
		}
	}
}
