package gil

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/bytecode"
	"github.com/pygil/pygil/internal/kernel"
)

// objects are what the methods below act on: x = 1, l = [1, 2], d = {'a': 1}.
type objects struct {
	x *Var[int]
	l *List[int]
	d *Dict[string, int]
}

func newObjects() objects {
	return objects{NewVar("o", 1), NewList("o", 1, 2), NewDict("o", Item[string, int]{"a", 1})}
}

const (
	opRead   = kernel.OpRead
	opWrite  = kernel.OpWrite
	opUpdate = kernel.OpUpdate
)

// methods is what each operation executes and how it touches its object.
var methods = []struct {
	name    string
	use     func(t *Thread, o objects)
	codes   []bytecode.Construct
	touches []OpKind
}{
	{"Var.Load", func(t *Thread, o objects) { o.x.Load(t) }, codesOf(bytecode.Load), touchesOf(opRead)},
	{"Var.Store", func(t *Thread, o objects) { o.x.Store(t, 2) }, codesOf(bytecode.Store), touchesOf(opWrite)},
	{"Var.Update", func(t *Thread, o objects) { o.x.Update(t, func(v int) int { return v }) }, codesOf(bytecode.Update), touchesOf(opRead, opWrite)},
	{"Var.Swap", func(t *Thread, o objects) { o.x.Swap(t, 2) }, codesOf(bytecode.CallCResult), touchesOf(opUpdate)},
	{"Var.CompareAndSwap", func(t *Thread, o objects) { o.x.CompareAndSwap(t, 7, 2) }, codesOf(bytecode.CallCResult), touchesOf(opUpdate)},
	{"Add", func(t *Thread, o objects) { Add(t, o.x, 1) }, codesOf(bytecode.Add), touchesOf(opRead, opWrite)},

	{"List.Append", func(t *Thread, o objects) { o.l.Append(t, 3) }, codesOf(bytecode.ListAppend), touchesOf(opUpdate)},
	{"List.Extend", func(t *Thread, o objects) { o.l.Extend(t, 3, 4) }, codesOf(bytecode.CallMethod1), touchesOf(opUpdate)},
	{"List.Insert", func(t *Thread, o objects) { o.l.Insert(t, 0, 3) }, codesOf(bytecode.CallMethod2), touchesOf(opUpdate)},
	{"List.Pop", func(t *Thread, o objects) { _, _ = o.l.Pop(t) }, codesOf(bytecode.CallMethod0Result), touchesOf(opUpdate)},
	{"List.PopAt", func(t *Thread, o objects) { _, _ = o.l.PopAt(t, 0) }, codesOf(bytecode.CallMethod1Result), touchesOf(opUpdate)},
	{"List.PopAt fails", func(t *Thread, o objects) { _, _ = o.l.PopAt(t, 9) }, codesOf(bytecode.CallMethod1Result), touchesOf(opUpdate)},
	{"List.Index", func(t *Thread, o objects) { _, _ = o.l.Index(t, 0) }, codesOf(bytecode.Item), touchesOf(opRead)},
	{"List.Index fails", func(t *Thread, o objects) { _, _ = o.l.Index(t, 9) }, codesOf(bytecode.Item), touchesOf(opRead)},
	{"List.SetIndex", func(t *Thread, o objects) { _ = o.l.SetIndex(t, 0, 5) }, codesOf(bytecode.SetItem), touchesOf(opWrite)},
	{"List.SetIndex fails", func(t *Thread, o objects) { _ = o.l.SetIndex(t, 9, 5) }, codesOf(bytecode.SetItem), touchesOf(opWrite)},
	{"List.DeleteIndex", func(t *Thread, o objects) { _ = o.l.DeleteIndex(t, 0) }, codesOf(bytecode.DelItem), touchesOf(opUpdate)},
	{"List.DeleteIndex fails", func(t *Thread, o objects) { _ = o.l.DeleteIndex(t, 9) }, codesOf(bytecode.DelItem), touchesOf(opUpdate)},
	{"AddAt", func(t *Thread, o objects) { _ = AddAt(t, o.l, 0, 1) }, codesOf(bytecode.ItemAdd), touchesOf(opRead, opWrite)},
	{"List.Remove", func(t *Thread, o objects) { _ = o.l.Remove(t, 1) }, codesOf(bytecode.CallMethod1), touchesOf(opUpdate)},
	{"List.Remove fails", func(t *Thread, o objects) { _ = o.l.Remove(t, 9) }, codesOf(bytecode.CallMethod1), touchesOf(opUpdate)},
	{"List.Contains", func(t *Thread, o objects) { o.l.Contains(t, 1) }, codesOf(bytecode.Contains), touchesOf(opRead)},
	{"List.Count", func(t *Thread, o objects) { o.l.Count(t, 1) }, codesOf(bytecode.CallMethod1Result), touchesOf(opRead)},
	{"List.Len", func(t *Thread, o objects) { o.l.Len(t) }, codesOf(bytecode.CallLen), touchesOf(opRead)},
	{"List.Truth", func(t *Thread, o objects) { o.l.Truth(t) }, codesOf(bytecode.BranchUntaken), touchesOf(opRead)},
	{"List.Clear", func(t *Thread, o objects) { o.l.Clear(t) }, codesOf(bytecode.CallMethod0), touchesOf(opWrite)},
	{"List.Snapshot", func(t *Thread, o objects) { o.l.Snapshot(t) }, codesOf(bytecode.ListOf), touchesOf(opRead)},
	{"Sort", func(t *Thread, o objects) { Sort(t, o.l) }, codesOf(bytecode.CallMethod0), touchesOf(opUpdate)},
	{"List.Iter", func(t *Thread, o objects) {
		for range o.l.Iter(t) {
			continue
		}
	}, codesOf(bytecode.IterSetup, bytecode.IterHead, bytecode.IterTail, bytecode.IterHead, bytecode.IterTail, bytecode.IterEnd), touchesOf(opRead, opRead, opRead)},

	{"Dict.Index", func(t *Thread, o objects) { _, _ = o.d.Index(t, "a") }, codesOf(bytecode.Item), touchesOf(opRead)},
	{"Dict.Index fails", func(t *Thread, o objects) { _, _ = o.d.Index(t, "x") }, codesOf(bytecode.Item), touchesOf(opRead)},
	{"Dict.Set", func(t *Thread, o objects) { o.d.Set(t, "a", 2) }, codesOf(bytecode.SetItem), touchesOf(opWrite)},
	{"Dict.Delete", func(t *Thread, o objects) { _ = o.d.Delete(t, "a") }, codesOf(bytecode.DelItem), touchesOf(opUpdate)},
	{"Dict.Delete fails", func(t *Thread, o objects) { _ = o.d.Delete(t, "x") }, codesOf(bytecode.DelItem), touchesOf(opUpdate)},
	{"AddTo", func(t *Thread, o objects) { _ = AddTo(t, o.d, "a", 1) }, codesOf(bytecode.ItemAdd), touchesOf(opRead, opWrite)},
	{"Dict.Get", func(t *Thread, o objects) { o.d.Get(t, "a") }, codesOf(bytecode.CallMethod1Result), touchesOf(opRead)},
	{"Dict.GetDefault", func(t *Thread, o objects) { o.d.GetDefault(t, "x", 1) }, codesOf(bytecode.CallMethod2Result), touchesOf(opRead)},
	{"Dict.SetDefault", func(t *Thread, o objects) { o.d.SetDefault(t, "x", 1) }, codesOf(bytecode.CallMethod2Result), touchesOf(opUpdate)},
	{"Dict.Pop", func(t *Thread, o objects) { _, _ = o.d.Pop(t, "a") }, codesOf(bytecode.CallMethod1Result), touchesOf(opUpdate)},
	{"Dict.Pop fails", func(t *Thread, o objects) { _, _ = o.d.Pop(t, "x") }, codesOf(bytecode.CallMethod1Result), touchesOf(opUpdate)},
	{"Dict.Update", func(t *Thread, o objects) { o.d.Update(t, Item[string, int]{"b", 1}) }, codesOf(bytecode.CallMethod1), touchesOf(opUpdate)},
	{"Dict.Contains", func(t *Thread, o objects) { o.d.Contains(t, "a") }, codesOf(bytecode.Contains), touchesOf(opRead)},
	{"Dict.Len", func(t *Thread, o objects) { o.d.Len(t) }, codesOf(bytecode.CallLen), touchesOf(opRead)},
	{"Dict.Truth", func(t *Thread, o objects) { o.d.Truth(t) }, codesOf(bytecode.BranchUntaken), touchesOf(opRead)},
	{"Dict.Clear", func(t *Thread, o objects) { o.d.Clear(t) }, codesOf(bytecode.CallMethod0), touchesOf(opWrite)},
	{"Dict.Keys", func(t *Thread, o objects) { o.d.Keys(t) }, codesOf(bytecode.ListOf), touchesOf(opRead)},
	{"Dict.Values", func(t *Thread, o objects) { o.d.Values(t) }, codesOf(bytecode.ListItems), touchesOf(opRead)},
	{"Dict.Items", func(t *Thread, o objects) { o.d.Items(t) }, codesOf(bytecode.ListItems), touchesOf(opRead)},
	{"Dict.Iter", func(t *Thread, o objects) {
		for range o.d.Iter(t) {
			continue
		}
	}, codesOf(bytecode.IterSetup, bytecode.IterHead, bytecode.IterTail, bytecode.IterEnd), touchesOf(opRead, opRead, opRead)},
}

