//go:build linux

package queue_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/queue"
)

// What is stored is what every Python from 3.9 on says that there is, but for shutdown,
// which came with 3.13. With -short one is asked.
func TestPythonAgreesWithTheGolden(t *testing.T) {
	golden, err := os.ReadFile("testdata/queues.golden")
	require.NoError(t, err)
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.9.*", "bin", "python"))
	more, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1[0-3].*", "bin", "python"))
	if paths = append(paths, more...); testing.Short() && len(paths) > 1 {
		paths = paths[len(paths)-1:]
	}
	for _, path := range paths {
		want := string(golden)
		if !strings.Contains(path, "/3.13.") {
			want = regexp.MustCompile(`(?m)^shutdown.*\n`).ReplaceAllString(want, "")
		}
		out, err := exec.Command(path, "testdata/queues.py").Output()
		if assert.NoError(t, err, path) {
			assert.Equal(t, want, string(out), path)
		}
	}
}

// outcome is what Python would print.
func outcome(v any, err error) string {
	var p interface{ PythonText() string }
	switch {
	case errors.Is(err, queue.ErrEmpty):
		return "Empty"
	case errors.Is(err, queue.ErrFull):
		return "Full"
	case errors.Is(err, queue.ErrShutDown):
		return "ShutDown"
	case errors.As(err, &p):
		text := regexp.MustCompile("<.*>").ReplaceAllString(p.PythonText(), "<q>")
		kind := "OSError"
		var value *gil.ValueError
		var runtime *gil.RuntimeError
		switch {
		case errors.As(err, &value):
			kind = "ValueError"
		case errors.As(err, &runtime):
			kind = "AssertionError" // there is one type for misuse here
		}
		return kind + ": " + text
	case err != nil:
		return err.Error()
	}
	return gil.Repr(v)
}

// TestQueuesArePythons prints what the queues here do as testdata/queues.py does.
func TestQueuesArePythons(t *testing.T) {
	golden, err := os.ReadFile("testdata/queues.golden")
	require.NoError(t, err)
	for name, world := range map[string]gil.World{"live": gil.Live(), "machine": gil.NewMachine(2)} {
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			require.NoError(t, world.Run(gil.CPython313, func(t *gil.Thread) {
				say := func(name, what string) { fmt.Fprintf(&got, "%s\t%s\n", name, what) }
				for _, k := range kinds {
					pythonThreads(t, say, k.name, k.make)
				}
				say("unlimited put timeout -1", outcome(nil, queue.New[int](0).PutTimeout(t, 1, -1)))
				pythonProcesses(t, say)
			}))
			assert.Equal(t, string(golden), got.String())
		})
	}
}

func pythonDraw(t *gil.Thread, say func(name, what string), kind string, make func(n int) full) {
	for seed := 1; seed < 6; seed++ {
		q, state := make(seed%4), uint64(seed)
		var out []string
		for range 60 {
			state = (state*1103515245 + 12345) % (1 << 31)
			op, v := state>>16&7, int(state>>8&0xff)
			var what string
			var err error
			switch {
			case op < 3:
				what, err = "+", q.TryPut(t, v)
			case op < 5:
				v, err = q.TryGet(t)
				what = fmt.Sprint(v)
			case op == 5:
				what, err = "done", q.TaskDone(t)
			case op == 6:
				what = fmt.Sprint(q.QSize(t))
			case q.Full(t):
				what = "full"
			default:
				what = "-"
			}
			if err != nil {
				what, _, _ = strings.Cut(outcome(nil, err), ":")
				what = map[string]string{"Full": "Full", "Empty": "Empty", "ValueError": "ValueError"}[what]
			}
			out = append(out, what)
		}
		say(fmt.Sprintf("random %s %d", kind, seed), strings.Join(out, " "))
		if q, ok := q.(between); ok {
			require.NoError(t, q.Close())
		}
	}
}

