package process

import (
	"os"
	"sync"

	"github.com/pygil/pygil/pipe"
)

// A Sentinel becomes ready when its process has ended, and not before its exit
// code is known. It can be given to pipe.Wait together with connections, or its
// descriptor to anything that polls. Python: Process.sentinel.
type Sentinel struct {
	p *Process

	mu      sync.Mutex
	r, w    *os.File // made when somebody asks for the descriptor
	ended   bool
	shutted bool
	wakes   map[*func()]struct{}
}

var _ pipe.Notifier = (*Sentinel)(nil)

// Sentinel returns what becomes ready when the process ends. It panics with a
// [*ValueError] when the process has not started or is closed. Python:
// process.sentinel.
func (p *Process) Sentinel() *Sentinel {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	if p.stage != started || p.role == self {
		panic(invalid("process not started", "Sentinel: process %s not started: call Start first", p.name))
	}
	return &p.sentinel
}

// Fd returns a descriptor that is readable, at its end of file, once the process
// has ended. It stays the Sentinel's, until Close of the process, and is
// ^uintptr(0) after that and where there are no such descriptors.
func (s *Sentinel) Fd() uintptr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shutted {
		return ^uintptr(0)
	}
	if s.r == nil {
		r, w, err := os.Pipe()
		if err != nil {
			return ^uintptr(0)
		}
		if s.r, s.w = r, w; s.Ready() {
			_ = w.Close()
		}
	}
	raw, err := s.r.SyscallConn()
	fd := ^uintptr(0)
	if err == nil {
		_ = raw.Control(func(x uintptr) { fd = x })
	}
	return fd
}

// Ready reports whether the process has ended.
func (s *Sentinel) Ready() bool { return s.p.ended() }

// Notify has wake called when the process ends, at once if it has.
func (s *Sentinel) Notify(wake func()) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		wake()
		return func() {}
	}
	if s.wakes == nil {
		s.wakes = map[*func()]struct{}{}
	}
	s.wakes[&wake] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.wakes, &wake)
	}
}

// rise is called once, when the process has ended.
func (s *Sentinel) rise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.w != nil {
		_ = s.w.Close()
	}
	for wake := range s.wakes {
		(*wake)()
	}
	s.wakes = nil
}

// shut closes the descriptors.
func (s *Sentinel) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shutted = true
	if s.r != nil {
		_, _ = s.r.Close(), s.w.Close()
	}
}
