package futex

import (
	"math"
	"sync/atomic"
	"time"
)

// A Bell is what an object keeps in shared memory for those who sleep until it
// changes. The zero value is ready. It must be aligned to 4 bytes.
type Bell struct {
	word uint32 // changes with every ring that somebody may hear
	flag uint32 // somebody may be asleep, or about to be
}

// BellSize is the size of a [Bell] in bytes.
const BellSize = 8

// All is how many sleepers [Bell.Ring] wakes when it is to wake every process.
const All = math.MaxInt32

// Listen announces a sleeper and returns what to give to [Bell.Sleep]. The state
// that is waited for must be looked at between the two.
func (b *Bell) Listen() (heard uint32) {
	heard = atomic.LoadUint32(&b.word)
	// Reading first spares the line of other processes when the flag is up.
	if atomic.LoadUint32(&b.flag) == 0 {
		atomic.StoreUint32(&b.flag, 1)
	}
	return heard
}

// Sleep blocks until the bell rings after the [Bell.Listen] that returned heard,
// or for d, and reports whether d has passed. It may return for no reason.
func (b *Bell) Sleep(heard uint32, d time.Duration) (timedOut bool) {
	return Wait(&b.word, heard, d)
}

// Ring wakes up to n of those who sleep. It must follow the change that they wait
// for. It never blocks, and makes a system call only when somebody listens.
//
// Whoever was woken must Listen again before it looks, whether it then sleeps or
// not: with n = 1 that is how the flag comes to be up for those who still sleep.
func (b *Bell) Ring(n int) {
	if atomic.LoadUint32(&b.flag) == 0 {
		return
	}
	atomic.StoreUint32(&b.flag, 0)
	b.Poke(n)
}

// Poke wakes up to n of those who sleep, listeners or not.
func (b *Bell) Poke(n int) {
	atomic.AddUint32(&b.word, 1)
	Wake(&b.word, n)
}

// Heard reports whether the bell rang since the [Bell.Listen] that returned heard.
func (b *Bell) Heard(heard uint32) bool { return atomic.LoadUint32(&b.word) != heard }

// Listening reports whether somebody may be asleep, or about to be.
func (b *Bell) Listening() bool { return atomic.LoadUint32(&b.flag) != 0 }
