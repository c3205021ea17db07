package explore

import (
	"math/bits"

	"github.com/pygil/pygil/internal/kernel"
)

// classes hashes runs to happens-before classes: two runs have the same hash when
// they differ in nothing but the order of operations that do not conflict. No
// clocks are needed: each operation's hash contains that of the operation before
// it in its thread and those of the operations on its object that it comes after,
// so the last hashes of the threads contain the whole order. Which objects they are
// is no part of it: that follows from the order, and what package gil calls an
// object may depend on who used it first.
type classes struct {
	threads []uint64
	table   []access // open addressing, a power of two
	mask    uint64
	run     uint32 // entries of earlier runs are empty
	used    int
	started int // threads of the run that have been started
}

// access is what a run has done to one object so far.
type access struct {
	id    kernel.ObjID
	run   uint32
	wrote uint64 // hash of the last write
	read  uint64 // sum of the hashes of the reads since
}

func newClasses() *classes {
	c := &classes{}
	c.resize(64)
	return c
}

func (c *classes) resize(n int) {
	old := c.table
	c.table, c.mask, c.used = make([]access, n), uint64(n-1), 0
	for i := range old {
		if o := &old[i]; o.run == c.run && o.run != 0 {
			*c.find(o.id) = *o
		}
	}
}

// slot is where in a table an object is looked for first, but for the table's mask.
// Identities are hashes.
func slot(id kernel.ObjID) uint64 { return uint64(id) ^ uint64(id)>>32 }

// find returns the entry of an object.
func (c *classes) find(id kernel.ObjID) *access {
	for i := slot(id) & c.mask; ; i = (i + 1) & c.mask {
		o := &c.table[i]
		if o.run == c.run && o.id == id {
			return o
		}
		if o.run != c.run {
			if c.used*2 > len(c.table) {
				c.resize(2 * len(c.table))
				return c.find(id)
			}
			c.used++
			*o = access{id: id, run: c.run}
			return o
		}
	}
}

// of hashes the run just done.
func (c *classes) of(r *runner) uint64 {
	c.run++
	c.used = 0
	if c.run == 0 {
		clear(c.table)
		c.run = 1
	}
	if n := len(r.threads); n <= cap(c.threads) {
		c.threads = c.threads[:n]
		clear(c.threads)
	} else {
		c.threads = make([]uint64, n)
	}
	drawn, fired := r.drawn, r.fired
	c.started = 1
	for at := 0; at < len(r.steps); {
		for ; len(drawn) > 0 && int(drawn[0].step) <= at; drawn = drawn[1:] {
			c.draw(&drawn[0])
		}
		for ; len(fired) > 0 && int(fired[0].step) <= at; fired = fired[1:] {
			c.fire(r)
		}
		end := len(r.steps)
		if len(drawn) > 0 {
			end = min(end, int(drawn[0].step))
		}
		if len(fired) > 0 {
			end = min(end, int(fired[0].step))
		}
		c.follow(r, at, end)
		at = end
	}
	for i := range drawn {
		c.draw(&drawn[i])
	}
	return c.sum(r)
}

// follow takes steps between which nothing is drawn and no timer fires early. This is
// a part of every schedule, so what touch does stands here once more, for objects that
// are where they are looked for first.
func (c *classes) follow(r *runner, from, to int) {
	born := c.next(r) - from
	threads, table, run, looked := c.threads, c.table, c.run, r.looked
	steps := r.steps[from:to]
	for i := range steps {
		s := &steps[i]
		if s.flags&implicit == 0 {
			t := &threads[s.thread]
			h := *t + (uint64(s.kind)+1)*0xd6e8feb86659fd93
			id, e := s.obj, s.effect
			if id == 0 {
				id, e = common(s.kind)
			}
			if e == nothing {
				h = fold(h, 0)
			} else if o := &table[slot(id)&uint64(len(table)-1)]; o.run != run || o.id != id {
				h = c.touch(h, id, e)
				table = c.table
			} else if e == reads {
				h = fold(h, o.wrote)
				o.read += h
			} else {
				h = fold(h^o.read, o.wrote)
				o.wrote, o.read = h, 0
			}
			if looked && (s.kind == kernel.OpStart || s.kind == kernel.OpExit) {
				h = c.touch(h, world, writes)
				table = c.table
			}
			*t = h
		}
		for ; born == i; born = c.next(r) - from {
			threads[c.started] = fold(threads[s.thread], r.threads[c.started].path)
			c.started++
		}
	}
}

// next is the step that starts the next thread.
func (c *classes) next(r *runner) int {
	if c.started == len(r.threads) {
		return -1
	}
	return int(r.threads[c.started].born)
}

// draw adds a number drawn to the hash of its thread.
func (c *classes) draw(d *drawn) {
	c.threads[d.thread] = fold(c.threads[d.thread]^0xd7aa, uint64(d.value))
}

// fire adds that a timer has fired early: everything so far came before that, and
// everything from now on comes after it.
func (c *classes) fire(r *runner) {
	all := c.sum(r)
	for i := range c.threads {
		c.threads[i] = fold(c.threads[i], all)
	}
}

// touch adds an access to the hash h of an operation and to the object's.
func (c *classes) touch(h uint64, id kernel.ObjID, e effect) uint64 {
	o := c.find(id)
	if e == reads {
		h = fold(h, o.wrote)
		o.read += h
		return h
	}
	h = fold(h^o.read, o.wrote)
	o.wrote, o.read = h, 0
	return h
}

// sum adds up what the threads have done.
func (c *classes) sum(r *runner) uint64 {
	h := uint64(0)
	for i, t := range c.threads {
		h += kernel.Hash(t, r.threads[i].path)
	}
	return h
}

// fold mixes two words into one, of which at least one is a hash already. It takes a
// third of what kernel.Hash does.
func fold(a, b uint64) uint64 {
	x := (a ^ bits.RotateLeft64(b, 32)) * 0x9fb21c651e98df25
	return x ^ x>>29
}
