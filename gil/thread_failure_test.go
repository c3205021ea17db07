package gil_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// withStderr returns what f writes to standard error.
func withStderr(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	old := os.Stderr
	os.Stderr = w
	text := make(chan string)
	go func() {
		b, _ := io.ReadAll(r)
		text <- string(b)
	}()
	defer r.Close()
	func() {
		defer func() { os.Stderr = old; w.Close() }()
		f()
	}()
	return <-text
}

var errOops = errors.New("oops")

// TestUncaughtPanic: the thread ends, the others go on, stderr has it under
// Python's heading, and Run returns it.
func TestUncaughtPanic(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			var err error
			others := 0
			text := withStderr(t, func() {
				err = w.Run(p, func(m *gil.Thread) {
					a := m.Go("bad one", func(*gil.Thread) { panic(errOops) })
					b := m.Go("good one", func(b *gil.Thread) {
						b.Sleep(time.Millisecond)
						others++
					})
					gil.JoinAll(m, a, b)
					require.False(m, a.IsAlive(m))
					var u *gil.UncaughtError
					require.ErrorAs(m, a.Failure(), &u)
					require.NoError(m, b.Failure())
				})
			})
			var u *gil.UncaughtError
			require.ErrorAs(t, err, &u, "%v %s", p, name)
			require.Equal(t, "bad one", u.Thread)
			require.Equal(t, errOops, u.Value)
			require.ErrorIs(t, err, errOops)
			require.Contains(t, string(u.Stack), "TestUncaughtPanic")
			require.True(t, strings.HasPrefix(u.Error(), "gil: "), u.Error())
			if name == "explored" {
				require.Empty(t, text, "an explorer reports once")
				continue
			}
			require.Equal(t, 1, others, "%v %s", p, name)
			require.True(t, strings.HasPrefix(text, "Exception in thread bad one:\n"), text)
			require.Contains(t, text, "oops")
			require.Equal(t, 1, strings.Count(text, "Exception in"))
		}
	}
}

// TestPanicsWithAnyValue: whatever a thread panics with is its exception.
func TestPanicsWithAnyValue(t *testing.T) {
	values := []any{errOops, "text", 42, 1.5, []int{1}, nil, struct{ A int }{7}, fmt.Errorf("wrapped: %w", errOops), &gil.ValueError{Text: "gil: v"}}
	var seen []any
	hook := gil.WithExceptHook(func(_ *gil.Thread, u *gil.UncaughtError) { seen = append(seen, u.Value) })
	for _, w := range []gil.World{gil.Live(hook), gil.NewMachine(2, hook)} {
		seen = nil
		err := w.Run(gil.CPython312, func(m *gil.Thread) {
			for _, v := range values {
				u := m.Go("", func(*gil.Thread) { panic(v) })
				u.Join(m)
			}
			panic("main, too")
		})
		require.Error(t, err)
		require.Len(t, seen, len(values)+1)
		for i, v := range values {
			if v == nil {
				require.IsType(t, new(runtime.PanicNilError), seen[i])
				continue
			}
			require.Equal(t, v, seen[i])
		}
		require.Equal(t, "main, too", seen[len(values)])
		require.Len(t, unjoin(err), len(values)+1, "every failure is in the error of Run")
		var runtimeErr *runtime.PanicNilError
		require.ErrorAs(t, err, &runtimeErr)
		var v *gil.ValueError
		require.ErrorAs(t, err, &v)
	}
}

