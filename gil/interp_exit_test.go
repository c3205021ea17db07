package gil_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// Facts 6.2: how a process ends.

// TestExitJoinsNonDaemons: Run returns when main and every non-daemon thread have
// ended, also those that were started late by others.
func TestExitJoinsNonDaemons(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			if name == "explored" && p.Name() == "3.12" {
				continue // a may start b when main has ended
			}
			if name == "live" {
				p = p.WithSwitchInterval(time.Hour) // the same, where a is slow to start b
			}
			var done atomic.Int32
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				m.Go("a", func(a *gil.Thread) {
					a.Go("b", func(b *gil.Thread) {
						b.Sleep(2 * time.Millisecond)
						done.Add(1)
					})
					a.Sleep(time.Millisecond)
					done.Add(1)
				})
			}), "%v %s", p, name)
			if name == "explored" {
				require.Zero(t, done.Load()%2, "%v", p)
			} else {
				require.EqualValues(t, 2, done.Load(), "%v %s", p, name)
			}
		}
	}
}

// TestExitEndsDaemons wherever they are; what they have deferred runs.
func TestExitEndsDaemons(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			unwound := map[string]int{}
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				daemon := gil.WithDaemon(true)
				var g gil.Gate
				g.Init(m, 0, "never")
				count := func(d *gil.Thread) {
					unwound[d.Name()]++ // one after the other: main waits for each with its GIL
				}
				w := m.Go("w", func(w *gil.Thread) { w.Sleep(time.Hour) }, daemon)
				loops := func(d *gil.Thread) {
					defer func() {
						if name != "live" {
							count(d)
						}
					}()
					switch d.Name() {
					case "sleeps":
						d.Sleep(time.Hour)
					case "does":
						d.IO(time.Hour)
					case "waits":
						g.Pass(d, gil.OpAcquire, gil.Forever)
					case "waits long":
						g.Pass(d, gil.OpAcquire, d.Now()+time.Hour)
					case "joins":
						w.Join(d)
					case "ticks":
						for {
							d.Tick(1)
							d.Sleep(time.Microsecond)
						}
					case "computes":
						for {
							d.Compute(100 * time.Microsecond)
						}
					}
					panic("it went on")
				}
				for _, n := range []string{"sleeps", "does", "waits", "waits long", "joins", "ticks", "computes"} {
					if n == "ticks" && name == "explored" || n == "computes" && name == "explored" {
						continue // an explorer may choose it for ever
					}
					m.Go(n, loops, daemon)
				}
				m.Sleep(time.Millisecond)
			}), "%v %s", p, name)
			if name == "ideal" || name == "one core" || name == "measured" {
				require.Len(t, unwound, 7, "%v %s", p, name)
			}
		}
	}
}

// TestExitOfMain: while the others are joined main counts as ended: it is not
// alive and can be joined.
func TestExitOfMain(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			checked := 0
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				m.Go("w", func(w *gil.Thread) {
					m.Join(w)
					require.False(w, m.IsAlive(w))
					require.True(w, m.JoinTimeout(w, 0))
					require.Same(w, m, w.Interpreter().Main())
					checked++
				})
				require.True(m, m.IsAlive(m))
			}), "%v %s", p, name)
			require.NotZero(t, checked)
		}
	}
}

// TestLateThreads: a thread can be started after main has ended, but not in 3.12.
func TestLateThreads(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range gil.Profiles() {
			ran, refused := 0, ""
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				m.Go("w", func(w *gil.Thread) {
					m.Join(w)
					late := w.NewThread("late", func(*gil.Thread) { ran++ })
					func() {
						defer func() {
							if err, ok := recover().(*gil.RuntimeError); ok {
								refused = err.PythonText()
								require.Zero(w, late.Ident())
								require.False(w, late.IsAlive(w))
								require.Equal(w, "<Thread(late, initial)>", late.String())
							}
						}()
						late.Start(w)
						late.Join(w)
					}()
				})
			}), "%v %s", p, name)
			if p.Name() == "3.12" {
				require.Equal(t, "can't create new thread at interpreter shutdown", refused)
				require.Zero(t, ran)
			} else {
				require.Empty(t, refused, "%v %s", p, name)
				require.NotZero(t, ran, "%v %s", p, name)
			}
		}
	}
}

