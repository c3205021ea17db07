package pickle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

type table map[string]any

type family struct {
	Name     string
	Parent   *family
	Children []*family
	Index    map[string]*family
}

func init() {
	pickle.Register[table]()
	pickle.Register[family]()
}

// What is one thing on this side is one thing on the other.
func TestShared(t *testing.T) {
	p := &point{1, 2}
	s := []int{1, 2, 3, 4, 5}
	m := map[string]int{"a": 1}
	l := []any{"x"}
	b := []byte("bytes")
	e := map[string]any{}
	pp := &p
	for name, v := range map[string]any{
		"pointer":        []any{p, p, &p, pp, pp},
		"typed pointers": []*point{p, p, {1, 2}},
		"slice":          []any{s, s, []int{1, 2, 3, 4, 5}},
		"map":            map[string]any{"a": m, "b": m, "c": map[string]int{"a": 1}},
		"list":           []any{l, l, []any{l}},
		"bytes":          [][]byte{b, b, []byte("bytes")},
		"empty map":      []any{e, e, map[string]any{}},
		"names of types": []any{table(e), e, &e},
		"in keys":        map[any]any{p: 1, "p": p},
		"array":          [2]*point{p, p},
		"interface":      drawing{"", p, []shape{p}},
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, v) })
	}
	// Two views of one map under two types are one map.
	got := roundTrip(t, []any{table(e), e}).([]any)
	got[1].(map[string]any)["new"] = 1
	assert.Equal(t, 1, got[0].(table)["new"])
	// What is written to one of two shared slices shows in the other.
	two := roundTrip(t, [][]int{s, s}).([][]int)
	two[0][0] = 9
	assert.Equal(t, 9, two[1][0])
	// A slice has no room that could be written to behind another's back.
	assert.Equal(t, 5, cap(two[0]))
}

func TestCycles(t *testing.T) {
	self := []any{1, nil}
	self[1] = self
	dict := map[string]any{}
	dict["me"] = dict
	var p any
	p = &p
	type nest []nest
	pickle.Register[nest]()
	r := nest{nil, {}}
	r[0] = r
	root := &family{Name: "root", Index: map[string]*family{}}
	for _, n := range []string{"a", "b"} {
		c := &family{Name: n, Parent: root}
		root.Children = append(root.Children, c)
		root.Index[n] = c
	}
	root.Index["root"] = root
	mixed := &node{Value: 1}
	mixed.Next = mixed
	for name, v := range map[string]any{
		"list": self, "map": dict, "pointer to itself": p, "named slice": r, "family": root, "ring of one": mixed,
		"list twice": []any{self, dict, self, dict},
	} {
		t.Run(name, func(t *testing.T) { roundTrip(t, v) })
	}
}

// More identities than the memo's first table holds, each used twice.
func TestManyShared(t *testing.T) {
	for _, n := range []int{11, 12, 13, 14, 63, 64, 65, 5000} {
		var all []any
		for i := range n {
			all = append(all, &point{i, i}, []int{i}, map[int]int{i: i})
		}
		data, err := pickle.Marshal(append(all, all...))
		require.NoError(t, err)
		got, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		list := got.([]any)
		require.Len(t, list, 6*n)
		for i := range n {
			require.Same(t, list[3*i], list[3*(i+n)])
			require.Equal(t, point{i, i}, *list[3*i].(*point))
			list[3*i+1].([]int)[0] = -1
			require.Equal(t, -1, list[3*(i+n)+1].([]int)[0])
			list[3*i+2].(map[int]int)[-1] = 0
			require.Len(t, list[3*(i+n)+2], 2)
		}
	}
}

type linked struct {
	Prev, Next *linked
	Value      int
}

// A ring is an intrusive list: its root lies within it and the elements point to
// the root.
type ring struct {
	Len  int
	Root linked
}

type matrix struct {
	Cells [12]float64
	Rows  [3][]float64
	At    *float64
	Whole *[12]float64
}

func init() {
	pickle.Register[linked]()
	pickle.Register[ring]()
	pickle.Register[matrix]()
}

func newRing(values ...int) *ring {
	r := &ring{}
	r.Root.Prev, r.Root.Next = &r.Root, &r.Root
	for _, v := range values {
		l := &linked{Value: v, Prev: r.Root.Prev, Next: &r.Root}
		l.Prev.Next, l.Next.Prev = l, l
		r.Len++
	}
	return r
}

