package gil_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

func work(*gil.Thread) {}

// TestThreadNames: Thread-N from a counter of the process that explicit names do
// not use up; from 3.10 on with the name of the function.
func TestThreadNames(t *testing.T) {
	for _, w := range worlds() {
		for _, p := range gil.Profiles() {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				suffix := ""
				switch p.Name() {
				case "3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t", "pypy", "any":
					suffix = " (work)"
				}
				require.Equal(m, "MainThread", m.Name())
				require.Equal(m, "Thread-1"+suffix, m.NewThread("", work).Name())
				require.Equal(m, "named", m.NewThread("named", work).Name())
				require.Equal(m, "Thread-2"+suffix, m.NewThread("", work).Name())
				w := m.Go("w", func(w *gil.Thread) {
					require.Equal(w, "Thread-3"+suffix, w.NewThread("", work).Name())
				})
				w.Join(m)
				require.Equal(m, "Thread-4"+suffix, m.NewThread("", work).Name())
			}), "%v", p)
		}
	}
}

// TestDaemonIsInherited, and can be said.
func TestDaemonIsInherited(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		require.False(m, m.Daemon())
		require.False(m, m.NewThread("", work).Daemon())
		d := m.NewThread("", func(d *gil.Thread) {
			require.True(d, d.Daemon())
			require.True(d, d.NewThread("", work).Daemon())
			require.False(d, d.NewThread("", work, gil.WithDaemon(false)).Daemon())
		}, gil.WithDaemon(true))
		require.True(m, d.Daemon())
		d.Start(m)
		d.Join(m)
	})
}

func TestStartTwice(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		runs := 0
		var g gil.Gate
		g.Init(m, 0, "g")
		w := m.NewThread("w", func(w *gil.Thread) {
			runs++
			g.Pass(w, gil.OpAcquire, gil.Forever)
		})
		w.Start(m)
		err := misused(m, func() { w.Start(m) })
		require.Equal(m, "threads can only be started once", err.PythonText())
		require.True(m, strings.HasPrefix(err.Error(), "gil: "), err.Error())
		require.True(m, w.IsAlive(m))
		g.Open(m, gil.OpRelease, 1)
		w.Join(m)
		err = misused(m, func() { w.Start(m) })
		require.Equal(m, "threads can only be started once", err.PythonText())
		w.Join(m)
		require.Equal(m, 1, runs)
		require.False(m, w.IsAlive(m))
		misused(m, func() { m.Start(m) })
	})
}

func TestJoinRules(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		w := m.NewThread("w", func(w *gil.Thread) {
			err := misused(w, func() { w.Join(w) })
			require.Equal(w, "cannot join current thread", err.PythonText())
			err = misused(w, func() { w.JoinTimeout(w, time.Second) })
			require.Equal(w, "cannot join current thread", err.PythonText())
		})
		for _, join := range []func(){
			func() { w.Join(m) }, func() { w.JoinTimeout(m, 0) }, func() { w.JoinTimeout(m, time.Second) },
			func() { gil.JoinAll(m, w) },
		} {
			require.Equal(m, "cannot join thread before it is started", misused(m, join).PythonText())
		}
		require.Equal(m, "cannot join current thread", misused(m, func() { m.Join(m) }).PythonText())
		w.Start(m)
		for range 3 { // any number of times
			w.Join(m)
			require.True(m, w.JoinTimeout(m, 0))
			require.True(m, w.JoinTimeout(m, -time.Second))
			require.True(m, w.JoinTimeout(m, math.MaxInt64))
		}
	})
}

// TestManyJoiners wait for one thread, some with a timeout that is not over.
func TestManyJoiners(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		var g gil.Gate
		g.Init(m, 0, "g")
		w := m.Go("w", func(w *gil.Thread) { g.Pass(w, gil.OpAcquire, gil.Forever) })
		var ts []*gil.Thread
		joined := gil.NewVar("joined", 0)
		for n := range 5 {
			ts = append(ts, m.Go("", func(j *gil.Thread) {
				if n%2 == 0 {
					w.Join(j)
				} else {
					require.True(j, w.JoinTimeout(j, time.Hour))
				}
				require.False(j, w.IsAlive(j))
				for !joined.CompareAndSwap(j, n, n+1) {
					j.Sleep(time.Microsecond)
				}
			}))
		}
		require.False(m, w.JoinTimeout(m, 0))
		g.Open(m, gil.OpRelease, 1)
		gil.JoinAll(m, ts...)
		require.Equal(m, 5, joined.Load(m))
	})
}

func TestIdentAndRepr(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		var g gil.Gate
		g.Init(m, 0, "g")
		w := m.NewThread("w", func(w *gil.Thread) {
			require.NotZero(w, w.Ident())
			g.Pass(w, gil.OpAcquire, gil.Forever)
		})
		d := m.NewThread("d", work, gil.WithDaemon(true))
		require.Zero(m, w.Ident())
		require.Zero(m, w.NativeID())
		require.False(m, w.IsAlive(m))
		require.Equal(m, "<Thread(w, initial)>", w.String())
		require.Equal(m, "<Thread(d, initial daemon)>", d.String())
		w.Start(m)
		d.Start(m)
		require.True(m, w.IsAlive(m))
		require.Regexp(m, `^<Thread\(w, started \d+\)>$`, w.String())
		id := w.Ident()
		require.NotEqual(m, id, m.Ident())
		require.NotZero(m, w.NativeID())
		d.Join(m)
		require.Regexp(m, `^<Thread\(d, stopped daemon \d+\)>$`, d.String())
		g.Open(m, gil.OpRelease, 1)
		w.Join(m)
		require.False(m, w.IsAlive(m))
		require.Equal(m, id, w.Ident(), "kept after the end")
		require.Regexp(m, `^<Thread\(w, stopped \d+\)>$`, w.String())
		require.Same(m, m.Interpreter(), w.Interpreter())
		require.Same(m, m.Machine(), w.Machine())
		require.NoError(m, w.Failure())
	})
}

// TestThreadsOfAnInterpreter is threading.enumerate, active_count and main_thread.
func TestThreadsOfAnInterpreter(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		i := m.Interpreter()
		names := func(t *gil.Thread) (out []string) {
			for _, u := range i.Threads(t) {
				out = append(out, u.Name())
			}
			return out
		}
		var g gil.Gate
		g.Init(m, 0, "g")
		require.Equal(m, []string{"MainThread"}, names(m))
		wait := func(w *gil.Thread) { g.Pass(w, gil.OpAcquire, gil.Forever) }
		a, b := m.Go("a", wait), m.NewThread("b", wait)
		require.Equal(m, []string{"MainThread", "a"}, names(m), "not started, not listed")
		b.Start(m)
		c := m.Go("c", func(c *gil.Thread) {
			require.Equal(c, []string{"MainThread", "a", "b", "c"}, names(c))
			require.Equal(c, 4, i.ActiveCount(c))
			require.Same(c, m, i.Main())
		})
		c.Join(m)
		g.Open(m, gil.OpRelease, 2)
		gil.JoinAll(m, a, b)
		require.Equal(m, []string{"MainThread"}, names(m))
		require.Equal(m, 1, i.ActiveCount(m))
	})
}

// TestStartFromAnotherThread: who starts a thread need not be who made it.
func TestStartFromAnotherThread(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		ran := false
		w := m.NewThread("w", func(*gil.Thread) { ran = true })
		s := m.Go("s", func(s *gil.Thread) { w.Start(s) })
		s.Join(m)
		w.Join(m)
		require.True(m, ran)
	})
}
