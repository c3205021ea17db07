package pool_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// CPython: test_map_submits_without_iteration: everything is submitted at the call, and done
// although nobody looks, also when the executor is shut down.
func TestMapOnIsEager(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 2)
		_ = pool.MapOn(ctx, ex, noted, s.steps("a", "b", "c"))
		assert.Equal(t, 3, statsOf(ctx, ex).Submitted)
		s.await(ctx, 3)
		_ = pool.MapOn(ctx, ex, noted, s.steps("d", "e", "f", "g"), pool.WithChunkSize(2))
		assert.Equal(t, 5, statsOf(ctx, ex).Submitted, "a chunk is one task")
		assert.NoError(t, pool.Shutdown(ctx, ex))
		begun := s.begun()
		slices.Sort(begun)
		assert.Equal(t, []string{"a", "b", "c", "d", "e", "f", "g"}, begun)
	})
}

// CPython: test_map_timeout: what is there in time is yielded, then the error, then nothing.
func TestMapTimeout(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 2)
		seq := pool.MapOn(ctx, ex, noted, []step{s.step("a"), s.step("b"), s.step("c", "gate")}, pool.WithTimeout(0))
		until(t, ctx, func() bool { return statsOf(ctx, ex).Completed == 2 })
		next, stop := iter.Pull2(seq)
		for _, want := range []string{"a", "b"} {
			v, err, ok := next()
			assert.True(t, ok)
			assert.NoError(t, err)
			assert.Equal(t, want, v)
		}
		_, err, ok := next()
		assert.True(t, ok)
		assert.ErrorIs(t, err, pool.ErrTimeout)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		for range 2 {
			_, _, ok = next()
			assert.False(t, ok, "it is exhausted")
		}
		stop()
		s.open("gate")
		assert.NoError(t, pool.Shutdown(ctx, ex))
	})
}

// The time of a map begins with its call, not with its loop, and is that of the whole.
func TestMapTimeoutExact(t *testing.T) {
	for _, f := range flavours() {
		if !f.virtual {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				th := thread(ctx)
				ex := f.make(ctx, 3)
				assert.NoError(t, pool.Submit(ctx, ex, square, 3).Exception(ctx))
				began := th.Now()
				seq := pool.MapOn(ctx, ex, nap, []time.Duration{0, 8 * time.Second, time.Minute}, pool.WithTimeout(10*time.Second))
				th.Sleep(7 * time.Second)
				out, errs := collect(seq)
				assert.Equal(t, []time.Duration{0, 8 * time.Second}, out)
				if assert.Len(t, errs, 1) {
					assert.ErrorIs(t, errs[0], pool.ErrTimeout)
				}
				assert.InDelta(t, 10, (th.Now() - began).Seconds(), 0.1)
				assert.NoError(t, pool.Shutdown(ctx, ex))
			})
		})
	}
}

// CPython: test_executor_map_current_future_cancel: a map that has run out of time cancels
// the item it waited for and those behind it.
func TestMapTimeoutCancels(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		s.await(ctx, 1)
		out, errs := collect(pool.MapOn(ctx, ex, noted, s.steps("second", "third"), pool.WithTimeout(0)))
		assert.Empty(t, out)
		assert.Len(t, errs, 1)
		last := pool.Submit(ctx, ex, noted, s.step("last"))
		s.open("gate")
		assert.NoError(t, first.Exception(ctx))
		assert.NoError(t, last.Exception(ctx))
		assert.Equal(t, []string{"first", "last"}, s.begun())
	})
}

