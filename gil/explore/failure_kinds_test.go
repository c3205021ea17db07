package explore_test

import (
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

func failLostUpdate(t *gil.Thread) {
	n := gil.NewVar("n", 0)
	add := func(t *gil.Thread) {
		v := n.Load(t)
		n.Store(t, v+1)
	}
	a, b := t.Go("a", add), t.Go("b", add)
	gil.JoinAll(t, a, b)
	require.Equal(t, 2, n.Load(t))
}

func failLockOrder(t *gil.Thread) {
	x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
	both := func(p, q *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			p.Acquire(t)
			q.Acquire(t)
			q.Release(t)
			p.Release(t)
		}
	}
	a, b := t.Go("a", both(x, y)), t.Go("b", both(y, x))
	gil.JoinAll(t, a, b)
}

// failing is a program for each kind of failure, and one much like it that does not
// fail in that way.
var failing = []struct {
	name    string
	kind    explore.Kind
	options []explore.Option
	bad     func(t *gil.Thread)
	good    func(t *gil.Thread)
	want    []string // of the report
}{
	{
		name: "panic", kind: explore.Panic,
		bad: func(t *gil.Thread) {
			l := gil.NewList("l", 1)
			pop := func(t *gil.Thread) {
				if l.Len(t) > 0 {
					if _, err := l.Pop(t); err != nil {
						panic(err)
					}
				}
			}
			gil.JoinAll(t, t.Go("a", pop), t.Go("b", pop))
		},
		good: func(t *gil.Thread) {
			l := gil.NewList("l", 1)
			pop := func(t *gil.Thread) {
				if _, err := l.Pop(t); err != nil && !errors.Is(err, gil.ErrIndex) {
					panic(err)
				}
			}
			gil.JoinAll(t, t.Go("a", pop), t.Go("b", pop))
		},
		want: []string{"check-then-act: ", "pop from empty list", "point of no return"},
	},
	{
		name: "assertion", kind: explore.Assertion, bad: failLostUpdate,
		good: func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			mu := new(threading.Lock)
			add := func(t *gil.Thread) { mu.With(t, func() { n.Update(t, func(v int) int { return v + 1 }) }) }
			gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
			require.Equal(t, 2, n.Load(t))
		},
		want: []string{"lost update: a read n → 0 (failure_kinds_test.go:", "b wrote n ← 1", "then a wrote n ← 1"},
	},
	{
		name: "deadlock", kind: explore.Deadlock, bad: failLockOrder,
		good: func(t *gil.Thread) {
			x, y := new(threading.Lock), new(threading.Lock)
			both := func(t *gil.Thread) { x.With(t, func() { y.With(t, func() {}) }) }
			gil.JoinAll(t, t.Go("a", both), t.Go("b", both))
		},
		want: []string{
			"lock-order deadlock a → b → a",
			"a holds x (taken at failure_kinds_test.go:", " and waits for y (failure_kinds_test.go:", "which b holds",
			"b holds y (taken at failure_kinds_test.go:", " and waits for x (failure_kinds_test.go:", "which a holds",
		},
	},
	{
		name: "deadlock with oneself", kind: explore.Deadlock,
		bad: func(t *gil.Thread) {
			mu := &threading.Lock{Name: "mu"}
			mu.Acquire(t)
			mu.Acquire(t)
		},
		good: func(t *gil.Thread) {
			mu := &threading.RLock{Name: "mu"}
			mu.Acquire(t)
			mu.Acquire(t)
			mu.Release(t)
			mu.Release(t)
		},
		want: []string{"self-deadlock MainThread → MainThread", "which it holds itself since"},
	},
	{
		name: "a lock that is never released", kind: explore.Deadlock,
		bad: func(t *gil.Thread) {
			mu := &threading.Lock{Name: "mu"}
			a := t.Go("a", func(t *gil.Thread) { mu.Acquire(t) })
			a.Join(t)
			mu.Acquire(t)
		},
		good: func(t *gil.Thread) {
			mu := &threading.Lock{Name: "mu"}
			t.Go("a", func(t *gil.Thread) { mu.With(t, func() {}) }).Join(t)
			mu.Acquire(t)
		},
		want: []string{"lock never released", "which a took (failure_kinds_test.go:", "it has ended"},
	},
	{
		name: "lost wake-up", kind: explore.Deadlock,
		bad: func(t *gil.Thread) {
			ready := gil.NewVar("ready", false)
			c := &threading.Condition{Name: "c"}
			a := t.Go("a", func(t *gil.Thread) {
				if !ready.Load(t) {
					c.With(t, func() { c.Wait(t) })
				}
			})
			ready.Store(t, true)
			c.With(t, func() { c.Notify(t, 1) })
			a.Join(t)
		},
		good: func(t *gil.Thread) {
			ready := gil.NewVar("ready", false)
			c := &threading.Condition{Name: "c"}
			a := t.Go("a", func(t *gil.Thread) {
				c.With(t, func() { c.WaitFor(t, func() bool { return ready.Load(t) }) })
			})
			c.With(t, func() { ready.Store(t, true); c.Notify(t, 1) })
			a.Join(t)
		},
		want: []string{"missing wake-up", "a waits for c", "a notification from before it waited is lost"},
	},
	{
		name: "livelock", kind: explore.Livelock, options: []explore.Option{explore.WithMaxSteps(3000)},
		bad: func(t *gil.Thread) {
			stop := gil.NewVar("stop", false)
			t.Go("a", func(t *gil.Thread) {
				for !stop.Load(t) {
					t.Yield()
				}
			}).Join(t)
		},
		good: func(t *gil.Thread) {
			stop := gil.NewVar("stop", false)
			a := t.Go("a", func(t *gil.Thread) {
				for !stop.Load(t) {
					t.Yield()
				}
			})
			stop.Store(t, true)
			a.Join(t)
		},
		want: []string{"a goes round for ever", "a repeats: ", "read stop → False (failure_kinds_test.go:", "only read in that circle", "stop"},
	},
	{
		name: "starvation", kind: explore.Starvation,
		options: []explore.Option{explore.WithMaxSteps(3000), explore.WithoutFairness(), explore.WithStrategy(explore.DFS()), explore.WithMaxSchedules(50)},
		bad: func(t *gil.Thread) {
			stop := gil.NewVar("stop", false)
			a := t.Go("a", func(t *gil.Thread) {
				for !stop.Load(t) {
					continue
				}
			})
			stop.Store(t, true)
			a.Join(t)
		},
		good: func(t *gil.Thread) {
			stop := new(threading.Event)
			a := t.Go("a", func(t *gil.Thread) { stop.Wait(t) })
			stop.Set(t)
			a.Join(t)
		},
		want: []string{"MainThread could run all the time and never did", "a repeats: read stop"},
	},
	{
		name: "race", kind: explore.Race, options: []explore.Option{explore.WithRaces()},
		bad: func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			a := t.Go("a", func(t *gil.Thread) { n.Store(t, 1) })
			n.Load(t)
			a.Join(t)
		},
		good: func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			done := new(threading.Event)
			n.Store(t, 1) // before the start
			a := t.Go("a", func(t *gil.Thread) {
				n.Store(t, n.Load(t)+1)
				done.Set(t)
				n.Swap(t, 5)
			})
			done.Wait(t)
			n.Swap(t, 7) // atomic, as the other one is
			a.Join(t)
			n.Load(t) // after the join
		},
		want: []string{"data race", "a wrote n ← 1 (failure_kinds_test.go:", "MainThread read n", "holding nothing"},
	},
	{
		name: "leak", kind: explore.Leak, options: []explore.Option{explore.WithLeaks()},
		bad: func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) { t.Tick(1) })
		},
		good: func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) { t.Tick(1) }).Join(t)
		},
		want: []string{"thread a still ran when the main function had returned", "join it"},
	},
	{
		name: "leaked daemon", kind: explore.Leak, options: []explore.Option{explore.WithLeaks()},
		bad: func(t *gil.Thread) {
			t.Go("d", func(t *gil.Thread) { t.Sleep(time.Hour) }, gil.WithDaemon(true))
		},
		good: func(t *gil.Thread) {
			t.Go("d", func(t *gil.Thread) { t.Sleep(time.Hour) }, gil.WithDaemon(true)).Join(t)
		},
		want: []string{"d is a daemon that had not ended"},
	},
	{
		name: "step limit", kind: explore.StepLimit, options: []explore.Option{explore.WithMaxSteps(2000)},
		bad: func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			for {
				n.Update(t, func(v int) int { return v + 1 })
			}
		},
		good: func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			for range 100 {
				n.Update(t, func(v int) int { return v + 1 })
			}
		},
		want: []string{"does not repeat itself either"},
	},
}

