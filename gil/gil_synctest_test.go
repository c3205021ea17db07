package gil_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// The live world in testing/synctest bubbles: time is the bubble's, a wait is
// durably blocking, and nothing that was made outside is touched. The bubble ends
// the test when a goroutine is left behind.

// bubbles runs body as a live program in a bubble, once per kind of GIL.
func bubbles(t *testing.T, body func(t *testing.T, m *gil.Thread), opts ...gil.Option) {
	t.Helper()
	for _, p := range []gil.Profile{
		gil.CPython27, gil.CPython39, gil.CPython312, gil.CPython314, gil.CPython313T,
		gil.FromRule(gil.Ticks(100)), gil.FromRule(gil.Legacy(10)),
	} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				require.NoError(t, gil.Live(opts...).Run(p, func(m *gil.Thread) { body(t, m) }))
				synctest.Wait()
			})
		})
	}
}

func TestBubbleSleep(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		begun := time.Now()
		var order []int
		var ts []*gil.Thread
		for _, h := range []int{5, 2, 4, 1, 3} {
			ts = append(ts, m.Go("", func(w *gil.Thread) {
				w.Sleep(time.Duration(h) * time.Hour)
				var at time.Duration
				if w.Interpreter().Profile().FreeThreaded() {
					at = time.Since(begun)
				} else {
					order = append(order, h)
					at = time.Since(begun)
				}
				require.Equal(w, time.Duration(h)*time.Hour, at)
				require.Equal(w, at, w.Now())
			}))
		}
		gil.JoinAll(m, ts...)
		require.Equal(m, 5*time.Hour, m.Now())
		if !m.Interpreter().Profile().FreeThreaded() {
			require.Equal(m, []int{1, 2, 3, 4, 5}, order)
		}
	})
}

func TestBubbleIO(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		w := m.Go("", func(w *gil.Thread) { w.IO(3 * time.Second) })
		m.IO(2 * time.Second)
		require.Equal(m, 2*time.Second, m.Now())
		w.Join(m)
		require.Equal(m, 3*time.Second, m.Now())
	})
}

func TestBubbleJoinTimeout(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		w := m.Go("", func(w *gil.Thread) { w.Sleep(time.Hour) })
		require.False(m, w.JoinTimeout(m, 0))
		require.False(m, w.JoinTimeout(m, -time.Second))
		require.Zero(m, m.Now())
		require.False(m, w.JoinTimeout(m, 20*time.Minute))
		require.Equal(m, 20*time.Minute, m.Now())
		require.True(m, w.IsAlive(m))
		require.True(m, w.JoinTimeout(m, time.Hour))
		require.Equal(m, time.Hour, m.Now())
		require.False(m, w.IsAlive(m))
		require.True(m, w.JoinTimeout(m, 0))
		require.True(m, w.JoinTimeout(m, -1))
	})
}

func TestBubbleGate(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		var lock, event gil.Gate
		lock.Init(m, 1, "lock")
		event.Init(m, 0, "event")
		require.Equal(m, gil.Passed, lock.Pass(m, gil.OpAcquire, 0))
		require.Equal(m, gil.Refused, lock.Pass(m, gil.OpAcquire, 0))
		require.Equal(m, gil.TimedOut, lock.Pass(m, gil.OpAcquire, time.Minute))
		require.Equal(m, time.Minute, m.Now())
		w := m.Go("", func(w *gil.Thread) {
			require.Equal(w, gil.Passed, lock.Pass(w, gil.OpAcquire, gil.Forever))
			require.Equal(w, 2*time.Minute, w.Now())
			require.Equal(w, gil.TimedOut, event.Pass(w, gil.OpWait, w.Now()+time.Second))
			require.Equal(w, gil.Passed, event.Pass(w, gil.OpWait, w.Now()+time.Hour))
			require.Equal(w, 3*time.Minute, w.Now())
			require.Equal(w, gil.Passed, event.Pass(w, gil.OpWait, 0), "it stays open")
		})
		m.Sleep(time.Minute)
		require.Equal(m, 1, lock.Waiters(m))
		lock.Open(m, gil.OpRelease, 1)
		m.Sleep(time.Minute)
		event.Open(m, gil.OpSet, gil.All)
		w.Join(m)
		event.Shut(m, gil.OpClear)
		require.Equal(m, gil.Refused, event.Pass(m, gil.OpWait, 0))
		require.Zero(m, lock.Waiters(m))
	})
}