// CPython: test_map_close, test_map_exception: a loop that is left, or that an error has
// ended, cancels what has not begun; what it has taken is done.
func TestMapLeft(t *testing.T) {
	for _, how := range []string{"break", "error", "buffered"} {
		with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
			s, end := newScript(t)
			defer end()
			opts := []pool.Option{}
			if how == "buffered" {
				opts = append(opts, pool.WithBufferSize(2))
			}
			items := []step{s.step("a", "first"), s.step("b", "second"), s.step("c", "second"), s.step("d", "second"), s.step("e", "second")}
			if how == "error" {
				items[0].Dir = "/nowhere"
				items[0].Gate = ""
			} else {
				s.open("first")
			}
			blocker := pool.Submit(ctx, ex, noted, s.step("blocker", "blocker"))
			s.await(ctx, 1)
			seq := pool.MapOn(ctx, ex, noted, items, opts...)
			s.open("blocker")
			n := 0
			for v, err := range seq {
				n++
				if how == "error" {
					assert.ErrorContains(t, err, "nowhere")
					continue // there is nothing more
				}
				assert.NoError(t, err)
				assert.Equal(t, "a", v)
				break
			}
			assert.Equal(t, 1, n)
			last := pool.Submit(ctx, ex, noted, s.step("last"))
			s.open("second")
			assert.NoError(t, blocker.Exception(ctx))
			assert.NoError(t, last.Exception(ctx))
			begun := s.begun()
			for _, name := range []string{"c", "d", "e"} { // b may have begun
				assert.NotContains(t, begun, name, how)
			}
			assert.Equal(t, "last", begun[len(begun)-1])
			for range seq {
				assert.Fail(t, "a loop that has been left has nothing more")
			}
		})
	}
}

// CPython 3.14: test_map_buffersize, test_map_buffersize_when_buffer_is_full: at the call as
// many tasks are submitted as the buffer holds, and one more with each result that is asked
// for.
func TestMapBufferSize(t *testing.T) {
	with(t, 2, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		for _, c := range []struct{ buffer, chunk, items int }{{1, 1, 6}, {2, 1, 6}, {6, 1, 6}, {9, 1, 6}, {2, 2, 7}, {1, 5, 3}} {
			before := statsOf(ctx, ex).Submitted
			submitted := func() int { return statsOf(ctx, ex).Submitted - before }
			all := (c.items + c.chunk - 1) / c.chunk
			next, stop := iter.Pull2(pool.MapOn(ctx, ex, square, upTo(c.items), pool.WithBufferSize(c.buffer), pool.WithChunkSize(c.chunk)))
			assert.Equal(t, min(c.buffer, all), submitted(), "%v", c)
			for i := range c.items {
				v, err, ok := next()
				assert.True(t, ok)
				assert.NoError(t, err)
				assert.Equal(t, i*i, v)
				assert.Equal(t, min(c.buffer+i/c.chunk+1, all), submitted(), "%v: after %d", c, i)
			}
			_, _, ok := next()
			assert.False(t, ok)
			stop()
		}
		// CPython 3.14: test_map_buffersize_on_empty_iterable, _without_iterable
		out, errs := collect(pool.MapOn(ctx, ex, square, []int{}, pool.WithBufferSize(2)))
		assert.Empty(t, out)
		assert.Empty(t, errs)
	})
}

// CPython: test_imap_unordered: results come as they are there, not in the order of items.
func TestIMapUnorderedOrder(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		s, end := newScript(t)
		defer end()
		items := []step{s.step("late", "gate")}
		for i := range 5 {
			items = append(items, s.step(fmt.Sprint(i)))
		}
		var got []string
		for v, err := range pool.IMapUnordered(ctx, p, noted, slices.Values(items)) {
			assert.NoError(t, err)
			if got = append(got, v); len(got) == 5 {
				s.open("gate")
			}
		}
		assert.Equal(t, []string{"0", "1", "2", "3", "4", "late"}, got)
	})
}

// CPython: test_imap: results come in the order of items, whatever is done first.
func TestIMapOrder(t *testing.T) {
	withPool(t, 2, func(t *testing.T, ctx context.Context, p *pool.Pool) {
		s, end := newScript(t)
		defer end()
		items := append([]step{s.step("late", "gate")}, s.steps("0", "1", "2")...)
		join := beside(ctx, func(ctx context.Context) {
			s.await(ctx, 4)
			until(t, ctx, func() bool { return p.Stats(ctx).Completed == 3 })
			s.open("gate")
		})
		out, errs := collect(pool.IMap(ctx, p, noted, slices.Values(items)))
		join()
		assert.Empty(t, errs)
		assert.Equal(t, []string{"late", "0", "1", "2"}, out)
	})
}

