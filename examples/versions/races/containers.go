package races

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func lostItems() []Row {
	const lost = "updates are lost"
	dict := func(inc func(t *gil.Thread, d *gil.Dict[string, int])) func(t *gil.Thread) bool {
		return func(t *gil.Thread) bool {
			d := gil.NewDict("d", gil.Item[string, int]{Key: "k"})
			twice(t, func(t *gil.Thread, _, _ int) { inc(t, d) })
			return d.Peek()[0].Value != threads*times
		}
	}
	addTo := func(t *gil.Thread, d *gil.Dict[string, int]) { _ = gil.AddTo(t, d, "k", 1) }
	return []Row{
		{"dict-item", "d['k'] += 1", lost, until39, "", dict(addTo)},
		{"list-item", "a[0] += 1", lost, until39, "", func(t *gil.Thread) bool {
			a := gil.NewList("a", 0)
			twice(t, func(t *gil.Thread, _, _ int) { _ = gil.AddAt(t, a, 0, 1) })
			return a.Peek()[0] != threads*times
		}},
		{
			"counter", "c[k] += 1  # a Counter that has k", lost, until39,
			"the Counter as a dict; a key that it has not it makes by __missing__, a function, and then updates are lost everywhere", dict(addTo),
		},
		{"dict-get", "d[k] = d.get(k, 0) + 1", lost, everywhere, "", dict(func(t *gil.Thread, d *gil.Dict[string, int]) {
			d.Set(t, "k", d.GetDefault(t, "k", 0)+1)
		})},
		{"with-lock", "with lock: g += 1", lost, nowhere, "", func(t *gil.Thread) bool {
			var mu threading.Lock
			g := gil.NewVar("g", 0)
			twice(t, func(t *gil.Thread, _, _ int) { mu.With(t, func() { gil.Add(t, g, 1) }) })
			return g.Peek() != threads*times
		}},
	}
}

// whole are the operations that are one C call: nothing comes between.
func whole() []Row {
	const lost = "items are lost"
	list := func(put func(t *gil.Thread, l *gil.List[int], i int)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) bool {
			l := gil.NewList[int]("l")
			twice(t, func(t *gil.Thread, _, i int) { put(t, l, i) })
			return len(l.Peek()) != threads*times
		}
	}
	dict := func(put func(t *gil.Thread, d *gil.Dict[int, int], k int)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) bool {
			d := gil.NewDict[int, int]("d")
			twice(t, func(t *gil.Thread, n, i int) { put(t, d, 10*n+i) })
			return len(d.Peek()) != threads*times
		}
	}
	return []Row{
		{"append", "l.append(i)", lost, nowhere, "", list(func(t *gil.Thread, l *gil.List[int], i int) { l.Append(t, i) })},
		{"list-iadd", "l += [i]", lost, nowhere, "", list(func(t *gil.Thread, l *gil.List[int], i int) { l.Extend(t, i) })},
		{"extend-generator", "l.extend(i for …)", lost, nowhere, "the generator is entered for each item", list(func(t *gil.Thread, l *gil.List[int], i int) {
			t.Op(gil.OpResume)
			l.Append(t, i)
		})},
		{"dict-set", "d[k] = v  # distinct keys", lost, nowhere, "", dict(func(t *gil.Thread, d *gil.Dict[int, int], k int) { d.Set(t, k, k) })},
		{"dict-update", "d.update({k: v})", lost, nowhere, "", dict(func(t *gil.Thread, d *gil.Dict[int, int], k int) {
			d.Update(t, gil.Item[int, int]{Key: k, Value: k})
		})},
		{"count", "next(itertools.count())", "a number comes twice", nowhere, "the counter as a list of numbers", func(t *gil.Thread) bool {
			c := gil.NewList("count", 0, 1, 2, 3)
			seen := map[int]bool{}
			twice(t, func(t *gil.Thread, _, _ int) {
				v, _ := c.PopAt(t, 0)
				seen[v] = true
			})
			return len(seen) != threads*times
		}},
		{"deque", "q.append(i); q.popleft()", lost, nowhere, "the deque as a list", func(t *gil.Thread) bool {
			q := gil.NewList[int]("q")
			got := 0
			twice(t, func(t *gil.Thread, _, i int) {
				q.Append(t, i)
				if _, err := q.PopAt(t, 0); err == nil {
					got++
				}
			})
			return got+len(q.Peek()) != threads*times
		}},
	}
}