// TestBubblePost: a timer of the bubble, no thread at all, opens a gate.
func TestBubblePost(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		var g gil.Gate
		g.Init(m, 0, "g")
		time.AfterFunc(time.Hour, func() { m.Interpreter().Post(&g, 2) })
		w := m.Go("", func(w *gil.Thread) {
			require.Equal(w, gil.Passed, g.Pass(w, gil.OpAcquire, gil.Forever))
		})
		require.Equal(m, gil.Passed, g.Pass(m, gil.OpAcquire, gil.Forever))
		require.Equal(m, time.Hour, m.Now())
		w.Join(m)
	})
}

// TestBubbleCompute: the clock of a bubble stands still while anybody computes.
// Compute notices and ends all the same, threads take turns, and as long as there
// is a GIL their times add up.
func TestBubbleCompute(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		work := 30 * time.Millisecond
		w := m.Go("", func(w *gil.Thread) { w.Compute(work) })
		m.Compute(work)
		w.Join(m)
		if m.Interpreter().GIL() != nil {
			require.GreaterOrEqual(m, m.Now(), 2*work)
			require.Less(m, m.Now(), 4*work)
		} else {
			require.GreaterOrEqual(m, m.Now(), work)
		}
		m.Held(work)
		m.Released(work, 2)
		require.GreaterOrEqual(m, m.Now(), 3*work)
	})
}

// TestBubbleKept: what keeps the GIL in a bubble takes its time although somebody asks
// for the GIL meanwhile, and what gives it up is not disturbed.
func TestBubbleKept(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		const work = 100 * time.Millisecond // many intervals
		for _, kept := range []func(){
			func() { m.Held(work) },
			func() { m.GC(work) },
			func() { m.Released(work, 2) },
		} {
			asked := make([]*gil.Thread, 3)
			for i := range asked {
				asked[i] = m.Go("", func(w *gil.Thread) {
					w.Sleep(time.Millisecond)
					w.Compute(time.Millisecond)
				})
			}
			begun := m.Now()
			kept()
			require.GreaterOrEqual(m, m.Now()-begun, work)
			gil.JoinAll(m, asked...)
			require.Less(m, m.Now()-begun, 2*work)
		}
	})
}

// TestBubbleForcedSwitch: a computing thread is asked after an interval of the
// bubble's time.
func TestBubbleForcedSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.NoError(t, gil.Live().Run(gil.CPython312, func(m *gil.Thread) {
			ran := time.Duration(0)
			w := m.NewThread("", func(w *gil.Thread) { ran = w.Now() })
			m.Sleep(time.Second)
			w.Start(m) // it runs at once: main waits for it to begin
			v := m.Go("", func(v *gil.Thread) {
				v.Sleep(time.Millisecond)
				v.Compute(time.Millisecond)
				ran = v.Now()
			})
			m.Compute(100 * time.Millisecond)
			require.Less(m, ran, time.Second+50*time.Millisecond)
			require.Greater(m, ran, time.Second+5*time.Millisecond)
			v.Join(m)
			require.GreaterOrEqual(m, m.Interpreter().Stats().Forced, int64(1))
		}))
	})
}

