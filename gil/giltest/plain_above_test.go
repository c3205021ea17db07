package giltest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pool"
)

// abovePrograms use the packages that are made of package gil, whose own memory is the
// program's to the race detector, as plain variables are.
var abovePrograms = []plainProgram{
	{name: "event loop", run: func(t *gil.Thread) {
		n := 0
		_, err := asyncio.Run(t, func(co *asyncio.Co) (int, error) {
			add := func(co *asyncio.Co) error {
				v := n
				err := co.Sleep(time.Second)
				n = max(n, v) + 1
				return err
			}
			return n, asyncio.GatherAll(co, add, add)
		})
		require.NoError(t, err)
	}},
	{name: "loop and thread", run: func(t *gil.Thread) {
		n := 0
		_, err := asyncio.Run(t, func(co *asyncio.Co) (int, error) {
			n++
			v, err := asyncio.ToThread(co, func(*gil.Thread) (int, error) { n++; return n, nil })
			n++
			return v, err
		})
		require.NoError(t, err)
		require.Equal(t, 3, n)
	}},
	{name: "executor", run: func(t *gil.Thread) {
		ex := pool.NewThreadExecutor(t, 2)
		var parts [2]int
		sum := 0
		for i := range parts {
			parts[i] = i + 1
			f := pool.Submit(t, ex, pool.Func(func(_ *gil.Thread, n int) (int, error) { parts[i] += n; return parts[i], nil }), 10)
			v, err := f.Result(t)
			require.NoError(t, err)
			sum += v + parts[i] - v
		}
		require.NoError(t, ex.Shutdown(t))
		require.Equal(t, 23, sum)
	}},
	{name: "future", run: func(t *gil.Thread) {
		f := pool.NewFuture[*int]()
		n := 0
		a := t.Go("a", func(t *gil.Thread) { n = 1; require.NoError(t, f.SetResult(t, &n)) })
		v, err := f.Result(t)
		require.NoError(t, err)
		*v++
		a.Join(t)
		require.Equal(t, 2, n)
	}},
	{name: "pipe", run: func(t *gil.Thread) {
		a, b, err := pipe.New(t)
		require.NoError(t, err)
		n := 0
		sender := t.Go("sender", func(t *gil.Thread) { n = 1; require.NoError(t, a.Send(t, "go on")) })
		_, err = b.Recv(t)
		require.NoError(t, err)
		n++
		sender.Join(t)
		require.NoError(t, a.Close())
		require.NoError(t, b.Close())
		require.Equal(t, 2, n)
	}},
}

// TestPlainAbove: nothing is reported of programs on event loops, executors and pipes,
// and nothing of these packages' own; and without the race detector no coroutine of a
// loop is taken for a goroutine that has no business there.
func TestPlainAbove(t *testing.T) {
	for _, p := range abovePrograms {
		t.Run(p.name, func(t *testing.T) {
			quiet(t)
			s := &spy{name: t.Name()}
			giltest.Check(s, p.run, append([]explore.Option{explore.WithMaxSchedules(60)}, p.opts...)...)
			assert.False(t, s.failed(), s.text())
			assert.NotContains(t, s.text(), "plain Go variables")
		})
	}
}
