package asyncio_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// testdata/suites.txt maps the cases of CPython 3.13's own suites to ours, or says
// why there is none. The tests of this file are cases that nothing else covers.

// TestSuitesTable: every line of the table names tests that exist, experiments of
// TestOrder, operations of TestDifferential, or a reason.
func TestSuitesTable(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	tests := map[string]bool{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`func ((?:Test|Example)\w*)\(`).FindAllStringSubmatch(string(b), -1) {
			tests[m[1]] = true
		}
	}
	asked := map[string]bool{}
	for _, group := range experiments {
		for _, e := range group {
			asked[e.name] = true
		}
	}
	ops, err := os.ReadFile("fuzz_ops_test.go")
	require.NoError(t, err)
	b, err := os.ReadFile(filepath.Join("testdata", "suites.txt"))
	require.NoError(t, err)
	counts := map[string]int{}
	suite := ""
	for n, line := range strings.Split(string(b), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "suite "); ok {
			suite = name
			continue
		}
		name, target, ok := strings.Cut(line, ": ")
		require.True(t, ok && name != "" && target != "", "line %d", n+1)
		counts[suite]++
		kind, what, _ := strings.Cut(target, " ")
		switch kind {
		case "order":
			for _, e := range strings.Fields(what) {
				require.True(t, asked[e], "line %d: no experiment %s", n+1, e)
			}
		case "test":
			for _, e := range strings.Fields(what) {
				require.True(t, tests[e], "line %d: no test %s", n+1, e)
			}
		case "programs":
			for _, e := range strings.Fields(what) {
				require.Contains(t, string(ops), `"`+e+`"`, "line %d", n+1)
			}
		case "go":
			require.NotEmpty(t, what, "line %d", n+1)
		default:
			t.Errorf("line %d: what is %q?", n+1, kind)
		}
	}
	require.Equal(t, map[string]int{
		"test_taskgroups": 39, "test_timeouts": 34, "test_waitfor": 19, "test_locks": 75, "test_queues": 41,
		"test_futures": 57, "test_runners": 29, "test_tasks": 160,
	}, counts)
}

// virtually runs main in a loop on a machine.
func virtually(t *testing.T, main func(co *asyncio.Co) error) {
	t.Helper()
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) { return nil, main(co) }, asyncio.WithLog(func(string) {}))
		require.NoError(th, err)
	})
	require.NoError(t, err)
}

func TestTimeoutDisabled(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		return asyncio.TimeoutWith(co, time.Second, func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
			when, limited := s.When()
			require.True(t, limited)
			require.Equal(t, time.Second, when)
			require.NoError(t, s.Disable())
			_, limited = s.When()
			require.False(t, limited)
			return co.Sleep(time.Hour)
		})
	})
}

func TestTimeoutForeignError(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		boom := errors.New("boom")
		var scope *asyncio.TimeoutScope
		err := asyncio.TimeoutWith(co, time.Second, func(co *asyncio.Co, s *asyncio.TimeoutScope) error {
			scope = s
			_ = co.Sleep(time.Hour) // swallows the cancellation, and fails
			return boom
		})
		require.Equal(t, boom, err)
		require.True(t, scope.Expired())
		require.Zero(t, co.Cancelling())
		require.ErrorAs(t, scope.Reschedule(0), new(*gil.RuntimeError))
		require.ErrorAs(t, scope.Disable(), new(*gil.RuntimeError))
		return co.Sleep(0)
	})
}

func TestTimeoutInDeferredAndAfterCancel(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		task := asyncio.Go(co, "", func(co *asyncio.Co) (_ any, err error) {
			defer func() {
				inner := asyncio.Timeout(co, time.Second, func(co *asyncio.Co) error { return co.Sleep(time.Hour) })
				require.ErrorIs(t, inner, asyncio.ErrTimeout) // also in a task that was cancelled before
				require.Equal(t, 1, co.Cancelling())
			}()
			return nil, co.Sleep(time.Hour)
		})
		_ = co.Sleep(time.Second)
		task.Cancel()
		_, err := task.Await(co)
		require.ErrorIs(t, err, asyncio.ErrCancelled)
		require.Equal(t, 2*time.Second, co.Now())
		return nil
	})
}

func TestTimeoutAtInThePast(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		_ = co.Sleep(time.Second)
		err := asyncio.TimeoutAt(co, 0, func(co *asyncio.Co, _ *asyncio.TimeoutScope) error { return co.Sleep(time.Hour) })
		require.ErrorIs(t, err, asyncio.ErrTimeout)
		require.Equal(t, time.Second, co.Now())
		return nil
	})
}

// barrier starts n tasks that wait at b and returns how they ended.
func barrier(co *asyncio.Co, b *asyncio.Barrier, n int) []*asyncio.Task[int] {
	var ts []*asyncio.Task[int]
	for range n {
		ts = append(ts, asyncio.Go(co, "", b.Wait))
	}
	_ = co.Sleep(0)
	return ts
}