func TestBubbleContexts(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		ctx, cancel := gil.WithTimeout(m, time.Hour)
		defer cancel()
		at, ok := ctx.Deadline()
		require.True(m, ok)
		require.Equal(m, time.Now().Add(time.Hour), at)
		until, err := gil.UntilOf(ctx)
		require.NoError(m, err)
		require.Equal(m, time.Hour, until)
		m.Block(func() { <-ctx.Done() })
		require.Equal(m, time.Hour, m.Now())
		require.ErrorIs(m, ctx.Err(), context.DeadlineExceeded)

		std, stop := context.WithTimeout(m, time.Minute)
		defer stop()
		until, err = gil.UntilOf(std)
		require.NoError(m, err)
		require.Equal(m, time.Hour+time.Minute, until)
		m.Block(func() { <-std.Done() })
		require.Equal(m, time.Hour+time.Minute, m.Now())

		w := m.Go("", func(w *gil.Thread) { w.Sleep(time.Second) })
		var cause error
		m.Block(func() {
			<-w.Done()
			cause = w.Err()
		})
		require.ErrorIs(m, cause, context.Canceled)
		w.Join(m)
	})
}

// TestBubbleNewGIL: a GIL alone in a bubble.
func TestBubbleNewGIL(t *testing.T) {
	for name, rule := range map[string]gil.Rule{
		"ticks": gil.Ticks(100), "legacy": gil.Legacy(100), "interval": gil.Interval(5 * time.Millisecond), "none": gil.None(),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := gil.NewGIL(rule)
				ended := make(chan time.Duration, 2)
				for range 2 {
					go func() {
						u := g.Enter("")
						defer u.Leave()
						u.Tick(1000)
						u.Block(func() { time.Sleep(time.Hour) })
						u.Compute(10 * time.Millisecond)
						ended <- u.Now()
					}()
				}
				for range 2 {
					require.GreaterOrEqual(t, <-ended, time.Hour+10*time.Millisecond)
				}
				synctest.Wait()
				require.Nil(t, g.Holder())
				require.Zero(t, g.Waiters())
			})
		})
	}
}

// TestBubbleDaemons: they end with main wherever they are, and one that does not
// come back is named after a second.
func TestBubbleDaemons(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython312, gil.CPython314, gil.CPython313T} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := make(chan struct{})
				begun := time.Now()
				var g gil.Gate
				err := gil.Live().Run(p, func(m *gil.Thread) {
					g.Init(m, 0, "never")
					daemon := gil.WithDaemon(true)
					m.Go("sleeps", func(d *gil.Thread) { d.Sleep(time.Hour); t.Error("it went on") }, daemon)
					m.Go("waits", func(d *gil.Thread) { g.Pass(d, gil.OpAcquire, gil.Forever); t.Error("it went on") }, daemon)
					m.Go("works", func(d *gil.Thread) {
						for {
							d.Tick(1)
							d.Sleep(time.Millisecond)
						}
					}, daemon)
					m.Go("stuck", func(d *gil.Thread) { d.Block(func() { <-never }); t.Error("it went on") }, daemon)
					m.Go("stuck too", func(d *gil.Thread) { d.Block(func() { <-never }); t.Error("it went on") }, daemon)
					m.Go("slow", func(d *gil.Thread) { d.Block(func() { time.Sleep(700 * time.Millisecond) }); t.Error("it went on") }, daemon)
					m.Sleep(time.Millisecond)
				})
				var stuck *gil.StuckError
				require.ErrorAs(t, err, &stuck)
				require.Equal(t, []string{"stuck", "stuck too"}, stuck.Threads)
				require.ErrorContains(t, err, "stuck too")
				require.Equal(t, time.Second+time.Millisecond, time.Since(begun))
				close(never)
				synctest.Wait()
			})
		})
	}
}

// TestBubbleSubInterpreter runs one in a bubble.
func TestBubbleSubInterpreter(t *testing.T) {
	bubbles(t, func(t *testing.T, m *gil.Thread) {
		w := m.Go("", func(w *gil.Thread) { w.Sleep(2 * time.Hour) })
		i := m.NewInterpreter()
		require.NoError(m, i.Run(func(s *gil.Thread) {
			u := s.Go("", func(u *gil.Thread) { u.Sleep(time.Hour) })
			u.Join(s)
		}))
		require.Equal(m, time.Hour, m.Now())
		w.Join(m)
	})
}
