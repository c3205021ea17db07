package gil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// What belongs to one world, process or thread is refused in another.

// TestForeignVar: a variable of a world that is still running.
func TestForeignVar(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		x := gil.NewVar("x", 7)
		x.Load(m)
		l := new(gil.List[int])
		l.Append(m, 1)
		var g gil.Gate
		g.Init(m, 1, "g")
		inner := 0
		m.Block(func() {
			require.NoError(m, gil.NewMachine(1).Run(gil.CPython312, func(o *gil.Thread) {
				for _, f := range []func(){
					func() { x.Load(o) }, func() { x.Store(o, 1) }, func() { gil.Add(o, x, 1) },
					func() { x.Swap(o, 1) }, func() { x.CompareAndSwap(o, 7, 1) },
					func() { x.Update(o, func(int) int { return 1 }) }, func() { l.Len(o) },
					func() { g.Init(o, 1, "g") },
				} {
					require.Contains(o, misused(o, f).Error(), "world")
					inner++
				}
			}))
		})
		require.Equal(m, 8, inner)
		require.Equal(m, 7, x.Load(m))
		require.Equal(m, gil.Passed, g.Pass(m, gil.OpAcquire, 0))
	})
}

// TestVarOfAnEndedWorld begins to belong to the new one.
func TestVarOfAnEndedWorld(t *testing.T) {
	x := gil.NewVar("x", 0)
	var g gil.Gate
	worlds := worlds()
	delete(worlds, "explored") // a program that is run again and again must not
	for name, w := range worlds {
		require.NoError(t, w.Run(gil.CPython312, func(m *gil.Thread) {
			g.Init(m, 1, "g")
			require.Equal(m, gil.Passed, g.Pass(m, gil.OpAcquire, 0), name)
			gil.Add(m, x, 1)
		}), name)
	}
	require.Equal(t, len(worlds), x.Peek())
}

// TestOutlived: a primitive that goes from one explored run into the next makes
// runs depend on each other.
func TestOutlived(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 1000)
	defer s.Close()
	var g gil.Gate
	main := func(m *gil.Thread) { g.Init(m, 1, "the gate") }
	require.NoError(t, s.Run(1, main))
	err := s.Run(2, main)
	var r *gil.RuntimeError
	require.ErrorAs(t, err, &r)
	require.ErrorContains(t, err, "the gate")
}

// TestForeignProcess: an emulated process has its own everything.
func TestForeignProcess(t *testing.T) {
	for _, p := range kinds {
		require.NoError(t, gil.NewMachine(2, gil.WithStartCost(0)).Run(p, func(m *gil.Thread) {
			x := gil.NewVar("x", 1)
			x.Load(m)
			var g gil.Gate
			g.Init(m, 1, "g")
			w := m.NewThread("w", work)
			checked := false
			sibling := m.Emulate("s", func(s *gil.Thread) { s.Sleep(time.Second) })
			c := m.Emulate("c", func(c *gil.Thread) {
				require.Equal(c, "name 'x' is not defined", misused(c, func() { x.Load(c) }).PythonText())
				misused(c, func() { g.Init(c, 1, "g") })
				misused(c, func() { w.Start(c) })
				misused(c, func() { m.Join(c) })
				misused(c, func() { sibling.Join(c) })
				misused(c, func() { m.Tick(1); m.Yield() })
				checked = true
			})
			c.Join(m)
			sibling.Join(m)
			require.True(m, checked, "%v", p)
			require.NoError(m, c.Failure())
			require.Equal(m, 1, x.Load(m))
		}))
	}
}

// TestEmulateOutsideAMachine.
func TestEmulateOutsideAMachine(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython312, func(m *gil.Thread) {
		require.ErrorContains(m, misused(m, func() { m.Emulate("c", work) }), "package process")
	}))
}