func codesOf(cs ...bytecode.Construct) []bytecode.Construct { return cs }
func touchesOf(ks ...OpKind) []OpKind                       { return ks }

// Each method executes the bytecodes of its construct, no more and no less, also
// when it fails.
func TestMethodsExecuteTheirConstructs(t *testing.T) {
	for _, p := range Profiles() {
		for _, m := range methods {
			var want int64
			for _, c := range m.codes {
				for _, s := range p.compile().paths[c] {
					want += int64(s.ticks)
				}
			}
			require.NoError(t, NewMachine(1).Run(p, func(th *Thread) {
				begin := th.k.Ticks()
				m.use(th, newObjects())
				assert.Equal(th, want, th.k.Ticks()-begin, "ticks of %s under %s", m.name, p)
			}))
		}
	}
}

// footprint records what is done to objects.
type footprint struct {
	kernel.RandomWalk
	touches []kernel.Op
}

func (f *footprint) Performs(_ *kernel.Explored, _ *kernel.Task, op kernel.Op) {
	if op.Obj != 0 && (op.Kind == opRead || op.Kind == opWrite || op.Kind == opUpdate) {
		f.touches = append(f.touches, op)
	}
}

// Each touch is announced before it happens, with its kind and its object, and an
// observer is told of it.
func TestMethodsAnnounceTheirTouches(t *testing.T) {
	for _, p := range Profiles() {
		for _, m := range methods {
			var f footprint
			s := NewSandbox(p, &f, 0)
			require.NoError(t, s.Run(1, func(th *Thread) { m.use(th, newObjects()) }))
			s.Close()
			var kinds []OpKind
			for _, op := range f.touches {
				kinds = append(kinds, op.Kind)
				assert.Equal(t, f.touches[0].Obj, op.Obj, "%s under %s touches one object", m.name, p)
			}
			assert.Equal(t, m.touches, kinds, "%s under %s", m.name, p)

			var seen []EventKind
			var objs []uint64
			machine := NewMachine(1, WithObserver(ObserverFunc(func(e Event) {
				if e.Kind == EvRead || e.Kind == EvWrite {
					seen, objs = append(seen, e.Kind), append(objs, e.Obj)
					assert.Equal(t, "o", e.Name)
				}
			})))
			require.NoError(t, machine.Run(p, func(th *Thread) { m.use(th, newObjects()) }))
			want := make([]EventKind, len(m.touches))
			for i, k := range m.touches {
				if want[i] = EvWrite; k == opRead {
					want[i] = EvRead
				}
			}
			assert.Equal(t, want, seen, "%s under %s", m.name, p)
			assert.Len(t, slices.Compact(objs), 1, "%s under %s", m.name, p)
		}
	}
}

// A break out of a loop counts one bytecode up to 3.9, and none that looks later.
func TestBreakOutOfALoop(t *testing.T) {
	for _, p := range Profiles() {
		want := int64(0)
		for _, c := range []bytecode.Construct{bytecode.IterSetup, bytecode.IterHead} {
			for _, s := range p.compile().paths[c] {
				want += int64(s.ticks)
			}
		}
		if p.version <= bytecode.V39 {
			want++
		}
		require.NoError(t, NewMachine(1).Run(p, func(th *Thread) {
			for _, loop := range []func(){
				func() {
					for range newObjects().l.Iter(th) {
						break
					}
				},
				func() {
					for range newObjects().d.Iter(th) {
						break
					}
				},
			} {
				begin := th.k.Ticks()
				loop()
				assert.Equal(th, want, th.k.Ticks()-begin, "%s", p)
			}
		}))
	}
}
