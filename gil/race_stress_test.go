package gil_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// stress runs four live threads at once.
func stress(t *testing.T, p gil.Profile, work func(t *gil.Thread, tid int)) {
	t.Helper()
	err := gil.Live().Run(p.WithSwitchInterval(20*time.Microsecond).WithCheckInterval(3), func(th *gil.Thread) {
		var gate gil.Gate
		gate.Init(th, 0, "start gate")
		var ws []*gil.Thread
		for tid := range 4 {
			ws = append(ws, th.Go("", func(th *gil.Thread) {
				gate.Pass(th, gil.OpWait, gil.Forever)
				work(th, tid)
			}))
		}
		gate.Open(th, gil.OpSet, gil.All)
		gil.JoinAll(th, ws...)
	})
	require.NoError(t, err)
}

// The profiles that differ in what keeps an object whole.
func stressed(t *testing.T, f func(t *testing.T, p gil.Profile)) {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython39, gil.CPython313, gil.CPython313T, gil.JVM} {
		t.Run(p.Name(), func(t *testing.T) { f(t, p) })
	}
}

// Every operation of every kind of object from four threads at once: under -race
// no two touch an object at the same time, and nothing that must be whole is torn.
func TestStressLists(t *testing.T) {
	stressed(t, func(t *testing.T, p gil.Profile) {
		const n = 700
		l := gil.NewList[int]("l")
		kept := make([]int, 4)
		stress(t, p, func(th *gil.Thread, tid int) {
			for i := range n {
				l.Append(th, 1)
				l.Extend(th, 2, 3)
				l.Insert(th, i%7, 4)
				kept[tid] += 4
				if _, err := l.Pop(th); err == nil {
					kept[tid]--
				}
				if _, err := l.PopAt(th, 0); err == nil {
					kept[tid]--
				}
				if err := l.DeleteIndex(th, i%5); err == nil {
					kept[tid]--
				}
				if err := l.Remove(th, 2); err == nil {
					kept[tid]--
				}
				v, err := l.Index(th, -1)
				assert.True(th, err != nil || v >= 1 && v <= 4)
				_ = l.SetIndex(th, 0, 2)
				_ = l.Contains(th, 3)
				_ = l.Count(th, 3)
				_ = l.Truth(th)
				_ = l.Len(th)
				if i%100 == 0 {
					gil.Sort(th, l)
					for _, v := range l.Snapshot(th) {
						assert.True(th, v >= 1 && v <= 4)
					}
					for v := range l.Iter(th) {
						assert.True(th, v >= 1 && v <= 4)
					}
				}
			}
		})
		assert.Len(t, l.Peek(), kept[0]+kept[1]+kept[2]+kept[3])
	})
}

func TestStressDicts(t *testing.T) {
	stressed(t, func(t *testing.T, p gil.Profile) {
		const n = 1000
		d := gil.NewDict[int, int]("d")
		won := make([]int, 4)
		got := make([]int, 4)
		stress(t, p, func(th *gil.Thread, tid int) {
			for i := range n {
				d.Set(th, 1000*(tid+1)+i%50, i) // keys of its own
				if d.SetDefault(th, -i-1, tid) == tid {
					won[tid]++
				}
				d.Update(th, gil.Item[int, int]{Key: 0, Value: i}, gil.Item[int, int]{Key: 1, Value: i})
				if _, err := d.Pop(th, 2); err == nil {
					got[tid]++
				}
				_ = d.Delete(th, 3)
				_ = gil.AddTo(th, d, 0, 1)
				_, _ = d.Get(th, 1)
				_ = d.GetDefault(th, 1, 1)
				_, err := d.Index(th, 1)
				assert.NoError(th, err)
				assert.True(th, d.Contains(th, 0))
				assert.True(th, d.Truth(th))
				assert.Positive(th, d.Len(th))
				if i%100 == 0 {
					assert.Contains(th, d.Keys(th), 0)
					assert.NotEmpty(th, d.Values(th))
					items := d.Items(th)
					assert.True(th, slices.ContainsFunc(items, func(it gil.Item[int, int]) bool { return it.Key == 1 }))
					v := panicked(func() {
						for k := range d.Iter(th) {
							assert.Less(th, k, 5000)
						}
					})
					if v != nil {
						assert.IsType(th, &gil.RuntimeError{}, v)
					}
				}
			}
		})
		assert.Equal(t, n, won[0]+won[1]+won[2]+won[3], "each key was set by one thread")
		assert.Zero(t, got[0]+got[1]+got[2]+got[3])
		assert.Len(t, d.Peek(), n+4*50+2)
	})
}

func TestStressVars(t *testing.T) {
	stressed(t, func(t *testing.T, p gil.Profile) {
		const n = 2000
		type pair struct{ a, b int }
		swapped, exact, both := gil.NewVar("swapped", 0), gil.NewVar("exact", 0), gil.NewVar("both", pair{})
		sum := make([]int, 4)
		stress(t, p, func(th *gil.Thread, tid int) {
			for i := range n {
				sum[tid] += swapped.Swap(th, 1)
				for {
					if v := exact.Load(th); exact.CompareAndSwap(th, v, v+1) {
						break
					}
				}
				both.Store(th, pair{i, i}) // two words
				v := both.Load(th)
				assert.Equal(th, v.a, v.b)
				both.Update(th, func(v pair) pair { return pair{v.b, v.a} })
			}
		})
		assert.Equal(t, 4*n-1, sum[0]+sum[1]+sum[2]+sum[3])
		assert.Equal(t, 4*n, exact.Peek())
	})
}
