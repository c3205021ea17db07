package pool_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// A function that is none is an error, as Python's None is, and harms nobody: it was a nil
// pointer in the caller.
func TestNilFunction(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		for _, none := range []pool.Function[int, int]{nil, (*process.Func[int, int])(nil)} {
			verbs := map[string]func() error{
				"Submit":    func() error { return pool.Submit(ctx, ex, none, 1).Exception(ctx) },
				"TrySubmit": func() error { _, err := pool.TrySubmit(ctx, ex, none, 1); return err },
				"Apply":     func() error { _, err := pool.Apply(ctx, ex, none, 1); return err },
				"Map":       func() error { _, err := pool.Map(ctx, ex, none, upTo(3)); return err },
				"MapAsync":  func() error { return pool.MapAsync(ctx, ex, none, upTo(3)).Future().Exception(ctx) },
				"MapOn": func() error {
					_, errs := collect(pool.MapOn(ctx, ex, none, upTo(3)))
					return slices.Concat(errs, []error{nil})[0]
				},
				"IMap": func() error {
					_, errs := collect(pool.IMap(ctx, ex, none, slices.Values(upTo(3)), pool.WithChunkSize(2)))
					return slices.Concat(errs, []error{nil})[0]
				},
			}
			for name, call := range verbs {
				var bad *gil.ValueError
				if assert.ErrorAs(t, call(), &bad, "%s of a %T", name, none) {
					assert.Equal(t, "'NoneType' object is not callable", bad.PythonText())
				}
			}
		}
		assert.Zero(t, statsOf(ctx, ex).Submitted)
		v, err := pool.Apply(ctx, ex, square, 5)
		assert.NoError(t, err)
		assert.Equal(t, 25, v)
	})
	_, err := pool.NewProcessExecutor(t.Context(), 1, pool.WithInitializer((*process.Func[int, int])(nil), 0))
	var bad *gil.ValueError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, "initializer must be a callable", bad.PythonText())
}

// A callback that is none is not called.
func TestNilCallbacks(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		called := false
		v, err := pool.ApplyAsync(ctx, ex, square, 3, pool.WithCallback[int](nil), pool.WithErrorCallback(func(context.Context, error) { called = true })).Get(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 9, v)
		assert.False(t, called)
		_, err = pool.ApplyAsync(ctx, ex, divide, 0, pool.WithCallback(func(context.Context, int) { called = true }), pool.WithErrorCallback(nil)).Get(ctx)
		assert.Error(t, err)
		assert.False(t, called)
		out, err := pool.Map(ctx, ex, square, upTo(3), pool.WithProgress(nil))
		assert.NoError(t, err)
		assert.Equal(t, squares(3), out)
	})
}

// A future that is none is an error of Wait and AsCompleted, and the others keep nothing of
// it.
func TestNilFutures(t *testing.T) {
	ctx := t.Context()
	f := pool.NewFuture[int]()
	fs := []*pool.Future[int]{f, nil, f}
	_, _, err := pool.Wait(ctx, fs, pool.AllCompleted)
	var bad *gil.ValueError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, "pool: future 1 of 3 is nil", bad.Error())
	got, errs := collect(pool.AsCompleted(ctx, fs))
	assert.Empty(t, got)
	require.Len(t, errs, 1)
	require.ErrorAs(t, errs[0], &bad)
	require.NoError(t, f.SetResult(ctx, 1))
}

// "As many as there can be" is a number of workers, and of items: a chunk of so many was a
// map that never ended, and so many workers a division by zero.
func TestHugeNumbers(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		for _, n := range []int{math.MaxInt, math.MaxInt - 1, math.MaxInt/4 + 1} {
			ex := f.make(ctx, n)
			for _, opts := range [][]pool.Option{nil, {pool.WithChunkSize(n)}} {
				out, err := pool.Map(ctx, ex, square, upTo(3), opts...)
				assert.NoError(t, err)
				assert.Equal(t, squares(3), out)
				out, err = pool.MapAsync(ctx, ex, square, upTo(3), opts...).Get(ctx)
				assert.NoError(t, err)
				assert.Equal(t, squares(3), out)
				for _, buffer := range [][]pool.Option{nil, {pool.WithBufferSize(n)}} {
					opts := slices.Concat(opts, buffer)
					out, errs := collect(pool.MapOn(ctx, ex, square, upTo(3), opts...))
					assert.Empty(t, errs)
					assert.Equal(t, squares(3), out)
					out, errs = collect(pool.IMap(ctx, ex, square, slices.Values(upTo(3)), opts...))
					assert.Empty(t, errs)
					assert.Equal(t, squares(3), out)
				}
			}
			assert.NoError(t, pool.Shutdown(ctx, ex))
		}
	})
}

