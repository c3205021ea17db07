//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// exitCode is a process's code as Python would say it.
func exitCode(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -int(status.Signal())
	}
	return s.ExitCode()
}

// joined waits for a child and returns its code.
func joined(t testing.TB, p *process.Process) int {
	t.Helper()
	require.NoError(t, p.Join(t.Context()))
	code, ended := p.ExitCode()
	require.True(t, ended)
	require.False(t, p.IsAlive(t.Context()))
	return code
}

// raises checks an error's text for Python, and that its own text is of this
// package.
func raises(t *testing.T, python string, err error) {
	t.Helper()
	require.Error(t, err)
	var p interface{ PythonText() string }
	require.ErrorAs(t, err, &p, "%v", err)
	require.Equal(t, python, p.PythonText())
	require.Regexp(t, `^process: `, err.Error())
}

// raised is raises for a panic.
func raised(t *testing.T, python string, fn func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, ok := recover().(error)
		require.True(t, ok, "no panic with an error")
		raises(t, python, err)
	}()
	fn()
}

// wait runs until it is ended, or interrupted.
var wait = process.DefineTarget("wait", func(ctx context.Context, _ process.None) error {
	<-ctx.Done()
	return ctx.Err()
})

// waiting starts a process that waits, and sees to its end.
func waiting(t testing.TB, opts ...process.Option) *process.Process {
	t.Helper()
	p, err := wait.Start(t.Context(), process.None{}, opts...)
	require.NoError(t, err)
	t.Cleanup(func() {
		if p.Kill() == nil {
			_ = p.Join(context.Background())
		}
	})
	return p
}

// A deed is a way to end.
type deed struct {
	Return, Panic string
	Exit, OSExit  *int
	Signal        syscall.Signal
	Goexit        bool
	Loud          bool // tells of its deferred call
}

func code(n int) *int { return &n }

func (d deed) do(ctx context.Context) error {
	if d.Loud {
		defer func() { fmt.Fprintln(os.Stderr, "deferred") }()
	}
	switch {
	case d.Panic != "":
		panic(d.Panic)
	case d.Exit != nil:
		process.Exit(ctx, *d.Exit)
	case d.OSExit != nil:
		os.Exit(*d.OSExit)
	case d.Signal != 0:
		if err := syscall.Kill(os.Getpid(), d.Signal); err != nil {
			return err
		}
		select {}
	case d.Goexit:
		runtime.Goexit()
	case d.Return != "":
		return errors.New(d.Return)
	}
	return nil
}

var (
	end         = process.DefineTarget("end", func(ctx context.Context, d deed) error { return d.do(ctx) })
	endOnThread = process.DefineTarget("end on a thread", func(t *gil.Thread, d deed) error { return d.do(t) })
)

// stderr runs fn with this process's stderr, which its children inherit, in a
// file, and returns what was written.
func stderr(t *testing.T, fn func()) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "stderr")
	require.NoError(t, err)
	defer f.Close()
	old := os.Stderr
	os.Stderr = f
	defer func() { os.Stderr = old }()
	fn()
	text, err := os.ReadFile(f.Name())
	require.NoError(t, err)
	return string(text)
}

// PR-7: what the exit code is, and what stderr has.
func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		name string
		deed deed
		code int
		text string // a pattern for stderr
	}{
		{"return", deed{}, 0, `^deferred\n$`},
		{"error", deed{Return: "no such luck"}, 1, `^deferred\nProcess P:\nno such luck\n$`},
		{"panic", deed{Panic: "out of luck"}, 1, `(?s)^deferred\nProcess P:\npanic: out of luck\n\ngoroutine .*exit_test\.go`},
		{"Exit(0)", deed{Exit: code(0)}, 0, `^deferred\n$`},
		{"Exit(7)", deed{Exit: code(7)}, 7, `^deferred\n$`},
		{"Exit(-1)", deed{Exit: code(-1)}, 255, `^deferred\n$`},
		{"Exit(256)", deed{Exit: code(256)}, 0, `^deferred\n$`},
		{"os.Exit(0)", deed{OSExit: code(0)}, 0, `^$`},
		{"os.Exit(9)", deed{OSExit: code(9)}, 9, `^$`},
		{"SIGTERM", deed{Signal: syscall.SIGTERM}, -15, `^$`},
		{"SIGKILL", deed{Signal: syscall.SIGKILL}, -9, `^$`},
		{"SIGHUP", deed{Signal: syscall.SIGHUP}, -1, `^$`},
		{"runtime.Goexit", deed{Goexit: true}, 1, `^deferred\n$`},
	} {
		for kind, f := range map[string]*process.Func[deed, process.None]{"context": end, "thread": endOnThread} {
			t.Run(c.name+" "+kind, func(t *testing.T) {
				c.deed.Loud = true
				text := stderr(t, func() {
					p, err := f.Start(t.Context(), c.deed, process.WithName("P"))
					require.NoError(t, err)
					assert.Equal(t, c.code, joined(t, p))
				})
				assert.Regexp(t, c.text, text)
			})
		}
	}
}

// PR-7: a panic on a goroutine of the target's own is the runtime's business, and
// so is its code.
func TestExitCodeOfTheRuntime(t *testing.T) {
	text := stderr(t, func() {
		p, err := loose.Start(t.Context(), process.None{})
		require.NoError(t, err)
		assert.Equal(t, 2, joined(t, p))
	})
	assert.Contains(t, text, "panic: on the loose")
}

