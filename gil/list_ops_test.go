package gil_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// inEveryWorld runs main as the only thread of every kind of world and profile that has
// other code for shared objects.
func inEveryWorld(t *testing.T, main func(t *testing.T, th *gil.Thread)) {
	t.Helper()
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython37, gil.CPython313, gil.CPython313T, gil.AnyBytecode} {
		run := func(name string, world func(p gil.Profile, main func(*gil.Thread)) error) {
			t.Run(p.Name()+"/"+name, func(t *testing.T) {
				require.NoError(t, world(p, func(th *gil.Thread) { main(t, th) }))
			})
		}
		run("timed", gil.NewMachine(2).Run)
		run("live", gil.Live().Run)
		run("explored", func(p gil.Profile, main func(*gil.Thread)) error {
			s := gil.NewSandbox(p, kernel.NewRandomWalk(1), 0)
			defer s.Close()
			return s.Run(1, main)
		})
	}
}

func TestListDoesWhatPythonDoes(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		l := gil.NewList("l", 3, 1, 2)
		assert.Equal(t, "l", l.Name())
		l.Append(th, 4)
		l.Extend(th, 5, 6)
		assert.Equal(t, []int{3, 1, 2, 4, 5, 6}, l.Snapshot(th))
		l.Insert(th, -100, 0)
		l.Insert(th, 100, 9)
		l.Insert(th, -1, 8)
		assert.Equal(t, []int{0, 3, 1, 2, 4, 5, 6, 8, 9}, l.Snapshot(th))
		assert.Equal(t, 9, l.Len(th))

		first, err := l.Index(th, 0)
		require.NoError(t, err)
		last, err := l.Index(th, -1)
		require.NoError(t, err)
		assert.Equal(t, []int{0, 9}, []int{first, last})
		require.NoError(t, l.SetIndex(th, -9, 7))
		require.NoError(t, l.DeleteIndex(th, -2))
		assert.Equal(t, []int{7, 3, 1, 2, 4, 5, 6, 9}, l.Peek())

		v, err := l.Pop(th)
		require.NoError(t, err)
		w, err := l.PopAt(th, 0)
		require.NoError(t, err)
		x, err := l.PopAt(th, -2)
		require.NoError(t, err)
		assert.Equal(t, []int{9, 7, 5}, []int{v, w, x})
		assert.Equal(t, []int{3, 1, 2, 4, 6}, l.Peek())

		l.Extend(th, 3, 3)
		assert.Equal(t, 3, l.Count(th, 3))
		require.NoError(t, l.Remove(th, 3))
		assert.Equal(t, []int{1, 2, 4, 6, 3, 3}, l.Peek())
		assert.True(t, l.Contains(th, 6))
		assert.False(t, l.Contains(th, 7))
		require.NoError(t, gil.AddAt(th, l, -1, 40))
		gil.Sort(th, l)
		assert.Equal(t, []int{1, 2, 3, 4, 6, 43}, l.Peek())

		assert.True(t, l.Truth(th))
		l.Clear(th)
		assert.False(t, l.Truth(th))
		assert.Zero(t, l.Len(th))
		assert.Empty(t, l.Snapshot(th))
	})
}