func TestKinds(t *testing.T) {
	for _, c := range failing {
		t.Run(c.name, func(t *testing.T) {
			f := explore.Find(c.bad, c.options...)
			require.NotNil(t, f)
			require.Equal(t, c.kind, f.Kind, "%v", f)
			report := f.Report()
			for _, want := range c.want {
				assert.Contains(t, report, want)
			}
			assert.NotContains(t, report, "\n\n\n")
			for l := range strings.Lines(f.Table()) {
				assert.LessOrEqual(t, len([]rune(l)), 120, l)
				assert.Equal(t, strings.TrimRight(l, " \n"), strings.TrimRight(l, "\n"), "no spaces at the end")
			}
			again := explore.Replay(c.bad, f.Schedule, c.options...)
			require.NotNil(t, again, "%v", f.Schedule)
			assert.Equal(t, f.Kind, again.Kind)
			assert.Equal(t, f.Schedule.String(), again.Schedule.String())
			parsed, err := explore.ParseSchedule(f.Schedule.String())
			require.NoError(t, err)
			assert.Equal(t, f.Schedule, parsed)
			assert.LessOrEqual(t, len(f.Schedule.Deviations), 2)

			r := explore.Run(c.good, append(c.options[:len(c.options):len(c.options)], explore.WithMaxSchedules(300))...)
			require.Empty(t, r.Failures)
		})
	}
}

