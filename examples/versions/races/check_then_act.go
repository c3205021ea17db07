package races

import (
	"errors"

	"github.com/pygil/pygil/gil"
)

func checksThenActs() []Row {
	const twofold = "it is made twice"
	// lazy makes slot i if it is not there.
	lazy := func(create func(t *gil.Thread)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) bool {
			s := gil.NewList("s", 0, 0)
			made := 0
			twice(t, func(t *gil.Thread, _, i int) {
				v, _ := s.Index(t, i)
				t.Op(gil.OpIsOp)
				if t.Branch(v != 0); v != 0 {
					return
				}
				create(t)
				_ = s.SetIndex(t, i, 1)
				made++
			})
			return made != times
		}
	}
	missing := func(create func(t *gil.Thread)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) bool {
			d := gil.NewDict[int, int]("d")
			sets := 0
			twice(t, func(t *gil.Thread, n, i int) {
				if d.Contains(t, i) {
					return // a jump on True or False that is not taken looks nowhere
				}
				create(t)
				d.Set(t, i, n)
				sets++
			})
			return sets != times
		}
	}
	// drain pops what a look has found.
	drain := func(look func(t *gil.Thread, l *gil.List[int]) bool) func(t *gil.Thread) bool {
		return func(t *gil.Thread) (failed bool) {
			l := gil.NewList("l", 1, 2, 3)
			twice(t, func(t *gil.Thread, _, _ int) {
				if look(t, l) {
					_, err := l.Pop(t)
					failed = failed || errors.Is(err, gil.ErrIndex)
				}
			})
			return failed
		}
	}
	withdraw := func(get func(t *gil.Thread, n *gil.Var[int]) int, take func(t *gil.Thread, n *gil.Var[int])) func(t *gil.Thread) bool {
		return func(t *gil.Thread) (negative bool) {
			n := gil.NewVar("balance", 3)
			twice(t, func(t *gil.Thread, _, _ int) {
				v := get(t, n)
				t.Op(gil.OpCompare)
				if t.Branch(v < 1); v < 1 {
					return
				}
				take(t, n)
				negative = negative || n.Peek() < 0
			})
			return negative
		}
	}
	pass := func(*gil.Thread) {}
	return []Row{
		{"lazy-class", "if s[i] is None: s[i] = C()", twofold, everywhere, "", lazy(func(t *gil.Thread) { t.Call(nothing) })},
		{"lazy-object", "if s[i] is None: s[i] = object()", twofold, everywhere, "", lazy(callC)},
		{"lazy-constant", "if s[i] is None: s[i] = 1", twofold, until39, "", lazy(pass)},
		{
			"not-in", "if k not in d: d[k] = tid  # d is a local", twofold, until38,
			"a d that is a global is loaded once more after the test; 3.9 can switch there, and makes it twice", missing(pass),
		},
		{"not-in-call", "if k not in d: d[k] = f()", twofold, everywhere, "", missing(func(t *gil.Thread) { t.Call(nothing) })},
		{"if-pop", "if l: l.pop()", "IndexError", until39, "", drain(func(t *gil.Thread, l *gil.List[int]) bool { return l.Truth(t) })},
		{"if-len-pop", "if len(l) > 0: l.pop()", "IndexError", until310, "", drain(func(t *gil.Thread, l *gil.List[int]) bool {
			return l.Len(t) > 0
		})},
		{"withdraw", "if o.n >= 1: o.n -= 1", "it becomes negative", until39, "", withdraw(
			func(t *gil.Thread, n *gil.Var[int]) int { return n.Load(t) },
			func(t *gil.Thread, n *gil.Var[int]) { gil.Add(t, n, -1) },
		)},
		{"withdraw-methods", "if o.get() >= 1: o.add(-1)", "it becomes negative", everywhere, "", withdraw(
			func(t *gil.Thread, n *gil.Var[int]) (v int) {
				t.Call(func() { v = n.Load(t) })
				return v
			},
			func(t *gil.Thread, n *gil.Var[int]) { t.Call(func() { gil.Add(t, n, -1) }) },
		)},
	}
}