func pythonThreads(t *gil.Thread, say func(name, what string), name string, make func(n int) full) {
	pythonDraw(t, say, name, make)
	q := make(1)
	get := func(what string, v int, err error) { say(what, outcome(v, err)) }
	do := func(what string, err error) { say(what, outcome(nil, err)) }
	v, err := q.TryGet(t)
	get(name+" get empty", v, err)
	v, err = q.GetTimeout(t, 0)
	get(name+" get timeout 0", v, err)
	v, err = q.GetTimeout(t, -1)
	get(name+" get timeout -1", v, err)
	do(name+" put timeout -1", q.PutTimeout(t, 1, -1))
	do(name+" put", q.Put(t, 1))
	do(name+" put full", q.TryPut(t, 2))
	do(name+" put full timeout", q.PutTimeout(t, 2, 10*time.Millisecond))
	do(name+" task_done", q.TaskDone(t))
	do(name+" task_done twice", q.TaskDone(t))
	q.Shutdown(t, false)
	do("shutdown "+name, nil)
	do("shutdown "+name+" put", q.Put(t, 3))
	v, err = q.Get(t)
	get("shutdown "+name+" get", v, err)
	v, err = q.Get(t)
	get("shutdown "+name+" get again", v, err)
}

func pythonProcesses(t *gil.Thread, say func(name, what string)) {
	pythonDraw(t, say, "JoinableQueue", func(n int) full { return newBetween(t, n) })
	q, err := queue.NewJoinable[int](t, 1)
	require.NoError(t, err)
	get := func(what string, v any, err error) { say(what, outcome(v, err)) }
	do := func(what string, err error) { say(what, outcome(nil, err)) }
	v, err := q.TryGet(t)
	get("mp get empty", v, err)
	v, err = q.GetTimeout(t, 0)
	get("mp get timeout 0", v, err)
	v, err = q.GetTimeout(t, -1)
	get("mp get timeout -1", v, err)
	do("mp put", q.PutTimeout(t, 1, -1))
	do("mp put full", q.TryPut(t, 2))
	do("mp put full timeout", q.PutTimeout(t, 2, 10*time.Millisecond))
	do("mp put full timeout -1", q.PutTimeout(t, 2, -1))
	get("mp qsize", q.QSize(t), nil)
	get("mp full", q.Full(t), nil)
	v, err = q.GetTimeout(t, 30*time.Second)
	get("mp get", v, err)
	do("mp task_done", q.TaskDone(t))
	do("mp task_done twice", q.TaskDone(t))
	do("mp join", q.Join(t))
	do("mp join_thread before close", q.JoinThread(t))
	do("mp close", q.Close())
	do("mp close twice", q.Close())
	do("mp join_thread", q.JoinThread(t))
	do("mp put closed", q.Put(t, 1))
	do("mp put_nowait closed", q.TryPut(t, 1))
	v, err = q.Get(t)
	get("mp get closed", v, err)
	v, err = q.TryGet(t)
	get("mp get_nowait closed", v, err)
	do("mp empty closed", func() (err error) {
		defer func() { err = recover().(error) }()
		q.Empty(t)
		return nil
	}())
	get("mp qsize closed", q.QSize(t), nil)
	get("mp full closed", q.Full(t), nil)
	s, err := queue.NewSimpleProcess[any](t)
	require.NoError(t, err)
	empty := func(what string) {
		yes, err := s.Empty(t)
		get(what, yes, err)
	}
	empty("simple empty")
	do("simple put", s.Put(t, []any{42, nil, "hello"}))
	empty("simple empty with an item")
	x, err := s.Get(t)
	get("simple get", x, err)
	do("simple close", s.Close())
	do("simple close twice", s.Close())
	do("simple put closed", s.Put(t, 1))
	x, err = s.Get(t)
	get("simple get closed", x, err)
	empty("simple empty closed")
	require.ErrorIs(t, s.Put(t, 1), pipe.ErrClosed)
}
