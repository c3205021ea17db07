package pool_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// A world is one that futures work in: it calls fn with a context of its own.
type world struct {
	name string
	run  func(t *testing.T, fn func(ctx context.Context))
}

func threaded(w gil.World, p gil.Profile) func(t *testing.T, fn func(ctx context.Context)) {
	return func(t *testing.T, fn func(ctx context.Context)) {
		require.NoError(t, w.Run(p, func(t *gil.Thread) { fn(t) }))
	}
}

func worlds() []world {
	return []world{
		{"no GIL", func(_ *testing.T, fn func(ctx context.Context)) { fn(context.Background()) }},
		{"live", threaded(gil.Live(), gil.CPython313)},
		{"live, free-threaded", threaded(gil.Live(), gil.CPython313T)},
		{"machine", threaded(gil.NewMachine(2), gil.CPython313)},
		{"machine, free-threaded", threaded(gil.NewMachine(2), gil.CPython313T)},
	}
}

func everyWorld(t *testing.T, fn func(t *testing.T, ctx context.Context)) {
	for _, w := range worlds() {
		t.Run(w.name, func(t *testing.T) { w.run(t, func(ctx context.Context) { fn(t, ctx) }) })
	}
}

// beside runs fn on another thread, or goroutine, of ctx's world and returns what
// waits for it.
func beside(ctx context.Context, fn func(ctx context.Context)) (join func()) {
	if t, ok := gil.Current(ctx); ok {
		other := t.Go("other", func(t *gil.Thread) { fn(t) })
		return func() { other.Join(t) }
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn(context.Background())
	}()
	return func() { <-done }
}

var errTask = errors.New("the task's own")

// made returns a future in each state there is.
func made(ctx context.Context, state string) *pool.Future[int] {
	f := pool.NewFuture[int]()
	switch state {
	case "running":
		_, _ = f.SetRunningOrNotifyCancel(ctx)
	case "cancelled":
		f.Cancel(ctx)
	case "notified":
		f.Cancel(ctx)
		_, _ = f.SetRunningOrNotifyCancel(ctx)
	case "failed":
		_ = f.SetException(ctx, errTask)
	case "finished":
		_ = f.SetResult(ctx, 42)
	}
	return f
}

// CPython: test_cancel, test_cancelled, test_done, test_running,
// test_result_with_timeout, test_exception_with_timeout, test_multiple_set_result,
// test_multiple_set_exception, test_repr.
func TestFutureStates(t *testing.T) {
	for _, c := range []struct {
		state                            string
		cancel, cancelled, running, done bool
		result                           error
		set                              string
		repr                             string
	}{
		{"pending", true, false, false, false, pool.ErrTimeout, "", "state=pending>"},
		{"running", false, false, true, false, pool.ErrTimeout, "", "state=running>"},
		{"cancelled", true, true, false, true, pool.ErrCancelled, "CANCELLED: <Future at ", "state=cancelled>"},
		{"notified", true, true, false, true, pool.ErrCancelled, "CANCELLED_AND_NOTIFIED: <Future at ", "state=cancelled>"},
		{"failed", false, false, false, true, errTask, "FINISHED: <Future at ", "state=finished raised *errors.errorString>"},
		{"finished", false, false, false, true, nil, "FINISHED: <Future at ", "state=finished returned int>"},
	} {
		t.Run(c.state, func(t *testing.T) {
			everyWorld(t, func(t *testing.T, ctx context.Context) {
				f := made(ctx, c.state)
				assert.Equal(t, c.cancelled, f.Cancelled(ctx))
				assert.Equal(t, c.running, f.Running(ctx))
				assert.Equal(t, c.done, f.Done(ctx))
				assert.Contains(t, f.String(), c.repr)
				v, err := f.TryResult(ctx)
				assert.ErrorIs(t, err, c.result)
				if c.result == nil {
					assert.Equal(t, 42, v)
				}
				_, err = f.ResultTimeout(ctx, time.Millisecond)
				assert.ErrorIs(t, err, c.result)
				assert.ErrorIs(t, f.ExceptionTimeout(ctx, time.Millisecond), c.result)
				if c.result == pool.ErrTimeout {
					assert.ErrorIs(t, err, context.DeadlineExceeded)
				}
				if c.set != "" {
					for _, err := range []error{f.SetResult(ctx, 1), f.SetException(ctx, errTask)} {
						var invalid *pool.InvalidStateError
						if assert.ErrorAs(t, err, &invalid) {
							assert.Contains(t, invalid.PythonText(), c.set)
							assert.Contains(t, invalid.PythonText(), c.repr)
						}
					}
				}
				if c.result != pool.ErrTimeout { // it stays as it is
					after, err := f.TryResult(ctx)
					assert.Equal(t, v, after)
					assert.ErrorIs(t, err, c.result)
				}
				assert.Equal(t, c.cancel, f.Cancel(ctx))
				assert.Equal(t, c.cancel, f.Cancelled(ctx))
				assert.Equal(t, c.running, f.Running(ctx))
				_, err = f.SetRunningOrNotifyCancel(ctx)
				assert.Equal(t, !c.cancel || c.state == "notified", err != nil)
			})
		})
	}
}