var loose = process.DefineTarget("loose", func(ctx context.Context, _ process.None) error {
	go panic("on the loose")
	<-ctx.Done()
	return nil
})

// PR-17: threads that are no daemons are waited for, one that fails leaves the
// code at 0, and Exit on one ends that one.
func TestThreadsOfAChild(t *testing.T) {
	text := stderr(t, func() {
		p, err := threads.Start(t.Context(), process.None{})
		require.NoError(t, err)
		assert.Zero(t, joined(t, p))
	})
	assert.Contains(t, text, "the last word\n")
	assert.Contains(t, text, "Exception in thread bad:\nno good\n")
	assert.NotContains(t, text, "not reached")
	assert.NotContains(t, text, "Process ")
}

var threads = process.DefineTarget("threads", func(t *gil.Thread, _ process.None) error {
	t.Go("bad", func(t *gil.Thread) { panic("no good") })
	t.Go("gone", func(t *gil.Thread) {
		process.Exit(t, 5)
		fmt.Fprintln(os.Stderr, "not reached")
	})
	t.Go("late", func(t *gil.Thread) {
		t.Sleep(20 * time.Millisecond)
		fmt.Fprintln(os.Stderr, "the last word")
	})
	t.Go("daemon", func(t *gil.Thread) {
		for {
			t.Sleep(time.Second)
		}
	}, gil.WithDaemon(true))
	return nil
})

// Exit on a thread that is not the main thread says nothing about the process.
func TestExitOfAThread(t *testing.T) {
	p, err := exitOfAThread.Start(t.Context(), process.None{})
	require.NoError(t, err)
	assert.Equal(t, 1, joined(t, p))
}

var exitOfAThread = process.DefineTarget("exit of a thread", func(t *gil.Thread, _ process.None) error {
	t.Go("gone", func(t *gil.Thread) { process.Exit(t, 5) }).Join(t)
	runtime.Goexit()
	return nil
})

// PR-8: terminate, kill and interrupt, and nothing on a process that has ended.
// Deferred calls do not run.
func TestSignals(t *testing.T) {
	text := stderr(t, func() {
		for sig, send := range map[int]func(p *process.Process) error{
			-15: (*process.Process).Terminate,
			-9:  (*process.Process).Kill,
		} {
			p := waiting(t)
			require.True(t, p.IsAlive(t.Context()))
			require.NoError(t, send(p))
			assert.Equal(t, sig, joined(t, p))
			assert.NoError(t, p.Terminate())
			assert.NoError(t, p.Kill())
			assert.NoError(t, p.Interrupt())
			code, _ := p.ExitCode()
			assert.Equal(t, sig, code)
		}
	})
	assert.Empty(t, text)
}

// PR-6: join with a limit, again and again, and with contexts that end.
func TestJoin(t *testing.T) {
	p := waiting(t)
	for _, d := range []time.Duration{time.Millisecond, 0, -time.Second} {
		ended, err := p.JoinTimeout(t.Context(), d)
		require.NoError(t, err)
		require.False(t, ended)
		_, ended = p.ExitCode()
		require.False(t, ended)
	}
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err := p.Join(late)
	assert.ErrorIs(t, err, process.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualError(t, err, "process: join timed out")
	_, err = p.JoinTimeout(late, time.Hour)
	assert.ErrorIs(t, err, process.ErrTimeout)
	off, cancel := context.WithCancel(t.Context())
	cancel()
	err = p.Join(off)
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, process.ErrTimeout)
	require.NoError(t, p.Kill())
	assert.Equal(t, -9, joined(t, p))
	assert.NoError(t, p.Join(off), "what has ended needs no waiting")
	ended, err := p.JoinTimeout(off, 0)
	assert.NoError(t, err)
	assert.True(t, ended)
}

// PR-6: only a child can be joined.
func TestJoinNoChild(t *testing.T) {
	raises(t, "can only join a child process", process.Current(t.Context()).Join(t.Context()))
	_, err := process.Current(t.Context()).JoinTimeout(t.Context(), time.Second)
	raises(t, "can only join a child process", err)
}

// PR-20: any number of goroutines and threads join, all see the code; CPython shows
// some of them None (gh-130895).
func TestJoinByMany(t *testing.T) {
	for range 20 {
		p, err := end.Start(t.Context(), deed{Exit: code(3)})
		require.NoError(t, err)
		var wg sync.WaitGroup
		codes := make([]int, 24)
		for i := range codes {
			wg.Go(func() {
				switch i % 3 {
				case 0:
					_ = p.Join(context.Background())
				case 1:
					_, _ = p.JoinTimeout(context.Background(), time.Hour)
				case 2:
					for p.IsAlive(context.Background()) {
						runtime.Gosched()
					}
				}
				codes[i] = -1000
				if code, ended := p.ExitCode(); ended {
					codes[i] = code
				}
			})
		}
		wg.Wait()
		for _, code := range codes {
			require.Equal(t, 3, code)
		}
	}
}

// A thread that joins gives the GIL up, and one that need not wait keeps it.
func TestJoinGivesTheGILUp(t *testing.T) {
	p := waiting(t)
	err := gil.Live().Run(gil.CPython313.WithSwitchInterval(time.Hour), func(th *gil.Thread) {
		going := make(chan struct{})
		other := th.Go("other", func(th *gil.Thread) {
			th.Block(func() { <-going })
			require.NoError(t, p.Terminate())
		})
		close(going)
		require.NoError(t, p.Join(th))
		other.Join(th)
	})
	require.NoError(t, err)
	assert.Equal(t, -15, joined(t, p))
}