// TestRaceFree has programs in which everything is ordered by something.
func TestRaceFree(t *testing.T) {
	for name, program := range map[string]func(t *gil.Thread){
		"start and join": func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			n.Store(t, 1)
			t.Go("a", func(t *gil.Thread) { n.Store(t, 2) }).Join(t)
			n.Store(t, 3)
		},
		"lock": func(t *gil.Thread) {
			n, mu := gil.NewVar("n", 0), new(threading.Lock)
			w := func(t *gil.Thread) { mu.With(t, func() { n.Store(t, n.Load(t)+1) }) }
			gil.JoinAll(t, t.Go("a", w), t.Go("b", w))
		},
		"event": func(t *gil.Thread) {
			n, ev := gil.NewVar("n", 0), new(threading.Event)
			a := t.Go("a", func(t *gil.Thread) { ev.Wait(t); n.Store(t, 2) })
			n.Store(t, 1)
			ev.Set(t)
			a.Join(t)
		},
		"event that is asked": func(t *gil.Thread) {
			n, ev := gil.NewVar("n", 0), new(threading.Event)
			a := t.Go("a", func(t *gil.Thread) {
				if ev.IsSet(t) {
					n.Store(t, 2)
				}
			})
			n.Store(t, 1)
			ev.Set(t)
			a.Join(t)
		},
		"semaphore": func(t *gil.Thread) {
			n, s := gil.NewVar("n", 0), threading.NewSemaphore(0)
			a := t.Go("a", func(t *gil.Thread) { s.Acquire(t); n.Store(t, 2) })
			n.Store(t, 1)
			s.Release(t)
			a.Join(t)
		},
		"condition": func(t *gil.Thread) {
			n, c := gil.NewVar("n", 0), new(threading.Condition)
			a := t.Go("a", func(t *gil.Thread) { c.With(t, func() { c.WaitFor(t, func() bool { return n.Load(t) == 1 }) }) })
			c.With(t, func() { n.Store(t, 1); c.NotifyAll(t) })
			a.Join(t)
		},
		"barrier": func(t *gil.Thread) {
			n, b := gil.NewVar("n", 0), threading.NewBarrier(2, nil)
			a := t.Go("a", func(t *gil.Thread) { _, _ = b.Wait(t); n.Store(t, 2) })
			n.Store(t, 1)
			_, _ = b.Wait(t)
			a.Join(t)
		},
		"readers": func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			r := func(t *gil.Thread) { n.Load(t) }
			gil.JoinAll(t, t.Go("a", r), t.Go("b", r))
		},
		"atomic calls": func(t *gil.Thread) {
			n, l := gil.NewVar("n", 0), gil.NewList[int]("l")
			w := func(t *gil.Thread) { n.Swap(t, 1); l.Append(t, 1) }
			gil.JoinAll(t, t.Go("a", w), t.Go("b", w))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := explore.Run(program, explore.WithRaces())
			require.Empty(t, r.Failures)
			require.True(t, r.Exhausted)
		})
	}
}

