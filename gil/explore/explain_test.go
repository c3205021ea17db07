package explore_test

import (
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// pair runs two threads and joins them.
func pair(t *gil.Thread, a, b func(t *gil.Thread)) {
	gil.JoinAll(t, t.Go("a", a), t.Go("b", b))
}

// TestPatterns has a program for each pattern that an explanation can name.
func TestPatterns(t *testing.T) {
	slow(t)
	for _, c := range []struct {
		pattern string
		program func(t *gil.Thread)
		want    string
	}{
		{"lost update", failLostUpdate, "then a wrote n ← 1"},
		{"check-then-act", func(t *gil.Thread) {
			l := gil.NewList("l", 1)
			pop := func(t *gil.Thread) {
				if l.Len(t) > 0 {
					_, err := l.Pop(t)
					require.NoError(t, err)
				}
			}
			pair(t, pop, pop)
		}, "b changed l"},
		{"unrepeatable read", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			pair(t, func(t *gil.Thread) { require.Equal(t, n.Load(t), n.Load(t)) }, func(t *gil.Thread) { n.Store(t, 1) })
		}, "a read n → 0"},
		{"torn pair", func(t *gil.Thread) {
			x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
			pair(t, func(t *gil.Thread) { x.Store(t, 1); y.Store(t, 1) },
				func(t *gil.Thread) {
					v := x.Load(t)
					w := y.Load(t)
					require.Equal(t, v, w)
				})
		}, "a wrote x ← 1"},
		{"half-done change seen", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			pair(t, func(t *gil.Thread) { n.Store(t, -1); n.Store(t, 1) }, func(t *gil.Thread) { require.NotEqual(t, -1, n.Load(t)) })
		}, "b read n → -1"},
		{"own write overwritten", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			pair(t, func(t *gil.Thread) { n.Store(t, 1); require.Equal(t, 1, n.Load(t)) }, func(t *gil.Thread) { n.Store(t, 2) })
		}, "b wrote n ← 2"},
		{"order violation", func(t *gil.Thread) {
			ready := gil.NewVar("ready", false)
			pair(t, func(t *gil.Thread) { ready.Store(t, true) }, func(t *gil.Thread) { require.True(t, ready.Load(t)) })
		}, "b read ready → False"},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			f := explore.Find(c.program)
			require.NotNil(t, f)
			assert.Contains(t, f.Pattern, c.pattern, f.Report())
			assert.Contains(t, f.Report(), c.want)
		})
	}
}

// TestWrongLock says that one side held a lock and the other did not ask for it.
func TestWrongLock(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		n, mu := gil.NewVar("n", 0), &threading.Lock{Name: "mu"}
		pair(t, func(t *gil.Thread) { mu.With(t, func() { n.Update(t, func(v int) int { return v + 1 }) }) },
			func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) })
		require.Equal(t, 2, n.Load(t))
	}, explore.WithStrategy(explore.Random()))
	require.NotNil(t, f)
	text := strings.Join(f.Explanation, "\n")
	require.True(t, strings.Contains(text, "a held mu all the while, b did not ask for it") || strings.Contains(text, "then b wrote n"), text)
}

// TestNoPattern is a failure that needs no other thread: there is nothing to name.
func TestNoPattern(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		n.Store(t, 1)
		require.Equal(t, 2, n.Load(t))
	})
	require.NotNil(t, f)
	require.Empty(t, f.Pattern)
	require.Empty(t, f.Schedule.Deviations)
}