// TestAtExit: what was registered last is called first, when the threads that are no
// daemons have ended and the daemons have not. A thread that is started then is no
// better off than a daemon, and 3.12 refuses it.
func TestAtExit(t *testing.T) {
	for name, w := range worlds() {
		if name == "live" {
			continue
		}
		for _, p := range gil.Profiles() {
			var said []string
			refused := ""
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				said, refused = nil, ""
				say := func(what string) { said = append(said, what) }
				i := m.Interpreter()
				i.AtExit(func(e *gil.Thread) {
					require.Same(e, m, e)
					say("registered first")
				})
				i.AtExit(func(e *gil.Thread) {
					say("registered last")
					require.False(e, m.IsAlive(e))
					for _, u := range i.Threads(e) {
						require.Contains(e, []string{"MainThread", "daemon"}, u.Name())
					}
					late := e.NewThread("late", func(u *gil.Thread) {
						say("late begins")
						u.Sleep(time.Hour)
						say("late ends")
					})
					require.False(e, late.Daemon())
					v := panicked(func() { late.Start(e) })
					if err, ok := v.(*gil.RuntimeError); ok {
						refused = err.PythonText()
						return
					}
					if v != nil {
						panic(v)
					}
					e.Sleep(time.Millisecond)
				})
				m.Go("worker", func(u *gil.Thread) {
					u.Sleep(time.Millisecond)
					say("worker ends")
				})
				m.Go("daemon", func(u *gil.Thread) {
					u.Sleep(time.Hour)
					say("daemon ends")
				}, gil.WithDaemon(true))
				say("main ends")
			}), "%v %s", p, name)
			want := []string{"main ends", "worker ends", "registered last", "late begins", "registered first"}
			if p.Name() == "3.12" {
				require.Equal(t, "can't create new thread at interpreter shutdown", refused)
				want = slices.Delete(want, 3, 4)
			}
			require.Equal(t, want, said, "%v %s", p, name)
		}
	}
}

// TestBeforeJoin: what was registered last is called first, when main's function has
// ended and before it waits for the threads, which one call has end; what was taken back
// is not called, what is registered meanwhile is, and a panic is the thread's.
func TestBeforeJoin(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range gil.Profiles() {
			var said []string
			err := w.Run(p, func(m *gil.Thread) {
				said = nil
				say := func(what string) { said = append(said, what) }
				i := m.Interpreter()
				goOn := gil.NewVar("go", false)
				i.BeforeJoin(func(e *gil.Thread) {
					require.Same(e, m, e)
					require.False(e, m.IsAlive(e))
					say("first")
					goOn.Store(e, true)
				})
				stop := i.BeforeJoin(func(*gil.Thread) { say("taken back") })
				i.BeforeJoin(func(*gil.Thread) {
					say("last")
					i.BeforeJoin(func(*gil.Thread) { say("meanwhile") })
					panic("oh")
				})
				stop()
				stop()
				m.Go("worker", func(u *gil.Thread) {
					for !goOn.Load(u) {
						u.Sleep(time.Millisecond)
					}
					say("worker ends")
				})
				say("main ends")
			})
			var uncaught *gil.UncaughtError
			require.ErrorAs(t, err, &uncaught, "%v %s", p, name)
			require.Equal(t, "oh", uncaught.Value)
			require.Equal(t, []string{"main ends", "last", "meanwhile", "first", "worker ends"}, said, "%v %s", p, name)
		}
	}
}

// TestAnInterpreterRunsOnce.
func TestAnInterpreterRunsOnce(t *testing.T) {
	i := gil.New(gil.CPython312, gil.WithName("mine"))
	require.Equal(t, "mine", i.Name())
	require.NoError(t, i.Run(func(m *gil.Thread) {
		var again *gil.RuntimeError
		require.ErrorAs(m, i.Run(work), &again)
		require.ErrorContains(m, again, "mine")
		require.Equal(m, gil.CPython312, i.Profile())
		require.NotZero(m, i.ID())
	}))
	var again *gil.RuntimeError
	require.ErrorAs(t, i.Run(work), &again)
}