// Every index that is out of range is refused with Python's text, and refusing
// changes nothing.
func TestListIndexErrors(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		l := gil.NewList("jobs", "a", "b")
		for _, i := range []int{2, -3, 100, -100} {
			_, err := l.Index(th, i)
			refused(t, err, "jobs", i, 2, "list index out of range")
			refused(t, l.SetIndex(th, i, "x"), "jobs", i, 2, "list assignment index out of range")
			refused(t, l.DeleteIndex(th, i), "jobs", i, 2, "list assignment index out of range")
			_, err = l.PopAt(th, i)
			refused(t, err, "jobs", i, 2, "pop index out of range")
		}
		assert.Equal(t, []string{"a", "b"}, l.Peek())

		err := l.Remove(th, "c")
		var value *gil.ValueError
		require.ErrorAs(t, err, &value)
		assert.Equal(t, "list.remove(x): x not in list", value.PythonText())
		assert.NotErrorIs(t, err, gil.ErrIndex)
		assert.Equal(t, "gil: variable jobs: Remove(c): no such item; test Contains and Remove under one lock, or handle this error", err.Error())

		var empty gil.List[int]
		v, err := empty.Pop(th)
		assert.Zero(t, v)
		refused(t, err, "", -1, 0, "pop from empty list")
		_, err = empty.PopAt(th, 3)
		refused(t, err, "", 3, 0, "pop from empty list")
		refused(t, gil.AddAt(th, &empty, 0, 1), "", 0, 0, "list index out of range")
		empty.Append(th, 1)
		assert.Equal(t, 1, empty.Len(th))
	})
}

func refused(t *testing.T, err error, list string, i, n int, python string) {
	t.Helper()
	require.ErrorIs(t, err, gil.ErrIndex)
	var e *gil.IndexError
	require.True(t, errors.As(err, &e))
	assert.Equal(t, &gil.IndexError{List: list, Index: i, Len: n, Python: python}, e)
	assert.Equal(t, python, e.PythonText())
	assert.Regexp(t, `^gil: list ".*": `+python+`: index -?\d+ of \d items; .* handle ErrIndex$`, err.Error())
}

// A list follows Python's equality: by value for what Go cannot compare, by
// identity for pointers, and nothing panics.
func TestListEquality(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		rows := gil.NewList("rows", []int{1}, []int{2})
		assert.True(t, rows.Contains(th, []int{2}))
		assert.False(t, rows.Contains(th, []int{3}))
		require.NoError(t, rows.Remove(th, []int{1}))
		assert.Equal(t, [][]int{{2}}, rows.Peek())

		mixed := gil.NewList[any]("mixed", 1, "1", nil, []int{1}, map[string]int{"a": 1})
		assert.Equal(t, 1, mixed.Count(th, 1))
		assert.Equal(t, 1, mixed.Count(th, nil))
		assert.True(t, mixed.Contains(th, []int{1}))
		assert.True(t, mixed.Contains(th, map[string]int{"a": 1}))
		assert.False(t, mixed.Contains(th, 1.0))

		one, two := 1, 1
		pointers := gil.NewList("pointers", &one)
		assert.True(t, pointers.Contains(th, &one))
		assert.False(t, pointers.Contains(th, &two))
	})
}

// What a list was made of, and what it hands out, is not what it holds.
func TestListCopies(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		items := []int{1, 2}
		l := gil.NewList("l", items...)
		items[0] = 10
		more := []int{3}
		l.Extend(th, more...)
		more[0] = 30
		l.Snapshot(th)[1] = 20
		l.Peek()[1] = 20
		assert.Equal(t, []int{1, 2, 3}, l.Peek())
	})
}

// A loop over a list looks at it afresh for each item.
func TestListIteration(t *testing.T) {
	inEveryWorld(t, func(t *testing.T, th *gil.Thread) {
		l := gil.NewList("l", 1, 2, 3, 4)
		var seen []int
		for x := range l.Iter(th) {
			seen = append(seen, x)
			if x == 2 {
				require.NoError(t, l.Remove(th, 2)) // 3 moves to where 2 was and is passed over
			}
			if x == 4 {
				l.Append(th, 9) // the loop follows
			}
		}
		assert.Equal(t, []int{1, 2, 4, 9}, seen)
		seen = nil
		for x := range l.Iter(th) {
			if x == 4 {
				break
			}
			seen = append(seen, x)
		}
		assert.Equal(t, []int{1, 3}, seen)
		for range l.Iter(th) {
			l.Clear(th)
		}
		for range l.Iter(th) {
			assert.Fail(t, "the list is empty")
		}
	})
}
