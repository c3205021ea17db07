package explore

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
)

// A block is what a thread does between two choices. Under profiles that allow a switch
// at few places only it is of many operations, and cannot be taken for one: it ends early
// where the thread has to wait for a gate. So an operation that may wait begins a
// transition of its own in any case, and a block is transitions that follow each other.
// Conflicts, clocks and races are between transitions. Schedules are made of blocks: what
// comes before a transition has to come before its block.
//
// What that would hide is another thread in the middle of a block. It can come there only
// where the block has to wait: if it begins before somebody opens a gate that it passes
// later on. For those who look at conflicts only that is no difference – the beginning of
// the block and the opening of the gate do not conflict –, so it is looked for where a
// race is found that needs it (see part), and the thread that opens the gate is then woken
// up although it sleeps ([dporNode].parted). That is why some classes are run twice.

// last is the last transition of the block of transition d.
func (x *dpor) last(d int) int {
	for d+1 < len(x.nodes) && int(x.nodes[d+1].head) <= d {
		d++
	}
	return d
}

// looksAt is the gate at which a thread has to wait in the middle of a block, if it does.
func (x *dpor) looksAt(r *runner, thread int) []foot {
	op := r.k.Pending(thread)
	if !op.Pinned || !passes(op.Kind) || r.k.Enabled().Has(thread) {
		return nil
	}
	return []foot{{op.Obj, reads, -1}}
}

// between is what some transitions that follow each other do.
func (f *raceFinder) between(first, last int) []foot {
	from := int32(0)
	if first > 0 {
		from = f.upTo[first-1]
	}
	return f.feet[from:f.upTo[last]]
}

// blockFeet is what transition k does, and those that follow it in its block.
func (f *raceFinder) blockFeet(x *dpor, k int) []foot { return f.between(k, x.last(k)) }

// own is where the block begins that transition e of thread u would be in if its thread
// had not had to wait: e where that is so.
func (f *raceFinder) own(x *dpor, r *runner, i, e, u int) int {
	if e < x.begun {
		if h := int(x.nodes[e].head); h != e {
			return max(h, i+1)
		}
		if r.steps[x.start[e]].flags&torn == 0 {
			return e
		}
	} else if !r.k.Pending(u).Pinned {
		return e
	}
	for k := e - 1; k > i; k-- {
		if int(x.nodes[k].thread) == u {
			if h := int(x.nodes[k].head); h > i {
				return h
			}
			break
		}
	}
	return e
}

// ownFeet makes the footprint of the last element of the sequence, which begins at own
// and goes on with transition e, or with the pass of a gate that was missed.
func (f *raceFinder) ownFeet(x *dpor, own, e int, missed kernel.ObjID) {
	f.buf = f.buf[:0]
	for k := own; k < e; k++ {
		if x.nodes[k].thread == x.nodes[own].thread {
			f.buf = append(f.buf, f.feetOf(k)...)
		}
	}
	if missed != 0 {
		f.buf = append(f.buf, foot{missed, writes, -1})
	} else {
		f.buf = append(f.buf, f.late...)
	}
	f.late = f.buf
}

// apart collects the blocks of the run that do not happen after transition i, nor after
// the one of thread u that begins at own, if that is not its last transition. It reports
// whether a schedule can begin with these, and then u's next. If one of those that it
// would need begins without transition i and ends after it, it can only if that one waits
// in between.
func (f *raceFinder) apart(x *dpor, i, own, u int, c []int32) bool {
	by, cut := int(x.nodes[i].thread), f.blocks.cut[:0]
	for k := i + 1; k < x.begun; {
		last := x.last(k)
		from, to := f.clock[k*f.width:(k+1)*f.width], f.clock[last*f.width:(last+1)*f.width]
		if from[by] <= int32(i) && from[u] <= int32(own) && !after(to, cut) {
			end := &f.blocks.all[last]
			v := event{at: int32(k), last: int32(last), thread: x.nodes[k].thread}
			if end.used {
				v.gate = end.gate
			}
			if to[by] <= int32(i) && f.waits(i, end.cutter) {
				f.seq = append(f.seq, v)
			} else {
				cut = append(cut, v)
			}
		}
		k = last + 1
	}
	f.blocks.cut = cut
	if !after(c, cut) {
		return true
	}
	for _, v := range cut {
		if c[v.thread] > v.at {
			for w := v.at + 1; w <= v.last; w++ {
				f.part(x, int(w))
			}
		}
	}
	return false
}

