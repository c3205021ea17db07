package process

import (
	"sync/atomic"

	"github.com/pygil/pygil/internal/futex"
)

// Asleep reports whether somebody in any process is in the event's Wait, far enough
// not to miss a Set, and how many goroutines of this process wait behind another.
func (e *Event) Asleep() (listening bool, followers int) {
	return e.mem.bell.Listening(), e.room.Waiting()
}

// Abandon changes the event's flag as a process does that dies before it can ring.
func (e *Event) Abandon() { atomic.AddUint32(&e.mem.word, 3) }

// Hush forgets those who listened before, when nobody waits.
func (e *Event) Hush() { e.mem.bell = futex.Bell{} }