// What a callback may do: ask its own future, submit, and end the executor without waiting
// for it.
func TestCallbacksThatAct(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 2)
		told, more := pool.NewFuture[string](), pool.NewFuture[*pool.Future[int]]()
		pool.Submit(ctx, ex, square, 3).AddDoneCallback(ctx, func(ctx context.Context, f *pool.Future[int]) {
			v, err := f.Result(ctx)
			_ = more.SetResult(ctx, pool.Submit(ctx, ex, square, v))
			end := pool.Shutdown(ctx, ex, pool.WithWait(false))
			_ = told.SetResult(ctx, fmt.Sprint(v, err, f.Cancel(ctx), end))
		})
		text, err := told.Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, "9 <nil> false <nil>", text)
		v, err := must(more.Result(ctx)).Result(ctx)
		assert.NoError(t, err)
		assert.Equal(t, 81, v, "it was submitted before the end")
		assert.ErrorIs(t, pool.Submit(ctx, ex, square, 1).Exception(ctx), pool.ErrShutdown)
		assert.NoError(t, pool.Shutdown(ctx, ex))
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithCancelFutures()), "again")
	})
}

// A task that waits for its executor's end would wait for itself: it is told so, wherever it
// runs, as is an interpreter that has not made the executor.
func TestShutdownInATask(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		if f.remote {
			return // it is not there
		}
		ex := f.make(ctx, 2)
		_, err := pool.Apply(ctx, ex, pool.Func(func(t *gil.Thread, _ int) (int, error) { return 0, pool.Shutdown(t, ex) }), 0)
		var misused *gil.RuntimeError
		assert.ErrorAs(t, err, &misused)
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
	require.NoError(t, gil.Live().Run(gil.CPython314, func(th *gil.Thread) {
		ex := pool.NewThreadExecutor(th, 1)
		assert.NoError(t, th.NewInterpreter().Run(func(other *gil.Thread) {
			assert.ErrorContains(t, pool.Submit(other, ex, square, 3).Exception(other), "another interpreter")
			assert.ErrorContains(t, ex.Shutdown(other), "another interpreter")
		}))
		assert.NoError(t, ex.Shutdown(th))
	}))
}

// Of the idle workers the one that became so last is given the next task: it is the one whose
// memory is warm, and the others may be let go.
func TestLastIdleFirst(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		ex := f.make(ctx, 3)
		for _, last := range []int{0, 1, 2} {
			s, end := newScript(t)
			var fs []*pool.Future[string]
			for i := range 3 { // one after the other, so that each is somebody's
				fs = append(fs, pool.Submit(ctx, ex, signed, s.step(fmt.Sprint(i), fmt.Sprint(i))))
				s.await(ctx, i+1)
			}
			order := append(slices.DeleteFunc(upTo(3), func(i int) bool { return i == last }), last)
			var names []string
			for n, i := range order {
				s.open(fmt.Sprint(i))
				name, err := fs[i].Result(ctx)
				assert.NoError(t, err)
				names = append(names, name)
				until(t, ctx, func() bool { return statsOf(ctx, ex).Idle == n+1 })
			}
			for range 3 {
				name, err := pool.Submit(ctx, ex, signed, s.step("next")).Result(ctx)
				assert.NoError(t, err)
				assert.Equal(t, names[2], name, "of %v", names)
				until(t, ctx, func() bool { return statsOf(ctx, ex).Idle == 3 })
			}
			end()
		}
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

// signed is noted that returns the name of its worker.
var signed = process.Define("pool_test.signed", func(t *gil.Thread, s step) (string, error) {
	_, err := noted.Run(t, s)
	if p := process.Current(t); p.Name() != "MainProcess" {
		return p.Name(), err
	}
	return t.Name(), err
})

// The places of WithMaxPending are free again when an initializer has failed, whoever had
// them: what comes later is refused, and does not wait for room.
func TestMaxPendingOfABrokenOne(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		if f.name == "interpreters" || f.name == "interpreters, machine" {
			return // they do not have it
		}
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 1, pool.WithMaxPending(2), pool.WithInitializer(notedAndFails, s.step("fails", "both")))
		fs := []*pool.Future[int]{pool.Submit(ctx, ex, square, 1), pool.Submit(ctx, ex, square, 2)}
		s.open("both")
		for range 4 {
			fs = append(fs, pool.Submit(ctx, ex, square, 3))
		}
		for _, f := range fs {
			assert.ErrorIs(t, f.Exception(ctx), pool.ErrBroken)
		}
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

var notedAndFails = process.Define("pool_test.notedAndFails", func(t *gil.Thread, s step) (int, error) {
	_, _ = noted.Run(t, s)
	return 0, fmt.Errorf("no")
})

// A callback may wait for another task of its executor, also when there is one worker only;
// callbacks are called in the order of the answers, and the end waits for them. CPython's
// wait for ever: who would hear the answer calls the callback.
func TestCallbacksThatWait(t *testing.T) {
	ctx := t.Context()
	x, err := pool.NewProcessExecutor(ctx, 1)
	require.NoError(t, err)
	var told []int
	for n := range 3 {
		pool.Submit(ctx, x, square, n).AddDoneCallback(ctx, func(ctx context.Context, f *pool.Future[int]) {
			v, err := f.Result(ctx)
			assert.NoError(t, err)
			w, err := pool.Submit(ctx, x, square, v+10).Result(ctx)
			assert.NoError(t, err)
			told = append(told, v, w)
			if n == 1 {
				runtime.Goexit() // the others are called all the same
			}
		})
	}
	until(t, ctx, func() bool { return x.Stats(ctx).Completed == 6 })
	require.NoError(t, x.Shutdown(ctx))
	assert.Equal(t, []int{0, 100, 1, 121, 4, 196}, told)
}
