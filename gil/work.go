package gil

import (
	"math"
	"time"

	"github.com/pygil/pygil/internal/bytecode"
)

// Work is a call of a C function by name: whether it gives the GIL up, in which
// Python and for arguments of which size, and how long it takes. That is what
// decides whether threads help a Python program: zlib, bz2 and a hash of 2048 bytes
// or more compute beside other threads, a sort, a sum or json.dumps does not.
//
// Works are values, listed by [Works]. Thread.Perform makes the call:
//
//	t.Perform(gil.WorkSHA256, 24<<20) // hashlib.sha256(data)
//
// The size that Perform is given counts what Unit says. The times are those of
// CPython on the computer of the Measured preset; a Machine takes exactly that
// long, the live world computes or sleeps for as long.
type Work struct {
	name, python, unit string
	waits              bool // what is done without the GIL is waiting, not computing
	costs              [numEras]workCost
}

// workCost is what a Work takes in some Pythons. Per is in nanoseconds and times the
// size.
type workCost struct {
	held    time.Duration // with the GIL: parsing arguments, making the result
	heldPer float64
	free    time.Duration // without it
	freePer float64
	least   int     // the size from which on it is given up for free and freePer; below it they are held
	python  float64 // per: code in Python that is called, in which threads can switch
	logs    float64 // per, times the logarithm of the size: comparisons, held
}

// An era is a number of Pythons whose C functions behave alike.
type era uint8

const (
	eraTick era = iota // up to 3.1
	era32              // 3.2 to 3.10
	era311             // 3.11 and 3.12
	era313             // 3.13 and later

	numEras = iota
)

func (p *Profile) era() era {
	switch {
	case p.version <= bytecode.V31:
		return eraTick
	case p.version <= bytecode.V310:
		return era32
	case p.version <= bytecode.V312:
		return era311
	}
	return era313
}

// Name is the name under which the works are listed, such as "zlib.compress".
func (w Work) Name() string { return w.name }

// Python is the call as Python writes it.
func (w Work) Python() string { return w.python }

// Unit says what the size of the call counts: "byte", "item", "step", "iteration",
// "object" or "call".
func (w Work) Unit() string { return w.unit }

// String returns the name.
func (w Work) String() string { return w.name }

// Releases reports whether the call of the given size gives the GIL up in Python p.
// Without a GIL there is none to give up.
func (w Work) Releases(p Profile, size int) bool {
	c := w.costs[p.era()]
	return !p.FreeThreaded() && (c.free > 0 || c.freePer > 0) && size >= c.least
}

// Cost is how long the call of the given size takes in Python p, alone: with the
// GIL, and without it.
func (w Work) Cost(p Profile, size int) (held, free time.Duration) {
	c := w.costs[p.era()]
	n := float64(max(size, 0))
	held = c.held + nanoseconds(c.heldPer*n+c.python*n+c.logs*n*math.Log2(max(n, 1)))
	free = c.free + nanoseconds(c.freePer*n)
	if size < c.least {
		return held + free, 0
	}
	return held, free
}

func nanoseconds(n float64) time.Duration { return time.Duration(min(n, math.MaxInt64/2)) }

// Perform calls a C function with an argument of the given size. Whether the GIL is
// given up, and where the interpreter looks whether to switch after the call, is
// the profile's business. It panics with a *ValueError when the size is negative or
// the work is the zero Work.
func (t *Thread) Perform(w Work, size int) { t.perform(w, size, false) }

func (t *Thread) perform(w Work, size int, always bool) {
	if raceKernel && t.apart() {
		p := hold(w)
		t.inside(func() { t.perform(*p, size, always) })
		return
	}
	t.must()
	if w.name == "" {
		panic(badValue("", "Perform: the zero Work is no call; take one of gil.Works()"))
	}
	if size < 0 {
		panic(badValue("", "Perform(%s, %d): a size is not negative", w.name, size))
	}
	p := &t.interp.prof
	held, free := w.Cost(*p, size)
	c := w.costs[p.era()]
	if always && size < c.least {
		free = c.free + nanoseconds(c.freePer*float64(size))
		held -= free
	}
	path := t.path(bytecode.CallC)
	t.pass(&path[0])
	if code := nanoseconds(c.python * float64(size)); code > 0 {
		held -= code
		t.Compute(code)
	}
	t.Held(held)
	switch {
	case free == 0 && !always && !w.Releases(*p, size):
	case w.waits:
		t.IO(free)
	default:
		t.Released(free, 1)
	}
	t.pass(&path[1])
}

// Hash is the object of hashlib.sha256(): a hash that is fed piece by piece. A piece
// of 2048 bytes or more is hashed without the GIL, and so is every later one,
// because the object has a lock from then on. The zero Hash is ready for use, by one
// thread at a time.
type Hash struct{ locked bool }

// Update feeds size bytes. Python: h.update(data).
func (h *Hash) Update(t *Thread, size int) {
	t.perform(WorkSHA256, size, h.locked)
	h.locked = h.locked || WorkSHA256.Releases(t.interp.prof, size)
}
