package races

import "github.com/pygil/pygil/gil"

// counting is the program in which both threads count twice and nothing may be
// lost.
func counting(inc func(t *gil.Thread, g *gil.Var[int])) func(t *gil.Thread) bool {
	return func(t *gil.Thread) bool {
		g := gil.NewVar("g", 0)
		twice(t, func(t *gil.Thread, _, _ int) { inc(t, g) })
		return g.Peek() != threads*times
	}
}

// between is a count with something between the load and the store of g.
func between(f func(t *gil.Thread)) func(t *gil.Thread) bool {
	return counting(func(t *gil.Thread, g *gil.Var[int]) {
		v := g.Load(t)
		f(t)
		g.Store(t, v+1)
	})
}

func nothing() {}

func lostUpdates() []Row {
	const lost = "updates are lost"
	return []Row{
		{"inc-for", "for _ in range(n): g += 1", lost, until39, "", counting(add)},
		{"inc-while", "while i < n: g += 1; i += 1", lost, until39, "", func(t *gil.Thread) bool {
			g := gil.NewVar("g", 0)
			both(t, func(t *gil.Thread, _ int) {
				for i := 0; i < times; i++ {
					t.Op(gil.OpCompare)
					t.Op(gil.OpPopJumpIfFalse)
					gil.Add(t, g, 1)
					t.Op(gil.OpInplaceAdd)
					t.Op(gil.OpJumpBackward)
				}
			})
			return g.Peek() != threads*times
		}},
		{"inc-in-function", "inc()  # g += 1 in it", lost, until39, "", counting(func(t *gil.Thread, g *gil.Var[int]) {
			t.Call(func() { gil.Add(t, g, 1) })
		})},
		{"split", "t = g; t = t + 1; g = t", lost, until39, "", between(func(t *gil.Thread) { t.Op(gil.OpBinaryAdd) })},
		{"split-branch", "t = g; if …: t += 1 else: t += 1; g = t", lost, until310, "", between(func(t *gil.Thread) {
			t.Branch(true)
			t.Op(gil.OpInplaceAdd)
		})},
		{"split-loop", "t = g; for _ in (1, 2): t += 1; g = t", lost, everywhere, "", between(func(t *gil.Thread) {
			t.Op(gil.OpGetIter)
			for range 2 {
				t.Op(gil.OpForIter)
				t.Op(gil.OpStoreFast)
				t.Op(gil.OpInplaceAdd)
				t.Op(gil.OpJumpBackward)
			}
		})},
		{"load-call", "g = g + f()", lost, everywhere, "", between(func(t *gil.Thread) { t.Call(nothing) })},
		{"call-load", "g = f() + g", lost, until39, "", counting(func(t *gil.Thread, g *gil.Var[int]) {
			t.Call(nothing)
			g.Store(t, g.Load(t)+1)
		})},
		{"load-len", "g = g + len(t)", lost, until310, "from 3.11 on as specialised code; before that it can", between(func(t *gil.Thread) {
			t.Op(gil.OpLoadGlobal)
			t.Op(gil.OpLoadFast)
			t.Op(gil.OpCallQuick)
		})},
		{"load-abs", "g = g + abs(1)", lost, everywhere, "", between(callC)},
		{"load-int", "g = g + int(1)", lost, everywhere, "", between(callC)},
		{"load-method", "g = g + t.count(1)", lost, everywhere, "", between(func(t *gil.Thread) {
			t.Op(gil.OpLoadMethod)
			t.Op(gil.OpLoadConst)
			t.Op(gil.OpCallC)
		})},
		{"load-next", "g = g + next(gen)", lost, everywhere, "the generator as a function that is entered", between(func(t *gil.Thread) {
			t.Op(gil.OpResume)
			t.Op(gil.OpYield)
			t.Op(gil.OpCallC)
		})},
		{"load-comprehension", "g = g + [x for x in (1,)][0]", lost, everywhere, "the comprehension as its loop", between(func(t *gil.Thread) {
			t.Op(gil.OpForIter)
			t.Op(gil.OpLoadFast)
			t.Op(gil.OpJumpBackward)
			t.Op(gil.OpBinarySubscr)
		})},
		{"load-sleep", "t = g; sleep(0); g = t + 1", lost, everywhere, "", between(func(t *gil.Thread) { t.Sleep(0) })},
		{"add-method", "v = v + 1  # with a Python __add__", lost, everywhere, "__add__ as a function", func(t *gil.Thread) bool {
			box := gil.NewList("box", 0)
			twice(t, func(t *gil.Thread, _, _ int) {
				v, _ := box.Index(t, 0)
				t.Call(nothing)
				_ = box.SetIndex(t, 0, v+1)
			})
			return box.Peek()[0] != threads*times
		}},
		{"finalizer", "t = g; d = None; g = t + 1  # with a Python __del__", lost, everywhere, "__del__ as a function", between(func(t *gil.Thread) {
			t.Call(nothing)
		})},
	}
}

func add(t *gil.Thread, g *gil.Var[int]) { gil.Add(t, g, 1) }

// callC is f(1) of a C function.
func callC(t *gil.Thread) {
	t.Op(gil.OpLoadGlobal)
	t.Op(gil.OpLoadConst)
	t.Op(gil.OpCallC)
}

func lostAttributes() []Row {
	const lost = "updates are lost"
	return []Row{
		{"attribute", "o.n += 1", lost, until39, "", counting(add)},
		{"method", "o.inc()  # self.n += 1", lost, until39, "", counting(func(t *gil.Thread, n *gil.Var[int]) {
			t.Call(func() { gil.Add(t, n, 1) })
		})},
		{"get-set", "o.set(o.get() + 1)", lost, everywhere, "", counting(func(t *gil.Thread, n *gil.Var[int]) {
			var v int
			t.Call(func() { v = n.Load(t) })
			t.Op(gil.OpBinaryAdd)
			t.Call(func() { n.Store(t, v+1) })
		})},
		{"property", "o.n += 1  # a Python property", lost, everywhere, "getter and setter as functions", counting(func(t *gil.Thread, n *gil.Var[int]) {
			var v int
			t.Call(func() { v = n.Load(t) })
			t.Op(gil.OpInplaceAdd)
			t.Call(func() { n.Store(t, v+1) })
		})},
	}
}