// waits reports whether a block that had to wait because of a transition still has to when
// the sequence comes before transition i.
func (f *raceFinder) waits(i int, cutter int32) bool {
	return cutter < int32(i) || slices.ContainsFunc(f.seq, func(v event) bool { return v.at <= cutter && cutter <= v.last })
}

// after reports whether something with a clock comes after one of some blocks.
func after(c []int32, blocks []event) bool {
	return slices.ContainsFunc(blocks, func(v event) bool { return c[v.thread] > v.at })
}

// blocks is what a raceFinder knows of the blocks of a run.
type blocks struct {
	all      []blockEnd // of each transition
	next     []int32    // of each, its thread's next one, -1 for none
	upcoming []int32    // of each thread, while next is made
	cut      []event    // blocks that are not in the sequence, because only their beginning could be
	then     []foot     // what comes after the sequence
}

// blockEnd is how a transition ended: where its thread had to wait and could not have
// been preempted, at which gate.
type blockEnd struct {
	opener int32        // the transition that opened the gate that this one passed, -1 for none
	cutter int32        // the one that had closed the gate at which it ended, -1 for none
	gate   kernel.ObjID // that gate, 0 where it did not have to wait
	used   bool         // what its thread did next comes after something that comes after its block
}

// follow finds of each transition the next one of its thread.
func (f *raceFinder) follow(x *dpor, kept int) {
	b := &f.blocks
	b.next, b.upcoming = grown(b.next, x.begun), grown(b.upcoming, f.width)
	for u := range b.upcoming {
		b.upcoming[u] = -1
	}
	for e := x.begun - 1; e >= kept; e-- {
		u := x.nodes[e].thread
		b.next[e], b.upcoming[u] = b.upcoming[u], int32(e)
	}
}

// end notes how transition e of thread u ended.
func (f *raceFinder) end(x *dpor, r *runner, e, u int) {
	end := blockEnd{opener: f.opener, cutter: -1}
	if n := f.blocks.next[e]; n >= 0 {
		if s := &r.steps[x.start[n]]; s.flags&torn != 0 {
			end.gate = s.obj
		}
	} else if op := r.k.Pending(u); op.Pinned && !r.threads[u].over {
		end.gate = op.Obj
	}
	if end.gate != 0 {
		o := f.stateOf(end.gate)
		end.cutter = o.closers[0]
		if o.closerBy[0] == int32(u) {
			end.cutter = o.closers[1]
		}
	}
	f.blocks.all = append(f.blocks.all[:e], end)
}

// use notes whether others have come in where the last block of thread u ended: one of
// those that its next transition, which is looked at, conflicts with.
func (f *raceFinder) use(x *dpor, u int) {
	l := f.last[u]
	if l < 0 || f.blocks.all[l].gate == 0 {
		return
	}
	head := x.nodes[l].head
	f.blocks.all[l].used = slices.ContainsFunc(f.pairs, func(p pair) bool {
		return int(x.nodes[p.at].thread) != u && f.clock[int(p.at)*f.width+u] > head
	})
}

// part has the block of transition w wait there, if it has passed a gate in its middle
// that somebody opened: it is to begin before that. Others can then come in between.
func (f *raceFinder) part(x *dpor, w int) {
	b := int(x.nodes[w].head)
	opener := f.blocks.all[w].opener
	if b == w || opener < 0 || x.glued {
		return
	}
	o := &x.nodes[opener]
	row := f.clock[b*f.width : (b+1)*f.width]
	if row[o.thread] <= o.head {
		f.races = append(f.races, race{o.head, int32(b), x.nodes[b].thread, int32(len(f.clocks)), 0, true})
		f.clocks = append(f.clocks, row...)
	}
}

// leaves reports whether the feet do nothing to the gate where the block waits.
func (v *event) leaves(feet []foot) bool {
	return v.gate == 0 || !slices.ContainsFunc(feet, func(t foot) bool { return t.obj == v.gate })
}
