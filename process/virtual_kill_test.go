package process_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// A pair is two values that are to be equal whenever the lock is free.
type pairOf struct {
	Lock *process.Lock
	A, B *process.Value[int]
}

var virtualTear = process.DefineTarget("virtual.tear", func(t *gil.Thread, in pairOf) error {
	return in.Lock.With(t, func() {
		require.NoError(t, in.A.Store(t, 1))
		require.NoError(t, in.B.Store(t, 1))
	})
})

// tear has a child change both, and returns them as they are once it has ended. With
// repair it does what is to be done about an owner that died.
func tear(t *gil.Thread, repair bool) [3]int {
	in := pairOf{newLock(t), got[*process.Value[int]](t)(process.NewValue(t, 0)), got[*process.Value[int]](t)(process.NewValue(t, 0))}
	p := got[*process.Process](t)(virtualTear.Start(t, in))
	err := in.Lock.Acquire(t)
	if repair && errors.Is(err, process.ErrOwnerDied) {
		require.NoError(t, in.Lock.Recover(t))
		require.NoError(t, in.B.Store(t, got[int](t)(in.A.Load(t))))
		err = nil
	}
	require.NoError(t, err)
	a, b := got[int](t)(in.A.Load(t)), got[int](t)(in.B.Load(t))
	require.NoError(t, in.Lock.Release(t))
	require.NoError(t, p.Join(t))
	code, _ := p.ExitCode()
	return [3]int{a, b, code}
}

// With kill points the explorer finds the program that does not reckon with the death
// of a lock's owner, replays the schedule, and shrinks it to the death alone.
func TestVirtualKillPoints(t *testing.T) {
	careless := func(t *gil.Thread) {
		v := tear(t, false)
		require.Equal(t, v[0], v[1])
	}
	require.Nil(t, explore.Find(careless, explore.WithMaxSchedules(300)), "nobody dies")
	strategies := []explore.Strategy{nil, explore.Random(), explore.DFS(), explore.DPOR()}
	if testing.Short() {
		strategies = strategies[:1]
	}
	for _, s := range strategies {
		opts := []explore.Option{explore.WithKillPoints(1)}
		if s != nil {
			opts = append(opts, explore.WithStrategy(s))
		}
		f := explore.Find(careless, opts...)
		require.NotNil(t, f)
		assert.ErrorContains(t, f.Err, "died while it held the lock")
		assert.LessOrEqual(t, len(f.Schedule.Deviations), 3, "%v", f.Schedule)
		again := explore.Replay(careless, f.Schedule, explore.WithKillPoints(1), explore.WithStrictReplay())
		require.NotNil(t, again)
		assert.Equal(t, f.Schedule, again.Schedule)
	}
	careful := func(t *gil.Thread) {
		v := tear(t, true)
		require.Equal(t, v[0], v[1])
	}
	r := explore.Run(careful, explore.WithKillPoints(1))
	assert.False(t, r.Failed(), "%v", r)
	assert.True(t, r.Exhausted)
}

// What can become of the two, and how the child can have ended, is the same
// whichever way everything is covered.
func TestVirtualKillOutcomes(t *testing.T) {
	all := func(s explore.Strategy) map[[3]int]bool {
		seen := map[[3]int]bool{}
		for _, o := range explore.Outcomes(func(t *gil.Thread) [3]int { return tear(t, true) },
			explore.WithKillPoints(1), explore.WithStrategy(s), explore.WithMaxSchedules(20_000)) {
			seen[o.Value] = true
		}
		return seen
	}
	want := map[[3]int]bool{
		{0, 0, 0}:  true, // the parent was first
		{1, 1, 0}:  true,
		{0, 0, -9}: true, // it died before, while it held the lock, or after it
		{1, 1, -9}: true,
	}
	assert.Equal(t, want, all(explore.DPOR()))
	if !testing.Short() {
		assert.Equal(t, want, all(explore.Random()))
	}
}

var virtualEcho = process.DefineTarget("virtual.echo", func(t *gil.Thread, c *pipe.Conn) error {
	v, err := c.Recv(t)
	if err != nil {
		return err
	}
	return c.Send(t, v)
})

// TestVirtualKilledUnborn: a process that is killed before it has taken what it was
// given leaves nobody waiting for it.
func TestVirtualKilledUnborn(t *testing.T) {
	program := func(t *gil.Thread) {
		mine, theirs, err := pipe.New(t)
		require.NoError(t, err)
		p, err := virtualEcho.Start(t, theirs)
		require.NoError(t, err)
		require.NoError(t, theirs.Close())
		require.NoError(t, p.Kill())
		_, err = mine.Recv(t)
		require.ErrorIs(t, err, io.EOF)
		require.NoError(t, p.Join(t))
		code, _ := p.ExitCode()
		require.Equal(t, -9, code)
		require.NoError(t, mine.Close())
	}
	for _, method := range []gil.StartMethod{gil.Fork, gil.Spawn} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(method), gil.WithWakeLatency(0)).Run(gil.CPython313, program))
		require.NoError(t, gil.NewMachine(1, gil.WithStartMethod(method)).Run(gil.CPython313, program))
	}
	require.Nil(t, explore.Find(program, explore.WithMaxSchedules(300)))
}

// A process that is killed in the middle of sending has sent: whoever waits for its
// message, or for its end, is woken all the same.
func TestVirtualKilledWhileItSends(t *testing.T) {
	program := func(t *gil.Thread) {
		mine, theirs, err := pipe.New(t)
		require.NoError(t, err)
		p := got[*process.Process](t)(virtualTalker.Start(t, theirs))
		require.NoError(t, theirs.Close())
		killer := t.Go("killer", func(*gil.Thread) { require.NoError(t, p.Kill()) })
		for n := 0; ; n++ {
			v, err := mine.Recv(t)
			if err != nil {
				require.ErrorIs(t, err, io.EOF)
				break
			}
			require.Equal(t, n, v)
		}
		killer.Join(t)
		require.NoError(t, p.Join(t))
		require.NoError(t, mine.Close())
	}
	schedules := 3000
	if testing.Short() {
		schedules = 300
	}
	r := explore.Run(program, explore.WithStrategy(explore.Random()), explore.WithMaxSchedules(schedules))
	require.False(t, r.Failed(), "%v", r)
}

var virtualTalker = process.DefineTarget("virtual.talker", func(t *gil.Thread, c *pipe.Conn) error {
	return errors.Join(c.Send(t, 0), c.Send(t, 1), c.Close())
})