// CPython: test_shutdown_no_wait, test_cancel_futures_wait_false, test_context_manager_shutdown:
// a shutdown that does not wait returns while a task runs, and what was there is done.
func TestShutdownNoWait(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 1)
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		s.await(ctx, 1)
		queued := pool.Submit(ctx, ex, noted, s.step("queued"))
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithWait(false)))
		assert.False(t, first.Done(ctx))
		assert.False(t, queued.Done(ctx))
		assert.ErrorIs(t, pool.Submit(ctx, ex, noted, s.step("late")).Exception(ctx), pool.ErrShutdown)
		s.open("gate")
		assert.NoError(t, queued.Exception(ctx))
		assert.NoError(t, first.Exception(ctx))
		assert.NoError(t, pool.Shutdown(ctx, ex))
		assert.Equal(t, []string{"first", "queued"}, s.begun())
		assert.Zero(t, statsOf(ctx, ex).Workers)
	})
}

// CPython 3.14: test_shutdown_no_wait_max_tasks_gh119592, test_shutdown_gh_132969: workers that
// have done their share are replaced after a shutdown that did not wait, also where a task
// has failed.
func TestShutdownNoWaitReplaces(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		s, end := newScript(t)
		defer end()
		ex := f.make(ctx, 1, pool.WithMaxTasksPerChild(1))
		first := pool.Submit(ctx, ex, noted, s.step("first", "gate"))
		failing := pool.Submit(ctx, ex, divide, 0)
		last := pool.Submit(ctx, ex, noted, s.step("last"))
		s.await(ctx, 1)
		assert.NoError(t, pool.Shutdown(ctx, ex, pool.WithWait(false)))
		s.open("gate")
		assert.NoError(t, first.Exception(ctx))
		assert.ErrorIs(t, failing.Exception(ctx), fs.ErrInvalid)
		assert.NoError(t, last.Exception(ctx))
		assert.NoError(t, pool.Shutdown(ctx, ex))
		now := statsOf(ctx, ex)
		assert.Equal(t, []int{3, 0, 3, 1}, []int{now.Started, now.Workers, now.Completed, now.Failed}, "%v", now)
	})
}

// CPython: test_context_manager_shutdown: With waits for everything, also when it is left by
// a panic, and nothing is accepted afterwards.
func TestWith(t *testing.T) {
	every(t, func(t *testing.T, ctx context.Context, f flavour) {
		for _, panics := range []bool{false, true} {
			ex := f.make(ctx, 2)
			with := func(fn func()) {
				switch ex := ex.(type) {
				case *pool.ThreadExecutor:
					ex.With(thread(ctx), fn)
				case *pool.InterpreterExecutor:
					ex.With(thread(ctx), fn)
				case *pool.ProcessExecutor:
					assert.NoError(t, ex.With(ctx, fn))
				default:
					assert.Failf(t, "no With", "%T", ex)
				}
			}
			s, end := newScript(t)
			func() {
				defer func() {
					if panics {
						assert.Equal(t, "left", recover())
					}
				}()
				with(func() {
					_ = pool.MapOn(ctx, ex, noted, s.steps("a", "b", "c", "d", "e"))
					if panics {
						panic("left")
					}
				})
			}()
			assert.Len(t, s.begun(), 5)
			now := statsOf(ctx, ex)
			assert.Equal(t, []int{0, 5}, []int{now.Workers, now.Completed}, "%v", now)
			assert.ErrorIs(t, pool.Submit(ctx, ex, square, 3).Exception(ctx), pool.ErrShutdown)
			end()
		}
	})
}

// CPython: ExecutorShutdownTest.test_hang_gh83386: a program that has shut its executor down
// without waiting ends when the tasks are done.
func TestEndOfProgram(t *testing.T) {
	for _, world := range []gil.World{gil.Live(), gil.NewMachine(2)} {
		s, end := newScript(t)
		require.NoError(t, world.Run(gil.CPython313, func(th *gil.Thread) {
			ex := pool.NewThreadExecutor(th, 3)
			_ = pool.MapOn(th, ex, noted, s.steps("a", "b", "c", "d"))
			assert.NoError(t, pool.Shutdown(th, ex, pool.WithWait(false)))
		}))
		assert.Len(t, s.begun(), 4)
		end()
	}
}
