package gil_test

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// What a program gives to this package is called in the middle of things: an except
// hook, an observer, a writer. None of them may tear these things apart.

// observableWorlds are the worlds that take options.
func observableWorlds(opts ...gil.Option) map[string]gil.World {
	return map[string]gil.World{
		"live":    gil.Live(opts...),
		"machine": gil.NewMachine(2, opts...),
	}
}

// TestExceptHookThatExits: the thread ends all the same, and can be joined.
func TestExceptHookThatExits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exits := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) { runtime.Goexit() })
		for _, p := range kinds {
			err := gil.Live(exits).Run(p, func(m *gil.Thread) {
				w := m.Go("w", func(*gil.Thread) { panic(errOops) })
				w.Join(m)
				require.ErrorIs(m, w.Failure(), errOops)
				m.Yield() // the GIL is not lost
			})
			require.ErrorIs(t, err, errOops, "%v", p)
		}
	})
}

// TestExceptHookThatWaits is ended with its daemon: that is no panic of the hook's,
// and the daemon's own is in Run's error.
func TestExceptHookThatWaits(t *testing.T) {
	waits := gil.WithExceptHook(func(d *gil.Thread, _ *gil.UncaughtError) { d.Sleep(time.Hour) })
	text := withStderr(t, func() {
		synctest.Test(t, func(t *testing.T) {
			for name, w := range observableWorlds(waits) {
				for _, p := range kinds {
					err := w.Run(p, func(m *gil.Thread) {
						m.Go("d", func(*gil.Thread) { panic(errOops) }, gil.WithDaemon(true))
						m.Sleep(time.Second)
					})
					require.ErrorIs(t, err, errOops, "%s %v", name, p)
					require.NotErrorAs(t, err, new(*gil.StuckError), "%s %v", name, p)
				}
			}
		})
	})
	require.Empty(t, text)
}

// TestObserverThatPanics: whatever it is told of at that moment, the run goes on
// without it and says so.
func TestObserverThatPanics(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		for n := 1; ; n++ {
			seen := 0
			panics := gil.WithObserver(gil.ObserverFunc(func(gil.Event) {
				if seen++; seen == n {
					panic(errOops)
				}
			}))
			for name, w := range observableWorlds(panics) {
				seen = 0
				ran := false
				var err error
				text := withStderr(t, func() {
					err = w.Run(p, func(m *gil.Thread) {
						w := m.Go("w", func(w *gil.Thread) { w.Sleep(1); w.Compute(1) })
						m.Compute(1)
						w.Join(m)
						ran = true
					})
				})
				require.True(t, ran)
				if seen < n {
					require.NoError(t, err)
					continue
				}
				require.Equal(t, n, seen, "%s %v", name, p)
				require.ErrorContains(t, err, "the observer panicked", "%s %v", name, p)
				require.ErrorContains(t, err, "oops")
				require.Contains(t, text, "oops")
			}
			if seen < n {
				break
			}
		}
	}
}

// panicking is a writer that panics.
type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic(errOops) }

// TestWriterThatPanics: a thread that recovers it has its GIL.
func TestWriterThatPanics(t *testing.T) {
	for name, w := range observableWorlds(gil.WithStdout(panicking{})) {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				require.PanicsWithValue(m, errOops, func() { m.Print("x") })
				m.Sleep(1)
			}), "%s %v", name, p)
		}
	}
	badValue(t, func() { gil.WithStdout(nil) })
	require.NotPanics(t, func() { gil.WithStdout(io.Discard) })
}

// TestTheLeastTick is refused, and does not run for centuries.
func TestTheLeastTick(t *testing.T) {
	for name, w := range observableWorlds() {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				badValue(m, func() { m.Tick(math.MinInt) })
				m.Tick(1000)
				m.Yield()
			}), "%s %v", name, p)
		}
	}
}

// TestSubInterpreterOfADaemon ends with the daemon that runs it.
func TestSubInterpreterOfADaemon(t *testing.T) {
	for _, p := range kinds {
		synctest.Test(t, func(t *testing.T) {
			for name, w := range observableWorlds() {
				var unwound atomic.Int32 // they unwind without the GIL
				require.NoError(t, w.Run(p, func(m *gil.Thread) {
					m.Go("d", func(d *gil.Thread) {
						_ = d.NewInterpreter().Run(func(s *gil.Thread) {
							s.Go("w", func(w *gil.Thread) {
								defer func() { unwound.Add(1) }()
								w.Sleep(time.Hour)
							})
							defer func() { unwound.Add(1) }()
							s.Sleep(time.Hour)
						})
						m.Errorf("the daemon goes on")
					}, gil.WithDaemon(true))
					m.Sleep(time.Second)
				}), "%s %v", name, p)
				require.EqualValues(t, 2, unwound.Load(), "%s %v", name, p)
				if m, ok := w.(*gil.Machine); ok {
					require.Less(t, m.Now(), time.Minute)
				}
			}
		})
	}
}

