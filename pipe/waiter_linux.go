package pipe

import (
	"context"
	"encoding/binary"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/internal/blocking"
)

// A poller is an epoll set. Each descriptor in it reports once and is then armed
// again by who was told, so that one that was closed without a word, but lives on
// in a copy, is no more than one event for nobody.
type poller struct {
	file *os.File // the set, itself polled by the runtime
	raw  syscall.RawConn

	mu     sync.Mutex
	event  int // an eventfd in the set, whose id is 0; -1: closed
	events [64]unix.EpollEvent
}

func newPoller() (*poller, error) {
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(set, unix.EPOLL_CTL_ADD, event, &unix.EpollEvent{Events: unix.EPOLLIN})
	}
	if err == nil {
		err = unix.SetNonblock(set, true)
	}
	if err != nil {
		_ = unix.Close(set)
		if event >= 0 {
			_ = unix.Close(event)
		}
		return nil, os.NewSyscallError("eventfd", err)
	}
	p := &poller{file: os.NewFile(uintptr(set), "waiter"), event: event}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// control changes what the set knows of a member.
func (p *poller) control(op int, m *member) (err error) {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(m.id), Pad: int32(m.id >> 32)}
	if bad := p.raw.Control(func(set uintptr) { err = unix.EpollCtl(int(set), op, int(m.fd), &e) }); bad != nil {
		return bad
	}
	return os.NewSyscallError("epoll_ctl", err)
}

func (p *poller) add(m *member) error { return p.control(unix.EPOLL_CTL_ADD, m) }
func (p *poller) again(m *member)     { _ = p.control(unix.EPOLL_CTL_MOD, m) }
func (p *poller) remove(m *member)    { _ = p.control(unix.EPOLL_CTL_DEL, m) }

// ready returns the ids of the members that have something to report.
func (p *poller) ready() (ids []int64) {
	_ = p.raw.Control(func(set uintptr) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for {
			n, err := unix.EpollWait(int(set), p.events[:], 0)
			if err == unix.EINTR {
				continue
			}
			for _, e := range p.events[:max(n, 0)] {
				if id := int64(e.Pad)<<32 | int64(uint32(e.Fd)); id != 0 {
					ids = append(ids, id)
				} else if p.event >= 0 {
					_, _ = unix.Read(p.event, make([]byte, 8))
				}
			}
			if n < len(p.events) {
				return
			}
		}
	})
	return ids
}

// wake makes the present call of park, or the next one, return.
func (p *poller) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.event >= 0 {
		_, _ = unix.Write(p.event, binary.NativeEndian.AppendUint64(nil, 1))
	}
}

// park waits until something is ready.
func (p *poller) park(ctx context.Context) (err error) {
	blocking.Do(ctx, "pipe.wait", func() {
		err = p.raw.Read(func(set uintptr) bool {
			fds := []unix.PollFd{{Fd: int32(set), Events: unix.POLLIN}}
			n, err := unix.Poll(fds, 0)
			return n > 0 || err != nil && err != unix.EINTR
		})
	})
	if err != nil {
		return ErrClosed
	}
	return nil
}

func (p *poller) close() {
	p.mu.Lock()
	event := p.event
	p.event = -1
	p.mu.Unlock()
	_ = p.file.Close()
	if event >= 0 {
		_ = unix.Close(event)
	}
}
