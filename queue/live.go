package queue

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/internal/shm"
)

// A live is a queue in shared memory, as one process has it.
type live struct {
	ring
	*traits
	seg        *shm.Segment
	puts, gets latch
	itemsRoom  futex.Room
	slotsRoom  futex.Room
	roomRoom   futex.Room // of those who wait for room in the ring
	idleRoom   futex.Room

	number atomic.Uint32 // of the last item that was put here
	myRow  atomic.Uint32 // the row of this process, plus one; 0 for none yet
	closed atomic.Bool
	users  atomic.Int32 // calls that are under way
	feeder feeder
}

const kindQueue = 0x71_75_65_75_65

var errBroken error = misuse("what is in the shared memory is no queue of this program: all processes must be built from the same source")

func makeLive(tr *traits, c *config) (*live, error) {
	seg, err := mapped(func() (*shm.Segment, error) { return shm.Create(memorySize+c.ring+page+annexSize, kindQueue) })
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	m := (*memory)(seg.Pointer())
	m.maxsize, m.units, m.annexLen, m.id = uint32(tr.Max), uint32(c.ring/unit), uint64(annexSize), rand.Uint64()|1
	var box *mailbox
	if tr.Carries {
		if box, err = newMailbox(); err != nil {
			_ = seg.Close()
			return nil, err
		}
	}
	return liveOf(seg, tr, box)
}

