package gil_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// Two objects of one name are two objects, and what one thread does to the one does
// not conflict with what another does to the other.
func TestObjectsOfOneNameAreTwo(t *testing.T) {
	w := &witness{objects: map[kernel.ObjID]bool{}}
	s := gil.NewSandbox(gil.AnyBytecode, w, 0)
	defer s.Close()
	for seed := range uint64(3) {
		require.NoError(t, s.Run(seed, func(th *gil.Thread) {
			for n := range 40 { // more than the list of names is long
				x, y := gil.NewVar(fmt.Sprint("x", n), 0), gil.NewVar(fmt.Sprint("x", n), 0)
				x.Store(th, 1)
				y.Store(th, 1)
			}
		}))
		assert.Len(t, w.objects, 80, "in the run with seed %d", seed)
	}
}

// Processes are explored as threads are: here the parent's last word and the
// child's first come in either order.
func TestSandboxEmulates(t *testing.T) {
	all := new(every)
	s := gil.NewSandbox(gil.CPython313, all, 0)
	defer s.Close()
	orders := map[string]bool{}
	for more := true; more; more = all.next() {
		var order string
		require.NoError(t, s.Run(1, func(th *gil.Thread) {
			c := th.Emulate("child", func(u *gil.Thread) {
				assert.Equal(t, 2, int(u.Interpreter().Acting().Ident()))
				u.Sleep(0)
				order += "c"
			})
			th.Sleep(0)
			order += "p"
			c.Join(th)
			assert.Equal(t, 2, c.PID())
		}))
		orders[order] = true
	}
	assert.Equal(t, map[string]bool{"cp": true, "pc": true}, orders)
}

// drawing is an explorer that takes the draws as well.
type drawing struct {
	every
	asked []int
}

func (d *drawing) Draw(_ *kernel.Explored, _ *kernel.Task, kind kernel.ChoiceKind, n int) int {
	if kind == kernel.ChooseUser {
		d.asked = append(d.asked, n)
	}
	return n - 1
}

func TestChoose(t *testing.T) {
	draw := func(t *gil.Thread) (drawn [8]int) {
		for i := range drawn {
			drawn[i] = t.Choose(1000)
		}
		return drawn
	}
	var a, b, c [8]int
	for seed, to := range map[uint64]*[8]int{1: &a, 2: &b} {
		require.NoError(t, gil.NewMachine(1, gil.WithSeed(seed)).Run(gil.CPython313, func(th *gil.Thread) {
			*to = draw(th)
			assert.False(t, th.Explored())
			assert.Equal(t, &gil.ValueError{Text: "gil: Choose(0): there is nothing to choose from"}, panicked(func() { th.Choose(0) }))
		}))
	}
	require.NoError(t, gil.NewMachine(1, gil.WithSeed(1)).Run(gil.CPython313, func(th *gil.Thread) { c = draw(th) }))
	assert.Equal(t, a, c)
	assert.NotEqual(t, a, b)
	require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		for range 100 {
			assert.Less(t, th.Choose(3), 3)
		}
	}))

	d := new(drawing)
	s := gil.NewSandbox(gil.AnyBytecode, d, 0)
	defer s.Close()
	require.NoError(t, s.Run(1, func(th *gil.Thread) {
		assert.True(t, th.Explored())
		assert.Equal(t, 6, th.Choose(7))
		assert.Equal(t, 0, th.Choose(1))
	}))
	assert.Equal(t, []int{7}, d.asked)
}

func TestActing(t *testing.T) {
	require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(th *gil.Thread) {
		i := th.Interpreter()
		assert.Same(t, th, i.Acting())
		th.Go("w", func(u *gil.Thread) {
			u.Sleep(time.Millisecond)
			assert.Same(t, u, i.Acting())
		}).Join(th)
		c := th.Emulate("child", func(u *gil.Thread) { assert.Same(t, u, i.Acting(), "of another process") })
		c.Join(th)
		assert.Same(t, th, i.Acting())
	}))
	require.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) { assert.Nil(t, th.Interpreter().Acting()) }))
}