// TestExceptHook is called on the thread that failed, which holds its GIL, and
// replaces the report.
func TestExceptHook(t *testing.T) {
	for _, p := range kinds {
		var calls int
		var world string
		hook := gil.WithExceptHook(func(u *gil.Thread, failure *gil.UncaughtError) {
			calls++
			require.Equal(t, "w", u.Name())
			require.Equal(t, "w", failure.Thread)
			require.Equal(t, errOops, failure.Value)
			if g := u.Interpreter().GIL(); g != nil {
				require.Same(t, u, g.Holder(), world)
			}
			require.True(t, u.IsAlive(u), "it has not ended")
			u.Tick(10) // it can act
			u.Sleep(time.Microsecond)
		})
		for name, w := range map[string]gil.World{"live": gil.Live(hook), "machine": gil.NewMachine(2, hook)} {
			calls, world = 0, name
			text := withStderr(t, func() {
				require.ErrorIs(t, w.Run(p, func(m *gil.Thread) {
					u := m.Go("w", func(*gil.Thread) { panic(errOops) })
					u.Join(m)
				}), errOops)
			})
			require.Equal(t, 1, calls, "%v %s", p, name)
			require.Empty(t, text)
		}
	}
}

// TestExceptHookThatPanics is reported as Python does and changes nothing else.
func TestExceptHookThatPanics(t *testing.T) {
	hook := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) { panic("hook") })
	for _, w := range []gil.World{gil.Live(hook), gil.NewMachine(2, hook)} {
		others := false
		text := withStderr(t, func() {
			err := w.Run(gil.CPython312, func(m *gil.Thread) {
				u := m.Go("w", func(*gil.Thread) { panic(errOops) })
				u.Join(m)
				v := m.Go("v", func(*gil.Thread) { others = true })
				v.Join(m)
			})
			require.ErrorIs(t, err, errOops)
		})
		require.True(t, others)
		require.True(t, strings.HasPrefix(text, "Exception in threading.excepthook:\n"), text)
		require.Contains(t, text, "hook")
	}
}

// TestRequireInAThread: a Thread is a testify TestingT. FailNow ends the thread, the
// others go on, no hook is called.
func TestRequireInAThread(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			others, after := 0, false
			var err error
			text := withStderr(t, func() {
				err = w.Run(p, func(m *gil.Thread) {
					a := m.Go("a", func(a *gil.Thread) {
						require.Equal(a, 1, 2, "of a")
						after = true
					})
					b := m.Go("b", func(b *gil.Thread) {
						assert.Equal(b, 3, 4, "of b")
						assert.Equal(b, 5, 6, "of b, too")
						others++
					})
					gil.JoinAll(m, a, b)
					require.Error(m, a.Failure())
					require.Error(m, b.Failure())
					others++
				})
			})
			require.Empty(t, text, "%v %s", p, name)
			require.False(t, after)
			require.Equal(t, 2, others, "%v %s", p, name)
			failed := map[string]string{}
			for _, e := range unjoin(err) {
				var x *gil.AssertionError
				require.ErrorAs(t, e, &x)
				failed[x.Thread] = x.Error()
			}
			require.Len(t, failed, 2, "%v", err)
			require.Contains(t, failed["a"], "of a")
			require.Contains(t, failed["b"], "of b")
			require.Contains(t, failed["b"], "of b, too")
		}
	}
}

// unjoin takes joined errors apart.
func unjoin(err error) (out []error) {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range all.Unwrap() {
			out = append(out, unjoin(e)...)
		}
		return out
	}
	if w, ok := err.(interface{ Unwrap() error }); ok && strings.HasPrefix(err.Error(), "seed ") {
		return unjoin(w.Unwrap())
	}
	return []error{err}
}

// TestRequireInMain ends main; its threads are still joined and ended.
func TestRequireInMain(t *testing.T) {
	for name, w := range worlds() {
		for _, p := range kinds {
			done := 0
			err := w.Run(p, func(m *gil.Thread) {
				m.Go("w", func(w *gil.Thread) {
					w.Sleep(time.Millisecond)
					done++
				})
				m.Go("d", func(d *gil.Thread) {
					for {
						d.Sleep(time.Hour)
					}
				}, gil.WithDaemon(true))
				require.Fail(m, "of main")
			})
			var x *gil.AssertionError
			require.ErrorAs(t, err, &x, "%v %s", p, name)
			require.Equal(t, "MainThread", x.Thread)
			require.Equal(t, 1, done, "%v %s", p, name)
		}
	}
}

