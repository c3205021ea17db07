//go:build linux || darwin

package process_test

import (
	"context"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

type point struct {
	X, Y float64
	Tag  [3]int8
}

func init() { process.RegisterValue[point]() }

type numbers struct {
	N      *process.Value[int]
	Small  *process.Value[int8]
	F      *process.Value[float64]
	P      *process.Value[point]
	A      *process.Array[uint16]
	Raw    *process.RawValue[int32]
	RawA   *process.RawArray[point]
	Start  *process.Barrier
	Rounds int
}

var adder = process.DefineTarget("test.adder", func(ctx context.Context, n numbers) error {
	if _, err := n.Start.Wait(ctx); err != nil {
		return err
	}
	for range n.Rounds {
		if _, err := process.Add(ctx, n.N, 1); err != nil {
			return err
		}
		_, _ = process.Add(ctx, n.Small, 1)
		_, _ = process.Add(ctx, n.F, 0.5)
		_, _ = process.AddAt(ctx, n.A, -1, 3)
		if _, err := n.P.Update(ctx, func(p point) point { p.X++; p.Y--; p.Tag[1]++; return p }); err != nil {
			return err
		}
	}
	n.Raw.Store(ctx, 7)
	n.RawA.Data()[1].X = 8
	return nil
})

// VA-3: what Add adds is never lost, and Update's steps are one.
func TestValuesBetweenProcesses(t *testing.T) {
	ctx := t.Context()
	must := func(err error) { t.Helper(); require.NoError(t, err) }
	n := numbers{Rounds: 10_000, Start: newKit(t, 2).Barrier}
	var err error
	n.N, err = process.NewValue(ctx, 5)
	must(err)
	n.Small, err = process.NewValue[int8](ctx, 0)
	must(err)
	n.F, err = process.NewValue(ctx, 0.25)
	must(err)
	n.P, err = process.NewValue(ctx, point{Y: 1})
	must(err)
	n.A, err = process.NewArray[uint16](ctx, 3)
	must(err)
	n.Raw, err = process.NewRawValue[int32](ctx, 1)
	must(err)
	n.RawA, err = process.NewRawArray[point](ctx, 2)
	must(err)
	closeAll(t, n.N, n.Small, n.F, n.P, n.A, n.Raw, n.RawA)

	p, err := adder.Start(ctx, n)
	must(err)
	_, err = n.Start.Wait(ctx)
	must(err)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range n.Rounds {
				_, err := process.Add(ctx, n.N, 1)
				assert.NoError(t, err)
				_, _ = process.Add(ctx, n.Small, 1)
				_, _ = process.Add(ctx, n.F, 0.5)
				_, _ = process.AddAt(ctx, n.A, 2, 3)
				_, _ = n.P.Update(ctx, func(p point) point { p.X++; p.Y--; p.Tag[1]++; return p })
			}
		})
	}
	wg.Wait()
	require.Zero(t, joined(t, p))

	sum, err := n.N.Load(ctx)
	must(err)
	require.Equal(t, 3*n.Rounds+5, sum)
	// VA-4: integers wrap silently.
	total := 3 * n.Rounds
	small, err := n.Small.Load(ctx)
	must(err)
	require.Equal(t, int8(total), small)
	f, err := n.F.Load(ctx)
	must(err)
	require.Equal(t, float64(total)/2+0.25, f)
	a, err := n.A.Slice(ctx, 0, 99)
	must(err)
	require.Equal(t, []uint16{0, 0, uint16(3 * total)}, a)
	pt, err := n.P.Load(ctx)
	must(err)
	require.Equal(t, point{float64(total), float64(1 - total), [3]int8{0, int8(total), 0}}, pt)
	require.EqualValues(t, 7, n.Raw.Load(ctx))
	require.Equal(t, int32(7), *n.Raw.Pointer())
	require.Equal(t, 8.0, n.RawA.Data()[1].X)
	require.Equal(t, 2, n.RawA.Len())
}

// Types that the processor cannot add to in one instruction lose nothing either.
func TestAddLosesNothing(t *testing.T) {
	ctx := t.Context()
	f, err := process.NewValue(ctx, 0.0)
	require.NoError(t, err)
	b, err := process.NewValue[uint8](ctx, 0)
	require.NoError(t, err)
	closeAll(t, f, b)
	const rounds = 300_001
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range rounds {
				_, _ = process.Add(ctx, f, 1)
				_, _ = process.Add(ctx, b, 1)
			}
		})
	}
	wg.Wait()
	total := 3 * rounds
	x, err := f.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, float64(total), x)
	y, err := b.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, uint8(total), y)
}

func TestValueOperations(t *testing.T) {
	ctx := t.Context()
	check := func(name string, run func(t *testing.T)) { t.Run(name, run) }
	check("word", func(t *testing.T) { operate[int64](t, ctx, 1, 2, 3) })
	check("half", func(t *testing.T) { operate[float32](t, ctx, 1.5, 2, 3) })
	check("byte", func(t *testing.T) { operate[uint8](t, ctx, 255, 2, 3) })
	check("bool", func(t *testing.T) { operate(t, ctx, true, false, true) })
	check("struct", func(t *testing.T) { operate(t, ctx, point{X: 1}, point{Y: 2}, point{Tag: [3]int8{1}}) })
	check("complex", func(t *testing.T) { operate[complex128](t, ctx, 1i, 2, 3) })
	check("array", func(t *testing.T) { operate(t, ctx, [3]int16{1}, [3]int16{2}, [3]int16{3}) })
}

