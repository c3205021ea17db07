package threading_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func localCases() []testCase {
	// oneClass is the same dialogue for a plain local and one with New: what a thread
	// sets, nobody else sees.
	oneClass := func(t *gil.Thread, l *threading.Local[int], first int) {
		require.Equal(t, first, l.Get(t))
		l.Set(t, 1)
		bunch(t, 3, func(t *gil.Thread) {
			require.Equal(t, first, l.Get(t))
			l.Set(t, 2)
			t.Yield()
			require.Equal(t, 2, l.Get(t))
		})()
		require.Equal(t, 1, l.Get(t))
	}
	return []testCase{
		// BaseLocalTest.test_threading_local
		{name: "Local/Separate", body: func(t *gil.Thread) { oneClass(t, new(threading.Local[int]), 0) }},
		// BaseLocalTest.test_threading_local_subclass
		{name: "Local/SeparateNew", body: func(t *gil.Thread) {
			oneClass(t, &threading.Local[int]{New: func(*gil.Thread) int { return 7 }}, 7)
		}},
		// BaseLocalTest.test_derived: New runs once in each thread, on it, before anything
		// can be seen.
		{name: "Local/New", body: func(t *gil.Thread) {
			var made tally[string]
			l := threading.Local[string]{New: func(t *gil.Thread) string {
				t.Yield()
				made.add(t.Name())
				return t.Name()
			}}
			bunch(t, 5, func(t *gil.Thread) {
				for range 3 {
					require.Equal(t, t.Name(), l.Get(t))
				}
			})()
			require.ElementsMatch(t, []string{"w0", "w1", "w2", "w3", "w4"}, made.all())
		}},
		// BaseLocalTest.test_dict_attribute, .test_dict_attribute_subclass: what is there
		// can be asked and taken away.
		{name: "Local/LookupDelete", body: func(t *gil.Thread) {
			var l threading.Local[int]
			_, ok := l.Lookup(t)
			require.False(t, ok)
			require.False(t, l.Delete(t))
			require.Zero(t, l.Get(t))
			_, ok = l.Lookup(t)
			require.False(t, ok, "asking gives no value")
			for range 3 {
				l.Set(t, 5)
				v, ok := l.Lookup(t)
				require.True(t, ok)
				require.Equal(t, 5, v)
				bunch(t, 1, func(t *gil.Thread) { require.False(t, l.Delete(t)) })()
				require.True(t, l.Delete(t))
				_, ok = l.Lookup(t)
				require.False(t, ok)
			}
		}},
	}
}

func TestLocal(t *testing.T) { runCases(t, localCases()) }

// collected runs the garbage collector until done or until it has had its chances.
// It says nothing about when: each round finds what the one before made garbage.
func collected(done func() bool) bool {
	for late := time.Now().Add(time.Minute); time.Now().Before(late); {
		runtime.GC()
		if done() {
			return true
		}
		time.Sleep(time.Millisecond) // cleanups run on a goroutine of the runtime
	}
	return false
}

type ballast struct{ _ [64]byte }

// BaseLocalTest.test_local_refs: a thread's value goes with the thread.
func TestLocalValueGoesWithItsThread(t *testing.T) {
	var l threading.Local[*ballast]
	var mine weak.Pointer[ballast]
	others := make([]weak.Pointer[ballast], 20)
	require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		l.Set(t, new(ballast))
		mine = weak.Make(l.Get(t))
		for i := range others {
			bunch(t, 1, func(t *gil.Thread) {
				l.Set(t, new(ballast))
				others[i] = weak.Make(l.Get(t))
			})()
		}
		require.True(t, collected(func() bool {
			for _, w := range others {
				if w.Value() != nil {
					return false
				}
			}
			return true
		}), "values of threads that have ended are still there")
		require.NotNil(t, mine.Value())
		require.NotNil(t, l.Get(t))
	}))
	require.True(t, collected(func() bool { return mine.Value() == nil }), "main has ended as well")
	runtime.KeepAlive(&l)
}

// BaseLocalTest.test_derived_cycle_dealloc, .test_cycle_collection: values go with
// the Local, also when one of them leads back to it, and leave nothing with a
// thread that goes on.
func TestLocalValuesGoWithTheLocal(t *testing.T) {
	type node struct {
		self *threading.Local[*node]
		_    ballast
	}
	require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		var ws []weak.Pointer[node]
		for range 20 {
			l := new(threading.Local[*node])
			n := &node{self: l}
			l.Set(t, n)
			ws = append(ws, weak.Make(n))
		}
		require.True(t, collected(func() bool {
			for _, w := range ws {
				if w.Value() != nil {
					return false
				}
			}
			return true
		}))
	}))
}

// BaseLocalTest.test_threading_local_clear_race: threads end while others ask.
func TestLocalWhileThreadsEnd(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython313T, func(t *gil.Thread) {
		l := threading.Local[int]{New: func(t *gil.Thread) int { return int(t.Ident()) }}
		for range 20 {
			bunch(t, 10, func(t *gil.Thread) { require.Equal(t, int(t.Ident()), l.Get(t)) })()
		}
		require.Equal(t, int(t.Ident()), l.Get(t))
	}))
}