// TestGoexitInAThread ends it in the live world; it has not failed.
func TestGoexitInAThread(t *testing.T) {
	for _, p := range kinds {
		unwound := false
		require.NoError(t, gil.Live().Run(p, func(m *gil.Thread) {
			w := m.Go("w", func(w *gil.Thread) {
				defer func() {
					w.Tick(10) // a deferred call can still act
					unwound = true
				}()
				runtime.Goexit()
			})
			w.Join(m)
			require.False(m, w.IsAlive(m))
			require.NoError(m, w.Failure())
		}), "%v", p)
		require.True(t, unwound)
	}
}

// TestGoexitInMain is what testing.T.FailNow in main does: the goroutine of Run
// goes, but not before every thread has ended, and nothing is left behind.
func TestGoexitInMain(t *testing.T) {
	before := goleak.IgnoreCurrent()
	for name, w := range worlds() {
		for _, p := range kinds {
			joined, unwound, returned := 0, 0, false
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				_ = w.Run(p, func(m *gil.Thread) {
					m.Go("w", func(w *gil.Thread) {
						defer func() { unwound++ }()
						w.Sleep(time.Millisecond)
						joined++
					})
					m.Go("d", func(d *gil.Thread) {
						defer func() { unwound++ }()
						d.Sleep(time.Hour)
					}, gil.WithDaemon(true))
					m.Sleep(time.Microsecond)
					runtime.Goexit()
				})
				returned = true
			}()
			<-gone
			require.False(t, returned, "%v %s", p, name)
			if name == "live" {
				require.Equal(t, 1, joined, "%v %s: non-daemons are joined", p, name)
			}
			require.Equal(t, 2, unwound, "%v %s: deferred calls run", p, name)
			goleak.VerifyNone(t, before)
		}
	}
}

// TestGoexitInMany is that of threads that exit their goroutines, one of them again when
// it is ended because the first has: Run's goroutine goes once all are unwound, main
// among them, wherever it waits.
func TestGoexitInMany(t *testing.T) {
	before := goleak.IgnoreCurrent()
	sandbox := func(p gil.Profile, main func(m *gil.Thread)) error {
		s := gil.NewSandbox(p, kernel.NewRandomWalk(1), 0)
		defer s.Close()
		return s.Run(1, main)
	}
	for name, run := range map[string]func(gil.Profile, func(*gil.Thread)) error{"machine": gil.NewMachine(2).Run, "explored": sandbox} {
		for _, p := range kinds {
			var unwound []string
			returned := false
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				_ = run(p, func(m *gil.Thread) {
					defer func() { unwound = append(unwound, "main") }()
					sleeper := m.Go("again", func(w *gil.Thread) {
						defer runtime.Goexit()
						defer func() { unwound = append(unwound, "again") }()
						w.Sleep(time.Hour)
					})
					m.Go("other", func(w *gil.Thread) {
						defer func() { unwound = append(unwound, "other") }()
						w.Sleep(time.Hour)
					})
					m.Go("first", func(w *gil.Thread) {
						defer func() { unwound = append(unwound, "first") }()
						w.Sleep(time.Second)
						runtime.Goexit()
					})
					sleeper.Join(m)
					t.Error("main goes on after its end")
				})
				returned = true
			}()
			<-gone
			require.False(t, returned, "%v %s", p, name)
			require.Equal(t, "first", unwound[0], "%v %s", p, name)
			require.ElementsMatch(t, []string{"first", "again", "other", "main"}, unwound, "%v %s", p, name)
			goleak.VerifyNone(t, before)
		}
	}
}

// TestAMachineIsUsableAfterGoexit: the next program runs on it.
func TestAMachineIsUsableAfterGoexit(t *testing.T) {
	m := gil.NewMachine(2)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_ = m.Run(gil.CPython312, func(t *gil.Thread) {
			t.Go("w", func(w *gil.Thread) { w.Sleep(time.Hour) })
			runtime.Goexit()
		})
	}()
	<-gone
	require.NoError(t, m.Run(gil.CPython312, func(t *gil.Thread) { t.Compute(time.Second) }))
	require.Equal(t, time.Second, m.Now())
}