// TestTheActingThread must be the one that acts.
func TestTheActingThread(t *testing.T) {
	for name, w := range map[string]gil.World{"machine": gil.NewMachine(2), "explored": explorer{seeds: 5}} {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				w := m.Go("w", func(w *gil.Thread) {
					for _, f := range []func(){
						func() { m.Yield() }, func() { m.Sleep(1) }, func() { m.Compute(1) }, func() { m.NewThread("", work) },
						func() { m.Block(func() {}) }, func() { w.Join(m) }, func() { m.Label("x") }, func() { m.Print() },
						func() { m.Interpreter().Threads(m) },
					} {
						require.Contains(w, misused(w, f).Error(), "MainThread")
					}
				})
				w.Join(m)
				for _, f := range []func(){
					func() { w.Yield() }, func() { w.NewThread("", work) }, func() { m.Join(w) }, func() { w.Sleep(1) },
				} {
					require.Contains(m, misused(m, f).Error(), "thread w has ended")
				}
				u := m.NewThread("u", work)
				require.Contains(m, misused(m, func() { u.Yield() }).Error(), "thread u was not started")
				misused(m, func() { m.Join(nil) })
				misused(m, func() { u.Start(nil) })
			}), "%v %s", p, name)
		}
	}
}

// TestLiveActingThread: holding the GIL is what makes a thread the acting one.
func TestLiveActingThread(t *testing.T) {
	if raceDetector {
		t.Skip("misuses a thread or shares a plain counter on purpose, which the detector reports")
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython312, gil.FromRule(gil.Ticks(10))} {
		require.NoError(t, gil.Live().Run(p, func(m *gil.Thread) {
			m.Block(func() {
				require.Contains(m, misused(m, func() { m.Yield() }).Error(), "does not hold the GIL")
				misused(m, func() { m.NewThread("", work) })
				misused(m, func() { m.Block(func() {}) })
			})
			w := m.Go("w", func(w *gil.Thread) { misused(w, func() { m.Sleep(1) }) })
			w.Join(m)
			require.Contains(m, misused(m, func() { w.Sleep(1) }).Error(), "has ended")
		}))
	}
}

// TestTheWrongGoroutine is noticed with WithChecks.
func TestTheWrongGoroutine(t *testing.T) {
	for _, p := range kinds {
		require.NoError(t, gil.Live(gil.WithChecks()).Run(p, func(m *gil.Thread) {
			for _, f := range []func(){
				func() { m.Yield() }, func() { m.Compute(1) }, func() { m.NewThread("", work) }, func() { m.Sleep(1) },
			} {
				done := make(chan any)
				go func() { done <- panicked(f) }()
				err, ok := (<-done).(*gil.RuntimeError)
				require.True(m, ok, "%v", p)
				require.Contains(m, err.Error(), "goroutine")
			}
			m.Yield()
			w := m.Go("w", func(w *gil.Thread) { w.Tick(10); w.Yield() })
			w.Join(m)
		}), "%v", p)
	}
}

// TestEnterTwice: a goroutine that holds the GIL and enters it would wait for itself for
// ever; WithChecks says so. In a Block it does not hold it.
func TestEnterTwice(t *testing.T) {
	for _, r := range []gil.Rule{gil.Ticks(100), gil.Legacy(100), gil.Interval(time.Millisecond)} {
		g := gil.NewGIL(r, gil.WithChecks())
		a := g.Enter("a")
		err, ok := panicked(func() { g.Enter("b") }).(*gil.RuntimeError)
		require.True(t, ok, "%v", r)
		require.ErrorContains(t, err, "thread a already")
		a.Block(func() { g.Enter("b").Leave() })
		a.Leave()
		g.Enter("b").Leave()
	}
	require.NoError(t, gil.Live(gil.WithChecks()).Run(gil.CPython313, func(m *gil.Thread) {
		_, ok := panicked(func() { m.Interpreter().GIL().Enter("b") }).(*gil.RuntimeError)
		require.True(m, ok)
		require.Equal(m, 1, m.Interpreter().ActiveCount(m))
	}))
}