// A callback at the end of a thread may act for it, also without a GIL.
func TestCallbackAtTheEndActs(t *testing.T) {
	for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
		err := gil.NewMachine(2, gil.WithStartCost(0)).Run(p, func(m *gil.Thread) {
			var g gil.Gate
			g.Init(m, 0, "g")
			m.Go("w", func(c *gil.Thread) {
				c.AfterFunc(func() { g.Open(c, gil.OpSet, 1) })
				c.Sleep(time.Second)
			})
			g.Pass(m, gil.OpWait, gil.Forever)
			require.Equal(m, time.Second, m.Now())
		})
		require.NoError(t, err, p.Name())
	}
}

// A thread that recovers whatever ends it is ended all the same, with the goroutine
// that explores.
func TestUnwindingIsNotResisted(t *testing.T) {
	stubborn := func(operation func(*gil.Thread)) func(*gil.Thread) {
		return func(th *gil.Thread) {
			for {
				func() {
					defer func() { _ = recover() }()
					operation(th)
				}()
			}
		}
	}
	for _, operation := range []func(*gil.Thread){
		func(th *gil.Thread) { th.Tick(1) },
		func(th *gil.Thread) { gil.NewVar("x", 0).Store(th, 1) }, // looks at no place whether to switch
		func(th *gil.Thread) { th.Sleep(time.Microsecond) },
		func(th *gil.Thread) { th.Compute(time.Microsecond) },
	} {
		main := stubborn(operation)
		for _, run := range []func(){
			func() { _ = gil.NewSandbox(gil.AnyBytecode, new(every), 50).Run(1, main) },
			func() {
				_ = gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
					th.Go("stubborn", main, gil.WithDaemon(true))
					th.Sleep(time.Millisecond)
				})
			},
		} {
			returned := make(chan bool)
			go func() {
				done := false
				defer func() { returned <- done }()
				run()
				done = true
			}()
			assert.False(t, <-returned, "the goroutine was to exit")
		}
	}
}

// What is announced is known before it happens, with its place.
func TestAnnounced(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, new(every), 0)
	defer s.Close()
	var labels []string
	var ends []kernel.ObjID
	s.Kernel().Announced = func(k *kernel.Task, op kernel.Op) uintptr {
		switch op.Kind {
		case kernel.OpLabel:
			labels = append(labels, k.Name+"@"+k.Label)
		case kernel.OpStart, kernel.OpExit, kernel.OpJoin:
			ends = append(ends, op.Obj)
		}
		return 7
	}
	require.NoError(t, s.Run(1, func(th *gil.Thread) {
		w := th.Go("w", func(u *gil.Thread) { u.Label("here") })
		w.Join(th)
		assert.EqualValues(t, 7, s.Kernel().Pending(0).Site)
	}))
	assert.Equal(t, []string{"w@here"}, labels)
	require.Len(t, ends, 4, "start, exit and join of w, exit of main")
	assert.Equal(t, []kernel.ObjID{ends[0], ends[0], ends[0]}, ends[:3], "are about the same object")
	assert.NotEqual(t, ends[0], ends[3])
}

// values is an observer that is told the values.
type values struct {
	kinds []gil.EventKind
	seen  []string
}

func (v *values) Observe(e gil.Event) {
	if e.Kind == gil.EvRead || e.Kind == gil.EvWrite {
		v.kinds = append(v.kinds, e.Kind)
	}
}

func (v *values) ObserveValue(e gil.Event, x any) {
	if len(v.kinds) == len(v.seen)+1 && v.kinds[len(v.seen)] == e.Kind {
		v.seen = append(v.seen, fmt.Sprint(e.Kind, " ", e.Name, " ", x))
	}
}

