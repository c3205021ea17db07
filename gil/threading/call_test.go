package threading_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	search "github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/bytecode"
)

// between reports whether a thread can see that another one has written x and not yet
// y.
func between(p gil.Profile, write func(t *gil.Thread, x, y *gil.Var[int])) bool {
	return slices.ContainsFunc(search.Outcomes(func(t *gil.Thread) (seen bool) {
		x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
		writer := t.Go("writer", func(t *gil.Thread) { write(t, x, y) })
		reader := t.Go("reader", func(t *gil.Thread) { seen = x.Load(t) == 1 && y.Load(t) == 0 })
		gil.JoinAll(t, writer, reader)
		return seen
	}, search.WithProfile(p), search.WithStrategy(search.DPOR())), func(o search.Outcome[bool]) bool { return o.Value })
}

// Up to 3.9 the interpreter looks after nearly every bytecode; from 3.10 on after the
// calls of a lock's methods, where that of __enter__ is one from 3.14 on.
func TestCallsAreLookedAfter(t *testing.T) {
	names := []string{"2.7", "3.6", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"}
	for _, c := range []struct {
		name string
		call func(t *gil.Thread)
		can  string // one letter per version
	}{
		{"nothing", func(*gil.Thread) {}, "xxx....."},
		{"acquire", func(t *gil.Thread) { new(threading.Lock).Acquire(t) }, "xxxxxxxx"},
		{"try", func(t *gil.Thread) { new(threading.Lock).TryAcquire(t) }, "xxxxxxxx"},
		{"locked", func(t *gil.Thread) { new(threading.Lock).Locked(t) }, "xxxxxxxx"},
		{"rlock", func(t *gil.Thread) { new(threading.RLock).Acquire(t) }, "xxxxxxxx"},
		{"with", func(t *gil.Thread) { new(threading.Lock).With(t, func() {}) }, "xxxxxxxx"},
		{"with rlock", func(t *gil.Thread) { new(threading.RLock).With(t, func() {}) }, "xxxxxxxx"},
		{"set", func(t *gil.Thread) { new(threading.Event).Set(t) }, "xxxxxxxx"},
		{"is_set", func(t *gil.Thread) { new(threading.Event).IsSet(t) }, "xxxxxxxx"},
		{"semaphore", func(t *gil.Thread) { new(threading.Semaphore).Acquire(t) }, "xxxxxxxx"},
		{"bounded", func(t *gil.Thread) { new(threading.BoundedSemaphore).TryAcquire(t) }, "xxxxxxxx"},
	} {
		for i, name := range names {
			p, err := gil.LookupProfile(name)
			require.NoError(t, err)
			assert.Equal(t, c.can[i] == 'x', between(p, func(t *gil.Thread, x, y *gil.Var[int]) {
				x.Store(t, 1)
				c.call(t)
				y.Store(t, 1)
			}), "%s under %s", c.name, name)
		}
	}
}

// enter writes before a with block and in it, leave in it and after it.
func enter(p gil.Profile) bool {
	return between(p, func(t *gil.Thread, x, y *gil.Var[int]) {
		x.Store(t, 1)
		new(threading.Lock).With(t, func() { y.Store(t, 1) })
	})
}

func leave(p gil.Profile) bool {
	return between(p, func(t *gil.Thread, x, y *gil.Var[int]) {
		new(threading.Lock).With(t, func() { x.Store(t, 1) })
		y.Store(t, 1)
	})
}

// A with block is entered without a look from 3.10 to 3.13, and always left with one.
func TestWithBlocks(t *testing.T) {
	for name, looks := range map[string]bool{
		"2.7": true, "3.6": true, "3.9": true, "3.10": false, "3.11": false, "3.12": false, "3.13": false, "3.14": true,
	} {
		p, err := gil.LookupProfile(name)
		require.NoError(t, err)
		assert.Equal(t, looks, enter(p), "the beginning under %s", name)
		assert.True(t, leave(p), "the end under %s", name)
	}
}

// One look less, or more, is noticed.
func TestWithBlockMutants(t *testing.T) {
	for _, m := range []struct {
		profile   gil.Profile
		version   bytecode.Version
		construct bytecode.Construct
		check     bytecode.Check
		program   func(gil.Profile) bool
	}{
		{gil.CPython310, bytecode.V310, bytecode.WithExit, bytecode.CheckNever, leave},
		{gil.CPython311, bytecode.V311, bytecode.WithExit, bytecode.CheckNever, leave},
		{gil.CPython312, bytecode.V312, bytecode.WithExit, bytecode.CheckNever, leave},
		{gil.CPython313, bytecode.V313, bytecode.WithExit, bytecode.CheckNever, leave},
		{gil.CPython314, bytecode.V314, bytecode.WithExit, bytecode.CheckNever, leave},
		{gil.CPython310, bytecode.V310, bytecode.WithEnter, bytecode.CheckAfter, enter},
		{gil.CPython313, bytecode.V313, bytecode.WithEnter, bytecode.CheckAfter, enter},
		{gil.CPython314, bytecode.V314, bytecode.WithEnter, bytecode.CheckNever, enter},
	} {
		before := m.program(m.profile)
		restore := bytecode.Mutate(m.version, m.construct, func(seq []bytecode.Instr) []bytecode.Instr {
			for i := range seq {
				if seq[i].Touch == bytecode.TouchCall {
					seq[i].Check = m.check
				}
			}
			return seq
		})
		after := m.program(m.profile)
		restore()
		assert.NotEqual(t, before, after, "%v of %v survives", m.construct, m.profile)
	}
}

// Where a switch may come matters to what others can notice, not to how many ways
// there are to get a lock in turn.
func TestClassesOfLocks(t *testing.T) {
	for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython39, gil.CPython312} {
		r := search.Run(func(t *gil.Thread) {
			l := &threading.Lock{Name: "l"}
			var ts []*gil.Thread
			for range 3 {
				ts = append(ts, t.Go("", func(t *gil.Thread) {
					for range 2 {
						l.Acquire(t)
						l.Release(t)
					}
				}))
			}
			gil.JoinAll(t, ts...)
		}, search.WithProfile(p), search.WithStrategy(search.DPOR()))
		assert.True(t, r.Exhausted)
		assert.Equal(t, 90, r.Schedules, "%v", p)
	}
}

// A thread that does nothing but use a lock gives the GIL up: its calls are looked
// after.
func TestLoopOfLocksSwitches(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython310, gil.CPython313, gil.CPython314, gil.AnyBytecode} {
		require.NoError(t, gil.Live().Run(p, func(t *gil.Thread) {
			var l threading.Lock
			var done atomic.Bool
			looping := t.Go("loops", func(t *gil.Thread) {
				for end := time.Now().Add(time.Minute); !done.Load() && time.Now().Before(end); {
					l.With(t, func() {})
				}
				assert.True(t, done.Load(), "nobody else ran under %v", p)
			})
			done.Store(true)
			looping.Join(t)
		}))
	}
}
