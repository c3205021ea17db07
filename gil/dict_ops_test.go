package gil_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
)

type item = gil.Item[string, int]

func TestDictDoesWhatPythonDoes(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		d := gil.NewDict("d", item{"a", 1}, item{"b", 2}, item{"a", 3})
		assert.Equal(t, "d", d.Name())
		assert.Equal(t, []item{{"a", 3}, {"b", 2}}, d.Peek())
		d.Set(th, "c", 4)
		d.Set(th, "a", 5)
		assert.Equal(t, []item{{"a", 5}, {"b", 2}, {"c", 4}}, d.Items(th))
		assert.Equal(t, []string{"a", "b", "c"}, d.Keys(th))
		assert.Equal(t, []int{5, 2, 4}, d.Values(th))

		v, err := d.Index(th, "b")
		require.NoError(t, err)
		assert.Equal(t, 2, v)
		v, ok := d.Get(th, "b")
		assert.Equal(t, []any{2, true}, []any{v, ok})
		v, ok = d.Get(th, "x")
		assert.Equal(t, []any{0, false}, []any{v, ok})
		assert.Equal(t, 4, d.GetDefault(th, "c", 9))
		assert.Equal(t, 9, d.GetDefault(th, "x", 9))
		assert.Equal(t, 4, d.SetDefault(th, "c", 9))
		assert.Equal(t, 9, d.SetDefault(th, "x", 9))
		assert.True(t, d.Contains(th, "x"))
		assert.False(t, d.Contains(th, "y"))

		require.NoError(t, d.Delete(th, "a"))
		d.Set(th, "a", 6) // a new key comes last
		v, err = d.Pop(th, "b")
		require.NoError(t, err)
		assert.Equal(t, 2, v)
		d.Update(th, item{"c", 7}, item{"z", 8})
		require.NoError(t, gil.AddTo(th, d, "z", 10))
		assert.Equal(t, []item{{"c", 7}, {"x", 9}, {"a", 6}, {"z", 18}}, d.Items(th))
		assert.Equal(t, 4, d.Len(th))

		assert.True(t, d.Truth(th))
		d.Clear(th)
		assert.False(t, d.Truth(th))
		assert.Zero(t, d.Len(th))
		assert.Empty(t, d.Items(th))
		d.Set(th, "again", 1)
		assert.Equal(t, []item{{"again", 1}}, d.Peek())
	})
}

func TestDictKeyErrors(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		d := gil.NewDict("stock", item{"a", 1})
		_, index := d.Index(th, "it's")
		_, pop := d.Pop(th, "it's")
		for _, err := range []error{index, pop, d.Delete(th, "it's"), gil.AddTo(th, d, "it's", 1)} {
			require.ErrorIs(t, err, gil.ErrKey)
			var e *gil.KeyError
			require.ErrorAs(t, err, &e)
			assert.Equal(t, &gil.KeyError{Dict: "stock", Key: "it's"}, e)
			assert.Equal(t, `"it's"`, e.PythonText())
			assert.Equal(t, `gil: dict "stock" has no key "it's"; use GetDefault or SetDefault, or handle ErrKey`, err.Error())
		}
		assert.Equal(t, []item{{"a", 1}}, d.Peek())

		var zero gil.Dict[[2]int, bool]
		_, err := zero.Index(th, [2]int{1, 2})
		var e *gil.KeyError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, "(1, 2)", e.PythonText())
		zero.Set(th, [2]int{1, 2}, true)
		assert.True(t, zero.Contains(th, [2]int{1, 2}))
	})
}

// A key that cannot be hashed is refused before anything is locked or changed:
// afterwards the dict works, also without a GIL.
func TestDictRefusesWhatCannotBeHashed(t *testing.T) {
	type boxed struct{ v any }
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		d := gil.NewDict("d", gil.Item[any, int]{Key: nil, Value: 1}, gil.Item[any, int]{Key: 2, Value: 2})
		for text, use := range map[string]func(){
			"unhashable type: 'list'":     func() { d.Set(th, []int{1}, 1) },
			"unhashable type: 'dict'":     func() { d.SetDefault(th, map[string]int{}, 1) },
			"unhashable type: '[1][]int'": func() { d.Update(th, gil.Item[any, int]{Key: 9}, gil.Item[any, int]{Key: [1][]int{}}) },
			"unhashable type: 'func()'":   func() { _, _ = d.Pop(th, func() {}) },
		} {
			v := panicked(use)
			require.IsType(t, &gil.ValueError{}, v)
			assert.Equal(t, text, v.(*gil.ValueError).PythonText())
			assert.Contains(t, v.(error).Error(), "gil: variable d: a key of type ")
		}
		for _, use := range []func(){
			func() { _ = d.Contains(th, []int{1}) },
			func() { _, _ = d.Get(th, []int{1}) },
			func() { _ = d.GetDefault(th, []int{1}, 1) },
			func() { _, _ = d.Index(th, []int{1}) },
			func() { _ = d.Delete(th, []int{1}) },
			func() { _ = gil.AddTo(th, d, any([]int{1}), 1) },
			func() { gil.NewDict("e", gil.Item[any, int]{Key: []int{}}) },
			func() { gil.NewDict[boxed, int]("f").Set(th, boxed{[]int{}}, 1) },
		} {
			assert.IsType(t, &gil.ValueError{}, panicked(use))
		}
		assert.Equal(t, []any{nil, 2}, d.Keys(th))
		gil.NewDict[boxed, int]("g").Set(th, boxed{"fine"}, 1)
	})
}

