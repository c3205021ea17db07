package gil_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// Facts 5.1: sub-interpreters share a GIL up to 3.11 and have their own from 3.12
// on (PEP 684).

func ownsGIL(p gil.Profile) bool {
	switch p.Name() {
	case "3.12", "3.13", "3.14", "any", "3.13t", "3.14t":
		return true
	}
	return false
}

// ways are how a sub-interpreter can be made, and whether it is isolated then.
func ways(p gil.Profile) map[bool][]gil.Option {
	all := map[bool][]gil.Option{false: {gil.WithSharedGIL()}}
	if ownsGIL(p) {
		all[true] = nil
	}
	return all
}

// both are the worlds that have sub-interpreters.
func subWorlds() map[string]gil.World {
	return map[string]gil.World{"live": gil.Live(), "ideal": gil.NewMachine(4), "measured": gil.NewMachine(2, gil.Measured())}
}

// TestSubInterpreterTimes: two of them compute at the same time only with GILs of
// their own.
func TestSubInterpreterTimes(t *testing.T) {
	for _, p := range gil.Profiles() {
		if p.Name() == "pypy" || p.Name() == "2.7" || p.Name() == "3.1" || p.FreeThreaded() {
			continue // times scaled, or a step per check
		}
		for isolated, opts := range ways(p) {
			m := gil.NewMachine(2)
			require.NoError(t, m.Run(p, func(m *gil.Thread) {
				run := func(w *gil.Thread) {
					require.NoError(w, w.NewInterpreter(opts...).Run(func(s *gil.Thread) { s.Compute(time.Second) }))
				}
				gil.JoinAll(m, m.Go("a", run), m.Go("b", run))
			}))
			if isolated {
				require.Equal(t, time.Second, m.Now(), "%v", p)
				require.Equal(t, 2, m.Par())
			} else {
				require.Equal(t, 2*time.Second, m.Now(), "%v", p)
				require.Equal(t, 1, m.Par())
			}
		}
	}
}

// TestSubInterpreterRunByAnother: only the thread that made it may run it, and the
// refusal is the error of Run; it can still be run after that.
func TestSubInterpreterRunByAnother(t *testing.T) {
	if raceDetector {
		t.Skip("misuses a thread on purpose, which the detector reports")
	}
	for name, w := range subWorlds() {
		require.NoError(t, w.Run(gil.CPython313, func(m *gil.Thread) {
			var sub *gil.Interpreter
			u := m.Go("u", func(u *gil.Thread) { sub = u.NewInterpreter() })
			u.Join(m)
			err := sub.Run(func(*gil.Thread) {})
			require.ErrorContains(m, err, "thread u has ended and cannot act", name)
			var misuse *gil.RuntimeError
			require.ErrorAs(m, err, &misuse)

			mine := m.NewInterpreter()
			require.NoError(m, mine.Run(func(s *gil.Thread) {
				require.ErrorContains(s, mine.Run(func(*gil.Thread) {}), "MainThread does not hold the GIL")
			}))
		}), name)
	}
}

// TestSubInterpreterIsAnInterpreter: its runner is its main thread, its threads are
// its own, it is joined, and its failures come back from its Run.
func TestSubInterpreterIsAnInterpreter(t *testing.T) {
	for name, w := range subWorlds() {
		for _, p := range kinds {
			quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
			checked := false
			_ = w.Run(p, func(m *gil.Thread) {
				i := m.NewInterpreter(gil.WithName("sub"), quiet)
				require.NotEqual(m, m.Interpreter().ID(), i.ID())
				late := 0
				err := i.Run(func(s *gil.Thread) {
					require.Equal(s, "MainThread", s.Name())
					require.NotSame(s, m, s)
					require.Same(s, i, s.Interpreter())
					require.Same(s, s, i.Main())
					require.Equal(s, 1, i.ActiveCount(s))
					require.Equal(s, "Thread-1", s.NewThread("", work).Name()[:8])
					s.Go("", func(u *gil.Thread) {
						u.Sleep(time.Millisecond)
						late++
					})
					s.Go("bad", func(*gil.Thread) { panic(errOops) })
				})
				require.Equal(m, 1, late, "its threads are joined")
				var u *gil.UncaughtError
				require.ErrorAs(m, err, &u, "%v %s", p, name)
				require.Equal(m, "bad", u.Thread)
				require.Equal(m, 1, m.Interpreter().ActiveCount(m))
				var again *gil.RuntimeError
				require.ErrorAs(m, i.Run(work), &again)
				checked = true
			})
			require.True(t, checked, "%v %s", p, name)
		}
	}
}

// TestSubInterpreterDaemons are disabled in isolated ones.
func TestSubInterpreterDaemons(t *testing.T) {
	for name, w := range subWorlds() {
		for _, p := range gil.Profiles() {
			for isolated, opts := range ways(p) {
				require.NoError(t, w.Run(p, func(m *gil.Thread) {
					require.NoError(m, m.NewInterpreter(opts...).Run(func(s *gil.Thread) {
						if isolated {
							err := misused(s, func() { s.NewThread("", work, gil.WithDaemon(true)) })
							require.Equal(s, "daemon threads are disabled in this (sub)interpreter", err.PythonText())
							return
						}
						s.Go("d", func(d *gil.Thread) { d.Sleep(time.Hour) }, gil.WithDaemon(true))
					}))
				}), "%v %s", p, name)
			}
		}
	}
}

