package gil_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// every is an explorer that walks through all schedules, depth first.
type every struct {
	path  []int // the choice at each point
	width []int // of how many
	at    int
}

func (e *every) Choose(_ *kernel.Explored, _ int, enabled *kernel.Set) int {
	if e.at == len(e.path) {
		e.path, e.width = append(e.path, 0), append(e.width, enabled.Len())
	}
	e.at++
	return enabled.Nth(e.path[e.at-1])
}

func (e *every) Performs(*kernel.Explored, *kernel.Task, kernel.Op) {}

// next moves on to the next schedule and reports whether there is one.
func (e *every) next() bool {
	e.at = 0
	for i := len(e.path) - 1; i >= 0; i-- {
		if e.path[i]++; e.path[i] < e.width[i] {
			return true
		}
		e.path, e.width = e.path[:i], e.width[:i]
	}
	return false
}

// A race is a program, which mentions no profile, and where it can go wrong.
type race struct {
	name string
	// program runs to its end and returns whether something broke.
	program func(t *gil.Thread) (broken bool)
	where   func(p gil.Profile) bool
}

// search looks for a schedule that breaks the program: by a random walk where there
// must be one, and where none may exist through all schedules there are.
func (r race) search(t *testing.T) {
	const walks, limit = 3000, 60_000
	for _, p := range gil.Profiles() {
		once := func(s *gil.Sandbox, seed uint64) (broken bool) {
			require.NoError(t, s.Run(seed, func(th *gil.Thread) { broken = r.program(th) }), p.Name())
			return broken
		}
		if r.where(p) {
			walk := kernel.NewRandomWalk(0)
			s := gil.NewSandbox(p, walk, 1000)
			found := false
			for n := uint64(0); n < walks && !found; n++ {
				walk.Reset(n << 20)
				found = once(s, n)
			}
			s.Close()
			assert.True(t, found, "%s: nothing broke in %d walks", p, walks)
			continue
		}
		all := new(every)
		s := gil.NewSandbox(p, all, 1000)
		more := true
		for n := 0; n < limit && more; n++ {
			require.False(t, once(s, 1), "%s: it broke under schedule %v", p, all.path)
			more = all.next()
		}
		s.Close()
		assert.False(t, more, "%s: more than %d schedules; make the program smaller", p, limit)
	}
}

// sideBySide runs a and b as threads and waits for them.
func sideBySide(t *gil.Thread, a, b func(t *gil.Thread)) {
	x, y := t.Go("a", a), t.Go("b", b)
	x.Join(t)
	y.Join(t)
}

// Two threads that count twice.
func TestRaceExplored(t *testing.T) {
	for _, c := range counts {
		r := race{c.name, func(t *gil.Thread) bool {
			n := newTally()
			work := func(t *gil.Thread) {
				for range gil.Range(t, 2) {
					c.inc(t, n)
				}
			}
			sideBySide(t, work, work)
			return n.total() < 4
		}, c.loses}
		t.Run(r.name, r.search)
	}
}

// untilPy38 excepts 3.9, whose CONTAINS_OP is no switch point any more.
func untilPy38(p gil.Profile) bool { return untilPy39(p) && p.Name() != "3.9" }