// panicked returns what f panics with.
func panicked(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// What Python did, version by version, in loops over a dict that changes.
func TestDictIteration(t *testing.T) {
	size, keys := "dictionary changed size during iteration", "dictionary keys changed during iteration"
	replace := func(th *gil.Thread, d *gil.Dict[int, int], k int) {
		assert.NoError(th, d.Delete(th, k))
		d.Set(th, k+1, 0)
	}
	again := func(th *gil.Thread, d *gil.Dict[int, int], k int) {
		if k == 0 {
			assert.NoError(th, d.Delete(th, 0))
			d.Set(th, 0, 1)
		}
	}
	for _, c := range []struct {
		what          string
		n             int
		body          func(th *gil.Thread, d *gil.Dict[int, int], k int)
		old, new      []int
		oldErr, until string
	}{
		{"nothing", 3, func(*gil.Thread, *gil.Dict[int, int], int) {}, []int{0, 1, 2}, []int{0, 1, 2}, "", ""},
		{"sets", 3, func(th *gil.Thread, d *gil.Dict[int, int], k int) { d.Set(th, k, 9) }, []int{0, 1, 2}, []int{0, 1, 2}, "", ""},
		{"deletes", 3, func(th *gil.Thread, d *gil.Dict[int, int], k int) { assert.NoError(th, d.Delete(th, k)) }, []int{0}, []int{0}, size, size},
		{"adds after the last", 3, func(th *gil.Thread, d *gil.Dict[int, int], k int) {
			if k == 2 {
				d.Set(th, 5, 1)
			}
		}, []int{0, 1, 2}, []int{0, 1, 2}, size, size},
		{"clears", 3, func(th *gil.Thread, d *gil.Dict[int, int], k int) { d.Clear(th) }, []int{0}, []int{0}, size, size},
		{"replaces", 1, replace, []int{0, 1, 2, 3, 4}, []int{0}, "", keys},
		{"deletes and sets again", 3, again, []int{0, 1, 2, 0, 0}, []int{0, 1, 2}, "", keys},
	} {
		for _, p := range []gil.Profile{gil.CPython36, gil.CPython37, gil.CPython38, gil.CPython313, gil.CPython314T} {
			t.Run(p.Name()+"/"+c.what, func(t *testing.T) {
				want, text := c.new, c.until
				if p.Name() == "3.6" || p.Name() == "3.7" {
					want, text = c.old, c.oldErr
				}
				var seen []int
				require.NoError(t, gil.NewMachine(1).Run(p, func(th *gil.Thread) {
					d := gil.NewDict[int, int]("d")
					for k := range c.n {
						d.Set(th, k, k)
					}
					v := panicked(func() {
						for k := range d.Iter(th) {
							seen = append(seen, k)
							c.body(th, d, k)
						}
					})
					if text == "" {
						assert.Nil(t, v)
						return
					}
					require.IsType(t, &gil.RuntimeError{}, v)
					assert.Equal(t, text, v.(*gil.RuntimeError).PythonText())
					assert.Equal(t, "gil: variable d: "+text+"; iterate over Keys, which copies them, or lock", v.(error).Error())
				}))
				assert.Equal(t, want, seen)
			})
		}
	}
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		d := gil.NewDict("d", item{"a", 1}, item{"b", 1}, item{"c", 1})
		var seen []string
		for k := range d.Iter(th) {
			if k == "c" {
				break
			}
			seen = append(seen, k)
		}
		assert.Equal(t, []string{"a", "b"}, seen)
		for range gil.NewDict[int, int]("empty").Iter(th) {
			assert.Fail(t, "the dict is empty")
		}
	})
}

// A dict is a map that remembers an order, whatever is done to it.
func TestDictAgainstAModel(t *testing.T) {
	type op struct{ what, key, value int }
	ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
		return op{rapid.IntRange(0, 5).Draw(rt, "op"), rapid.IntRange(0, 20).Draw(rt, "key"), rapid.Int().Draw(rt, "value")}
	}), 0, 200)
	rapid.Check(t, func(rt *rapid.T) {
		program := ops.Draw(rt, "program")
		m := dictModel{}
		err := gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
			d := gil.NewDict[int, int]("d")
			for _, o := range program {
				switch o.what {
				case 0, 1:
					d.Set(th, o.key, o.value)
					m.set(o.key, o.value)
				case 2:
					got, err := d.Pop(th, o.key)
					want, ok := m.remove(o.key)
					require.Equal(th, want, got)
					require.Equal(th, ok, err == nil)
				case 3:
					_, ok := m.remove(o.key)
					require.Equal(th, ok, d.Delete(th, o.key) == nil)
				case 4:
					v := m.find(o.key)
					require.Equal(th, v != nil, gil.AddTo(th, d, o.key, 3) == nil)
					if v != nil {
						*v += 3
					}
				case 5:
					got := d.SetDefault(th, o.key, 7)
					if m.find(o.key) == nil {
						m.set(o.key, 7)
					}
					require.Equal(th, *m.find(o.key), got)
				}
				require.Equal(th, len(m), d.Len(th))
			}
			require.Equal(th, []gil.Item[int, int](m), d.Items(th))
			i := 0
			for k := range d.Iter(th) {
				require.Equal(th, m[i].Key, k)
				i++
			}
			require.Equal(th, len(m), i)
		})
		require.NoError(rt, err)
	})
}

type dictModel []gil.Item[int, int]

func (m dictModel) find(k int) *int {
	for i := range m {
		if m[i].Key == k {
			return &m[i].Value
		}
	}
	return nil
}

func (m *dictModel) set(k, v int) {
	if p := m.find(k); p != nil {
		*p = v
		return
	}
	*m = append(*m, gil.Item[int, int]{Key: k, Value: v})
}

func (m *dictModel) remove(k int) (int, bool) {
	for i, it := range *m {
		if it.Key == k {
			*m = append((*m)[:i], (*m)[i+1:]...)
			return it.Value, true
		}
	}
	return 0, false
}
