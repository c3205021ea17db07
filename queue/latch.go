package queue

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/internal/shm"
)

// A latch is a lock that processes hold for the time of a copy, and never while they
// wait. In shared memory it is a word, the claim of the process that holds it or 0,
// and a bell. When that process is found to be dead the latch goes to who found it,
// in one step, together with the duty to repair.
//
// It is no process.Lock: that one tells its user of the death, and another has to
// call Recover; here everybody knows what to do, and until somebody does it nothing
// is held up.
type latch struct {
	mem    *latchMemory
	seg    *shm.Segment
	claim  uint32
	repair func() // with the latch held
	room   futex.Room
}

type latchMemory struct {
	word uint32
	bell futex.Bell
	_    [52]byte
}

// spins is how often a latch is looked at before its holder is waited for. It is
// held for less than that, mostly.
const spins = 200

func (l *latch) try() bool { return atomic.CompareAndSwapUint32(&l.mem.word, 0, l.claim) }

// spin is try for a short while.
func (l *latch) spin() bool {
	for range spins {
		if atomic.LoadUint32(&l.mem.word) == 0 && l.try() {
			return true
		}
	}
	return false
}

// lock waits for the latch until a moment; the error is that of a futex.Room.
func (l *latch) lock(ctx context.Context, until time.Time) (err error) {
	if l.try() || l.spin() {
		return nil
	}
	blocking.Do(ctx, "queue", func() { err = l.wait(ctx, until) })
	return err
}

func (l *latch) wait(ctx context.Context, until time.Time) error {
	var dead uint32 // the claim of a holder that has died: claims are never used again
	inherited := false
	err := l.room.Wait(ctx, &futex.Quest{
		Bell: &l.mem.bell,
		Try: func() bool {
			w := atomic.LoadUint32(&l.mem.word)
			switch {
			case w == 0:
				return l.try()
			case w == dead:
				inherited = atomic.CompareAndSwapUint32(&l.mem.word, w, l.claim)
				return inherited
			}
			return false
		},
		Check: func() {
			if w := atomic.LoadUint32(&l.mem.word); w != 0 && !l.seg.Alive(w) {
				dead = w
			}
		},
		Until: until,
	})
	if err == nil && inherited {
		l.repair()
	}
	return err
}

// unlock gives the latch up.
func (l *latch) unlock() {
	atomic.StoreUint32(&l.mem.word, 0)
	l.mem.bell.Ring(1)
}
