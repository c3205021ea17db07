package gil

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// GIL is a global interpreter lock: at most one of its threads executes at a
// time, and its Rule says when that thread has to let another one in.
//
// A GIL of its own, without an interpreter, is made by NewGIL for goroutines
// that want Python's rules; every Interpreter has one too, unless its profile is
// free-threaded. The code is the same in the live and in the timed virtual
// world. An explored run has no GIL: the holder is whoever was chosen.
type GIL struct {
	stats gilCounters // first: its words must be aligned on 32-bit machines

	kern kernel.Kernel
	prof Profile
	rule ruleKind
	id   uint64
	emit *emitter

	interp *Interpreter

	successor Successor
	switching kernel.Time // what a switch costs the new holder
	timed     bool        // hold and wait times are measured
	live      bool

	interval atomic.Int64 // nanoseconds, whole microseconds
	period   atomic.Int32 // ticks between checks
	exists   atomic.Bool  // lazily created ones do nothing before the first thread
	request  atomic.Bool  // somebody asked the holder to drop

	mu           sync.Mutex // never held across a switch
	locked       bool
	holder       *Thread
	last         *Thread // the last holder
	switches     uint64  // changes of holder
	forced       int64   // of these, because the holder was asked or its ticks ran out
	acquisitions int64
	turns        int64 // checks under the Ticks rule
	why          Why   // why the last holder gave it up
	waiters      []gilWaiter
	coming       int // waiters that were woken and have not taken the GIL yet
	awake        int // of these, who may be there before the next release, see gil_legacy.go
	ceding       gilWaiter
	hasCeder     bool
	ticker       int // ticks left when the holder gave the GIL up between two checks
	alarm        alarm
}

// gilWaiter is a thread that waits for the GIL.
type gilWaiter struct {
	t        *Thread
	w        kernel.Ticket
	seen     uint64      // switches when its current interval began
	deadline kernel.Time // when it asks, unless there was a switch
	since    kernel.Time
	again    bool // a ceder that wants the GIL back
	called   bool // it comes from a call that it had given the GIL up for
}

// Successor says which waiter is woken when the GIL becomes free; CPython leaves
// that to the operating system.
type Successor uint8

// The successors. Python threads on Linux are woken mostly in the order in which
// they began to wait, or in the reverse order.
const (
	FIFO    Successor = iota // the one that waits longest
	LIFO                     // the one that began last
	Random                   // drawn with the machine's seed
	Bimodal                  // drawn as Linux was seen to choose: mostly FIFO's or LIFO's
)

func newGIL(k kernel.Kernel, p Profile, emit *emitter) *GIL {
	g := &GIL{kern: k, prof: p, rule: p.rule.kind, emit: emit}
	g.live = k.World().Policy == kernel.LivePolicy
	g.timed = !g.live || p.rule.kind == intervalRule || emit != nil
	g.period.Store(int32(min(p.rule.ticks, maxPeriod)))
	g.ticker = p.rule.ticks
	g.setInterval(p.rule.every)
	g.exists.Store(!p.has(lazyGIL))
	return g
}

const maxPeriod = 1 << 30

func (g *GIL) setInterval(d time.Duration) {
	g.interval.Store(int64(d.Truncate(time.Microsecond)))
}

// due is how long a waiter waits before it asks. Decades are enough for for ever, and
// can be added to a moment.
func (g *GIL) due() kernel.Time {
	return kernel.Time(min(max(g.interval.Load(), int64(time.Microsecond)), 1<<60))
}

// lock guards the fields. In the virtual world tasks share a goroutine and
// nothing switches in between, so there is nothing to lock.
func (g *GIL) lock() {
	if g.live {
		g.mu.Lock()
	}
}

func (g *GIL) unlock() {
	if g.live {
		g.mu.Unlock()
	}
}

// ID is unique among the GILs of a world.
func (g *GIL) ID() uint64 { return g.id }

// Holder returns the thread that holds the GIL, or nil. In the live world it may
// have given it up by the time Holder returns.
func (g *GIL) Holder() *Thread {
	g.lock()
	defer g.unlock()
	if !g.locked {
		return nil
	}
	return g.holder
}

// Waiters returns the number of threads that wait for the GIL.
func (g *GIL) Waiters() int {
	g.lock()
	defer g.unlock()
	return len(g.waiters) + g.coming
}

// Interval returns the switch interval, as sys.getswitchinterval does. A GIL
// whose rule counts ticks returns 0.
func (g *GIL) Interval() time.Duration {
	if g.rule != intervalRule {
		return 0
	}
	return time.Duration(g.interval.Load())
}

// SetInterval sets the switch interval for waits that begin from now on. Like
// sys.setswitchinterval it keeps whole microseconds: 1.9 µs becomes 1 µs, and
// less than one reads back as 0 but acts as one. It returns a *ValueError when d
// is not positive, and has no effect on a rule that counts ticks.
func (g *GIL) SetInterval(d time.Duration) error {
	if err := checkInterval(d); err != nil {
		return err
	}
	g.setInterval(d)
	return nil
}

const (
	notGot got = iota // the thread unwinds
	free              // the GIL is free and the fields are locked
	handed            // the last holder made the thread the holder
)