// TestIntervals of an interpreter: sys.setswitchinterval and sys.setcheckinterval.
func TestIntervals(t *testing.T) {
	for name, w := range worlds() {
		if name == "explored" {
			continue
		}
		require.NoError(t, w.Run(gil.CPython312, func(m *gil.Thread) {
			i := m.Interpreter()
			require.Equal(m, 5*time.Millisecond, i.SwitchInterval())
			require.NoError(m, i.SetSwitchInterval(1900*time.Nanosecond))
			require.Equal(m, time.Microsecond, i.SwitchInterval())
			require.NoError(m, i.SetSwitchInterval(time.Nanosecond))
			require.Zero(m, i.SwitchInterval())
			var v *gil.ValueError
			require.ErrorAs(m, i.SetSwitchInterval(0), &v)
			require.Equal(m, "switch interval must be strictly positive", v.PythonText())
			require.ErrorAs(m, i.SetSwitchInterval(-time.Second), &v)
			require.Equal(m, 100, i.CheckInterval())
			i.SetCheckInterval(m, 7) // no effect from 3.2 on
			require.Equal(m, 100, i.CheckInterval())
		}), name)
		require.NoError(t, w.Run(gil.CPython27, func(m *gil.Thread) {
			i := m.Interpreter()
			require.Equal(m, 100, i.CheckInterval())
			m.Tick(57)
			before := i.GIL().Stats().Checks
			i.SetCheckInterval(m, 10) // and the ticker
			m.Tick(10)
			require.Equal(m, before, i.GIL().Stats().Checks)
			m.Tick(1)
			require.Equal(m, before+1, i.GIL().Stats().Checks)
			m.Tick(22)
			require.Equal(m, before+3, i.GIL().Stats().Checks)
			require.Equal(m, 10, i.CheckInterval())
			i.SetCheckInterval(m, -5) // any number
			m.Tick(4)
			require.Equal(m, before+7, i.GIL().Stats().Checks)
		}), name)
	}
}

// TestTheGILOf27IsMadeByTheFirstThread: before it a check releases nothing (facts 1;
// up to 3.6, bpo-20891).
func TestTheGILOf27IsMadeByTheFirstThread(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython27, func(m *gil.Thread) {
		m.Tick(1010)
		s := m.Interpreter().Stats()
		require.Equal(m, int64(10), s.Checks)
		require.Equal(m, int64(1), s.Acquisitions)
		w := m.Go("w", work)
		w.Join(m)
		before := m.Interpreter().Stats()
		m.Tick(1010)
		s = m.Interpreter().Stats()
		require.Equal(m, before.Checks+10, s.Checks)
		require.Equal(m, before.Acquisitions+10, s.Acquisitions)
		require.Equal(m, before.Switches, s.Switches)
	}))
}

// TestDeadlock: threads that wait for each other are named, and ended.
func TestDeadlock(t *testing.T) {
	for name, w := range worlds() {
		if name == "live" {
			continue // it does not look for deadlocks
		}
		for _, p := range kinds {
			unwound := 0
			err := w.Run(p, func(m *gil.Thread) {
				var a, b gil.Gate
				a.Init(m, 1, "lock a")
				b.Init(m, 1, "lock b")
				both := func(x, y *gil.Gate) func(*gil.Thread) {
					return func(w *gil.Thread) {
						defer func() { unwound++ }()
						x.Pass(w, gil.OpAcquire, gil.Forever)
						x.SetOwner(w)
						w.Sleep(time.Second)
						y.Pass(w, gil.OpAcquire, gil.Forever)
						unwound = 100
					}
				}
				u, v := m.Go("u", both(&a, &b)), m.Go("v", both(&b, &a))
				gil.JoinAll(m, u, v)
				unwound = 100
			})
			var d *gil.DeadlockError
			require.ErrorAs(t, err, &d, "%v %s", p, name)
			require.Contains(t, d.Waits, gil.Waiting{Thread: "u", For: "lock b", Held: "v"}, fmt.Sprint(p, name))
			require.Contains(t, d.Waits, gil.Waiting{Thread: "v", For: "lock a", Held: "u"})
			require.ErrorContains(t, err, "u waits for lock b held by v")
			require.Equal(t, 2, unwound, "%v %s", p, name)
		}
	}
}