// mapped maps a segment. When addresses have run out, those of queues that were
// forgotten are taken back first: that is the garbage collector's business.
func mapped(open func() (*shm.Segment, error)) (seg *shm.Segment, err error) {
	for range 3 {
		if seg, err = open(); !errors.Is(err, syscall.ENOMEM) {
			break
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	return seg, err
}

// liveOf makes this process's handle of a queue.
func liveOf(seg *shm.Segment, tr *traits, box *mailbox) (*live, error) {
	claim, err := seg.Claim()
	if err != nil {
		_ = seg.Close()
		return nil, fmt.Errorf("queue: %w", err)
	}
	all := seg.Bytes()
	if len(all) < memorySize {
		_ = seg.Close()
		return nil, errBroken
	}
	m := (*memory)(seg.Pointer())
	n := int(m.units) * unit
	// The annex is made of whole pages of memory, behind the ring.
	start := memorySize + n
	start += -(start + int(uintptr(unsafe.Pointer(&all[0]))%page)) & (page - 1)
	if n <= 0 || n&(n-1) != 0 || uint64(start)+m.annexLen > uint64(len(all)) {
		_ = seg.Close()
		return nil, errBroken
	}
	q := &live{traits: tr, seg: seg}
	q.ring = ring{mem: m, bytes: all[memorySize : memorySize+n], annex: all[start : start+int(m.annexLen)], claim: claim, box: box}
	q.puts = latch{mem: &m.puts, seg: seg, claim: claim, repair: q.settlePuts}
	q.gets = latch{mem: &m.gets, seg: seg, claim: claim, repair: q.settleTakes}
	remember(q)
	return q, nil
}

// enter begins a call, leave ends it: the claim stays as long as somebody may have a
// latch with it.
func (q *live) enter() error {
	q.users.Add(1)
	if q.closed.Load() {
		q.leave()
		return q.errClosed()
	}
	return nil
}

func (q *live) leave() {
	if q.users.Add(-1) == 0 && q.closed.Load() {
		q.release()
	}
}

// close makes every call fail from now on. What was put is still sent.
func (q *live) close() error {
	if !q.closed.Swap(true) {
		for _, b := range q.bells() {
			b.Poke(futex.All)
		}
	}
	q.release()
	return nil
}

// release gives the shared memory up once it is closed and nobody here uses it.
func (q *live) release() {
	q.feeder.mu.Lock()
	due := q.closed.Load() && q.users.Load() == 0 && !q.feeder.running && !q.feeder.released
	q.feeder.released = q.feeder.released || due
	q.feeder.mu.Unlock()
	if !due {
		return
	}
	if no := q.myRow.Load(); no > 0 {
		r := &q.mem.rows[no-1]
		atomic.StoreInt32(&r.held, 0)
		atomic.StoreUint32(&r.claim, 0)
	}
	forget(q)
	if q.box != nil {
		q.box.close()
	}
	_ = q.seg.Close()
}

func (q *live) bells() [4]*futex.Bell {
	return [...]*futex.Bell{&q.mem.items, &q.mem.slots, &q.mem.room, &q.mem.idle}
}

// ringAll has everybody look again.
func (q *live) ringAll() {
	for _, b := range q.bells() {
		b.Ring(futex.All)
	}
}

// A span is how long a call may take.
type span struct {
	patience
	op  string
	end time.Time // zero is never
}

func spanOf(op string, p patience) *span {
	s := &span{patience: p, op: op}
	switch {
	case p.try:
		s.end = time.Now()
	case p.limited():
		s.end = time.Now().Add(max(p.limit, 0))
	}
	return s
}

// brief is until when to wait for a latch: even a call that does not wait for room or
// an item must let others finish what they are copying, which takes long only when
// their process is stopped.
func (s *span) brief() time.Time {
	switch {
	case s.try:
		return s.end.Add(10 * copying)
	case s.end.IsZero() || s.limit >= copying:
		return s.end
	}
	return s.end.Add(copying - max(s.limit, 0))
}

const copying = time.Second

// over is the error of a wait that ended with err, the sentinel's when time ran out.
func (s *span) over(ctx context.Context, err, sentinel error) error {
	switch {
	case err == nil:
		return nil
	case s.try:
		return sentinel
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("queue: %s: %w", s.op, err)
	case s.limited() && ctx.Err() == nil:
		return &timeoutError{sentinel, s.limit}
	}
	return &timeoutError{sentinel, -1}
}

// put adds an item, of which it keeps no memory.
func (q *live) put(ctx context.Context, m *message, p patience) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	err := q.enlist(ctx, m, p)
	if err == nil {
		q.tell(ctx, gil.Event{Kind: gil.EvQueuePut, A: numbered(q.claim, m.n)})
	}
	return err
}

// numbered is what observers know an item by: the how-manyeth of which process it is.
// Nobody knows how many there were in all.
func numbered(claim, n uint32) int64 { return int64(claim)<<32 | int64(n) }

// tell tells the observer of something that the thread behind ctx, if there is one, did
// to the queue.
func (q *live) tell(ctx context.Context, e gil.Event) {
	if t, ok := gil.Current(ctx); ok && t.Observed() {
		e.Obj, e.Name, e.B = q.mem.id, q.Name, int64(q.now().size())
		t.Emit(e)
	}
}

// enlist is put while the queue is open.
func (q *live) enlist(ctx context.Context, m *message, p patience) error {
	if m.size() > len(q.annex) {
		return badValue("", "put: the item has %d bytes when encoded, and none may have more than %d", m.size(), len(q.annex))
	}
	if !descriptors(m.handles) {
		return badValue("", "put: the item has objects of a virtual world in it, or more than %d, which cannot go to real processes", mostHandles)
	}
	m.n = q.number.Add(1)
	if q.Max == 0 && !q.Direct {
		// Nothing to wait for, not even for the latch.
		if q.feeder.busy() || !(q.puts.try() || q.puts.spin()) {
			return q.accept(m, false)
		}
		_, err := q.putLocked(m)
		return err
	}
	s := spanOf("put", p)
	for {
		if err := q.puts.lock(ctx, s.brief()); err != nil {
			return s.over(ctx, err, ErrFull)
		}
		if done, err := q.putLocked(m); done {
			return err
		}
		if p.try {
			return ErrFull
		}
		if err := q.waitToPut(ctx, m, s); err != nil {
			return err
		}
	}
}

// putLocked is one attempt with the latch held, which it gives up.
func (q *live) putLocked(m *message) (done bool, err error) {
	switch {
	case q.closed.Load():
		q.puts.unlock()
		return true, q.errClosed()
	case q.over():
		q.puts.unlock()
		return true, ErrShutDown
	case q.full():
		q.puts.unlock()
		return false, nil
	}
	stepPutLatched.reach()
	if q.Direct || !q.feeder.busy() {
		b := q.begin()
		if q.write(&b, m) {
			q.publish(&b, nil, 0)
			more := q.Max != 0 && !q.full()
			q.puts.unlock()
			stepPutUnlocked.reach()
			q.mem.items.Ring(1)
			if more {
				q.mem.slots.Ring(1) // who was woken for one slot passes the others on
			}
			return true, nil
		}
		if q.Direct {
			q.puts.unlock()
			return false, nil
		}
	}
	return true, q.accept(m, true)
}

// pause lets others run when a mailbox may be full, which rings no bell.
func (m *message) pause() {
	if len(m.handles) > 0 {
		time.Sleep(time.Millisecond)
	}
}

// waitToPut waits until another attempt may succeed.
func (q *live) waitToPut(ctx context.Context, m *message, s *span) (err error) {
	bell, room := &q.mem.slots, &q.slotsRoom
	able := func() bool { return !q.full() }
	if q.Direct {
		bell, room = &q.mem.room, &q.roomRoom
		able = func() bool { return q.fits(m.size()) }
	}
	q.tell(ctx, gil.Event{Kind: gil.EvQueueWait, Why: gil.WhyQueue})
	blocking.Do(ctx, "queue.put", func() {
		m.pause()
		err = room.Wait(ctx, &futex.Quest{
			Bell:  bell,
			Try:   func() bool { return q.closed.Load() || q.over() || able() },
			Check: q.mend,
			Until: s.end,
		})
	})
	return s.over(ctx, err, ErrFull)
}

// get takes up to most items into b, and waits until there is one.
func (q *live) get(ctx context.Context, b *basket, most int, p patience) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	var s *span
	for {
		if !q.void() {
			if !(q.gets.try() || q.gets.spin()) {
				if s == nil {
					s = spanOf("get", p)
				}
				if err := q.gets.lock(ctx, s.brief()); err != nil {
					return s.over(ctx, err, ErrEmpty)
				}
			}
			if err := q.getLocked(ctx, b, most); err != nil || len(b.items) > 0 {
				return err
			}
		}
		switch {
		case q.closed.Load():
			return q.errClosed()
		case q.drained():
			return ErrShutDown
		case p.try:
			return ErrEmpty
		}
		if s == nil {
			s = spanOf("get", p)
		}
		if err := q.waitToGet(ctx, s); err != nil {
			return err
		}
	}
}

