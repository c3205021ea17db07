//go:build linux || darwin

package process_test

import (
	"bufio"
	"context"
	"flag"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

// installed are the Pythons from 3.6 on, the oldest first, by version.
var installed = sync.OnceValue(func() (all []python3) {
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.*", "bin", "python"))
	if p, err := exec.LookPath("python3"); err == nil && len(paths) == 0 {
		paths = []string{p}
	}
	for _, path := range paths {
		out, err := exec.Command(path, "-c", "import sys; print(sys.version_info[1])").Output()
		if err != nil {
			continue
		}
		minor, _ := strconv.Atoi(strings.TrimSpace(string(out)))
		all = append(all, python3{path, minor})
	}
	slices.SortFunc(all, func(a, b python3) int { return a.minor - b.minor })
	return all
})

type python3 struct {
	path  string
	minor int
}

// legacy are the options for its handshake.
func (p python3) legacy() (opts []pipe.Option) {
	if p.minor < 12 {
		opts = append(opts, pipe.WithLegacyAuth())
	}
	return opts
}

// everyPython has the slow tests talk to every Python, and not only to the oldest,
// the newest, and the last that proves itself with MD5.
var everyPython = flag.Bool("python.all", false, "drive managers with every installed Python")

// standsForOthers reports whether a slow test is for this Python.
func (p python3) standsForOthers() bool {
	all := installed()
	return *everyPython || p == all[0] || p == all[len(all)-1] || p.minor == 11
}

// withPythons runs a test with every Python 3 that is installed; with -short with
// the first and the last one.
func withPythons(t *testing.T, test func(t *testing.T, p python3)) {
	all := installed()
	if len(all) == 0 {
		t.Skip("no Python is installed")
	}
	if testing.Short() && len(all) > 2 {
		all = []python3{all[0], all[len(all)-1]}
	}
	for _, p := range all {
		t.Run("3."+strconv.Itoa(p.minor), func(t *testing.T) { test(t, p) })
	}
}

const pythonWorker = `
import sys
from multiprocessing.connection import Connection
conn = Connection(int(sys.argv[1]))
try:
    while True:
        f, x = conn.recv()
        try:
            conn.send({"square": lambda n: n * n, "fail": int, "args": lambda _: sys.argv[2:], "exit": sys.exit}[f](x))
        except Exception as e:
            conn.send(e)
except EOFError:
    pass
`

// A Go program starts a Python and has it work.
func TestPython(t *testing.T) {
	ctx := t.Context()
	withPythons(t, func(t *testing.T, p python3) {
		ours, its, err := pipe.New(ctx, pipe.WithCodec(pickle.Python))
		require.NoError(t, err)
		defer ours.Close()
		child, err := process.PythonCode(ctx, pythonWorker, its, process.WithExecutable(p.path), process.WithArgs("a", "b c"))
		require.NoError(t, err)
		require.NotZero(t, child.PID())
		require.ErrorIs(t, its.Close(), nil)
		require.NoError(t, ours.Send(ctx, pickle.Tuple{"square", 1 << 20}))
		n, err := pipe.Recv[int64](ctx, ours)
		require.NoError(t, err)
		require.Equal(t, int64(1)<<40, n)
		require.NoError(t, ours.Send(ctx, []any{"square", []byte{1}}))
		v, err := ours.Recv(ctx)
		require.NoError(t, err)
		require.EqualError(t, v.(error), "TypeError: can't multiply sequence by non-int of type 'bytes'")
		require.NoError(t, ours.Send(ctx, pickle.Tuple{"fail", "x"}))
		v, err = ours.Recv(ctx)
		require.NoError(t, err)
		require.Equal(t, "invalid literal for int() with base 10: 'x'", v.(*pickle.Exception).PythonText())
		require.NoError(t, ours.Send(ctx, pickle.Tuple{"args", nil}))
		args, err := pipe.Recv[[]string](ctx, ours)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b c"}, args)
		_, ended := child.ExitCode()
		require.False(t, ended)
		require.NoError(t, ours.Send(ctx, pickle.Tuple{"exit", 7}))
		require.NoError(t, child.Join(ctx))
		code, ended := child.ExitCode()
		require.Equal(t, 7, code)
		require.True(t, ended)
		_, err = ours.Recv(ctx)
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, child.Kill())
		require.NoError(t, child.Terminate())
	})
}

