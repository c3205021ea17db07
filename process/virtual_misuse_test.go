package process_test

import (
	"testing"

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
