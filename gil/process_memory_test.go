package gil_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

const gigabyte = 1 << 30

// Processes are more memory intensive than threads: n workers need one interpreter
// as threads, n+1 when they are spawned, and when they are forked one, and what they
// write to.
func TestMemoryOfWorkers(t *testing.T) {
	const n, base = 4, 10 << 20
	need := func(method gil.StartMethod, program func(t *gil.Thread)) gil.Ledger {
		m := gil.NewMachine(2, gil.WithStartMethod(method), gil.WithMemory(base))
		require.NoError(t, m.Run(gil.CPython313, program))
		return m.Memory()
	}
	processes := func(t *gil.Thread) {
		for range n {
			t.Emulate("w", func(t *gil.Thread) { t.Touch(1 << 20) })
		}
	}
	require.EqualValues(t, base, need(gil.Spawn, func(t *gil.Thread) {
		for range n {
			t.Go("w", func(*gil.Thread) {})
		}
	}).Total())
	require.EqualValues(t, (n+1)*base, need(gil.Spawn, processes).Total())
	require.EqualValues(t, (n+1)*base, need(gil.ForkServer, processes).Total())
	forked := need(gil.Fork, processes)
	require.EqualValues(t, base+n<<20, forked.Total())
	require.Equal(t, gil.Memory{PID: 2, Name: "w", Shared: base - 1<<20, Private: 1 << 20}, forked.Processes[1])
}

// A thread needs hardly more memory than its stack, which the ledger does not count: a
// hundred of them need what one does, and see what one of them has allocated.
func TestMemoryOfThreads(t *testing.T) {
	m := gil.NewMachine(2, gil.WithMemory(10<<20))
	require.NoError(t, m.Run(gil.CPython313, func(t *gil.Thread) {
		t.Alloc(gigabyte)
		for range 100 {
			t.Go("w", func(*gil.Thread) {})
		}
	}))
	require.Len(t, m.Memory().Processes, 1)
	require.EqualValues(t, gigabyte+10<<20, m.Memory().Total())
}

// A forked child copies what it writes to; a spawned one has all of its data itself.
func TestMemoryIsCopiedOnWrite(t *testing.T) {
	private := map[gil.StartMethod]int64{}
	for _, method := range []gil.StartMethod{gil.Fork, gil.Spawn} {
		m := gil.NewMachine(2, gil.WithStartMethod(method), gil.WithMemory(0))
		require.NoError(t, m.Run(gil.CPython313, func(t *gil.Thread) {
			t.Alloc(gigabyte)
			t.Emulate("child", func(t *gil.Thread) {
				if method == gil.Spawn {
					t.Alloc(gigabyte) // its argument
				}
				t.Touch(gigabyte / 10)
			})
		}))
		private[method] = m.Memory().Processes[1].Private
	}
	require.EqualValues(t, gigabyte/10, private[gil.Fork])
	require.EqualValues(t, gigabyte, private[gil.Spawn])
}

// With one gigabyte in the parent and four in all, the fourth spawned child that
// needs one fails; forked ones that only read have room, however many they are.
func TestMemoryLimit(t *testing.T) {
	for _, method := range []gil.StartMethod{gil.Fork, gil.Spawn} {
		failed := 0
		m := gil.NewMachine(2, gil.WithStartMethod(method), gil.WithMemory(0), gil.WithMemoryLimit(4*gigabyte),
			gil.WithExceptHook(func(_ *gil.Thread, u *gil.UncaughtError) {
				var e *gil.MemoryError
				require.ErrorAs(t, u, &e)
				require.EqualError(t, e, "gil: out of memory: 1073741824 bytes wanted, 4294967296 of 4294967296 used; see WithMemoryLimit")
				failed++
			}))
		err := m.Run(gil.CPython313, func(t *gil.Thread) {
			t.Alloc(gigabyte)
			var children []*gil.Child
			for range 8 {
				children = append(children, t.Emulate("child", func(t *gil.Thread) {
					if method == gil.Spawn {
						t.Alloc(gigabyte)
					}
					t.Sleep(1e9)
				}))
			}
			for _, c := range children {
				c.Join(t)
			}
		})
		if method == gil.Fork {
			require.NoError(t, err)
			require.Zero(t, failed)
		} else {
			require.Error(t, err)
			require.Equal(t, 5, failed, "the parent and three children have room")
		}
	}
	// An interpreter that has no room does not start.
	err := gil.NewMachine(2, gil.WithMemory(100), gil.WithMemoryLimit(250)).Run(gil.CPython313, func(t *gil.Thread) {
		t.Emulate("one", func(t *gil.Thread) { t.Sleep(1e9) })
		var e *gil.MemoryError
		func() {
			defer func() { e, _ = recover().(*gil.MemoryError) }()
			t.Emulate("two", func(*gil.Thread) {})
		}()
		require.NotNil(t, e)
		require.EqualValues(t, 100, e.Wanted)
		t.Sleep(2e9) // the first has ended
		t.Emulate("three", func(*gil.Thread) {}).Join(t)
	})
	require.NoError(t, err)
	require.Panics(t, func() { gil.WithMemoryLimit(-1) })
}