// set_running_or_notify_cancel: pending, cancelled (once), anything else.
func TestFutureBegins(t *testing.T) {
	everyWorld(t, func(t *testing.T, ctx context.Context) {
		ok, err := made(ctx, "pending").SetRunningOrNotifyCancel(ctx)
		assert.True(t, ok)
		assert.NoError(t, err)
		ok, err = made(ctx, "cancelled").SetRunningOrNotifyCancel(ctx)
		assert.False(t, ok)
		assert.NoError(t, err)
		for _, state := range []string{"running", "notified", "failed", "finished"} {
			ok, err = made(ctx, state).SetRunningOrNotifyCancel(ctx)
			assert.False(t, ok)
			var misuse *gil.RuntimeError
			if assert.ErrorAs(t, err, &misuse) {
				assert.Equal(t, "Future in unexpected state", misuse.PythonText())
			}
		}
	})
}

// CPython: test_result_with_success, test_result_with_cancel,
// test_exception_with_success.
func TestFutureWaits(t *testing.T) {
	everyWorld(t, func(t *testing.T, ctx context.Context) {
		for range 20 {
			a, b, c := pool.NewFuture[int](), pool.NewFuture[int](), pool.NewFuture[int]()
			join := beside(ctx, func(ctx context.Context) {
				assert.NoError(t, a.SetResult(ctx, 42))
				assert.NoError(t, b.SetException(ctx, errTask))
				assert.True(t, c.Cancel(ctx))
			})
			v, err := a.Result(ctx)
			assert.NoError(t, err)
			assert.Equal(t, 42, v)
			assert.NoError(t, a.Exception(ctx))
			assert.ErrorIs(t, b.Exception(ctx), errTask)
			_, err = c.Result(ctx)
			assert.ErrorIs(t, err, pool.ErrCancelled)
			join()
		}
	})
}

// A wait ends with its context, and the future goes on.
func TestFutureContext(t *testing.T) {
	everyWorld(t, func(t *testing.T, ctx context.Context) {
		f := pool.NewFuture[int]()
		end, cancel := context.WithCancel(ctx)
		if th, ok := gil.Current(ctx); ok {
			end, cancel = gil.WithCancel(th)
		}
		join := beside(ctx, func(context.Context) { cancel() })
		_, err := f.Result(end)
		assert.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, pool.ErrTimeout)
		join()
		_, err = f.Result(end)
		assert.ErrorIs(t, err, context.Canceled)
		assert.NoError(t, f.SetResult(ctx, 1))
		v, err := f.Result(end)
		assert.NoError(t, err, "what is there needs no wait")
		assert.Equal(t, 1, v)
	})
}

