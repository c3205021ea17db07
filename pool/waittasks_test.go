package pool_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/pool"
)

// CPython: WaitTests and AsCompletedTests on the tasks of every kind of executor, some of which
// the one who waits could read the answer of himself if he waited for it alone. What futures
// come to that nobody works for is TestWait and TestAsCompleted.
func TestWaitForTasks(t *testing.T) {
	with(t, 3, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		_, err := pool.Submit(ctx, ex, noted, s.step("before")).Result(ctx) // by one who waits for it alone
		assert.NoError(t, err)
		task := func(name string) *pool.Future[string] { return pool.Submit(ctx, ex, noted, s.step(name, name)) }
		a, b, failing := task("a"), task("b"), pool.Submit(ctx, ex, noted, step{"/nowhere", "x", ""})
		type list = []*pool.Future[string]

		done, rest, err := pool.Wait(ctx, list{a, failing, b}, pool.FirstException)
		assert.NoError(t, err)
		assert.Equal(t, list{failing}, done)
		assert.Equal(t, list{a, b}, rest)
		done, rest, err = pool.WaitTimeout(ctx, list{a, b, a}, pool.FirstCompleted, 0)
		assert.NoError(t, err)
		assert.Empty(t, done)
		assert.Equal(t, list{a, b}, rest)

		s.open("b")
		done, rest, err = pool.Wait(ctx, list{a, b}, pool.FirstCompleted)
		assert.NoError(t, err)
		assert.Equal(t, list{b}, done)
		assert.Equal(t, list{a}, rest)
		for f, err := range pool.AsCompletedTimeout(ctx, list{a, b}, 0) {
			if f == nil {
				assert.ErrorContains(t, err, "1 (of 2) futures unfinished")
			} else {
				assert.Same(t, b, f)
			}
		}
		s.open("a")
		done, rest, err = pool.Wait(ctx, list{a, b, failing}, pool.AllCompleted)
		assert.NoError(t, err)
		assert.Equal(t, list{a, b, failing}, done)
		assert.Empty(t, rest)

		names := []string{"z", "x", "y"}
		fs := list{task("x"), task("y"), task("z")}
		s.open("z")
		var got []string
		for f, err := range pool.AsCompleted(ctx, fs) {
			assert.NoError(t, err)
			got = append(got, must(f.Result(ctx)))
			if n := len(got); n < len(names) {
				s.open(names[n])
			}
		}
		assert.Equal(t, names, got)
	})
}
