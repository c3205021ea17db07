package queue

import (
	"sync/atomic"
	"unsafe"
)

// A message is an item on its way into the ring, encoded.
type message struct {
	head, body []byte // one after the other
	handles    []any  // of the live objects in it; see parcel
	n          uint32 // the number its process gave it
}

func (m *message) size() int { return len(m.head) + len(m.body) }

// A record stands before each message in the ring.
type record struct {
	size  uint32 // of what follows, in bytes
	where uint32 // inRing, inAnnex; and withHandles
	from  uint32 // the claim of the process that put it
	n     uint32 // its number there
}

const (
	inRing  = 0
	inAnnex = 1 // what follows says where

	withHandles = 2 // there is something in the mailbox
)

// An arrival is a message that was taken.
type arrival struct {
	data  []byte
	fresh bool // the memory is the receiver's alone
	from  uint32
	n     uint32

	posted  bool // there is something in the mailbox
	handles []any
}

// id is what the mailbox knows a message by.
func id(from, n uint32) uint64 { return uint64(from)<<32 | uint64(n) }

// A ring is the part of a queue that knows where bytes are. Who calls its methods
// holds the latch that they belong to.
type ring struct {
	mem   *memory
	bytes []byte
	annex []byte
	claim uint32
	box   *mailbox // nil if no item can have handles
}

func (r *ring) headWord() word { return word(atomic.LoadUint64(&r.mem.head)) }
func (r *ring) tailWord() word { return word(atomic.LoadUint64(&r.mem.tail)) }

// void reports whether there is nothing to take.
func (r *ring) void() bool { return r.headWord().count() == r.tailWord().count() }

// free is how many units of the ring can be written when head is h.
func (r *ring) free(h word) uint32 {
	return r.mem.units - (h.position() - r.tailWord().position())
}

// apart reports whether a message of n bytes is too long for the ring.
func (r *ring) apart(n int) bool { return n > len(r.bytes)/4 }

// unitsOf is what a message of n bytes takes in the ring.
func (r *ring) unitsOf(n int) uint32 {
	if r.apart(n) {
		return 2
	}
	return 1 + uint32((n+unit-1)/unit)
}

// fits reports whether there is room for a message of n bytes now.
func (r *ring) fits(n int) bool {
	if r.free(r.headWord()) < r.unitsOf(n) {
		return false
	}
	if !r.apart(n) {
		return true
	}
	_, ok := r.place(atomic.LoadUint32(&r.mem.annexHead), n)
	return ok
}

// place finds room in the annex for n bytes when it has got head messages.
func (r *ring) place(head uint32, n int) (at uint32, ok bool) {
	tail := atomic.LoadUint32(&r.mem.annexTail)
	if head-tail >= maxApart {
		return 0, false
	}
	return place(func(yield func(spot) bool) {
		for i := tail; i != head && yield(spot(atomic.LoadUint64(r.spot(i)))); i++ {
		}
	}, pages(n), uint32(len(r.annex)/page))
}

// spot is where the spot of a message of the annex is kept.
func (r *ring) spot(n uint32) *uint64 { return &r.mem.spots[n%maxApart] }

// A batch is what was written and not yet published.
type batch struct {
	head  word
	annex uint32 // how many the annex has got
	n     uint32
	apart bool // some of it is in the annex
}

// begin makes an empty batch.
func (r *ring) begin() batch {
	return batch{head: r.headWord(), annex: atomic.LoadUint32(&r.mem.annexHead)}
}

// write adds a message to a batch, and reports whether there was room.
func (r *ring) write(b *batch, m *message) bool {
	size := m.size()
	need := r.unitsOf(size)
	if r.free(b.head) < need {
		return false
	}
	rec := record{size: uint32(size), from: r.claim, n: m.n}
	at := b.head.position()
	from, ok := uint32(0), true
	if r.apart(size) {
		from, ok = r.place(b.annex, size)
	}
	if !ok || !r.post(m, &rec) {
		return false
	}
	if r.apart(size) {
		r.tidy(b.annex, from+pages(size))
		atomic.StoreUint64(r.spot(b.annex), uint64(spotOf(from, pages(size))))
		stepPlaced.reach()
		start := int(from) * page
		copy(r.annex[start:], m.head)
		copy(r.annex[start+len(m.head):], m.body)
		rec.size, rec.where = unit, rec.where|inAnnex
		where := [2]uint64{uint64(start), uint64(size)}
		r.put(at+1, (*[unit]byte)(unsafe.Pointer(&where))[:])
		b.annex, b.apart = b.annex+1, true
	} else {
		r.put(at+1, m.head)
		r.putFrom((at+1)*unit+uint32(len(m.head)), m.body)
	}
	stepHalfWritten.reach()
	*r.record(at) = rec
	b.head = b.head.plus(need, 1)
	b.n++
	return true
}