// CPython: test_done_callback_with_result, _with_exception, _with_cancel, _raises,
// _already_successful, _already_failed, _already_cancelled,
// _raises_already_succeeded.
func TestFutureCallbacks(t *testing.T) {
	for _, state := range []string{"cancelled", "failed", "finished"} {
		everyWorld(t, func(t *testing.T, ctx context.Context) {
			said := stderrOf(t, func() {
				var calls []int
				call := func(n int) func(ctx context.Context, f *pool.Future[int]) {
					return func(ctx context.Context, f *pool.Future[int]) {
						assert.True(t, f.Done(ctx))
						v, err := f.TryResult(ctx)
						switch state {
						case "cancelled":
							assert.True(t, f.Cancelled(ctx))
							assert.ErrorIs(t, err, pool.ErrCancelled)
						case "failed":
							assert.Equal(t, errTask, err)
							assert.Equal(t, errTask, f.ExceptionTimeout(ctx, 0))
						case "finished":
							assert.NoError(t, err)
							assert.Equal(t, 42, v)
						}
						calls = append(calls, n)
						if n == 2 {
							panic("doh!")
						}
					}
				}
				f := pool.NewFuture[int]()
				f.AddDoneCallback(ctx, call(1))
				f.AddDoneCallback(ctx, call(2))
				f.AddDoneCallback(ctx, call(3))
				assert.Empty(t, calls)
				switch state {
				case "cancelled":
					assert.True(t, f.Cancel(ctx))
				case "failed":
					assert.NoError(t, f.SetException(ctx, errTask))
				case "finished":
					assert.NoError(t, f.SetResult(ctx, 42))
				}
				assert.Equal(t, []int{1, 2, 3}, calls)
				assert.Equal(t, state == "cancelled", f.Cancel(ctx))
				assert.Equal(t, []int{1, 2, 3}, calls, "once each")
				f.AddDoneCallback(ctx, call(2))
				f.AddDoneCallback(ctx, call(4))
				assert.Equal(t, []int{1, 2, 3, 2, 4}, calls)
			})
			assert.Equal(t, 2, strings.Count(said, "exception calling callback for <Future at 0x"), said)
			assert.Equal(t, 2, strings.Count(said, "doh!\n"), said)
			assert.Contains(t, said, "future_test.go", "the stack")
		})
	}
}

// stderrOf returns what is written to stderr while fn runs.
func stderrOf(t *testing.T, fn func()) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	require.NoError(t, err)
	defer file.Close()
	func() {
		before := os.Stderr
		os.Stderr = file
		defer func() { os.Stderr = before }()
		fn()
	}()
	text, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	return string(text)
}

// Waiters are woken before callbacks are called, so that a callback may wait for them.
func TestWaitersBeforeCallbacks(t *testing.T) {
	everyWorld(t, func(t *testing.T, ctx context.Context) {
		f, seen := pool.NewFuture[int](), pool.NewFuture[int]()
		var returned atomic.Bool
		join := beside(ctx, func(ctx context.Context) {
			v, err := f.Result(ctx)
			returned.Store(true)
			assert.NoError(t, err)
			assert.NoError(t, seen.SetResult(ctx, v+1))
		})
		blocked(t, ctx, &returned, "pool.(*Future[...]).Result")
		f.AddDoneCallback(ctx, func(ctx context.Context, _ *pool.Future[int]) {
			v, err := seen.Result(ctx)
			assert.NoError(t, err)
			assert.Equal(t, 43, v)
		})
		assert.NoError(t, f.SetResult(ctx, 42))
		join()
	})
}

// set_exception(None) ends as the result None.
func TestFutureNoException(t *testing.T) {
	ctx := context.Background()
	f := pool.NewFuture[int]()
	require.NoError(t, f.SetException(ctx, nil))
	v, err := f.Result(ctx)
	require.NoError(t, err)
	require.Zero(t, v)
}