func operate[T comparable](t *testing.T, ctx context.Context, a, b, c T) {
	v, err := process.NewValue(ctx, a)
	require.NoError(t, err)
	x, err := v.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, a, x)
	require.NoError(t, v.Store(ctx, b))
	x, err = v.Swap(ctx, a)
	require.NoError(t, err)
	require.Equal(t, b, x)
	ok, err := v.CompareAndSwap(ctx, b, c)
	require.NoError(t, err)
	require.False(t, ok)
	ok, err = v.CompareAndSwap(ctx, a, b)
	require.NoError(t, err)
	require.True(t, ok)
	x, err = v.Update(ctx, func(x T) T {
		assert.Equal(t, b, x)
		assert.True(t, v.Lock().Locked(ctx))
		return c
	})
	require.NoError(t, err)
	require.Equal(t, c, x)
	require.NoError(t, v.With(ctx, func(p *T) { *p = a }))
	x, err = v.Load(ctx)
	require.NoError(t, err)
	require.Equal(t, a, x)
	require.Contains(t, v.String(), "<Synchronized wrapper for ")
	require.NoError(t, v.Close())
	_, err = v.Load(ctx)
	require.ErrorIs(t, err, process.ErrClosed)
	require.ErrorIs(t, v.Store(ctx, a), process.ErrClosed)
	_, err = v.Swap(ctx, a)
	require.ErrorIs(t, err, process.ErrClosed)
}

// Neighbours of one word do not disturb each other.
func TestSmallElementsAreAtomic(t *testing.T) {
	ctx := t.Context()
	a, err := process.NewArray[int8](ctx, 7)
	require.NoError(t, err)
	closeAll(t, a)
	var wg sync.WaitGroup
	for i := range 7 {
		wg.Go(func() {
			for range 1000 {
				_, err := process.AddAt(ctx, a, i, int8(i))
				assert.NoError(t, err)
				x, _ := a.Load(ctx, i)
				assert.NoError(t, a.Store(ctx, i, x))
			}
		})
	}
	wg.Wait()
	all, err := a.Slice(ctx, 0, 7)
	require.NoError(t, err)
	for i := range all {
		n := 1000 * i
		require.Equal(t, int8(n), all[i])
	}
}

// VA-5
func TestArray(t *testing.T) {
	ctx := t.Context()
	a, err := process.NewArrayOf(ctx, []int{0, 1, 2, 3, 4})
	require.NoError(t, err)
	closeAll(t, a)
	require.Equal(t, 5, a.Len())
	x, err := a.Load(ctx, -1)
	require.NoError(t, err)
	require.Equal(t, 4, x)
	for _, i := range []int{5, -6} {
		_, err = a.Load(ctx, i)
		raises(t, "invalid index", err)
		raises(t, "invalid index", a.Store(ctx, i, 0))
		_, err = process.AddAt(ctx, a, i, 1)
		raises(t, "invalid index", err)
	}
	require.NoError(t, a.Store(ctx, -5, 9))
	for _, c := range []struct {
		lo, hi int
		want   []int
	}{{0, 2, []int{9, 1}}, {-2, 99, []int{3, 4}}, {3, 1, []int{}}, {-99, 1, []int{9}}} {
		part, err := a.Slice(ctx, c.lo, c.hi)
		require.NoError(t, err)
		require.Equal(t, c.want, part)
	}
	require.NoError(t, a.SetSlice(ctx, 1, 3, []int{7, 8}))
	raises(t, "Can only assign sequence of same size", a.SetSlice(ctx, 1, 3, []int{7}))
	require.NoError(t, a.With(ctx, func(all []int) { require.Equal(t, []int{9, 7, 8, 3, 4}, all) }))
	_, err = process.NewArray[int](ctx, -1)
	raises(t, "Array length must be >= 0, not -1", err)
	_, err = process.NewArray[int](ctx, math.MaxInt)
	require.Error(t, err)
	empty, err := process.NewArray[int](ctx, 0)
	require.NoError(t, err)
	require.Zero(t, empty.Len())
	require.NoError(t, empty.Close())
	require.Equal(t, "<SynchronizedArray wrapper for int_Array_5>", a.String())
}

func TestWhatHoldsAnAddressIsRefused(t *testing.T) {
	ctx := t.Context()
	_, err := process.NewValue(ctx, "text")
	raises(t, "this type has no size", err)
	_, err = process.NewValue(ctx, struct{ A []struct{ B *int } }{})
	require.ErrorContains(t, err, ".A is a slice")
	_, err = process.NewArray[any](ctx, 1)
	require.ErrorContains(t, err, "interface")
	require.Panics(t, func() { process.RegisterValue[map[int]int]() })
}

// The lock of a Value that a process held when it died tells those who come after.
func TestAValueOfADeadOwner(t *testing.T) {
	ctx := t.Context()
	k := newKit(t, 1)
	s := hire(t, k)
	require.Equal(t, "ok", s.do("vacquire"))
	s.kill()
	_, err := k.Value.Update(ctx, func(n int) int { return n })
	require.ErrorIs(t, err, process.ErrOwnerDied)
	_, err = process.Add(ctx, k.Value, 1)
	require.NoError(t, err, "an atomic instruction needs no lock")
	require.NoError(t, k.Value.Lock().Recover(ctx))
	require.NoError(t, k.Value.Lock().Release(ctx))
	_, err = agent.Start(ctx, orders{Kit: kit{Lock: k.Value.Lock()}})
	require.ErrorContains(t, err, "travels with it")
}
