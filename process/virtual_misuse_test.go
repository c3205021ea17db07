package process_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// inheritedLock is a global of the program, as Python's forked processes have them.
var inheritedLock *process.Lock

var virtualGlobal = process.DefineTarget("virtual.global", func(t *gil.Thread, _ process.None) error {
	return inheritedLock.With(t, func() {})
})

// A handle in a global is a forked process's too, and another's not.
func TestVirtualGlobals(t *testing.T) {
	for method, want := range map[gil.StartMethod]int{gil.Fork: 0, gil.Spawn: 1, gil.ForkServer: 1} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(method)).Run(gil.CPython313, func(t *gil.Thread) {
			inheritedLock = newLock(t)
			ends(t, got[*process.Process](t)(virtualGlobal.Start(t, process.None{})), want)
		}), "%v", method)
	}
}

// What cannot be in a virtual world is an error that says so.
func TestVirtualMisuse(t *testing.T) {
	live, err := process.NewLock(t.Context())
	require.NoError(t, err)
	var outside *process.Lock
	require.NoError(t, gil.NewMachine(2, gil.WithMemory(100), gil.WithMemoryLimit(150)).Run(gil.CPython313, func(t *gil.Thread) {
		_, err := player.Start(t, props{Part: "gets", Lock: live})
		require.ErrorContains(t, err, "belongs to the live world")
		p := got[*process.Process](t)(player.New(t, props{Part: "return"}))
		var e *gil.MemoryError
		require.ErrorAs(t, p.Start(t), &e)
		require.ErrorContains(t, p.Start(t), "Cannot allocate memory")
		require.False(t, p.IsAlive(t))
		require.Empty(t, process.ActiveChildren(t))
		outside = newLock(t)
	}))
	require.ErrorContains(t, outside.Acquire(t.Context()), "belongs to a virtual world")
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
		require.ErrorContains(t, outside.Acquire(t), "belongs to another run")
	}))
	require.NoError(t, live.Close())
}

var virtualForeign = process.DefineTarget("virtual.foreign", func(t *gil.Thread, _ process.None) error {
	return inheritedList.Append(t, 1)
})

var inheritedList *process.ListProxy

// A proxy is its process's: another one, forked or not, and one of another world,
// says so and leaves the connection alone.
func TestVirtualProxyMisuse(t *testing.T) {
	live, err := process.NewManager(t.Context())
	require.NoError(t, err)
	outside, err := live.List(t.Context())
	require.NoError(t, err)
	for _, method := range []gil.StartMethod{gil.Fork, gil.Spawn} {
		require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(method)).Run(gil.CPython313, func(t *gil.Thread) {
			require.ErrorContains(t, outside.Append(t, 1), "belongs to the live world")
			m := got[*process.Manager](t)(process.NewManager(t))
			inheritedList = got[*process.ListProxy](t)(m.List(t))
			_, err := virtualForeign.Call(t, process.None{})
			require.ErrorContains(t, err, "give it to the process as an argument")
			require.Zero(t, got[int](t)(inheritedList.Len(t)))
		}))
		require.ErrorContains(t, inheritedList.Append(t.Context(), 1), "belongs to a virtual world")
	}
	require.NoError(t, live.Shutdown(t.Context()))
}

// inherited is what forked processes have of their parent, by a global.
var inherited props

var virtualHeir = process.DefineTarget("virtual.heir", func(t *gil.Thread, part string) error {
	return parts[part](t, inherited)
})

// A handle that a forked process has of its parent is the child's own for everybody else:
// when that is killed, it is its death that is noticed, and not what its parent does.
func TestVirtualForkedHandlesDie(t *testing.T) {
	heir := func(t *gil.Thread, part string) *process.Process {
		return got[*process.Process](t)(virtualHeir.Start(t, part))
	}
	kill := func(t *gil.Thread, p *process.Process) {
		require.NoError(t, p.Kill())
		ends(t, p, -9)
	}
	for name, program := range map[string]func(t *gil.Thread){
		"lock": func(t *gil.Thread) {
			inherited.Lock = newLock(t)
			p := heir(t, "holds")
			require.NoError(t, inherited.Ready.Wait(t))
			require.Equal(t, "<Lock(owner=SomeOtherProcess)>", inherited.Lock.String())
			kill(t, p)
			var died *process.OwnerDiedError
			require.ErrorAs(t, inherited.Lock.Acquire(t), &died)
			require.Equal(t, p.PID(), died.PID)
			require.NoError(t, inherited.Lock.Recover(t))
			require.Equal(t, "<Lock(owner=MainProcess)>", inherited.Lock.String())
		},
		"condition": func(t *gil.Thread) {
			inherited.Cond = got[*process.Condition](t)(process.NewCondition(t, nil))
			p, q := heir(t, "waits"), heir(t, "waits")
			reaches(t, inherited.N, 2)
			require.NoError(t, inherited.Cond.With(t, func() {})) // they wait
			kill(t, p)
			require.NoError(t, inherited.Cond.With(t, func() { require.NoError(t, inherited.Cond.Notify(t, 1)) }))
			ends(t, q, 0)
			require.Equal(t, 102, got[int](t)(inherited.N.Load(t)))
		},
		"notified and killed": func(t *gil.Thread) {
			inherited.Cond = got[*process.Condition](t)(process.NewCondition(t, nil))
			p, q := heir(t, "waits"), heir(t, "waits")
			reaches(t, inherited.N, 2)
			require.NoError(t, inherited.Cond.Acquire(t)) // they wait
			require.NoError(t, inherited.Cond.Notify(t, 1))
			require.NoError(t, p.Kill()) // it may have been the one
			require.NoError(t, inherited.Cond.Release(t))
			ends(t, p, -9)
			ends(t, q, 0)
			require.Equal(t, 102, got[int](t)(inherited.N.Load(t)))
		},
		"barrier": func(t *gil.Thread) {
			inherited.Barrier, inherited.Int = got[*process.Barrier](t)(process.NewBarrier(t, 3)), 1
			p := heir(t, "meets")
			w := t.Go("w", func(t *gil.Thread) {
				require.ErrorIs(t, second(inherited.Barrier.Wait(t)), process.ErrBrokenBarrier)
			})
			for inherited.Barrier.NWaiting(t) != 2 {
				t.Sleep(time.Millisecond)
			}
			kill(t, p)
			w.Join(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, gil.NewMachine(2, gil.WithStartMethod(gil.Fork)).Run(gil.CPython313, func(t *gil.Thread) {
				inherited = stage(t, "")
				program(t)
			}))
		})
	}
}
