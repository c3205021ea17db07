package queue

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
)

// What a queue in shared memory counts.

// rows are those that were ever used.
func (q *live) rows() []row { return q.mem.rows[:min(atomic.LoadUint32(&q.mem.used), maxRows)] }

// pending is how many items are in the memories of processes.
func (q *live) pending() (n uint32) {
	rows := q.rows()
	for i := range rows {
		n += rows[i].pending()
	}
	return n
}

// full reports whether there is no slot. The latch of the putters is held, or it is
// only for a hint.
func (q *live) full() bool {
	return q.Max != 0 && int32(q.headWord().count()-q.tailWord().count()+q.pending()) >= int32(q.Max)
}

func (q *live) over() bool { return atomic.LoadUint32(&q.mem.down) != 0 }

// drained reports whether nothing can come any more. An item goes from a memory to
// the ring: that is the order to look in.
func (q *live) drained() bool { return q.over() && q.pending() == 0 && q.void() }

// A moment is what was true at the same time.
type moment struct {
	head, tail word
	pending    uint32
	discarded  uint32
}

// now is what is true at one moment.
func (q *live) now() (m moment) {
	for {
		m = moment{q.headWord(), q.tailWord(), q.pending(), atomic.LoadUint32(&q.mem.discarded)}
		// While an item is on its way from a memory to the ring it counts twice.
		if atomic.LoadUint32(&q.mem.putting.set)|atomic.LoadUint32(&q.mem.taking.set) == 0 &&
			q.pending() == m.pending && q.tailWord() == m.tail && q.headWord() == m.head &&
			atomic.LoadUint32(&q.mem.discarded) == m.discarded {
			return m
		}
		q.unhold()
		runtime.Gosched()
	}
}

func (m moment) size() int { return max(0, int(int32(m.head.count()-m.tail.count()+m.pending))) }

// size is how many items there are.
func (q *live) size(context.Context) int {
	defer runtime.KeepAlive(q)
	return q.now().size()
}

// empty reports whether there is nothing to take.
func (q *live) empty(context.Context) (bool, error) {
	if q.closed.Load() {
		return false, q.errEmpty()
	}
	defer runtime.KeepAlive(q)
	return q.void(), nil
}

// left is how many items were put and neither done nor thrown away.
func (q *live) left() int32 {
	m := q.now()
	return int32(m.head.count() + m.pending - m.discarded - atomic.LoadUint32(&q.mem.done))
}

func (q *live) unfinished(context.Context) int {
	defer runtime.KeepAlive(q)
	q.mend()
	return max(0, int(q.left()))
}

func (q *live) isDown(context.Context) bool {
	defer runtime.KeepAlive(q)
	return q.over()
}

// hold counts items that this process has taken and not done.
func (q *live) hold(n int32) {
	if r, _, err := q.row(); err == nil {
		atomic.AddInt32(&r.held, n)
	}
}

func (q *live) taskDone(context.Context) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	for {
		done := atomic.LoadUint32(&q.mem.done)
		m := q.now()
		left := int32(m.head.count() + m.pending - m.discarded - done)
		if left <= 0 {
			return errTooOften()
		}
		if !atomic.CompareAndSwapUint32(&q.mem.done, done, done+1) {
			continue
		}
		q.hold(-1)
		if left == 1 {
			q.mem.idle.Ring(futex.All)
		}
		return nil
	}
}

// join waits until nothing is unfinished, or nobody is left who could finish it.
func (q *live) join(ctx context.Context, p patience) (err error) {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	finished := func() bool { return q.left() <= 0 }
	if finished() {
		return nil
	}
	s := spanOf("join", p)
	var left *AbandonedError
	blocking.Do(ctx, "queue.join", func() {
		err = q.idleRoom.Wait(ctx, &futex.Quest{
			Bell: &q.mem.idle,
			Try:  func() bool { return left != nil || q.closed.Load() || finished() },
			Check: func() {
				q.mend()
				if n := q.abandoned(); n > 0 {
					left = &AbandonedError{Queue: q.Name, Tasks: n}
				}
			},
			Until: s.end,
		})
	})
	switch {
	case err != nil:
		return s.over(ctx, err, ErrUnfinished)
	case finished():
		return nil
	case left != nil:
		return left
	}
	return q.errClosed()
}

// abandoned is how many tasks are left that nobody alive has, and that nobody can
// get: those that took them are dead.
func (q *live) abandoned() int {
	n := q.left()
	if q.now().size() > 0 {
		return 0
	}
	someDied := atomic.LoadUint32(&q.mem.widows) > 0
	rows := q.rows()
	for i := range rows {
		if atomic.LoadInt32(&rows[i].held) > 0 {
			return 0
		}
	}
	if !someDied {
		return 0
	}
	return max(0, int(n))
}

// Stats is what is known of a queue between processes at one moment.
type Stats struct {
	Items     int // put and not taken, as QSize
	Unsent    int // of these, those that are in the memory of the process that put them
	Lost      int // that were in the memory of a process that died, or ended without waiting
	Discarded int // thrown away by Shutdown
}

func (q *live) stats(context.Context) Stats {
	defer runtime.KeepAlive(q)
	q.mend()
	m := q.now()
	s := Stats{Items: m.size(), Unsent: int(m.pending), Discarded: int(m.discarded)}
	rows := q.rows()
	for i := range rows {
		s.Lost += int(atomic.LoadUint32(&rows[i].lost))
		s.Discarded += int(atomic.LoadUint32(&rows[i].dropped))
	}
	return s
}

// soon is until when somebody waits who only wants to tidy up.
func soon() time.Time { return time.Now().Add(20 * time.Millisecond) }

// unhold takes latches from the dead and puts right what they had begun.
func (q *live) unhold() {
	for _, l := range []*latch{&q.puts, &q.gets} {
		w := atomic.LoadUint32(&l.mem.word)
		if w != 0 && !q.seg.Alive(w) && l.wait(context.Background(), soon()) == nil {
			l.unlock()
		}
	}
}

// mend puts right what the dead left behind that is in nobody's way, so that nobody
// else would: numbers that did not follow, and items that were in their memory.
func (q *live) mend() {
	q.unhold()
	rows := q.rows()
	forsaken := func(r *row) bool {
		claim := atomic.LoadUint32(&r.claim)
		return claim != 0 && !q.seg.Alive(claim)
	}
	some := false
	for i := range rows {
		some = some || forsaken(&rows[i])
	}
	if !some || q.puts.lock(context.Background(), soon()) != nil {
		return
	}
	for i := range rows {
		if r := &rows[i]; forsaken(r) {
			atomic.AddUint32(&r.lost, r.pending())
			if atomic.SwapInt32(&r.held, 0) > 0 {
				atomic.AddUint32(&q.mem.widows, 1)
			}
			atomic.StoreUint32(&r.stuck, 0)
			atomic.StoreUint32(&r.claim, 0)
		}
	}
	q.puts.unlock()
	q.ringAll()
}