// How a Python ends, and what is wrong about one.
func TestPythonEnds(t *testing.T) {
	all := installed()
	if len(all) == 0 {
		t.Skip("no Python is installed")
	}
	ctx, python := t.Context(), process.WithExecutable(all[len(all)-1].path)
	script := filepath.Join(t.TempDir(), "worker.py")
	require.NoError(t, os.WriteFile(script, []byte(pythonWorker), 0o600))
	for want, end := range map[int]func(*process.PythonProcess, *pipe.Conn) error{
		-9:  func(p *process.PythonProcess, _ *pipe.Conn) error { return p.Kill() },
		-15: func(p *process.PythonProcess, _ *pipe.Conn) error { return p.Terminate() },
		0:   func(_ *process.PythonProcess, c *pipe.Conn) error { return c.Close() },
	} {
		ours, its, err := pipe.New(ctx, pipe.WithCodec(pickle.Python))
		require.NoError(t, err)
		child, err := process.Python(ctx, script, its, python)
		require.NoError(t, err)
		require.NoError(t, ours.Send(ctx, pickle.Tuple{"square", 3}))
		_, err = ours.Recv(ctx)
		require.NoError(t, err)
		stopped, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, child.Join(stopped), context.Canceled)
		require.NoError(t, end(child, ours))
		require.NoError(t, child.Join(ctx))
		code, _ := child.ExitCode()
		require.Equal(t, want, code)
		require.NoError(t, ours.Close())
	}
	_, err := process.Python(ctx, script, nil)
	raises(t, "", err)
	ours, its, err := pipe.New(ctx)
	require.NoError(t, err)
	defer ours.Close()
	_, err = process.Python(ctx, script, its, process.WithDaemon())
	require.ErrorContains(t, err, "WithDaemon has no meaning for Python")
	_, err = ours.Recv(ctx)
	require.ErrorIs(t, err, io.EOF, "the connection was given away")
}

// Without a Python the error says what is missing.
func TestPythonIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("PYTHON", "")
	start := func(opts ...process.Option) error {
		_, its, err := pipe.New(t.Context())
		require.NoError(t, err)
		_, err = process.PythonCode(t.Context(), "", its, opts...)
		require.ErrorIs(t, err, process.ErrNoPython)
		return err
	}
	assert.EqualError(t, start(), "process: no Python is installed: neither python3 nor python is in the PATH; install one, or name one with process.WithExecutable or the environment variable PYTHON")
	assert.ErrorContains(t, start(process.WithExecutable("/no/such/python")), `as "/no/such/python"`)
	t.Setenv("PYTHON", "pithon")
	assert.ErrorContains(t, start(), `as "pithon"`)
}

// A Go program that a Python starts: this one, when the variable is set.
const goChild = "PYGIL_TEST_CHILD_OF_PYTHON"

func init() {
	number := os.Getenv(goChild)
	if number == "" {
		return
	}
	fd, _ := strconv.Atoi(number)
	conn, err := pipe.FromFd(uintptr(fd), true, true, pipe.WithCodec(pickle.Python))
	for err == nil {
		var job struct{ N int }
		if err = receive(conn, &job); err != nil {
			break
		}
		var answer any = pickle.Tuple{job.N, math.Sqrt(float64(job.N))}
		if job.N < 0 {
			answer = pickle.NewException("ValueError", "math domain error")
		}
		err = conn.Send(context.Background(), answer)
	}
	if err == io.EOF {
		os.Exit(0)
	}
	os.Stderr.WriteString(err.Error() + "\n")
	os.Exit(1)
}

func receive[T any](conn *pipe.Conn, job *T) (err error) {
	*job, err = pipe.Recv[T](context.Background(), conn)
	return err
}

func TestPythonStartsGo(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	withPythons(t, func(t *testing.T, p python3) {
		cmd := exec.Command(p.path, "-c", `
import os, subprocess, sys
from multiprocessing import Pipe
ours, its = Pipe()
go = subprocess.Popen([sys.argv[1]], env=dict(os.environ, `+goChild+`=str(its.fileno())), pass_fds=[its.fileno()])
its.close()
for n in 9, 2 ** 30, -1:
    ours.send({"N": n})
    print(repr(ours.recv()))
ours.close()
print(go.wait())
`, exe)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		require.NoError(t, err)
		// Before 3.7 an exception's repr has a comma.
		require.Equal(t, "(9, 3.0)\n(1073741824, 32768.0)\nValueError('math domain error')\n0\n", strings.Replace(string(out), "',)", "')", 1))
	})
}

// newLines returns what reads the next line of a program's output.
func newLines(out io.Reader) func(t *testing.T) string {
	r := bufio.NewReader(out)
	return func(t *testing.T) string {
		t.Helper()
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		return strings.TrimSuffix(line, "\n")
	}
}
