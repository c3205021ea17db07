package process

import "sync/atomic"

// Abandon frees the lock as a process does that dies before it can wake anybody.
func (l *Lock) Abandon() { atomic.StoreUint32(&l.mem.word, 0) }