func TestBarrierRounds(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		b := asyncio.NewBarrier(2)
		ts := barrier(co, b, 5) // two rounds and one that is left
		_ = co.Sleep(time.Second)
		require.Equal(t, 2, b.Parties())
		require.Equal(t, 1, b.NWaiting())
		sum := 0
		for _, x := range ts {
			if x.Done() {
				i, err := x.Result()
				require.NoError(t, err)
				sum += 1 + i
			}
		}
		require.Equal(t, 6, sum) // 0 and 1, twice
		last, err := b.Wait(co)
		require.NoError(t, err)
		require.Equal(t, 1, last)
		return nil
	})
}

func TestBarrierReset(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		b := asyncio.NewBarrier(3)
		ts := barrier(co, b, 2)
		require.Equal(t, 2, b.NWaiting())
		require.NoError(t, b.Reset(co))
		for _, x := range ts {
			_, err := x.Await(co)
			require.ErrorIs(t, err, asyncio.ErrBrokenBarrier)
		}
		require.False(t, b.Broken())
		require.NoError(t, b.Reset(co)) // an empty one
		for _, x := range barrier(co, b, 3) {
			_, err := x.Await(co)
			require.NoError(t, err)
		}
		return nil
	})
}

func TestBarrierAbortThenReset(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		b := asyncio.NewBarrier(2)
		require.NoError(t, b.Abort(co))
		require.True(t, b.Broken())
		_, err := b.Wait(co)
		require.ErrorIs(t, err, asyncio.ErrBrokenBarrier)
		require.NoError(t, b.Reset(co))
		require.False(t, b.Broken())
		ts := barrier(co, b, 2)
		for _, x := range ts {
			_, err := x.Await(co)
			require.NoError(t, err)
		}
		return nil
	})
}

func TestBarrierCancelOne(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		b := asyncio.NewBarrier(2)
		ts := barrier(co, b, 1)
		ts[0].Cancel()
		_, err := ts[0].Await(co)
		require.ErrorIs(t, err, asyncio.ErrCancelled)
		require.Zero(t, b.NWaiting())
		for _, x := range barrier(co, b, 2) {
			_, err := x.Await(co)
			require.NoError(t, err)
		}
		return nil
	})
}

func TestRemoveDoneCallback(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		for removed := range 3 {
			f := asyncio.NewFuture[int](co.Loop())
			out := ""
			var remove [3]func() int
			for i, n := range []string{"a", "b", "c"} {
				remove[i] = f.AddDoneCallback(func(*asyncio.Future[int]) { out += n })
			}
			require.Equal(t, 1, remove[removed]())
			require.Zero(t, remove[removed]())
			require.NoError(t, f.SetError(errors.New("x")))
			require.Error(t, f.Err())
			require.NoError(t, co.Sleep(0))
			require.Equal(t, []string{"bc", "ac", "ab"}[removed], out)
		}
		return nil
	})
}

func TestOtherLoop(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		r, err := asyncio.NewRunner(th)
		require.NoError(th, err)
		foreign := asyncio.NewFuture[any](r.Loop())
		_, err = asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			_, err := foreign.Await(co)
			var r *gil.RuntimeError
			require.ErrorAs(th, err, &r)
			require.Equal(th, "Task got Future attached to a different loop", r.PythonText())
			_, err = asyncio.GatherFutures(co, asyncio.Awaiter[any](foreign))
			require.ErrorAs(th, err, new(*gil.ValueError))
			return nil, nil
		})
		require.NoError(th, err)
		require.NoError(th, r.Close())
	})
	require.NoError(t, err)
}

func TestOneLoopPerPrimitive(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		var e asyncio.Event
		wait := func(co *asyncio.Co) (any, error) {
			return nil, asyncio.Timeout(co, time.Second, e.Wait)
		}
		_, err := asyncio.Run(th, wait)
		require.ErrorIs(th, err, asyncio.ErrTimeout)
		_, err = asyncio.Run(th, wait)
		var r *gil.RuntimeError
		require.ErrorAs(th, err, &r)
		require.Equal(th, "Event is bound to a different event loop", r.PythonText())
	})
	require.NoError(t, err)
}

func TestGroupPanics(t *testing.T) {
	virtually(t, func(co *asyncio.Co) error {
		cancelled := false
		err := asyncio.Group(co, func(g *asyncio.TaskGroup) error {
			require.NoError(t, g.Go("", func(co *asyncio.Co) error {
				err := co.Sleep(time.Hour)
				cancelled = isCancelled(err)
				return err
			}))
			_ = co.Sleep(0)
			panic("boom")
		})
		var g *asyncio.GroupError
		var p *asyncio.PanicError
		require.ErrorAs(t, err, &g)
		require.ErrorAs(t, err, &p)
		require.True(t, cancelled)
		return nil
	})
}

func TestSystemExit(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			asyncio.Go(co, "", func(*asyncio.Co) (any, error) { return nil, &asyncio.SystemExit{Code: 3} })
			return nil, co.Sleep(time.Hour)
		}, asyncio.WithLog(func(string) {}))
		require.EqualError(th, err, "asyncio: exit 3")
	})
	require.NoError(t, err)
}
