package asyncio

import (
	"math/rand/v2"

	"github.com/pygil/pygil/gil"
)

// openOrder permutes what Python leaves open: the order of timers with one deadline
// and of the elements of sets. A nil one leaves everything as it is.
type openOrder struct {
	draw func(n int) int // a number below n; if it is always 0 nothing is permuted
}

// bySeed permutes by a seed.
func bySeed(seed uint64) *openOrder {
	return &openOrder{rand.New(rand.NewPCG(seed, 1)).IntN}
}

// byChoice lets the world of the thread choose, which an explorer may own.
func byChoice(t *gil.Thread) *openOrder { return &openOrder{t.Choose} }

// permute puts n elements into another order.
func (o *openOrder) permute(n int, swap func(i, j int)) {
	if o == nil {
		return
	}
	for i := range n - 1 {
		if k := o.draw(n - i); k > 0 {
			swap(i, i+k)
		}
	}
}

// unordered returns the elements of what is a set in Python in an order that a set
// may have. It keeps vs as it is.
func unordered[T any](o *openOrder, vs []T) []T {
	if o == nil || len(vs) < 2 {
		return vs
	}
	out := append([]T(nil), vs...)
	o.permute(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// starts are the indices of n arguments in the order in which they are begun: as
// they come or, where Python walks over a set of them, with those exchanged for which
// it makes a difference.
func (o *openOrder) starts(n int, differs func(i int) bool) []int {
	all := make([]int, n)
	var open []int
	for i := range all {
		all[i] = i
		if o != nil && differs(i) {
			open = append(open, i)
		}
	}
	o.permute(len(open), func(i, j int) { all[open[i]], all[open[j]] = all[open[j]], all[open[i]] })
	return all
}

// isCoroutine reports whether a begins only now, if it has not.
func isCoroutine(a any) bool {
	_, ok := a.(oneShot)
	return ok
}

// gatherOrder is who decides in which order the children of a gather begin: nobody
// from 3.7 on.
func (l *Loop) gatherOrder() *openOrder {
	if l.rules.gatherStartsAsSet() {
		return l.order
	}
	return nil
}

func always(int) bool { return true }

// batch permutes timers of one deadline within the first n entries of the ready
// queue; all else is promised to be FIFO. Timers that have been cancelled stay in
// their places: they do nothing.
func (o *openOrder) batch(l *Loop, n int) {
	m := len(l.ready.buf) - 1
	at := func(i int) *timer { return l.ready.buf[(l.ready.head+i)&m].t }
	var same []int
	for i := 0; i < n; {
		t := at(i)
		if t == nil {
			i++
			continue
		}
		same = same[:0]
		for ; i < n; i++ {
			u := at(i)
			if u == nil || u.when != t.when {
				break
			}
			if !u.cancelled {
				same = append(same, i)
			}
		}
		o.permute(len(same), func(i, j int) { l.ready.swap(same[i], same[j]) })
	}
}