// TestRaceHidden has a lock that orders the two accesses in most schedules.
func TestRaceHidden(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		n, mu := gil.NewVar("n", 0), new(threading.Lock)
		a := t.Go("a", func(t *gil.Thread) {
			n.Store(t, 1)
			mu.With(t, func() {})
		})
		mu.With(t, func() {})
		n.Store(t, 2)
		a.Join(t)
	}, explore.WithRaces())
	require.NotNil(t, f)
	require.Equal(t, explore.Race, f.Kind)
}

// TestForeign has programs that leave the model. Each gets a diagnosis, soon.
func TestForeign(t *testing.T) {
	release := make(chan struct{})
	var stop atomic.Bool
	patience := explore.WithPatience(200 * time.Millisecond)
	for _, c := range []struct {
		name    string
		kind    explore.Kind
		want    string
		program func(t *gil.Thread)
	}{
		{"FailNow of a test", explore.Assertion, "give the thread itself to require", func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) {
				t.Tick(1)
				runtime.Goexit() // which is how testing.T.FailNow ends
			}).Join(t)
		}},
		{"recovers its end", explore.Stuck, "recovers the panic that is to end it", func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) {
				for {
					func() {
						defer func() { _ = recover() }()
						t.Tick(1)
					}()
				}
			}, gil.WithDaemon(true))
			t.Tick(1)
		}},
		{"channel", explore.Stuck, "blocks in a real chan receive at explore_test.", func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) {
				t.Tick(1)
				<-release
			}).Join(t)
		}},
		{"select", explore.Stuck, "blocks in a real select at explore_test.", func(t *gil.Thread) {
			select {
			case <-release:
			case <-time.After(time.Minute):
			}
		}},
		{"loop", explore.Stuck, "it loops at explore_test.", func(t *gil.Thread) {
			for !stop.Load() {
				continue
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := explore.Find(c.program, patience)
			require.NotNil(t, f)
			require.Equal(t, c.kind, f.Kind)
			require.ErrorContains(t, f, c.want)
		})
	}
	close(release) // they go on, and end
	stop.Store(true)
}

// TestPatience: a program is stuck when it has performed no operation between two
// looks, however long it runs.
func TestPatience(t *testing.T) {
	var alarms []bool
	explore.Alarms(func(t *gil.Thread, alarm func() bool) {
		n := gil.NewVar("n", 0)
		for range 3 {
			alarms = append(alarms, alarm())
			n.Store(t, 1)
		}
		alarms = append(alarms, alarm(), alarm())
	})
	require.Equal(t, []bool{false, false, false, false, true}, alarms)
}

// TestCutIsNotExhausted: what comes after the last operation that was allowed has not
// been looked at.
func TestCutIsNotExhausted(t *testing.T) {
	program := func(t *gil.Thread) {
		a := t.Go("a", func(t *gil.Thread) { t.Tick(1) })
		for range 20 {
			t.Yield()
		}
		a.Join(t)
	}
	for _, s := range []func() explore.Strategy{explore.DFS, explore.DPOR} {
		for steps, all := range map[int]bool{10: false, 1000: true} {
			r := explore.Run(program, explore.WithStrategy(s()), explore.WithMaxFailures(0), explore.WithMaxSteps(steps), explore.WithMaxSchedules(5_000))
			require.Equal(t, all, r.Exhausted, "%d steps: %v", steps, r)
			require.Equal(t, !all, r.Failed())
		}
	}
}