// The other races of CPython, in each of which two bytecodes are one too many.
var races = []race{
	{"if l: l.pop()", func(t *gil.Thread) (empty bool) {
		l := gil.NewList("l", 1)
		work := func(t *gil.Thread) {
			if l.Truth(t) {
				_, err := l.Pop(t)
				empty = empty || errors.Is(err, gil.ErrIndex)
			}
		}
		sideBySide(t, work, work)
		return empty
	}, untilPy39},
	{"if len(l) > 0: l.pop()", func(t *gil.Thread) (empty bool) {
		l := gil.NewList("l", 1)
		work := func(t *gil.Thread) {
			if l.Len(t) > 0 {
				_, err := l.Pop(t)
				empty = empty || err != nil
			}
		}
		sideBySide(t, work, work)
		return empty
	}, untilPy310},
	{"v = g; try: l.pop(); except IndexError: g = v + 1", func(t *gil.Thread) bool {
		l, g := gil.NewList[int]("l"), gil.NewVar("g", 0)
		work := func(t *gil.Thread) {
			v := g.Load(t)
			if _, err := l.Pop(t); err != nil {
				g.Store(t, v+1)
			}
		}
		sideBySide(t, work, work)
		return g.Peek() < 2
	}, untilPy310}, // on its way to a handler 3.11 does not look
	{"v = g; try: del d[k]; except KeyError: g = v + 1", func(t *gil.Thread) bool {
		d, g := gil.NewDict[string, int]("d"), gil.NewVar("g", 0)
		work := func(t *gil.Thread) {
			v := g.Load(t)
			if d.Delete(t, "k") != nil {
				g.Store(t, v+1)
			}
		}
		sideBySide(t, work, work)
		return g.Peek() < 2
	}, untilPy310},
	{"try: l.pop()", func(t *gil.Thread) bool {
		l := gil.NewList("l", 1)
		popped := 0
		work := func(t *gil.Thread) {
			if _, err := l.Pop(t); err == nil {
				popped++
			}
		}
		sideBySide(t, work, work)
		return popped != 1
	}, nowhere},
	{"if k not in d: d[k] = tid", func(t *gil.Thread) bool {
		d := gil.NewDict[string, int]("d")
		sets := 0
		work := func(t *gil.Thread) {
			if !d.Contains(t, "k") {
				d.Set(t, "k", sets)
				sets++
			}
		}
		sideBySide(t, work, work)
		return sets != 1
	}, untilPy38},
	{"if k not in d: d[k] = f()", func(t *gil.Thread) bool {
		d := gil.NewDict[string, int]("d")
		sets := 0
		work := func(t *gil.Thread) {
			if !d.Contains(t, "k") {
				t.Call(func() {})
				d.Set(t, "k", sets)
				sets++
			}
		}
		sideBySide(t, work, work)
		return sets != 1
	}, everywhere},
	{"if d.get(k) is None: d[k] = tid", func(t *gil.Thread) bool {
		d := gil.NewDict[string, int]("d")
		sets := 0
		work := func(t *gil.Thread) {
			if _, ok := d.Get(t, "k"); !ok {
				d.Set(t, "k", sets)
				sets++
			}
		}
		sideBySide(t, work, work)
		return sets != 1
	}, everywhere},
	{"d.setdefault(k, tid)", func(t *gil.Thread) bool {
		d := gil.NewDict[string, int]("d")
		var a, b int
		sideBySide(t,
			func(t *gil.Thread) { a = d.SetDefault(t, "k", 1) },
			func(t *gil.Thread) { b = d.SetDefault(t, "k", 2) })
		return a != b
	}, nowhere},
	{"d.pop(k)", func(t *gil.Thread) bool {
		d := gil.NewDict("d", item{"k", 1})
		popped := 0
		work := func(t *gil.Thread) {
			if _, err := d.Pop(t, "k"); err == nil {
				popped++
			}
		}
		sideBySide(t, work, work)
		return popped != 1
	}, nowhere},
	{"if lazy is None: lazy = 1", func(t *gil.Thread) bool {
		lazy := gil.NewVar("lazy", 0)
		made := 0
		work := func(t *gil.Thread) {
			if lazy.Load(t) == 0 {
				lazy.Store(t, 1)
				made++
			}
		}
		sideBySide(t, work, work)
		return made != 1
	}, untilPy39},
	{"if lazy is None: lazy = C()", func(t *gil.Thread) bool {
		lazy := gil.NewVar("lazy", 0)
		made := 0
		work := func(t *gil.Thread) {
			if lazy.Load(t) == 0 {
				t.Call(func() { made++ })
				lazy.Store(t, 1)
			}
		}
		sideBySide(t, work, work)
		return made != 1
	}, everywhere},
	{"x = 1; y = 1, seen apart", func(t *gil.Thread) (torn bool) {
		x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
		sideBySide(t,
			func(t *gil.Thread) { x.Store(t, 1); y.Store(t, 1) },
			func(t *gil.Thread) { torn = x.Load(t) != y.Load(t) })
		return torn
	}, untilPy39},
	{"x = 1; f(); y = 1, seen apart", func(t *gil.Thread) (torn bool) {
		x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
		sideBySide(t,
			func(t *gil.Thread) { x.Store(t, 1); t.Call(func() {}); y.Store(t, 1) },
			func(t *gil.Thread) { torn = x.Load(t) != y.Load(t) })
		return torn
	}, everywhere},
	{"a, b = b, a", func(t *gil.Thread) bool {
		a, b := gil.NewVar("a", 1), gil.NewVar("b", 2)
		swap := func(t *gil.Thread) {
			x, y := b.Load(t), a.Load(t)
			a.Store(t, x)
			b.Store(t, y)
		}
		sideBySide(t, swap, swap)
		return a.Peek() == b.Peek()
	}, untilPy39},
	{"for k in d beside d[x] = 1; d.pop(x)", func(t *gil.Thread) (changed bool) {
		d := gil.NewDict("d", item{"a", 1}, item{"b", 1})
		sideBySide(t,
			func(t *gil.Thread) {
				d.Set(t, "x", 1)
				_, _ = d.Pop(t, "x")
			},
			func(t *gil.Thread) {
				changed = panicked(func() {
					for range d.Iter(t) {
						continue
					}
				}) != nil
			})
		return changed
	}, untilPy39},
	{"for k in d beside d[x] = 1", func(t *gil.Thread) (changed bool) {
		d := gil.NewDict("d", item{"a", 1}, item{"b", 1})
		sideBySide(t,
			func(t *gil.Thread) { d.Set(t, "x", 1) },
			func(t *gil.Thread) {
				changed = panicked(func() {
					for range d.Iter(t) {
						continue
					}
				}) != nil
			})
		return changed
	}, everywhere},
	{"for k in list(d) beside d[x] = 1", func(t *gil.Thread) (changed bool) {
		d := gil.NewDict("d", item{"a", 1}, item{"b", 1})
		sideBySide(t,
			func(t *gil.Thread) { d.Set(t, "x", 1) },
			func(t *gil.Thread) {
				for _, k := range d.Keys(t) {
					_, err := d.Index(t, k)
					changed = changed || err != nil
				}
			})
		return changed
	}, nowhere},
	{"list(d.items()) beside d.update(x=1, y=1)", func(t *gil.Thread) (half bool) {
		d := gil.NewDict[string, int]("d")
		sideBySide(t,
			func(t *gil.Thread) { d.Update(t, item{"x", 1}, item{"y", 1}) },
			func(t *gil.Thread) { half = len(d.Items(t)) == 1 || len(d.Values(t)) == 1 })
		return half
	}, nowhere},
	{"list(l) beside l.extend([1, 2])", func(t *gil.Thread) (half bool) {
		l := gil.NewList[int]("l")
		sideBySide(t,
			func(t *gil.Thread) { l.Extend(t, 1, 2) },
			func(t *gil.Thread) { half = len(l.Snapshot(t)) == 1 })
		return half
	}, nowhere},
	{"list(l) beside l.append(1); l.append(2)", func(t *gil.Thread) (half bool) {
		l := gil.NewList[int]("l")
		sideBySide(t,
			func(t *gil.Thread) { l.Append(t, 1); l.Append(t, 2) },
			func(t *gil.Thread) { half = len(l.Snapshot(t)) == 1 })
		return half
	}, untilPy310}, // 3.11 and later append without a look, once specialised; 3.13t never specialises
	{"l.append(x), by both", func(t *gil.Thread) bool {
		l := gil.NewList[int]("l")
		work := func(t *gil.Thread) { l.Append(t, 1); l.Append(t, 2) }
		sideBySide(t, work, work)
		return len(l.Peek()) != 4
	}, nowhere},
	{"list(l) beside l.sort()", func(t *gil.Thread) (half bool) {
		l := gil.NewList("l", 3, 2, 1)
		sideBySide(t,
			func(t *gil.Thread) { gil.Sort(t, l) },
			func(t *gil.Thread) {
				v := l.Snapshot(t)
				half = v[1] != 2
			})
		return half
	}, nowhere},
	{"AddAt beside l.pop()", func(t *gil.Thread) (vanished bool) {
		l := gil.NewList("l", 1)
		var added error
		sideBySide(t,
			func(t *gil.Thread) { added = gil.AddAt(t, l, 0, 1) },
			func(t *gil.Thread) { _, _ = l.Pop(t) })
		var e *gil.IndexError
		return errors.As(added, &e) && e.PythonText() == "list assignment index out of range"
	}, untilPy39},
	{"AddTo beside del d[k]", func(t *gil.Thread) (back bool) {
		d := gil.NewDict("d", item{"k", 1})
		var added error
		sideBySide(t,
			func(t *gil.Thread) { added = gil.AddTo(t, d, "k", 1) },
			func(t *gil.Thread) { _ = d.Delete(t, "k") })
		return added == nil && len(d.Peek()) == 1
	}, untilPy39},
	{"x.swap(), by both", func(t *gil.Thread) bool {
		x := gil.NewVar("x", 0)
		var a, b int
		sideBySide(t,
			func(t *gil.Thread) { a = x.Swap(t, 1) },
			func(t *gil.Thread) { b = x.Swap(t, 2) })
		return a == 0 && b == 0
	}, nowhere},
}

func TestRaces(t *testing.T) {
	for _, r := range races {
		t.Run(r.name, r.search)
	}
}
