//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

// What is stored is what every Python says that there is, from 3.7 on. With
// -short one is asked.
func TestPythonAgreesWithTheGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/life.golden")
	require.NoError(t, err)
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.[7-9].*", "bin", "python"))
	more, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1[0-3].*", "bin", "python"))
	if paths = append(paths, more...); testing.Short() && len(paths) > 1 {
		paths = paths[len(paths)-1:]
	}
	for _, path := range paths {
		out, err := exec.Command(path, "testdata/life.py").Output()
		if assert.NoError(t, err, path) {
			assert.Equal(t, string(want), string(out), path)
		}
	}
}

// The life of a process here is that of CPython's, line by line.
func TestLifeIsPythons(t *testing.T) {
	ctx := t.Context()
	var got strings.Builder
	say := func(name string, what any) { fmt.Fprintf(&got, "%s\t%v\n", name, what) }
	raised := func(name string, fn func() error) {
		err := func() (err error) {
			defer func() {
				if x := recover(); x != nil {
					err = x.(error)
				}
			}()
			return fn()
		}()
		var p interface{ PythonText() string }
		if errors.As(err, &p) {
			say(name, strings.TrimPrefix(fmt.Sprintf("%T", p), "*process.")+": "+p.PythonText())
		} else {
			say(name, "nothing")
		}
	}

	_ = stderr(t, func() {
		for _, c := range []struct {
			name string
			deed deed
		}{
			{"return", deed{}},
			{"exception", deed{Return: "no such luck"}},
			{"exit(0)", deed{Exit: code(0)}},
			{"exit(7)", deed{Exit: code(7)}},
			{"exit(-1)", deed{Exit: code(-1)}},
			{"exit(256)", deed{Exit: code(256)}},
			{"_exit(9)", deed{OSExit: code(9)}},
			{"SIGTERM", deed{Signal: syscall.SIGTERM}},
			{"SIGKILL", deed{Signal: syscall.SIGKILL}},
			{"SIGHUP", deed{Signal: syscall.SIGHUP}},
			{"SIGINT", deed{Signal: syscall.SIGINT}},
		} {
			p, err := endOnThread.Start(ctx, c.deed)
			require.NoError(t, err)
			say("code of "+c.name, joined(t, p))
		}
	})
	p, err := wait.New(ctx, process.None{})
	require.NoError(t, err)
	if _, ended := p.ExitCode(); !ended {
		say("code before start", "None")
	}
	say("alive before start", map[bool]string{false: "False", true: "True"}[p.IsAlive(ctx)])
	raised("join before start", func() error { return p.Join(ctx) })
	raised("sentinel before start", func() error { p.Sentinel(); return nil })
	require.NoError(t, p.Start(ctx))
	raised("start twice", func() error { return p.Start(ctx) })
	raised("daemon after start", func() error { return p.SetDaemon(true) })
	raised("close while running", p.Close)
	require.NoError(t, p.Terminate())
	require.NoError(t, p.Join(ctx))
	require.NoError(t, p.Close())
	raised("close twice", p.Close)
	raised("join after close", func() error { return p.Join(ctx) })
	raised("is_alive after close", func() error { p.IsAlive(ctx); return nil })
	raised("terminate after close", p.Terminate)
	raised("kill after close", p.Kill)
	raised("start after close", func() error { return p.Start(ctx) })
	raised("exitcode after close", func() error { p.ExitCode(); return nil })
	raised("pid after close", func() error { p.PID(); return nil })
	raised("sentinel after close", func() error { p.Sentinel(); return nil })
	raised("join of the current process", func() error { return process.Current(ctx).Join(ctx) })
	raised("child of a daemon", func() error {
		_, err := kin.Call(ctx, 1, process.WithDaemon())
		return err
	})
	raised("pickled key", func() error {
		_, err := pickle.Marshal(process.Current(context.Background()).AuthKey())
		var e *pickle.Error
		if errors.As(err, &e) {
			err = e.Err // the package says where, the error why
		}
		return err
	})
	say("name of main", process.Current(ctx).Name())

	golden, err := os.ReadFile("testdata/life.golden")
	require.NoError(t, err)
	want := strings.Replace(string(golden), "TypeError:", "ValueError:", 1) // one type here, with Python's text
	assert.Equal(t, want, got.String())
}
