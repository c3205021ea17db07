package queue_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/queue"
)

// The interpreter looks whether to switch when a method of a Queue is entered, which is
// written in Python, and when one has returned. Those of a SimpleQueue are written in C:
// there it looks after the call, and up to 3.9 after what comes before it.
func TestCallsAreLookedAfter(t *testing.T) {
	names := []string{"2.7", "3.6", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14"}
	for _, c := range []struct {
		name          string
		make          func() common
		before, after string // one letter per version
	}{
		{"Queue", func() common { return queue.New[int](0) }, "xxxxxxxx", "xxxxxxxx"},
		{"SimpleQueue", func() common { return queue.NewSimple[int]() }, "xxx.....", "xxxxxxxx"},
	} {
		for i, name := range names {
			p, err := gil.LookupProfile(name)
			require.NoError(t, err)
			seen := func(write, read func(t *gil.Thread, q common, x *gil.Var[int]) bool) bool {
				return slices.ContainsFunc(explore.Outcomes(func(t *gil.Thread) (seen bool) {
					q, x := c.make(), gil.NewVar("x", 0)
					writer := t.Go("writer", func(t *gil.Thread) { write(t, q, x) })
					reader := t.Go("reader", func(t *gil.Thread) { seen = read(t, q, x) })
					gil.JoinAll(t, writer, reader)
					return seen
				}, explore.WithProfile(p), explore.WithStrategy(explore.DPOR())), func(o explore.Outcome[bool]) bool { return o.Value })
			}
			before := seen(func(t *gil.Thread, q common, x *gil.Var[int]) bool {
				x.Store(t, 1)
				return q.TryPut(t, 1) == nil
			}, func(t *gil.Thread, q common, x *gil.Var[int]) bool { return x.Load(t) == 1 && q.QSize(t) == 0 })
			assert.Equal(t, c.before[i] == 'x', before, "before the call of a %s under %s", c.name, name)
			after := seen(func(t *gil.Thread, q common, x *gil.Var[int]) bool {
				defer x.Store(t, 1)
				return q.TryPut(t, 1) == nil
			}, func(t *gil.Thread, q common, x *gil.Var[int]) bool { return q.QSize(t) == 1 && x.Load(t) == 0 })
			assert.Equal(t, c.after[i] == 'x', after, "after the call of a %s under %s", c.name, name)
		}
	}
}
