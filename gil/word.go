package gil

import "sync/atomic"

// word is a number that threads change and others read at any time. Who says that he is
// alone, as the threads of an explored world are, which share a goroutine, changes it
// without an atomic operation: one takes as long as a dozen others, and a short explored
// run would spend a tenth of its time with them.
type word struct{ n int32 }

func (w *word) Load() int32 { return atomic.LoadInt32(&w.n) }

func (w *word) Store(alone bool, n int32) {
	if alone {
		w.n = n
		return
	}
	atomic.StoreInt32(&w.n, n)
}

func (w *word) CompareAndSwap(alone bool, old, n int32) bool {
	if alone {
		if w.n != old {
			return false
		}
		w.n = n
		return true
	}
	return atomic.CompareAndSwapInt32(&w.n, old, n)
}

func (w *word) Add(alone bool, d int32) int32 {
	if alone {
		w.n += d
		return w.n
	}
	return atomic.AddInt32(&w.n, d)
}
