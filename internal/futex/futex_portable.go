//go:build !linux || portable

package futex

import (
	"runtime"
	"sync/atomic"
	"time"
)

// How a waiter looks at the word: often at first, because what is waited for is
// often near, then after naps that double.
const (
	busyLooks   = 64
	shortestNap = 20 * time.Microsecond
	longestNap  = time.Millisecond
)

// Wait sleeps until the word's value is not value or d has passed, which it
// reports. A negative d has no end. It notices a change up to a millisecond late.
func Wait(word *uint32, value uint32, d time.Duration) (timedOut bool) {
	begin, nap := time.Now(), shortestNap
	for look := 0; atomic.LoadUint32(word) == value; look++ {
		if d >= 0 {
			left := d - time.Since(begin)
			if left <= 0 {
				return true
			}
			nap = min(nap, left)
		}
		if look < busyLooks {
			runtime.Gosched()
			continue
		}
		time.Sleep(nap)
		nap = min(2*nap, longestNap)
	}
	return false
}

// Wake does nothing: waiters look for themselves. It returns 0.
func Wake(*uint32, int) int { return 0 }
