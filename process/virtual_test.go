package process_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

// got is the value of a call that must not fail.
func got[T any](t require.TestingT) func(v T, err error) T {
	return func(v T, err error) T {
		require.NoError(t, err)
		return v
	}
}

// A tally is a counter that several processes share.
type tally struct {
	Lock *process.Lock
	N    *process.Value[int]
	Held bool // adds with the lock held
}

var (
	virtualSquare = process.Define("virtual.square", func(ctx context.Context, n int) (int, error) { return n * n, nil })

	virtualAdd = process.DefineTarget("virtual.add", func(t *gil.Thread, in tally) error {
		add := func() {
			n, err := in.N.Load(t)
			require.NoError(t, err)
			require.NoError(t, in.N.Store(t, n+1))
		}
		if in.Held {
			return in.Lock.With(t, add)
		}
		add()
		return nil
	})
)

func newTally(t *gil.Thread, held bool) tally {
	return tally{got[*process.Lock](t)(process.NewLock(t)), got[*process.Value[int]](t)(process.NewValue(t, 0)), held}
}

// addUp has n processes add one each.
func addUp(t *gil.Thread, in tally, n int) int {
	var ps []*process.Process
	for range n {
		ps = append(ps, got[*process.Process](t)(virtualAdd.Start(t, in)))
	}
	for _, p := range ps {
		require.NoError(t, p.Join(t))
		code, ended := p.ExitCode()
		require.True(t, ended)
		require.Zero(t, code)
	}
	return got[int](t)(in.N.Load(t))
}

// The same calls make emulated processes on a Machine, whose numbers, names and
// times are the same in every run.
func TestVirtualProcess(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T, gil.AnyBytecode} {
		for _, method := range []gil.StartMethod{gil.Spawn, gil.Fork, gil.ForkServer} {
			m := gil.NewMachine(2, gil.WithStartMethod(method))
			require.NoError(t, m.Run(p, func(t *gil.Thread) {
				require.Equal(t, 49, got[int](t)(virtualSquare.Call(t, 7)))
				require.Equal(t, 3, addUp(t, newTally(t, true), 3))
				require.Empty(t, process.ActiveChildren(t))
				q := got[*process.Process](t)(virtualSquare.Start(t, 1))
				require.NoError(t, q.Join(t))
				require.Equal(t, "<Process name='Process-5' pid=6 parent=1 stopped exitcode=0>", q.String())
			}))
			cost := map[gil.StartMethod]time.Duration{
				gil.Spawn: 74 * time.Millisecond, gil.Fork: 2400 * time.Microsecond, gil.ForkServer: 22 * time.Millisecond,
			}[method]
			assert.Equal(t, 5*cost, m.Now(), "%v %v", p, method)
		}
	}
}

// The explorer walks through interleavings across processes: it finds the update
// that is lost between a load and a store, and covers all of a program that has a
// lock around them.
func TestVirtualExplored(t *testing.T) {
	profiles := []gil.Profile{gil.CPython313, gil.AnyBytecode, gil.CPython27}
	if testing.Short() {
		profiles = profiles[:1]
	}
	for _, p := range profiles {
		prog := func(held bool) func(t *gil.Thread) {
			return func(t *gil.Thread) { require.Equal(t, 2, addUp(t, newTally(t, held), 2)) }
		}
		f := explore.Find(prog(false), explore.WithProfile(p))
		require.NotNil(t, f, "%v", p)
		assert.Equal(t, explore.Assertion, f.Kind, "%v", p)
		assert.NotNil(t, explore.Replay(prog(false), f.Schedule, explore.WithProfile(p)))
		r := explore.Run(prog(true), explore.WithProfile(p))
		assert.False(t, r.Failed(), "%v: %v", p, r)
		assert.True(t, r.Exhausted, "%v: %v", p, r)
	}
}

// Two processes that take two locks in opposite orders wait for each other, and the
// report says for what.
func TestVirtualDeadlock(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		a, b := got[*process.Lock](t)(process.NewLock(t)), got[*process.Lock](t)(process.NewLock(t))
		p := got[*process.Process](t)(virtualPair.Start(t, [2]*process.Lock{a, b}))
		require.NoError(t, b.Acquire(t))
		require.NoError(t, a.Acquire(t))
		require.NoError(t, a.Release(t))
		require.NoError(t, b.Release(t))
		require.NoError(t, p.Join(t))
	})
	require.NotNil(t, f)
	require.Equal(t, explore.Deadlock, f.Kind)
	require.EqualError(t, f.Err, "gil: deadlock: MainThread waits for a Lock held by MainThread of Process-1, MainThread of Process-1 waits for a Lock held by MainThread")
}

var virtualPair = process.DefineTarget("virtual.pair", func(t *gil.Thread, in [2]*process.Lock) error {
	for _, l := range in {
		if err := l.Acquire(t); err != nil {
			return err
		}
	}
	for _, l := range in {
		if err := l.Release(t); err != nil {
			return err
		}
	}
	return nil
})