// getLocked is one attempt with the latch held, which it gives up.
func (q *live) getLocked(ctx context.Context, b *basket, most int) error {
	h := q.reap()
	stepGetLatched.reach()
	for len(b.items) < most {
		a, ok, err := q.read(&h, b)
		if err != nil {
			b.items = b.items[:0]
			q.gets.unlock()
			return err
		}
		if !ok {
			break
		}
		b.items = append(b.items, a)
		if a.posted {
			break // nothing behind it can be looked at in the mailbox
		}
	}
	if len(b.items) == 0 {
		q.gets.unlock()
		return nil
	}
	if q.Tasks {
		q.hold(int32(len(b.items))) // before it is so: nobody is to see a task that nobody has
	}
	q.take(&h)
	if b.items[len(b.items)-1].posted {
		q.box.drop()
		stepCollected.reach()
	}
	head := q.headWord()
	q.gets.unlock()
	stepGetUnlocked.reach()
	for _, a := range b.items {
		q.tell(ctx, gil.Event{Kind: gil.EvQueueGet, A: numbered(a.from, a.n)})
	}
	if head.count() != h.tail.count() {
		q.mem.items.Ring(1) // who was woken for one item passes the others on
	}
	if q.Max != 0 {
		q.mem.slots.Ring(1)
	}
	if q.mem.room.Listening() && (h.apart || head.position()-h.tail.position() <= q.mem.units/2) {
		q.mem.room.Ring(futex.All)
	}
	return nil
}

// looks is how often a taker looks for an item before it goes to sleep: going to
// sleep takes longer.
const looks = 1000

func (q *live) waitToGet(ctx context.Context, s *span) (err error) {
	ready := func() bool { return !q.void() || q.closed.Load() || q.drained() }
	q.tell(ctx, gil.Event{Kind: gil.EvQueueWait, Why: gil.WhyQueue})
	blocking.Do(ctx, "queue.get", func() {
		for range looks {
			if !q.void() {
				return
			}
		}
		err = q.itemsRoom.Wait(ctx, &futex.Quest{Bell: &q.mem.items, Try: ready, Check: q.mend, Until: s.end})
	})
	return s.over(ctx, err, ErrEmpty)
}

// shutdown ends the queue for everybody.
func (q *live) shutdown(ctx context.Context, atOnce bool) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	s := spanOf("shutdown", patience{})
	if err := q.puts.lock(ctx, s.end); err != nil {
		return s.over(ctx, err, ErrFull)
	}
	defer q.ringAll()
	defer q.puts.unlock()
	if !atOnce {
		atomic.CompareAndSwapUint32(&q.mem.down, 0, downDraining)
		return nil
	}
	if err := q.gets.lock(ctx, s.end); err != nil {
		return s.over(ctx, err, ErrEmpty)
	}
	atomic.StoreUint32(&q.mem.down, downAtOnce)
	q.discard()
	q.gets.unlock()
	return nil
}

// row returns this process's row.
func (q *live) row() (*row, uint32, error) {
	if no := q.myRow.Load(); no > 0 {
		return &q.mem.rows[no-1], no - 1, nil
	}
	q.feeder.mu.Lock()
	defer q.feeder.mu.Unlock()
	if no := q.myRow.Load(); no > 0 {
		return &q.mem.rows[no-1], no - 1, nil
	}
	for i := range uint32(maxRows) {
		r := &q.mem.rows[i]
		if atomic.LoadUint32(&r.claim) != 0 || !atomic.CompareAndSwapUint32(&r.claim, 0, q.claim) {
			continue
		}
		atomic.StoreUint32(&r.pid, uint32(os.Getpid()))
		for {
			used := atomic.LoadUint32(&q.mem.used)
			if used > i || atomic.CompareAndSwapUint32(&q.mem.used, used, i+1) {
				break
			}
		}
		q.myRow.Store(i + 1)
		return r, i, nil
	}
	return nil, 0, misuse("more than %d processes use %s", maxRows, q.Name)
}