// TestSubInterpreterIntervals: an isolated one begins with 5 ms and is independent; a
// shared GIL has one interval, and so has one that is not there.
func TestSubInterpreterIntervals(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython39, gil.CPython311, gil.CPython312, gil.CPython313, gil.CPython314, gil.CPython314T} {
		for isolated, opts := range ways(p) {
			require.NoError(t, gil.NewMachine(2).Run(p, func(m *gil.Thread) {
				require.NoError(m, m.Interpreter().SetSwitchInterval(time.Millisecond))
				i := m.NewInterpreter(opts...)
				require.NoError(m, i.Run(func(s *gil.Thread) {
					want := time.Millisecond
					switch {
					case p.FreeThreaded():
						require.Nil(s, i.GIL())
					case isolated:
						require.NotSame(s, m.Interpreter().GIL(), i.GIL())
					default:
						require.Same(s, m.Interpreter().GIL(), i.GIL())
					}
					if isolated {
						want = 5 * time.Millisecond
					}
					require.Equal(s, want, i.SwitchInterval(), "%v", p)
					require.NoError(s, i.SetSwitchInterval(2*time.Millisecond))
				}))
				want := 2 * time.Millisecond
				if isolated {
					want = time.Millisecond
				}
				require.Equal(m, want, m.Interpreter().SwitchInterval(), "%v", p)
			}))
		}
	}
}

// TestSubInterpretersShareNothing: a Var, a gate or a thread of one is refused in
// another.
func TestSubInterpretersShareNothing(t *testing.T) {
	for name, w := range subWorlds() {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				x := gil.NewVar("x", 1)
				var g gil.Gate
				g.Init(m, 1, "g")
				gil.Add(m, x, 1)
				u := m.NewThread("u", work)
				require.NoError(m, m.NewInterpreter(gil.WithName("sub")).Run(func(s *gil.Thread) {
					require.Equal(s, "name 'x' is not defined", misused(s, func() { x.Load(s) }).PythonText())
					misused(s, func() { gil.Add(s, x, 1) })
					misused(s, func() { x.Store(s, 1) })
					require.ErrorContains(s, misused(s, func() { g.Init(s, 1, "g") }), "sub")
					misused(s, func() { u.Start(s) })
					misused(s, func() { m.Join(s) })
				}))
				require.Equal(m, 2, x.Load(m))
				require.Equal(m, gil.Passed, g.Pass(m, gil.OpAcquire, 0))
			}), "%v %s", p, name)
		}
	}
}

// TestSubInterpreterRunsForItsMaker only.
func TestSubInterpreterRunsForItsMaker(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython312, func(m *gil.Thread) {
		i := m.NewInterpreter()
		w := m.Go("w", func(w *gil.Thread) {
			require.ErrorContains(w, i.Run(work), "does not hold the GIL")
		})
		w.Join(m)
		require.NoError(m, i.Run(work))
	}))
}

// TestSubInterpreterForks: 3.8 and isolated sub-interpreters refuse to be forked, from
// 3.9 on the child of another one is lost, and before nobody looked. From the main
// interpreter one can always be forked, and spawned from all.
func TestSubInterpreterForks(t *testing.T) {
	fatal := map[string]bool{}
	for _, p := range gil.Profiles() {
		for isolated, opts := range ways(p) {
			for _, method := range []gil.StartMethod{gil.Fork, gil.Spawn} {
				quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
				lost := false
				err := gil.NewMachine(2, gil.WithStartMethod(method)).Run(p, func(m *gil.Thread) {
					m.Emulate("from the main interpreter", work).Join(m)
					require.NoError(m, m.NewInterpreter(append(opts, quiet)...).Run(func(s *gil.Thread) {
						s.Emulate("spawned", work, gil.WithStartMethod(gil.Spawn)).Join(s)
						if method == gil.Spawn {
							return
						}
						refused := map[bool]string{true: "fork not supported for isolated subinterpreters", false: "fork not supported for subinterpreters"}
						if isolated || p.Name() == "3.8" {
							err := misused(s, func() { s.Emulate("child", work) })
							require.Equal(s, refused[isolated], err.PythonText(), "%v", p)
							return
						}
						ran := false
						c := s.Emulate("child", func(*gil.Thread) { ran = true })
						c.Join(s)
						if c.Failure() == nil {
							require.True(s, ran, "%v", p)
							return
						}
						require.False(s, ran, "%v", p)
						var re *gil.RuntimeError
						require.ErrorAs(s, c.Failure(), &re)
						require.Equal(s, "_PyInterpreterState_DeleteExceptMain: not main interpreter", re.PythonText())
						fatal[p.Name()], lost = true, true
					}))
				})
				require.Equal(t, lost, err != nil, "%v %v: %v", p, method, err)
			}
		}
	}
	for _, p := range gil.Profiles() {
		switch p.Name() {
		case "2.7", "3.1", "3.2", "3.6", "3.7", "3.8", "jvm":
			require.False(t, fatal[p.Name()], "%v", p)
		default:
			require.True(t, fatal[p.Name()], "%v", p)
		}
	}
}