// A pointer into the middle of another value leads into its middle afterwards.
func TestParts(t *testing.T) {
	t.Run("intrusive ring", func(t *testing.T) {
		for _, values := range [][]int{nil, {1}, {1, 2, 3}} {
			data, err := pickle.Marshal(newRing(values...))
			require.NoError(t, err)
			x, err := pickle.Unmarshal(data)
			require.NoError(t, err)
			r := x.(*ring)
			var got []int
			for l := r.Root.Next; l != &r.Root; l = l.Next {
				got = append(got, l.Value)
				require.LessOrEqual(t, len(got), len(values), "the ring does not close")
			}
			assert.Equal(t, values, got)
			assert.Equal(t, len(values), r.Len)
		}
	})
	t.Run("an element first", func(t *testing.T) {
		r := newRing(1, 2)
		data, err := pickle.Marshal([]any{r.Root.Next, &r.Root, r})
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.([]any)
		assert.Same(t, &got[2].(*ring).Root, got[1])
		assert.Same(t, got[2].(*ring).Root.Next, got[0])
		assert.Same(t, got[1], got[0].(*linked).Prev)
	})
	t.Run("fields and elements", func(t *testing.T) {
		m := &matrix{}
		for i := range m.Cells {
			m.Cells[i] = float64(i)
		}
		for i := range m.Rows {
			m.Rows[i] = m.Cells[4*i : 4*i+4]
		}
		m.At, m.Whole = &m.Cells[5], &m.Cells
		data, err := pickle.Marshal(m)
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.(*matrix)
		assert.Equal(t, m.Cells, got.Cells)
		assert.Same(t, &got.Cells[5], got.At)
		assert.Same(t, &got.Cells, got.Whole)
		for i := range got.Rows {
			assert.Len(t, got.Rows[i], 4)
			assert.Same(t, &got.Cells[4*i], &got.Rows[i][0])
		}
	})
	t.Run("slices of one array", func(t *testing.T) {
		a := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
		v := []any{a[3:8], a[0:5], &a[4], a[9:10], a[2:2]}
		data, err := pickle.Marshal(v)
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.([]any)
		for i := range v[:2] {
			assert.Equal(t, v[i], got[i])
		}
		assert.Same(t, &got[0].([]int)[1], got[2])
		assert.Same(t, &got[1].([]int)[4], got[2])
		assert.Equal(t, []int{9}, got[3])
		assert.Equal(t, []int{}, got[4])
	})
	t.Run("bytes", func(t *testing.T) {
		b := []byte("header:body")
		data, err := pickle.Marshal([][]byte{b, b[:6], b[7:], b[3:9]})
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.([][]byte)
		assert.Equal(t, [][]byte{b, b[:6], b[7:], b[3:9]}, got)
		got[0][7] = 'B'
		assert.Equal(t, "Body", string(got[2]))
		assert.Equal(t, "der:Bo", string(got[3]))
		assert.Equal(t, 6, cap(got[1]), "a part has no room in which its neighbour lies")
	})
	t.Run("first field", func(t *testing.T) {
		p := &point{1, 2}
		data, err := pickle.Marshal([]any{&p.X, p, &p.Y})
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.([]any)
		assert.Same(t, &got[1].(*point).X, got[0])
		assert.Same(t, &got[1].(*point).Y, got[2])
	})
	t.Run("elements of a slice of structs", func(t *testing.T) {
		ps := []point{{1, 2}, {3, 4}, {5, 6}}
		data, err := pickle.Marshal(map[string]any{"last": &ps[2], "y": &ps[1].Y, "all": ps, "tail": ps[1:]}, pickle.WithSortedKeys())
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.(map[string]any)
		all := got["all"].([]point)
		assert.Equal(t, ps, all)
		assert.Same(t, &all[2], got["last"])
		assert.Same(t, &all[1].Y, got["y"])
		assert.Same(t, &all[1], &got["tail"].([]point)[0])
	})
	t.Run("many", func(t *testing.T) {
		// Above the number of identities that are compared each with each, going
		// by types first: every kind of pair, in both orders.
		ps := make([]point, 50)
		ms := make([]matrix, 50)
		rows := make([]*[6]int, 50)
		fields := make([]*matrix, 50)
		for i := range ps {
			ps[i].X = i
			rows[i] = &[6]int{i}
			fields[i] = &matrix{}
		}
		for name, pair := range map[string]func(i int) (whole, part any){
			"element of slice":     func(i int) (any, any) { return ps, &ps[i] },
			"field of element":     func(i int) (any, any) { return ps, &ps[i].Y },
			"slice of slice":       func(i int) (any, any) { return ps, ps[i : i+1] },
			"slice of array":       func(i int) (any, any) { return rows[i], rows[i][2:5] },
			"field":                func(i int) (any, any) { return fields[i], &fields[i].At },
			"slice of array in it": func(i int) (any, any) { return fields[i], fields[i].Cells[3:5] },
			"array in element":     func(i int) (any, any) { return ms, ms[i].Cells[1:4] },
		} {
			var wholeFirst, partFirst []any
			for i := range ps {
				whole, part := pair(i)
				wholeFirst = append(wholeFirst, whole, part)
				partFirst = append(partFirst, part, whole)
			}
			for _, v := range [][]any{wholeFirst, partFirst} {
				data, err := pickle.Marshal(v)
				require.NoError(t, err)
				got, err := pickle.Unmarshal(data)
				require.NoError(t, err)
				require.Empty(t, difference(v, got), name)
			}
		}
	})
	t.Run("no part of what stays behind", func(t *testing.T) {
		type half struct {
			Sent  int
			Stays int `pickle:"-"`
		}
		pickle.Register[half]()
		h := &half{1, 2}
		data, err := pickle.Marshal([]any{h, &h.Stays, &h.Sent})
		require.NoError(t, err)
		x, err := pickle.Unmarshal(data)
		require.NoError(t, err)
		got := x.([]any)
		assert.Equal(t, &half{1, 0}, got[0])
		assert.Equal(t, 2, *got[1].(*int), "it travels by itself")
		assert.Same(t, &got[0].(*half).Sent, got[2])
	})
	t.Run("buffers", func(t *testing.T) {
		b := make([]byte, 100)
		var out pickle.Buffers
		out.Min = 10
		data, err := pickle.Marshal([][]byte{b[50:60], b}, pickle.WithBuffers(&out))
		require.NoError(t, err)
		require.Len(t, out.List, 1)
		x, err := pickle.Unmarshal(data, pickle.WithBuffers(&out))
		require.NoError(t, err)
		assert.Same(t, &b[50], &x.([][]byte)[0][0])
	})
}

// An array pointer and a slice that only partly overlap have no common whole.
func TestPartsRefused(t *testing.T) {
	a := []int{0, 1, 2, 3, 4, 5, 6, 7}
	_, err := pickle.Marshal([]any{(*[4]int)(a[0:4]), (*[4]int)(a[2:6])})
	assert.ErrorContains(t, err, "shares memory with another value")
}