// post leaves a message's handles in the mailbox, and reports whether there was room.
func (r *ring) post(m *message, rec *record) bool {
	if len(m.handles) == 0 {
		return true
	}
	if !r.box.post(id(rec.from, rec.n), m.handles) {
		return false
	}
	rec.where |= withHandles
	stepPosted.reach()
	return true
}

// tidy gives the memory of a message that was larger than annexSoft back when nobody
// uses any of the annex. The next message there will end before page end.
func (r *ring) tidy(annex, end uint32) {
	high := &r.mem.annexHigh
	if h := atomic.LoadUint32(high); h > end && annex == atomic.LoadUint32(&r.mem.annexTail) {
		giveBack(r.annex[int(end)*page : int(h)*page])
		atomic.StoreUint32(high, 0)
	}
	if end > annexSoft {
		atomic.StoreUint32(high, max(end, atomic.LoadUint32(high)))
	}
}

// record is where the record at a position is. It is never split: both the ring and
// records are made of units.
func (r *ring) record(position uint32) *record {
	return (*record)(unsafe.Pointer(&r.bytes[(position&(r.mem.units-1))*unit]))
}

func (r *ring) put(position uint32, p []byte) { r.putFrom(position*unit, p) }

// putFrom writes bytes at an offset that wraps around.
func (r *ring) putFrom(offset uint32, p []byte) {
	if len(p) == 0 {
		return
	}
	n := copy(r.bytes[offset&(uint32(len(r.bytes))-1):], p)
	copy(r.bytes, p[n:])
}

// get is the inverse of put.
func (r *ring) get(position uint32, p []byte) {
	n := copy(p, r.bytes[(position*unit)&(uint32(len(r.bytes))-1):])
	copy(p[n:], r.bytes)
}

// publish shows a batch to everybody. Items that had waited in this process's memory
// are those of its row mine, nil otherwise.
func (r *ring) publish(b *batch, mine *row, index uint32) {
	stepWritten.reach()
	if mine == nil && !b.apart {
		atomic.StoreUint64(&r.mem.head, uint64(b.head))
		stepPublished.reach()
		return
	}
	i := &r.mem.putting
	atomic.StoreUint32(&i.annexHead, b.annex)
	atomic.StoreUint64(&i.head, uint64(b.head))
	atomic.StoreUint32(&i.row, 0)
	if mine != nil {
		atomic.StoreUint32(&i.published, atomic.LoadUint32(&mine.published)+b.n)
		atomic.StoreUint32(&i.row, index+1)
	}
	atomic.StoreUint32(&i.set, 1)
	stepPutIntent.reach()
	atomic.StoreUint64(&r.mem.head, uint64(b.head))
	stepPublished.reach()
	r.settlePuts()
	stepPutSettled.reach()
}

// settlePuts carries out what has to follow a store of head, if it happened. With the
// latch of a dead process it is its repair.
func (r *ring) settlePuts() {
	i := &r.mem.putting
	if atomic.LoadUint32(&i.set) == 0 {
		return
	}
	if atomic.LoadUint64(&i.head) == atomic.LoadUint64(&r.mem.head) {
		atomic.StoreUint32(&r.mem.annexHead, atomic.LoadUint32(&i.annexHead))
		if row := atomic.LoadUint32(&i.row); row > 0 && row <= maxRows {
			atomic.StoreUint32(&r.mem.rows[row-1].published, atomic.LoadUint32(&i.published))
		}
	}
	atomic.StoreUint32(&i.set, 0)
}

