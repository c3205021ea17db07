package gil

import "github.com/pygil/pygil/internal/kernel"

// KillPoints has processes die: before every operation of an emulated process that
// others can notice, and before its end, it is drawn whether it dies there; at most n
// do in one run.
func (s *Sandbox) KillPoints(n int) { s.kills = n }

// mortal draws whether t's process dies before what t is about to do. Dying is an
// operation, so that others may come before it.
func (t *Thread) mortal() {
	w, c := t.interp.w, t.interp.process
	if !t.fragile || w.kills == 0 || t.dying || t.k.Killed() || t.kern.Choose(&t.k, kernel.ChooseKill, 2) == 0 {
		return
	}
	w.kills--
	op := kernel.Op{Kind: kernel.OpKill, Obj: c.ended.id}
	t.pin(&op)
	t.near = away
	how := t.x.Await(&t.k, op)
	t.near = t.seat
	if how != kernel.Killed {
		c.dies()
	}
	t.unwind()
}

// dies is mortal at the end of a main thread.
func (t *Thread) dies() {
	if t.fragile && t == t.interp.main {
		t.calls(t.mortal)
	}
}
