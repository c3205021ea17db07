//go:build linux || darwin

package pipe

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A receiver that has nothing to read is parked on the runtime's poller. When the answer
// of another process comes, a thread that waits for all descriptors is woken, looks what
// there is, finds the goroutine and often wakes a second thread, before the receiver runs.
// One that waits in the kernel itself runs at once: a round trip takes a quarter less, on
// a busy machine above all. But that blocks a thread, and the end of the context and of
// the stream is seen only when the wait is over. So only a half whose last waits were all
// short is patient, not for long, and always fewer of them than there are processors for
// goroutines.
const (
	short  = time.Millisecond // a wait that speaks for patience
	earned = 16               // so many in a row do
	// awhile is how long a patient receiver waits before it is parked after all. Much
	// less would cost more than it saves: the kernel has to set a clock for it.
	awhile = 20 * time.Millisecond
)

// seats is how many receivers of this process are waiting patiently.
var seats atomic.Int32

// patience is what a receiving half has learned. It belongs to the holder of the turn.
type patience struct {
	streak int       // short waits in a row, up to earned
	since  time.Time // of the wait under way
	tired  bool      // it has waited patiently, in vain
}

// begins notes that a wait begins, unless it has begun.
func (p *patience) begins() {
	if p.since.IsZero() {
		p.since = time.Now()
	}
}

// ends notes that what the half waited for is there, if it waited.
func (p *patience) ends() {
	if p.since.IsZero() {
		return
	}
	if time.Since(p.since) < short {
		p.streak = min(earned, p.streak+1)
	} else {
		p.streak = 0
	}
	p.since, p.tired = time.Time{}, false
}

// enough reports whether to wait patiently with a context.
func (p *patience) enough(ctx context.Context) bool {
	if p.streak < earned || p.tired || ctx.Err() != nil {
		return false
	}
	end, limited := ctx.Deadline()
	return !limited || time.Until(end) > awhile
}

// linger waits patiently for something to read and reports whether it came.
func (s *fdStream) linger(fd int) bool {
	if !s.patience.enough(s.in.ctx) || !s.far() {
		return false
	}
	defer seats.Add(-1)
	if int(seats.Add(1)) >= runtime.GOMAXPROCS(0) {
		s.patience.streak = 0 // to be parked for a single wait takes longer than it saves
		return false
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(awhile/time.Millisecond))
	s.patience.tired = n == 0
	return n > 0 && err == nil
}

// hush has the poller forget the descriptor if the receiver is going to wait patiently.
func (s *fdStream) hush(ctx context.Context) {
	q, ok := s.file.(*quiet)
	if ok && s.patience.enough(ctx) && s.far() && int(seats.Load())+1 < runtime.GOMAXPROCS(0) {
		q.hush()
	}
}

// far reports whether the other end may be in another process. One in this process wants
// the processor that a blocked thread may keep.
func (s *fdStream) far() bool { return s.kin == nil || s.kin.wide.Load() }