// TestAfterTheEnd: a thread of a run that is over is refused, whoever uses it.
func TestAfterTheEnd(t *testing.T) {
	if raceDetector {
		t.Skip("misuses a thread or shares a plain counter on purpose, which the detector reports")
	}
	for name, w := range map[string]gil.World{"live": gil.Live(), "machine": gil.NewMachine(1)} {
		for _, p := range kinds {
			var main, other *gil.Thread
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				main = m
				other = m.Go("w", work)
				other.Join(m)
			}))
			for _, u := range []*gil.Thread{main, other} {
				for _, f := range []func(){
					func() { u.Yield() }, func() { u.Sleep(1) }, func() { u.Go("", work) }, func() { u.Compute(1) },
					func() { u.NewInterpreter() }, func() { other.Join(u) }, func() { u.Block(func() {}) },
					func() {
						var g gil.Gate
						g.Init(u, 1, "g")
						g.Pass(u, gil.OpAcquire, gil.Forever)
					},
				} {
					require.Contains(t, misused(t, f).Error(), "ended", "%v %s", p, name)
				}
				require.False(t, u.IsAlive(nil))
				require.NotEmpty(t, u.String())
			}
		}
	}
}

// TestGoroutinesStayOutOfVirtualWorlds.
func TestGoroutinesStayOutOfVirtualWorlds(t *testing.T) {
	for name, w := range map[string]gil.World{"machine": gil.NewMachine(1), "explored": explorer{seeds: 1}} {
		require.NoError(t, w.Run(gil.CPython312, func(m *gil.Thread) {
			var g gil.Gate
			g.Init(m, 0, "g")
			require.Contains(m, misused(m, func() { m.Interpreter().Post(&g, 1) }).Error(), "Post")
			require.Zero(m, g.Peek(m, gil.OpPeek))
			if lock := m.Interpreter().GIL(); lock != nil {
				require.Contains(m, misused(m, func() { lock.Enter("x") }).Error(), "Enter")
			}
			require.Contains(m, misused(m, func() { m.Leave() }).Error(), "Enter")
		}), name)
	}
}

// TestEnterAndLeave rules.
func TestEnterAndLeave(t *testing.T) {
	g := gil.NewGIL(gil.Ticks(10))
	u := g.Enter("u")
	w := u.Go("w", func(w *gil.Thread) {
		require.Contains(w, misused(w, func() { w.Leave() }).Error(), "Enter")
		err := misused(w, func() { u.Join(w) })
		require.Equal(w, "cannot join a dummy thread", err.PythonText())
	})
	w.Join(u)
	require.NoError(t, w.Failure())
	u.Leave()
	misused(t, func() { u.Leave() })
	misused(t, func() { u.Yield() })
	v := g.Enter("v")
	v.Tick(100)
	v.Leave()

	require.NoError(t, gil.Live().Run(gil.CPython312, func(m *gil.Thread) {
		misused(m, func() { m.Interpreter().Post(new(gil.Gate), 1) })
	}))
}

// TestAMachineRunsOneProgramAtATime.
func TestAMachineRunsOneProgramAtATime(t *testing.T) {
	machine := gil.NewMachine(1)
	require.NoError(t, machine.Run(gil.CPython312, func(m *gil.Thread) {
		var r *gil.RuntimeError
		require.ErrorAs(m, machine.Run(gil.CPython312, work), &r)
		m.Compute(time.Millisecond)
	}))
	require.Equal(t, time.Millisecond, machine.Now())
	require.NoError(t, machine.Run(gil.CPython312, func(m *gil.Thread) { m.Compute(time.Second) }))
	require.Equal(t, time.Second, machine.Now())
}

// TestSubInterpretersAreNotExplored, and say so.
func TestSubInterpretersAreNotExplored(t *testing.T) {
	require.NoError(t, explorer{seeds: 1}.Run(gil.CPython312, func(m *gil.Thread) {
		misused(m, func() { m.NewInterpreter() })
	}))
}
