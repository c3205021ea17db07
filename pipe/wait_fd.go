//go:build linux || darwin

package pipe

import (
	"context"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/blocking"
)

// A parker waits in poll(2) for the descriptors of a Wait, and for its own,
// which wakes it up for everything else.
type parker struct {
	r, w  *os.File
	fds   []unix.PollFd
	woken atomic.Bool // a byte is on its way, more would tell no more
}

func newParker(entries []entry) (*parker, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	fd, err := descriptorOf(r)
	if err != nil {
		_, _ = r.Close(), w.Close()
		return nil, err
	}
	fds := append(pollSet(entries), unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	return &parker{r: r, w: w, fds: fds}, nil
}

// wake makes the present call of park, or the next one, return. One that comes
// after close does nothing.
func (p *parker) wake() {
	if p.woken.CompareAndSwap(false, true) {
		_, _ = p.w.Write([]byte{0})
	}
}

func (p *parker) close() { _, _ = p.w.Close(), p.r.Close() }

// park waits until something may be ready.
func (p *parker) park(ctx context.Context) (err error) {
	blocking.Do(ctx, "pipe.wait", func() {
		for {
			_, err = unix.Poll(p.fds, -1)
			if err != unix.EINTR {
				break
			}
		}
	})
	if err != nil {
		return os.NewSyscallError("poll", err)
	}
	if p.fds[len(p.fds)-1].Revents != 0 {
		_, err = p.r.Read(make([]byte, 1))
		// Whoever found the flag still set changed something that the caller is
		// going to look at.
		p.woken.Store(false)
	}
	return err
}

// pollSet lists the descriptors to ask the operating system about.
func pollSet(entries []entry) []unix.PollFd {
	var fds []unix.PollFd
	for i := range entries {
		if entries[i].fd != noFd {
			fds = append(fds, unix.PollFd{Fd: int32(entries[i].fd), Events: unix.POLLIN})
		}
	}
	return fds
}

// pollNow marks the entries whose descriptors are ready.
func pollNow(entries []entry) error {
	fds := pollSet(entries)
	if len(fds) == 0 {
		return nil
	}
	for {
		_, err := unix.Poll(fds, 0)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return os.NewSyscallError("poll", err)
		}
	}
	for i := range entries {
		e := &entries[i]
		if e.fd == noFd {
			continue
		}
		events := fds[0].Revents
		fds = fds[1:]
		if events&unix.POLLNVAL != 0 {
			return unix.EBADF
		}
		e.ready = e.ready || events != 0
	}
	return nil
}