// CPython: WaitTests.test_20369, test_first_completed,
// test_first_completed_some_already_completed, test_first_exception,
// test_first_exception_some_already_complete,
// test_first_exception_one_already_failed, test_all_completed, test_timeout.
func TestWait(t *testing.T) {
	for _, c := range []struct {
		name       string
		states     []string // before
		then       []string // what the futures become, one after the other
		when       pool.ReturnWhen
		done, rest []int
		late       bool // nothing more happens: it takes a time limit
	}{
		{"nothing", nil, nil, pool.AllCompleted, nil, nil, false},
		{"all", []string{"pending", "pending"}, []string{"finished", "failed"}, pool.AllCompleted, []int{0, 1}, nil, false},
		{"all, twice", []string{"finished", "0"}, nil, pool.AllCompleted, []int{0}, nil, false},
		{"first", []string{"pending", "pending"}, []string{"", "finished"}, pool.FirstCompleted, []int{1}, []int{0}, false},
		{"first, is", []string{"cancelled", "notified", "pending"}, nil, pool.FirstCompleted, []int{0, 1}, []int{2}, false},
		{"exception", []string{"pending", "pending", "pending"}, []string{"finished", "failed"}, pool.FirstException, []int{0, 1}, []int{2}, false},
		{"exception, cancelled is none", []string{"cancelled", "finished", "pending"}, nil, pool.FirstException, []int{0, 1}, []int{2}, true},
		{"exception, is", []string{"failed", "pending"}, nil, pool.FirstException, []int{0}, []int{1}, false},
		{"exception, there is none", []string{"pending"}, []string{"finished"}, pool.FirstException, []int{0}, nil, false},
		{"exception, a result is none", []string{"finished", "running"}, nil, pool.FirstException, []int{0}, []int{1}, true},
		{"timeout", []string{"finished", "pending"}, nil, pool.AllCompleted, []int{0}, []int{1}, true},
		{"timeout, a failure is not all", []string{"failed", "pending"}, nil, pool.AllCompleted, []int{0}, []int{1}, true},
		{"timeout, of the first", []string{"running", "pending"}, nil, pool.FirstCompleted, nil, []int{0, 1}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			everyWorld(t, func(t *testing.T, ctx context.Context) {
				var fs []*pool.Future[int]
				for _, s := range c.states {
					if s == "0" {
						fs = append(fs, fs[0])
						continue
					}
					fs = append(fs, made(ctx, s))
				}
				join := beside(ctx, func(ctx context.Context) {
					for i, s := range c.then {
						switch s {
						case "finished":
							assert.NoError(t, fs[i].SetResult(ctx, 1))
						case "failed":
							assert.NoError(t, fs[i].SetException(ctx, errTask))
						}
					}
				})
				wait := func() (done, rest []*pool.Future[int], err error) { return pool.Wait(ctx, fs, c.when) }
				if c.late {
					wait = func() (done, rest []*pool.Future[int], err error) {
						return pool.WaitTimeout(ctx, fs, c.when, time.Second/50)
					}
				}
				began := now(ctx)
				done, rest, err := wait()
				assert.NoError(t, err)
				if c.late { // what it waited for did not come
					assert.GreaterOrEqual(t, now(ctx)-began, time.Second/50)
				}
				pick := func(is []int) (out []*pool.Future[int]) {
					for _, i := range is {
						out = append(out, fs[i])
					}
					return out
				}
				assert.Equal(t, pick(c.done), done)
				assert.Equal(t, pick(c.rest), rest)
				join()
			})
		})
	}
}

// now is the time of the world that ctx is of.
func now(ctx context.Context) time.Duration {
	if th := thread(ctx); th != nil {
		return th.Now()
	}
	return time.Since(started)
}

var started = time.Now()

// An unknown condition is refused always; CPython looks at it only when something is
// unfinished.
func TestWaitCondition(t *testing.T) {
	_, _, err := pool.Wait[int](context.Background(), nil, "x")
	var bad *gil.ValueError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, "Invalid return condition: 'x'", bad.PythonText())
}

// CPython: AsCompletedTests.test_no_timeout, test_future_times_out,
// test_duplicate_futures, test_correct_timeout_exception_msg.
func TestAsCompleted(t *testing.T) {
	everyWorld(t, func(t *testing.T, ctx context.Context) {
		fs := []*pool.Future[int]{made(ctx, "pending"), made(ctx, "pending"), made(ctx, "finished"), made(ctx, "pending"), made(ctx, "cancelled")}
		fs = append(fs, fs[0])
		// Each is finished when the one before has been yielded.
		want := []*pool.Future[int]{fs[2], fs[4], fs[3], fs[0], fs[1]}
		var got []*pool.Future[int]
		for f, err := range pool.AsCompleted(ctx, fs) {
			assert.NoError(t, err)
			if got = append(got, f); len(got) >= 2 && len(got) < len(want) {
				assert.NoError(t, want[len(got)].SetResult(ctx, 1))
			}
		}
		assert.Equal(t, want, got)

		fs = []*pool.Future[int]{made(ctx, "pending"), made(ctx, "finished"), made(ctx, "running")}
		n := 0
		for f, err := range pool.AsCompletedTimeout(ctx, fs, 0) {
			if n++; n == 1 {
				assert.Equal(t, fs[1], f)
				continue
			}
			assert.Nil(t, f)
			assert.ErrorIs(t, err, pool.ErrTimeout)
			var python interface{ PythonText() string }
			if assert.ErrorAs(t, err, &python) {
				assert.Equal(t, "2 (of 3) futures unfinished", python.PythonText())
			}
		}
		assert.Equal(t, 2, n)
	})
}