// TestTable is the whole table of a lost update, without the lines of the program.
func TestTable(t *testing.T) {
	f := explore.Find(failLostUpdate)
	require.NotNil(t, f)
	var b strings.Builder
	for l := range strings.Lines(f.Table()) {
		l, _, _ = strings.Cut(strings.TrimRight(l, "\n"), "failure_kinds_test.go")
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	require.Equal(t, `
       MainThread     a            b
    1  start a
    2  start b
       ⤷ waits for a
    3                 read n → 0
                      ⤷ preempted
    4                              read n → 0
    5                              write n ← 1
    6                              end
    7                 write n ← 1
    8                 end
    9  join a
   10  join b
   11  read n → 1
   12  end
       ✗ assertion
`, "\n"+b.String())
}

// TestTableShort leaves out what does not matter of a long run.
func TestTableShort(t *testing.T) {
	slow(t)
	f := explore.Find(noisy(2, 100, failLostUpdate), explore.WithStrategy(explore.PCT(2)))
	require.NotNil(t, f)
	require.Greater(t, f.Steps, 500)
	require.Less(t, strings.Count(f.Table(), "\n"), 40)
	require.Contains(t, f.Table(), "operations …")
	require.Contains(t, f.Table(), "write n ← 1")
}

// TestDecisive finds where it was too late.
func TestDecisive(t *testing.T) {
	f := explore.Find(failLockOrder)
	require.NotNil(t, f)
	require.Regexp(t, `^the point of no return is operation 4, [ab]'s acquire [xy] \(failure_kinds_test.go:\d+\): before it \d+ of 100 continuations fail, after it 100$`, f.Decisive)
}

// TestNondeterministic has programs that do not depend on the schedule alone. None
// is found to be right.
func TestNondeterministic(t *testing.T) {
	kept := 0
	for _, c := range []struct {
		name, want string
		program    func(t *gil.Thread)
	}{
		{"map", "the order of a map at explain_test.go:", func(t *gil.Thread) {
			m := map[string]*gil.Var[int]{"x": gil.NewVar("x", 0), "y": gil.NewVar("y", 0), "z": gil.NewVar("z", 0)}
			for _, v := range m {
				v.Store(t, 1)
			}
		}},
		{"random", "random numbers at explain_test.go:", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			for range rand.Intn(5) {
				n.Store(t, 1)
			}
		}},
		{"time", "the time at explain_test.go:", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			if time.Now().UnixNano()/1000%2 == 0 {
				n.Store(t, 1)
			}
		}},
		{"kept", "what an earlier run has left", func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			kept++
			if kept%2 == 0 {
				n.Store(t, 1)
			}
			n.Load(t)
		}},
		{"object that outlives a run", "outlived a run", func() func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			return func(t *gil.Thread) { n.Store(t, 1) }
		}()},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := explore.Find(c.program)
			require.NotNil(t, f)
			require.Equal(t, explore.Nondeterminism, f.Kind)
			require.Contains(t, f.Report(), c.want)
		})
	}
}

// TestNondeterministicFailure has a failure that comes and goes: it is not handed out
// as one that a schedule brings back.
func TestNondeterministicFailure(t *testing.T) {
	runs := 0
	f := explore.Find(func(t *gil.Thread) {
		runs++
		gil.NewVar("n", 0).Store(t, 1)
		if runs == 7 {
			t.Errorf("once only")
		}
	}, explore.WithStrategy(explore.Random()))
	require.NotNil(t, f)
	require.Equal(t, explore.Nondeterminism, f.Kind)
	require.ErrorContains(t, f, "once only")
}

// TestWarnings looks for updates that are lost in programs that do not notice.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name    string
		lost    bool
		program func(t *gil.Thread)
	}{
		{"lost", true, func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			add := func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) }
			pair(t, add, add)
		}},
		{"two sections of one lock", true, func(t *gil.Thread) {
			n, mu := gil.NewVar("n", 0), new(threading.Lock)
			add := func(t *gil.Thread) {
				v := 0
				mu.With(t, func() { v = n.Load(t) })
				mu.With(t, func() { n.Store(t, v+1) })
			}
			pair(t, add, add)
		}},
		{"locked", false, func(t *gil.Thread) {
			n, mu := gil.NewVar("n", 0), new(threading.Lock)
			add := func(t *gil.Thread) { mu.With(t, func() { n.Update(t, func(v int) int { return v + 1 }) }) }
			pair(t, add, add)
		}},
		{"compare and swap", false, func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			add := func(t *gil.Thread) {
				for v := n.Load(t); !n.CompareAndSwap(t, v, v+1); v = n.Load(t) {
					continue
				}
			}
			pair(t, add, add)
		}},
		{"written without a look", false, func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			set := func(t *gil.Thread) { n.Store(t, 1) }
			pair(t, set, set)
		}},
		{"looked at long ago", false, func(t *gil.Thread) {
			n, m := gil.NewVar("n", 0), gil.NewVar("m", 0)
			set := func(t *gil.Thread) { n.Load(t); m.Load(t); n.Store(t, 1) }
			pair(t, set, set)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := explore.Run(c.program)
			require.Empty(t, r.Failures)
			require.Equal(t, c.lost, len(r.Warnings) > 0)
			for _, w := range r.Warnings {
				require.Equal(t, explore.LostUpdate, w.Kind)
				require.Equal(t, "lost update", w.Pattern)
				require.NotEmpty(t, w.Table())
			}
		})
	}
}