func TestValueObserver(t *testing.T) {
	main := func(th *gil.Thread) {
		x := gil.NewVar("x", 1)
		gil.Add(th, x, 4)
		x.Store(th, x.Load(th)*2)
		x.Update(th, func(n int) int { return n + 1 })
		assert.Equal(t, 11, x.Swap(th, 3))
		assert.True(t, x.CompareAndSwap(th, 3, 8))
	}
	want := []string{
		"read x 1", "write x 5", "read x 5", "write x 10", "read x 10", "write x 11", "write x 3", "write x 8",
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		v := new(values)
		require.NoError(t, gil.NewMachine(1, gil.WithObserver(v)).Run(p, main))
		assert.Equal(t, want, v.seen, p.Name())
		v = new(values)
		require.NoError(t, gil.Live(gil.WithObserver(v)).Run(p, main))
		assert.Equal(t, want, v.seen, p.Name())
		v = new(values)
		s := gil.NewSandbox(p, new(every), 0, gil.WithObserver(v))
		require.NoError(t, s.Run(1, main))
		s.Close()
		assert.Equal(t, want, v.seen, p.Name())
	}
}

// TestValuesOfContainers: which way the value went is in the Kind, and what found
// nothing has no value.
func TestValuesOfContainers(t *testing.T) {
	var seen []string
	tell := func(e gil.Event, x any) {
		seen = append(seen, fmt.Sprint(e.Kind, " ", e.Name, " ", x))
	}
	require.NoError(t, gil.NewMachine(1, gil.WithObserver(valueFunc(tell))).Run(gil.CPython313, func(th *gil.Thread) {
		l := gil.NewList("l", 1)
		l.Append(th, 2)
		_, _ = l.PopAt(th, 0)
		_, _ = l.Index(th, 0)
		_, err := l.Index(th, 7)
		assert.Error(t, err)
		_ = l.SetIndex(th, 0, 5)
		_ = gil.AddAt(th, l, 0, 2)
		l.Len(th)
		l.Contains(th, 7)
		_ = l.Remove(th, 7)
		_, err = l.Pop(th)
		assert.Error(t, err)

		d := gil.NewDict[string, int]("d")
		d.Set(th, "a", 1)
		_ = gil.AddTo(th, d, "a", 2)
		d.Get(th, "b")
		d.SetDefault(th, "b", 4)
		_, _ = d.Pop(th, "a")
		d.Len(th)
		_ = d.Delete(th, "b")
		assert.Error(t, d.Delete(th, "b"))
	}))
	assert.Equal(t, []string{
		"write l 2", "read l 1", "read l 2", "write l 5", "read l 5", "write l 7", "read l 1", "read l true", "read l 7",
		"write d 1", "read d 1", "write d 3", "read d 4", "read d 3", "read d 1", "read d 4",
	}, seen)
}

// TestItemsOfContainers: which item an operation is about comes before its value, also
// when there is no such item; what is about the whole has none.
func TestItemsOfContainers(t *testing.T) {
	main := func(th *gil.Thread) {
		l := gil.NewList("l", 1, 2)
		_ = l.SetIndex(th, -1, 5)
		_, _ = l.Index(th, 7)
		_, _ = l.Pop(th)
		l.Clear(th)
		d := gil.NewDict[string, int]("d")
		d.Set(th, "a", 1)
		d.Get(th, "b")
		for range d.Iter(th) {
			continue
		}
		d.Len(th)
		d.Clear(th)
	}
	want := []string{
		"write l [-1]", "write l 5", "read l [7]", "read l 5", "write l []",
		"write d [a]", "write d 1", "read d [b]", "read d 1", "read d a", "read d 1", "write d map[]",
	}
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
		v := new(items)
		require.NoError(t, gil.NewMachine(1, gil.WithObserver(v)).Run(p, main))
		assert.Equal(t, want, v.seen, p.Name())
		v = new(items)
		require.NoError(t, gil.Live(gil.WithObserver(v)).Run(p, main))
		assert.Equal(t, want, v.seen, p.Name())
		v = new(items)
		s := gil.NewSandbox(p, new(every), 0, gil.WithObserver(v))
		require.NoError(t, s.Run(1, main))
		s.Close()
		assert.Equal(t, want, v.seen, p.Name())
	}
}

// items is what an ItemObserver is told of items and values.
type items struct{ seen []string }

func (*items) Observe(gil.Event) {}
func (v *items) ObserveValue(e gil.Event, x any) {
	v.seen = append(v.seen, fmt.Sprint(e.Kind, " ", e.Name, " ", x))
}

