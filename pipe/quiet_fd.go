//go:build linux || darwin

package pipe

import (
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A quiet is a descriptor in non-blocking mode that the runtime's poller knows of only
// while somebody has to be parked.
//
// What the poller knows wakes the thread that waits for all descriptors with every
// message, also when the receiver waits in the kernel itself (see patience): then two
// threads want the processor at the same time, and a round trip between two processes
// takes three times as long. So it is a duplicate that the poller is told of, and that is
// closed when the receiver is patient again.
type quiet struct {
	fd        int
	forgotten runtime.Cleanup // nobody can close it any more

	mu       sync.Mutex
	users    int // of fd
	closed   bool
	left     *sync.Cond // nobody uses fd any more
	berth    *berth     // nil: nobody is parked
	deadline [2]time.Time
}

// A berth is the duplicate at which goroutines are parked.
type berth struct {
	file *os.File
	raw  syscall.RawConn
	used int // by how many; guarded by the quiet's mu
}

// newQuiet returns a quiet that owns fd, which is in non-blocking mode.
func newQuiet(fd uintptr) descriptor {
	q := &quiet{fd: int(fd)}
	q.left = sync.NewCond(&q.mu)
	q.forgotten = runtime.AddCleanup(q, func(fd int) { _ = unix.Close(fd) }, q.fd)
	return q
}

// SyscallConn returns q itself.
func (q *quiet) SyscallConn() (syscall.RawConn, error) { return q, nil }

// Control calls f with the descriptor, which is not closed meanwhile.
func (q *quiet) Control(f func(fd uintptr)) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	f(uintptr(q.fd))
	return nil
}

// Read calls f until it reports true, each time when there may be something to read.
func (q *quiet) Read(f func(fd uintptr) (done bool)) error {
	return q.run(receiving, f, syscall.RawConn.Read)
}

// Write calls f until it reports true, each time when there may be room.
func (q *quiet) Write(f func(fd uintptr) (done bool)) error {
	return q.run(sending, f, syscall.RawConn.Write)
}

func (q *quiet) run(d direction, f func(fd uintptr) bool, parked func(syscall.RawConn, func(fd uintptr) bool) error) error {
	if err := q.enter(); err != nil {
		return err
	}
	defer q.leave()
	b, err := q.berthed(d)
	if err != nil {
		return err
	}
	if b == nil {
		if f(uintptr(q.fd)) {
			return nil
		}
		// From here on the poller knows of what comes: parked looks once more, first.
		if b, err = q.moor(); err != nil {
			return err
		}
	}
	defer q.unmoor(b)
	return parked(b.raw, func(uintptr) bool { return f(uintptr(q.fd)) })
}

func (q *quiet) enter() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	q.users++
	return nil
}

func (q *quiet) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.users--
	if q.users == 0 {
		q.left.Broadcast()
	}
}

// berthed returns the berth, if there is one, for use. It is an error when the time is
// over.
func (q *quiet) berthed(d direction) (*berth, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t := q.deadline[d]; !t.IsZero() && !time.Now().Before(t) {
		return nil, os.ErrDeadlineExceeded
	}
	if q.berth != nil {
		q.berth.used++
	}
	return q.berth, nil
}

// moor returns the berth for use, and makes it if there is none.
func (q *quiet) moor() (*berth, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, os.ErrClosed
	}
	if q.berth == nil {
		dup, err := unix.FcntlInt(uintptr(q.fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
		b := &berth{file: os.NewFile(uintptr(dup), "pipe")}
		if err = b.file.SetReadDeadline(q.deadline[receiving]); err == nil {
			err = b.file.SetWriteDeadline(q.deadline[sending])
		}
		if err == nil {
			b.raw, err = b.file.SyscallConn()
		}
		if err != nil {
			_ = b.file.Close()
			return nil, err
		}
		q.berth = b
	}
	q.berth.used++
	return q.berth, nil
}

func (q *quiet) unmoor(b *berth) {
	q.mu.Lock()
	defer q.mu.Unlock()
	b.used--
}

// hush has the poller forget the descriptor, unless somebody is parked.
func (q *quiet) hush() {
	q.mu.Lock()
	b := q.berth
	if b == nil || b.used > 0 {
		q.mu.Unlock()
		return
	}
	q.berth = nil
	q.mu.Unlock()
	_ = b.file.Close()
}

// SetReadDeadline ends the wait of a reader that is parked, or will be.
func (q *quiet) SetReadDeadline(t time.Time) error { return q.set(receiving, t) }

// SetWriteDeadline is the same for writers.
func (q *quiet) SetWriteDeadline(t time.Time) error { return q.set(sending, t) }

func (q *quiet) set(d direction, t time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deadline[d] = t
	switch {
	case q.closed:
		return os.ErrClosed
	case q.berth == nil:
		return nil
	case d == sending:
		return q.berth.file.SetWriteDeadline(t)
	}
	return q.berth.file.SetReadDeadline(t)
}

// Close ends every wait of who is parked, and returns when nobody uses the descriptor.
func (q *quiet) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return os.ErrClosed
	}
	q.closed = true
	q.forgotten.Stop()
	if b := q.berth; b != nil {
		q.mu.Unlock()
		_ = b.file.Close()
		q.mu.Lock()
	}
	for q.users > 0 {
		q.left.Wait()
	}
	return os.NewSyscallError("close", unix.Close(q.fd))
}
