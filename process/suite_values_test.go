package process_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// A pointInSpace is a structure in shared memory: three words, which no instruction
// writes at once.
type pointInSpace struct{ X, Y, Z int64 }

func init() {
	process.RegisterValue[pointInSpace]()
	parts["adds"] = func(t *gil.Thread, in props) error {
		for range in.Int {
			if _, err := process.Add(t, in.N, 1); err != nil {
				return err
			}
			if _, err := process.AddAt(t, in.All, -1, 2); err != nil {
				return err
			}
			if _, err := in.N.Update(t, func(n int) int { return n }); err != nil {
				return err
			}
		}
		return nil
	}
	parts["handles"] = func(t *gil.Thread, in props) error {
		v, err := in.Conn.Recv(t)
		if err != nil {
			return err
		}
		all, ok := v.([]any)
		if !ok || len(all) != 4 {
			return fmt.Errorf("%T arrived", v)
		}
		l, n, raw, e := all[0].(*process.Lock), all[1].(*process.Value[float64]), all[2].(*process.RawArray[byte]), all[3].(*process.Event)
		if ok, err := l.TryAcquire(t); ok || err != nil {
			return errors.Join(errors.New("it is held"), err)
		}
		if err := n.Store(t, 2.5); err != nil {
			return err
		}
		copy(raw.Data(), "shared")
		if err := e.Set(t); err != nil {
			return err
		}
		return in.Conn.Close()
	}
	parts["point"] = func(t *gil.Thread, in props) error {
		v, err := in.Conn.Recv(t)
		if err != nil {
			return err
		}
		_, err = v.(*process.Value[pointInSpace]).Update(t, func(p pointInSpace) pointInSpace { return pointInSpace{p.Z, p.X, p.Y} })
		return errors.Join(err, in.Conn.Close())
	}
}

var valueCases = []suiteCase{
	{name: "VA-2 value", run: func(t *gil.Thread) {
		v := got[*process.Value[int32]](t)(process.NewValue(t, int32(3)))
		require.Equal(t, "<Synchronized wrapper for int32(3)>", v.String())
		require.NoError(t, v.Store(t, 7))
		require.Equal(t, int32(7), got[int32](t)(v.Swap(t, 8)))
		require.False(t, got[bool](t)(v.CompareAndSwap(t, 7, 9)))
		require.True(t, got[bool](t)(v.CompareAndSwap(t, 8, 9)))
		require.Equal(t, int32(10), got[int32](t)(v.Update(t, func(n int32) int32 { return n + 1 })))
		require.NoError(t, v.Lock().With(t, func() { require.Equal(t, int32(10), got[int32](t)(v.Load(t))) }))
		require.NoError(t, v.With(t, func(p *int32) { *p = 11 }))
		require.Equal(t, int32(11), got[int32](t)(v.Load(t)))
		require.NoError(t, v.Close())
		_, err := v.Load(t)
		require.ErrorIs(t, err, process.ErrClosed)
		_, err = process.NewValue(t, "text")
		require.Error(t, err)
	}},
	{name: "VA-3 adding", run: func(t *gil.Thread) {
		in := stage(t, "adds")
		defer in.close()
		in.Int = 2
		in.All = got[*process.Array[int]](t)(process.NewArray[int](t, 3))
		p, q := enact(t, in), enact(t, in)
		ends(t, p, 0)
		ends(t, q, 0)
		require.Equal(t, 4, got[int](t)(in.N.Load(t)))
		require.Equal(t, []int{0, 0, 8}, got[[]int](t)(in.All.Slice(t, 0, 3)))
	}},
	{name: "VA-4 wrapping", run: func(t *gil.Thread) {
		v := got[*process.Value[int32]](t)(process.NewValue(t, int32(1<<31-1)))
		require.Equal(t, int32(-1<<31), got[int32](t)(process.Add(t, v, 1)))
		b := got[*process.Value[uint8]](t)(process.NewValue(t, uint8(255)))
		require.Equal(t, uint8(44), got[uint8](t)(process.Add(t, b, 45)))
	}},
	{name: "VA-5 array", run: func(t *gil.Thread) {
		a := got[*process.Array[int]](t)(process.NewArrayOf(t, []int{1, 2, 3, 4}))
		require.Equal(t, 4, a.Len())
		require.Equal(t, 4, got[int](t)(a.Load(t, -1)))
		_, err := a.Load(t, 4)
		var v *process.ValueError
		require.ErrorAs(t, err, &v)
		require.Equal(t, "invalid index", v.PythonText())
		require.NoError(t, a.SetSlice(t, 1, 3, []int{20, 30}))
		require.ErrorAs(t, a.SetSlice(t, 1, 3, []int{1}), &v)
		require.Equal(t, "Can only assign sequence of same size", v.PythonText())
		require.Equal(t, []int{20, 30}, got[[]int](t)(a.Slice(t, -3, -1)))
		_, err = process.NewArray[int](t, -1)
		require.ErrorAs(t, err, &v)
		require.Equal(t, "Array length must be >= 0, not -1", v.PythonText())
		require.NoError(t, a.Store(t, 0, 5))
		require.NoError(t, a.With(t, func(all []int) { require.Equal(t, []int{5, 20, 30, 4}, all) }))
		require.Equal(t, "<SynchronizedArray wrapper for int_Array_4>", a.String())
	}},
	{name: "VA-2 raw", run: func(t *gil.Thread) {
		v := got[*process.RawValue[int]](t)(process.NewRawValue(t, 1))
		v.Store(t, 2)
		require.Equal(t, 2, v.Load(t))
		*v.Pointer() = 3
		require.Equal(t, 3, v.Load(t))
		a := got[*process.RawArray[int]](t)(process.NewRawArray[int](t, 2))
		require.Equal(t, 2, a.Len())
		require.Equal(t, []int{0, 0}, a.Data())
	}},
	{name: "VA-7 structures", run: func(t *gil.Thread) {
		v := got[*process.Value[pointInSpace]](t)(process.NewValue(t, pointInSpace{1, 2, 3}))
		a, b := newSuitePair(t)
		p := enact(t, props{Part: "point", Conn: b})
		require.NoError(t, b.Close())
		require.NoError(t, a.Send(t, v))
		ends(t, p, 0)
		require.NoError(t, a.Close())
		require.Equal(t, pointInSpace{3, 1, 2}, got[pointInSpace](t)(v.Load(t)))
	}},
	{name: "handles in a message", run: func(t *gil.Thread) {
		l, e := newLock(t), got[*process.Event](t)(process.NewEvent(t))
		n := got[*process.Value[float64]](t)(process.NewValue(t, 0.0))
		raw := got[*process.RawArray[byte]](t)(process.NewRawArray[byte](t, 6))
		require.NoError(t, l.Acquire(t))
		a, b := newSuitePair(t)
		p := enact(t, props{Part: "handles", Conn: b})
		require.NoError(t, b.Close())
		require.NoError(t, a.Send(t, []any{l, n, raw, e}))
		require.NoError(t, e.Wait(t))
		ends(t, p, 0)
		require.NoError(t, a.Close())
		require.Equal(t, 2.5, got[float64](t)(n.Load(t)))
		require.Equal(t, "shared", string(raw.Data()))
		require.NoError(t, l.Release(t))
	}},
}

// Every line of section 7.1 that has a meaning in both worlds.
func TestSuiteValues(t *testing.T) { runSuite(t, valueCases) }
