package races

import "github.com/pygil/pygil/gil"

func torn() []Row {
	pair := func(middle func(t *gil.Thread)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) (apart bool) {
			x, y := gil.NewVar("x", 0), gil.NewVar("y", 0)
			both(t, func(t *gil.Thread, n int) {
				for i := range gil.Range(t, times) {
					if n == 0 {
						x.Store(t, i+1)
						middle(t)
						y.Store(t, i+1)
					} else {
						apart = x.Load(t) != y.Load(t) || apart
					}
				}
			})
			return apart
		}
	}
	return []Row{
		{"pair", "x = i; y = i", "x and y are seen apart", until39, "", pair(func(*gil.Thread) {})},
		{"pair-call", "x = i; f(); y = i", "x and y are seen apart", everywhere, "", pair(func(t *gil.Thread) { t.Call(nothing) })},
		{"swap", "a, b = b, a", "a and b are the same", until39, "", func(t *gil.Thread) bool {
			a, b := gil.NewVar("a", 1), gil.NewVar("b", 2)
			twice(t, func(t *gil.Thread, _, _ int) {
				x, y := b.Load(t), a.Load(t)
				t.Op(gil.OpRotTwo)
				a.Store(t, x)
				b.Store(t, y)
			})
			return a.Peek() == b.Peek()
		}},
	}
}

func iterations() []Row {
	const changed = "RuntimeError: dictionary changed size during iteration"
	beside := func(read func(t *gil.Thread, d *gil.Dict[int, int]), write func(t *gil.Thread, d *gil.Dict[int, int], i int)) func(t *gil.Thread) bool {
		return func(t *gil.Thread) (failed bool) {
			d := gil.NewDict("d", gil.Item[int, int]{Key: 1}, gil.Item[int, int]{Key: 2})
			both(t, func(t *gil.Thread, n int) {
				if n == 0 {
					for i := range gil.Range(t, times) {
						write(t, d, i)
					}
					return
				}
				defer func() {
					switch v := recover().(type) {
					case nil:
					case *gil.RuntimeError:
						failed = true
					default:
						panic(v)
					}
				}()
				read(t, d)
			})
			return failed
		}
	}
	loop := func(t *gil.Thread, d *gil.Dict[int, int]) {
		for range d.Iter(t) {
			t.Op(gil.OpNop)
		}
	}
	setPop := func(t *gil.Thread, d *gil.Dict[int, int], i int) {
		d.Set(t, 10+i, i)
		_, _ = d.Pop(t, 10+i)
	}
	return []Row{
		{"iterate-set-pop", "for k in d  # beside d[x] = 1; d.pop(x)", changed, until39, "", beside(loop, setPop)},
		{"iterate-grow", "for k in d  # beside d[x] = 1", changed, everywhere, "", beside(loop, func(t *gil.Thread, d *gil.Dict[int, int], i int) {
			d.Set(t, 10+i, i)
		})},
		{"list-of-dict", "list(d)  # beside d[x] = 1; d.pop(x)", changed, nowhere, "", beside(func(t *gil.Thread, d *gil.Dict[int, int]) {
			d.Keys(t)
		}, setPop)},
		{
			"generator", "next(gen)  # one generator for both", "ValueError: generator already executing", everywhere,
			"the generator as a function that refuses to be entered twice", func(t *gil.Thread) (refused bool) {
				running := gil.NewVar("gen", false)
				twice(t, func(t *gil.Thread, _, _ int) {
					if !running.CompareAndSwap(t, false, true) {
						refused = true
						return
					}
					t.Op(gil.OpResume)
					t.Op(gil.OpInplaceAdd)
					running.Swap(t, false)
				})
				return refused
			},
		},
	}
}