func (v *items) ObserveItem(e gil.Event, at any) {
	v.seen = append(v.seen, fmt.Sprint(e.Kind, " ", e.Name, " [", at, "]"))
}

type valueFunc func(e gil.Event, x any)

func (valueFunc) Observe(gil.Event)                 {}
func (f valueFunc) ObserveValue(e gil.Event, x any) { f(e, x) }

// counter is an explorer that counts what it is asked.
type counter struct {
	every
	asked int
}

func (c *counter) Choose(k *kernel.Explored, cur int, enabled *kernel.Set) int {
	c.asked++
	return c.every.Choose(k, cur, enabled)
}

// In which order the threads of a run that is over unwind is not asked.
func TestUnwindingIsNoChoice(t *testing.T) {
	c := new(counter)
	s := gil.NewSandbox(gil.AnyBytecode, c, 0)
	defer s.Close()
	var dead *gil.DeadlockError
	require.ErrorAs(t, s.Run(1, func(th *gil.Thread) {
		var g gil.Gate
		g.Init(th, 0, "g")
		for range 5 {
			th.Go("", func(u *gil.Thread) { g.Pass(u, gil.OpWait, gil.Forever) })
		}
		c.asked = 0
		g.Pass(th, gil.OpWait, gil.Forever)
	}), &dead)
	assert.Zero(t, c.asked)
	assert.Len(t, dead.Waits, 6)
}

// A gate with a name of its own is the same to every schedule, two of one name are
// two, and so are those that are only called by their kind.
func TestGatesHaveTheirNames(t *testing.T) {
	w := &witness{objects: map[kernel.ObjID]bool{}, gates: true}
	s := gil.NewSandbox(gil.AnyBytecode, w, 0)
	defer s.Close()
	for more := true; more; more = w.next() {
		require.NoError(t, s.Run(1, func(th *gil.Thread) {
			var g [4]gil.Gate
			pass := func(th *gil.Thread, i int, name string) {
				g[i].Init(th, 2, name)
				g[i].Pass(th, gil.OpTryAcquire, 0)
			}
			sideBySide(th,
				func(th *gil.Thread) { pass(th, 0, "one"); pass(th, 1, "two") },
				func(th *gil.Thread) { pass(th, 1, "two"); pass(th, 0, "one") })
		}))
	}
	assert.Len(t, w.objects, 2)
	clear(w.objects)
	require.NoError(t, s.Run(1, func(th *gil.Thread) {
		for _, name := range []string{"one", "one", "a lock", "a lock"} {
			var g gil.Gate
			g.Init(th, 1, name)
			g.Pass(th, gil.OpTryAcquire, 0)
		}
	}))
	assert.Len(t, w.objects, 4)
}

// Whoever ends a run does not end the threads that have ended.
func TestStepLimitAfterAThreadHasEnded(t *testing.T) {
	s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 100)
	defer s.Close()
	for seed := range uint64(20) {
		err := s.Run(seed, func(t *gil.Thread) {
			a := t.Go("a", func(t *gil.Thread) { t.Tick(1) })
			b := t.Go("b", func(t *gil.Thread) {
				for {
					t.Tick(1)
				}
			})
			a.Join(t)
			b.Join(t)
		})
		require.ErrorIs(t, err, gil.ErrStepLimit)
	}
}

// The limit is not jumped over by operations that need no choice.
func TestStepLimitAmongPinned(t *testing.T) {
	for limit := 1; limit < 30; limit++ {
		s := gil.NewSandbox(gil.CPython313, kernel.NewRandomWalk(1), limit)
		require.ErrorIs(t, s.Run(1, func(t *gil.Thread) {
			x := gil.NewVar("x", 0)
			for {
				x.Store(t, 1)
				x.Store(t, 2)
				x.Store(t, 3)
				t.Tick(1)
			}
		}), gil.ErrStepLimit)
		require.LessOrEqual(t, s.Kernel().Steps(), limit+4)
		s.Close()
	}
}
