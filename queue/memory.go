package queue

import (
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
	annexHead uint64 // where the annex is written next; see extent
	annexHigh uint32 // the page behind the last that was ever written, if that is far behind
	_         [44]byte

	tail      uint64 // taken
	annexTail uint64 // what of the annex was taken last
	discarded uint32 // by an immediate Shutdown
	_         [44]byte

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

	rows [maxRows]row
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
	annexHead uint64
	published uint32 // of the row
	_         [36]byte
}

// A takeIntent follows a store of tail.
type takeIntent struct {
	set       uint32
	discarded uint32
	tail      uint64
	annexTail uint64
	_         [40]byte
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

// An extent is an annexHead or annexTail: how many messages the annex has got or
// given, and the page behind the last of them.
type extent uint64

const page = 4096

func (e extent) count() uint32 { return uint32(e >> 32) }
func (e extent) page() uint32  { return uint32(e) }

func extentOf(count, page uint32) extent { return extent(uint64(count)<<32 | uint64(page)) }

// pages is how many pages n bytes need.
func pages(n int) uint32 { return uint32((n + page - 1) / page) }

// The annex is larger than anybody will use; what was never written takes no memory.
// Messages in it that wait are kept within annexSoft, unless one alone is larger,
// and near its beginning, so that memory that was used is used again.
const (
	annexSoft = 64 << 20 / page
	annexNear = 4 << 20 / page
)

// annexSize is the length of the annex: the longest message there can be. Where
// addresses are short it must not use many of them up.
const annexSize = 1 << (24 + 8*(^uint(0)>>63))

// place finds room for n pages in the annex, and reports whether there is any.
// Messages are taken in the order in which they were put, so what is in use lies
// between the end of the last one taken and the end of the last one put, if need be
// around the corner.
func place(head, tail extent, n, all uint32) (at uint32, ok bool) {
	if head.count() == tail.count() {
		return 0, n <= all
	}
	soft := min(annexSoft, all)
	end, oldest := head.page(), tail.page()
	if end <= oldest {
		return end, n <= oldest-end
	}
	switch {
	case end >= annexNear && n <= oldest:
		return 0, true
	case end <= soft && n <= soft-end:
		return end, true
	default:
		return 0, n <= oldest
	}
}
