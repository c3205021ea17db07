package gil_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

func TestVarDoesWhatPythonDoes(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		x := gil.NewVar("x", 1)
		assert.Equal(t, "x", x.Name())
		assert.Equal(t, 1, x.Load(th))
		x.Store(th, 2)
		gil.Add(th, x, 3)
		assert.Equal(t, 5, x.Peek())
		x.Update(th, func(v int) int { return v * 10 })
		assert.Equal(t, 50, x.Swap(th, 7))
		assert.False(t, x.CompareAndSwap(th, 50, 1))
		assert.True(t, x.CompareAndSwap(th, 7, 8))
		assert.Equal(t, 8, x.Load(th))

		var zero gil.Var[string]
		assert.Empty(t, zero.Load(th))
		zero.Store(th, "set")
		assert.Equal(t, "set", zero.Peek())

		half := gil.NewVar("half", 0.5)
		gil.Add(th, half, 0.25)
		assert.InDelta(t, 0.75, half.Peek(), 0)
	})
}

// What Go cannot compare is compared by value and never leaves the variable
// locked.
func TestVarCompareAndSwapOfAnything(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		x := gil.NewVar("x", []int{1})
		assert.False(t, x.CompareAndSwap(th, []int{2}, nil))
		assert.True(t, x.CompareAndSwap(th, []int{1}, []int{3}))
		assert.Equal(t, []int{3}, x.Load(th))

		y := gil.NewVar[any]("y", map[string]int{"a": 1})
		assert.False(t, y.CompareAndSwap(th, 1, 2))
		assert.True(t, y.CompareAndSwap(th, map[string]int{"a": 1}, 2))
		assert.True(t, y.CompareAndSwap(th, 2, nil))
		assert.True(t, y.CompareAndSwap(th, nil, 3))
		assert.Equal(t, 3, y.Peek())

		f := gil.NewVar("f", func() {})
		assert.False(t, f.CompareAndSwap(th, f.Peek(), nil), "functions equal nothing")
		f.Store(th, nil)
	})
}

// A shared object belongs to the interpreter that first used it: processes and
// sub-interpreters share nothing.
func TestSharedObjectsBelongToOneInterpreter(t *testing.T) {
	for name, world := range map[string]gil.World{"timed": gil.NewMachine(2), "live": gil.Live()} {
		t.Run(name, func(t *testing.T) {
			x := gil.NewVar("x", 0)
			l := gil.NewList("l", 1)
			d := gil.NewDict("d", item{"a", 1})
			uses := map[string]func(th *gil.Thread){
				"x": func(th *gil.Thread) { gil.Add(th, x, 1) },
				"l": func(th *gil.Thread) { l.Append(th, 2) },
				"d": func(th *gil.Thread) { d.Set(th, "a", 2) },
			}
			require.NoError(t, world.Run(gil.CPython312, func(th *gil.Thread) {
				for name, use := range uses {
					use(th)
					require.NoError(th, th.NewInterpreter(gil.WithName("sub")).Run(func(sub *gil.Thread) {
						v := panicked(func() { use(sub) })
						require.IsType(sub, &gil.RuntimeError{}, v)
						assert.Equal(sub, "name '"+name+"' is not defined", v.(*gil.RuntimeError).PythonText())
						assert.Contains(sub, v.(error).Error(), "gil: variable "+name+" belongs to interpreter 3.12/1 and was used from sub; "+
							"processes and sub-interpreters share nothing, send the value instead")
					}))
				}
			}))
			assert.Equal(t, 1, x.Peek())
			assert.Equal(t, []int{1, 2}, l.Peek())
			assert.Equal(t, []item{{"a", 2}}, d.Peek())
		})
	}
}