// A harvest is what was copied and not yet taken.
type harvest struct {
	tail  word
	annex uint32 // how many were taken out of the annex
	apart bool
}

// reap begins a harvest.
func (r *ring) reap() harvest {
	return harvest{tail: r.tailWord(), annex: atomic.LoadUint32(&r.mem.annexTail)}
}

// read copies the next message into memory of b. It reports whether there was one.
func (r *ring) read(h *harvest, b *basket) (a arrival, ok bool, err error) {
	left := r.headWord().count() - h.tail.count()
	if left == 0 {
		return a, false, nil
	}
	at := h.tail.position()
	rec := *r.record(at)
	a.from, a.n = rec.from, rec.n
	size := int(rec.size)
	if a.posted = rec.where&withHandles != 0; a.posted {
		if r.box == nil {
			return a, false, errBroken
		}
		rec.where &^= withHandles
	}
	switch {
	case rec.where == inAnnex && rec.size == unit:
		var where [2]uint64
		r.get(at+1, (*[unit]byte)(unsafe.Pointer(&where))[:])
		if where[0] > uint64(len(r.annex)) || where[1] > uint64(len(r.annex))-where[0] {
			return a, false, errBroken
		}
		start, end := int(where[0]), int(where[0]+where[1])
		a.data, a.fresh = append([]byte(nil), r.annex[start:end]...), true
		h.annex, h.apart = h.annex+1, true
	case rec.where != inRing || r.apart(size):
		return a, false, errBroken
	default:
		a.data, a.fresh = b.room(size)
		r.get(at+1, a.data)
	}
	if a.posted {
		a.handles = r.box.look(id(a.from, a.n))
	}
	h.tail = h.tail.plus(r.unitsOf(size), 1)
	return a, true, nil
}

// take makes a harvest final.
func (r *ring) take(h *harvest) {
	stepCopied.reach()
	if !h.apart {
		atomic.StoreUint64(&r.mem.tail, uint64(h.tail))
		stepTaken.reach()
		return
	}
	r.commit(h, atomic.LoadUint32(&r.mem.discarded))
}

// discard throws away everything there is, and says how many messages that were.
// Both latches are held.
func (r *ring) discard() uint32 {
	head := r.headWord()
	n := head.count() - r.tailWord().count()
	h := harvest{tail: head, annex: atomic.LoadUint32(&r.mem.annexHead)}
	r.commit(&h, atomic.LoadUint32(&r.mem.discarded)+n)
	for r.box != nil && r.box.drop() {
	}
	return n
}

func (r *ring) commit(h *harvest, discarded uint32) {
	i := &r.mem.taking
	atomic.StoreUint64(&i.tail, uint64(h.tail))
	atomic.StoreUint32(&i.annexTail, h.annex)
	atomic.StoreUint32(&i.discarded, discarded)
	atomic.StoreUint32(&i.set, 1)
	stepTakeIntent.reach()
	atomic.StoreUint64(&r.mem.tail, uint64(h.tail))
	stepTaken.reach()
	r.settleTakes()
	stepGetSettled.reach()
}

// settleTakes is settlePuts for tail.
func (r *ring) settleTakes() {
	i := &r.mem.taking
	if atomic.LoadUint32(&i.set) == 0 {
		return
	}
	if atomic.LoadUint64(&i.tail) == atomic.LoadUint64(&r.mem.tail) {
		atomic.StoreUint32(&r.mem.annexTail, atomic.LoadUint32(&i.annexTail))
		atomic.StoreUint32(&r.mem.discarded, atomic.LoadUint32(&i.discarded))
	}
	atomic.StoreUint32(&i.set, 0)
}

// A basket is what a get fills.
type basket struct {
	items   []arrival
	scratch []byte // for short messages
	used    int
}

// room returns memory for a message of n bytes, and whether it is the message's alone.
func (b *basket) room(n int) (p []byte, fresh bool) {
	if n >= aliasMin || n > len(b.scratch)-b.used {
		return make([]byte, n), true
	}
	p = b.scratch[b.used : b.used+n : b.used+n]
	b.used += n
	return p, false
}

// aliasMin is the length from which a decoded value may keep parts of its message.
const aliasMin = 4096
