package queue

import (
	"iter"
	"sync/atomic"
	"unsafe"

	"github.com/pygil/pygil/internal/futex"
)

// A memory is what the processes that use a queue share: this, then the ring, then
// the annex. Everything in it but the bytes of messages is read and written with
// atomic operations, since other processes may be doing the same.
//
// # What is true whenever somebody dies
//
// Who puts holds the latch puts for the time of a copy, who takes the latch gets;
// nobody waits with one held. Under it, a message is first written where nobody
// looks, and then published by one store: of head, which says at the same time how
// far the ring is written and how many messages that are. Taking is one store of
// tail, after the copy. Whoever dies before his store has done nothing, and whoever
// dies after it has done it all.
//
// Some numbers have to follow such a store: how many of a process's items are still
// in its own memory, what of the annex is free. They are written down before it, in
// an intent, together with the value that head (or tail) will have. Who finds the
// latch held by a dead process takes it over, looks whether that store happened, and
// if so carries the intent out. Doing that twice does no harm.
//
// An item that a Put has accepted and that no message in the ring shows is in the
// memory of its process only. Each process with such items has a row here that counts
// them. When that process is dead they are lost: whoever notices adds them to the
// row's lost.
type memory struct {
	maxsize  uint32 // 0 is no limit
	units    uint32 // of the ring, a power of two
	annexLen uint64
	id       uint64 // for observers
	_        [40]byte

	head      uint64 // published: see word
	annexHead uint32 // how many of these are in the annex
	annexHigh uint32 // the page behind the last that was ever written, if that is far behind
	_         [48]byte

	tail      uint64 // taken
	annexTail uint32 // how many of these were in the annex
	discarded uint32 // by an immediate Shutdown
	_         [48]byte

	puts latchMemory
	gets latchMemory

	items futex.Bell // a message was published
	_     [56]byte

	slots  futex.Bell // there may be room within maxsize
	room   futex.Bell // there is room in the ring or the annex
	idle   futex.Bell // all tasks may be done
	down   uint32     // downDraining, downAtOnce
	done   uint32     // how often TaskDone was called
	used   uint32     // rows that were ever used
	widows uint32     // processes that died with tasks of a JoinableQueue
	_      [24]byte

	putting putIntent
	taking  takeIntent

	rows  [maxRows]row
	spots [maxApart]uint64 // where the messages in the annex are, each at its number; see spot
}

const (
	memorySize = int(unsafe.Sizeof(memory{}))
	maxRows    = 256

	downDraining = 1
	downAtOnce   = 2
)

// A putIntent follows a store of head.
type putIntent struct {
	set       uint32 // written last, and taken back when all is done
	row       uint32 // whose items those were, plus one; 0 for nobody's
	head      uint64 // the value stored
	annexHead uint32
	published uint32 // of the row
	_         [40]byte
}

// A takeIntent follows a store of tail.
type takeIntent struct {
	set       uint32
	discarded uint32
	tail      uint64
	annexTail uint32
	_         [44]byte
}

// A row is about one process: what is in its own memory, and what it has taken.
// Accepted is written by that process, published and dropped by its feeder, lost by
// whoever finds it dead; what is pending is the rest. The counters go on when the
// next process gets the row.
type row struct {
	claim     uint32 // 0 is free
	pid       uint32
	stuck     uint32 // how many items keep the process from ending; see flush
	accepted  uint32
	published uint32
	dropped   uint32
	lost      uint32
	held      int32 // items of a JoinableQueue it has taken and not done
	_         [32]byte
}

func (r *row) pending() uint32 {
	// What is subtracted never gets ahead of what it is subtracted from.
	gone := atomic.LoadUint32(&r.published) + atomic.LoadUint32(&r.dropped) + atomic.LoadUint32(&r.lost)
	return atomic.LoadUint32(&r.accepted) - gone
}

// A word is a head or a tail: a position, counted in units since the beginning, and
// how many messages there are before it. Both wrap around.
type word uint64

const unit = 16

func (w word) position() uint32 { return uint32(w >> 32) }
func (w word) count() uint32    { return uint32(w) }

// plus is the word after n more messages in some units.
func (w word) plus(units, n uint32) word {
	return word(uint64(w.position()+units)<<32 | uint64(w.count()+n))
}

const page = 4096

// pages is how many pages n bytes need.
func pages(n int) uint32 { return uint32((n + page - 1) / page) }

// The annex is larger than anybody will use; what was never written takes no memory.
// Messages in it that wait are kept within annexSoft, unless one alone is larger.
const annexSoft = 64 << 20 / page

// annexSize is the length of the annex: the longest message there can be. Where
// addresses are short it must not use many of them up.
const annexSize = 1 << (24 + 8*(^uint(0)>>63))

// maxApart is how many messages can be in the annex at the same time, a power of two.
const maxApart = 1024

// A spot is the place of a message in the annex: its first page and how many it has.
// Those in use are the ones of the messages from annexTail to annexHead, so that no
// death can lose one: there is nothing else that says what is free.
type spot uint64

func spotOf(at, n uint32) spot { return spot(uint64(at)<<32 | uint64(n)) }

func (s spot) start() uint32 { return uint32(s >> 32) }
func (s spot) end() uint32   { return uint32(s>>32) + uint32(s) }

// place finds room for n pages in an annex of some pages, and reports whether there is
// any. The spots in use are given in the order in which they were taken. It prefers the
// beginning, and then what comes after the last one: who takes a message soon has its
// memory used for the next one while the processors still have it in their caches,
// which is several times as fast as other memory, and as new memory by far.
func place(used iter.Seq[spot], n, all uint32) (at uint32, ok bool) {
	lowest, highest := all, uint32(0)
	last := spot(0)
	for s := range used {
		lowest, highest, last = min(lowest, s.start()), max(highest, s.end()), s
	}
	next := last.end()
	follows := true // nothing is in the way after the last one
	for s := range used {
		follows = follows && (s.end() <= next || s.start() >= next+n)
	}
	switch soft := min(annexSoft, all); {
	case n <= lowest:
		return 0, true
	case follows && n <= soft-min(next, soft):
		return next, true
	default:
		return highest, n <= soft-min(highest, soft)
	}
}