// TestLockOrder warns of locks that are taken in different orders although nobody
// got stuck, and not where that cannot happen.
func TestLockOrder(t *testing.T) {
	nested := func(p, q *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) { p.With(t, func() { q.With(t, func() {}) }) }
	}
	three := func() (x, y, z *threading.Lock) {
		return &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}, &threading.Lock{Name: "z"}
	}
	for name, c := range map[string]struct {
		program func(t *gil.Thread)
		want    []string // of the explanation, nil where there is to be no warning
	}{
		"both orders": {func(t *gil.Thread) {
			x, y, _ := three()
			gil.JoinAll(t, t.Go("a", nested(x, y)), t.Go("b", nested(y, x)))
		}, []string{"a took y (explain_test.go:", "while it held x (explain_test.go:", "b took x (explain_test.go:", "while it held y (explain_test.go:"}},
		"a circle of three": {func(t *gil.Thread) {
			x, y, z := three()
			gil.JoinAll(t, t.Go("a", nested(x, y)), t.Go("b", nested(y, z)), t.Go("c", nested(z, x)))
		}, []string{"a took y", "b took z", "c took x"}},
		"one order": {func(t *gil.Thread) {
			x, y, z := three()
			gil.JoinAll(t, t.Go("a", nested(x, y)), t.Go("b", nested(y, z)), t.Go("c", nested(x, z)))
		}, nil},
		"behind a gate": {func(t *gil.Thread) {
			x, y, z := three()
			gated := func(p, q *threading.Lock) func(t *gil.Thread) {
				return func(t *gil.Thread) { z.With(t, func() { nested(p, q)(t) }) }
			}
			gil.JoinAll(t, t.Go("a", gated(x, y)), t.Go("b", gated(y, x)))
		}, nil},
		"one after the other": {func(t *gil.Thread) {
			x, y, _ := three()
			t.Go("a", nested(x, y)).Join(t)
			t.Go("b", nested(y, x)).Join(t)
		}, nil},
		"one after an event": {func(t *gil.Thread) {
			x, y, _ := three()
			done := new(threading.Event)
			a := t.Go("a", func(t *gil.Thread) { nested(x, y)(t); done.Set(t) })
			b := t.Go("b", func(t *gil.Thread) { done.Wait(t); nested(y, x)(t) })
			gil.JoinAll(t, a, b)
		}, nil},
		"without waiting": {func(t *gil.Thread) {
			x, y, _ := three()
			try := func(t *gil.Thread) {
				y.With(t, func() {
					if x.TryAcquire(t) {
						x.Release(t)
					}
				})
			}
			gil.JoinAll(t, t.Go("a", nested(x, y)), t.Go("b", try))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			// Schedules without a switch that is not needed never deadlock.
			r := explore.Run(c.program, explore.WithStrategy(explore.Preemptions(0)), explore.WithMaxSchedules(3))
			require.Empty(t, r.Failures)
			var order []*explore.Failure
			for _, w := range r.Warnings {
				if w.Kind == explore.LockOrder {
					order = append(order, w)
				}
			}
			if c.want == nil {
				require.Empty(t, order)
				return
			}
			require.Len(t, order, 1)
			require.Contains(t, order[0].Pattern, "lock-order inversion ")
			for _, line := range c.want {
				require.Contains(t, order[0].Report(), line)
			}
			again := explore.Replay(c.program, order[0].Schedule)
			require.NotNil(t, again)
			require.Equal(t, explore.LockOrder, again.Kind)
		})
	}
}