// TestSubInterpreterFails: the error goes to whoever called its Run, and to nobody
// else.
func TestSubInterpreterFails(t *testing.T) {
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	for name, w := range observableWorlds() {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				require.ErrorIs(m, m.NewInterpreter(quiet).Run(func(*gil.Thread) { panic(errOops) }), errOops)
			}), "%s %v", name, p)
		}
	}
}

// TestEnterAfterRun is refused.
func TestEnterAfterRun(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313} {
		i := gil.New(p)
		require.NoError(t, i.Run(func(*gil.Thread) {}))
		misused(t, func() { i.GIL().Enter("late") })
	}
}

// TestRunAtOnce: of any number of calls one runs.
func TestRunAtOnce(t *testing.T) {
	i := gil.New(gil.CPython313)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for n := range errs {
		wg.Go(func() { errs[n] = i.Run(func(m *gil.Thread) { m.Sleep(1) }) })
	}
	wg.Wait()
	ran := 0
	for _, err := range errs {
		if err == nil {
			ran++
		}
	}
	require.Equal(t, 1, ran, fmt.Sprint(errs))
}

// TestThreadsAfterMain: threading.enumerate() of every Python keeps the main thread
// when its function has returned, though it is not alive.
func TestThreadsAfterMain(t *testing.T) {
	for name, w := range observableWorlds() {
		for _, p := range kinds {
			require.NoError(t, w.Run(p, func(m *gil.Thread) {
				m.Go("w", func(w *gil.Thread) {
					m.Join(w)
					require.Equal(w, []*gil.Thread{m, w}, w.Interpreter().Threads(w))
					require.False(w, m.IsAlive(w))
				})
			}), "%s %v", name, p)
		}
	}
}

// TestCallbackThatPanics: what waits for a thread's end fails the thread, and keeps
// nobody else from being called.
func TestCallbackThatPanics(t *testing.T) {
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	for name, w := range observableWorlds(quiet) {
		for _, p := range kinds {
			called := 0
			require.ErrorIs(t, w.Run(p, func(m *gil.Thread) {
				w := m.Go("w", func(w *gil.Thread) {
					for range 3 {
						w.AfterFunc(func() { called++; panic(errOops) })
					}
				})
				w.Join(m)
				require.ErrorIs(m, w.Failure(), errOops)
			}), errOops, "%s %v", name, p)
			require.Equal(t, 3, called)
		}
	}
}

// TestBeyondTheClock: what a machine cannot count is refused.
func TestBeyondTheClock(t *testing.T) {
	for _, p := range kinds {
		require.NoError(t, gil.NewMachine(2).Run(p, func(m *gil.Thread) {
			const d = math.MaxInt64
			badValue(m, func() { m.Compute(d) })
			badValue(m, func() { m.Held(d) })
			badValue(m, func() { m.GC(d) })
			badValue(m, func() { m.Released(d, 2) })
			m.Sleep(1)
		}))
	}
	badValue(t, func() { gil.NewMachine(math.MaxInt) })
}

// TestTheLongestInterval never comes.
func TestTheLongestInterval(t *testing.T) {
	m := gil.NewMachine(2)
	var i *gil.Interpreter
	require.NoError(t, m.Run(gil.CPython313.WithSwitchInterval(math.MaxInt64), func(m *gil.Thread) {
		i = m.Interpreter()
		m.Sleep(time.Second) // now and for ever are more than can be counted
		w := m.Go("w", func(w *gil.Thread) { w.Compute(time.Minute) })
		m.Compute(time.Minute)
		w.Join(m)
	}))
	require.Zero(t, i.Stats().Forced)
}

// TestAssertionThenPanic: what assert has said is not lost when the thread panics
// after it.
func TestAssertionThenPanic(t *testing.T) {
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	for name, w := range observableWorlds(quiet) {
		err := w.Run(gil.CPython313, func(m *gil.Thread) {
			m.Errorf("before it")
			panic(errOops)
		})
		require.ErrorIs(t, err, errOops, name)
		require.ErrorContains(t, err, "before it", name)
	}
}