// Used from another world while its own is still running it panics; when that has
// ended it moves on with the value it has.
func TestSharedObjectsAndWorlds(t *testing.T) {
	x := gil.NewVar("x", 0)
	m := gil.NewMachine(1)
	require.NoError(t, m.Run(gil.CPython313, func(th *gil.Thread) {
		gil.Add(th, x, 1)
		v := panicked(func() {
			_ = gil.New(gil.CPython313, gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})).Run(func(other *gil.Thread) {
				v := panicked(func() { gil.Add(other, x, 1) })
				require.IsType(t, &gil.RuntimeError{}, v)
				assert.Equal(t, "gil: variable x belongs to another timed world that is still running and was used by thread MainThread; make one per world",
					v.(error).Error())
			})
		})
		assert.Nil(t, v)
	}))
	require.NoError(t, gil.Live().Run(gil.CPython27, func(th *gil.Thread) { gil.Add(th, x, 1) }))
	require.NoError(t, m.Run(gil.CPython313T, func(th *gil.Thread) { gil.Add(th, x, 1) }))
	assert.Equal(t, 3, x.Peek())
}

// What a run of an explored program leaves behind must not reach the next one.
func TestSharedObjectsThatOutliveAnExploredRun(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 0)
	defer s.Close()
	x := gil.NewVar("x", 0)
	program := func(th *gil.Thread) { gil.Add(th, x, 1) }
	require.NoError(t, s.Run(1, program))
	err := s.Run(2, program)
	var misuse *gil.RuntimeError
	require.ErrorAs(t, err, &misuse)
	assert.Equal(t, "gil: variable x outlived a run of the explored program; make it inside the program", misuse.Error())
}

// The thread that acts must be the one that runs.
func TestSharedObjectsAndTheWrongThread(t *testing.T) {
	x := gil.NewVar("x", 0)
	l := gil.NewList[int]("l")
	refuses := func(t *testing.T, th *gil.Thread, why string) {
		t.Helper()
		for _, use := range []func(){
			func() { x.Load(th) },
			func() { gil.Add(th, x, 1) },
			func() { l.Append(th, 1) },
			func() {
				for range l.Iter(th) {
					t.Error("there is no item")
				}
			},
		} {
			v := panicked(use)
			if assert.IsType(t, &gil.RuntimeError{}, v) {
				assert.Contains(t, v.(error).Error(), why)
			}
		}
	}
	refuses(t, nil, "the acting thread is nil")
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		t.Run(p.Name(), func(t *testing.T) {
			require.NoError(t, gil.NewMachine(2).Run(p, func(th *gil.Thread) {
				w := th.NewThread("w", func(w *gil.Thread) {
					refuses(t, th, "thread MainThread ")
					gil.Add(w, x, 1)
				})
				refuses(t, w, "was not started")
				w.Start(th)
				w.Join(th)
				refuses(t, w, "has ended")
			}))
			require.NoError(t, gil.Live().Run(p, func(th *gil.Thread) {
				if p.FreeThreaded() {
					return
				}
				th.Block(func() { refuses(t, th, "nothing inside Block") })
			}))
		})
	}
	assert.Equal(t, 3, x.Peek())
	assert.Empty(t, l.Peek())
}

// A daemon that ends with its interpreter while it has no GIL touches nothing,
// whatever its deferred calls try.
func TestDyingThreadsTouchNothing(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		t.Run(p.Name(), func(t *testing.T) {
			x := gil.NewVar("x", 0)
			var forever gil.Gate
			require.NoError(t, gil.Live().Run(p.WithSwitchInterval(10e3), func(th *gil.Thread) {
				forever.Init(th, 0, "forever")
				for range 4 {
					th.Go("d", func(th *gil.Thread) {
						defer func() {
							for range 100 {
								x.Store(th, -1) // under -race: never beside the next holder
							}
						}()
						forever.Pass(th, gil.OpWait, gil.Forever)
					}, gil.WithDaemon(true))
				}
				for range 1000 {
					gil.Add(th, x, 1)
				}
			}))
			if !p.FreeThreaded() {
				assert.Equal(t, 1000, x.Peek())
			}
		})
	}
}
