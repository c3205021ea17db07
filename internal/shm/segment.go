package shm

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// A Segment is a piece of shared memory as this process has it. Its methods may
// be called from any goroutine.
//
// The memory stays mapped until the Segment is unreachable, also after Close, so
// that another goroutine's late access is harmless. Whoever keeps pointers into
// the memory must keep the Segment alive (runtime.KeepAlive).
type Segment struct {
	all []byte // header, user's memory, table of claims where there is one

	size  int
	claim atomic.Uint32

	mu     sync.Mutex
	fd     int
	closed bool
}

// A header is at the start of every segment.
type header struct {
	magic   uint32
	claims  uint32 // numbers drawn so far
	size    uint64 // of the user's memory
	kind    uint64 // what the user's memory holds
	padding [40]byte
	// The process ids of the latest claims, each at its number modulo the
	// length: the number in the upper half, the id in the lower.
	pids [64]uint64
}

const (
	headerSize = int(unsafe.Sizeof(header{}))
	magic      = 0x70_67_69_31
)

// MaxClaim is the greatest number that Claim returns: two bits of a word are free
// for its user.
const MaxClaim = 1<<30 - 1

// ErrClosed is the error of a closed Segment.
var ErrClosed = errors.New("shm: segment is closed")

// Create makes a segment with size bytes, all zero. The kind is for the user to
// recognise his own in [Open].
func Create(size int, kind uint64) (*Segment, error) {
	if size < 0 || int64(size) > maxSize {
		return nil, fmt.Errorf("shm: a segment of %d bytes cannot exist", size)
	}
	s, err := create(size)
	if err != nil {
		return nil, fmt.Errorf("shm: cannot create a segment: %w", err)
	}
	h := s.header()
	h.size, h.kind = uint64(size), kind
	atomic.StoreUint32(&h.magic, magic)
	return s, nil
}

// Open maps the segment that f, from another process's [Segment.File], refers to.
// The kind must be the one it was created with. It closes f if it succeeds.
func Open(f *os.File, kind uint64) (*Segment, error) {
	s, err := open(f)
	if err != nil {
		return nil, fmt.Errorf("shm: cannot open a segment: %w", err)
	}
	h := s.header()
	switch {
	case atomic.LoadUint32(&h.magic) != magic:
		err = errors.New("shm: what arrived is no segment of this package")
	case h.kind != kind:
		err = fmt.Errorf("shm: a segment of kind %#x arrived, want %#x: the two programs differ", h.kind, kind)
	case h.size > uint64(len(s.all)-overhead):
		err = fmt.Errorf("shm: a segment says that it has %d bytes, and has %d", h.size, len(s.all)-overhead)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	s.size = int(h.size)
	_ = f.Close()
	return s, nil
}

func (s *Segment) header() *header { return (*header)(unsafe.Pointer(&s.all[0])) }

// Bytes returns the memory. Its address is a multiple of 64.
func (s *Segment) Bytes() []byte { return s.all[headerSize : headerSize+s.size : headerSize+s.size] }

// Pointer returns the address of the memory.
func (s *Segment) Pointer() unsafe.Pointer { return unsafe.Pointer(&s.all[headerSize]) }

// Size returns the number of bytes.
func (s *Segment) Size() int { return s.size }

// Claim returns this process's number, from 1 to [MaxClaim], with which other
// processes ask whether it is [Segment.Alive]. The first call makes the claim.
func (s *Segment) Claim() (uint32, error) {
	if n := s.claim.Load(); n != 0 {
		return n, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	for tries := 0; s.claim.Load() == 0; tries++ {
		if tries > 4096 {
			return 0, errors.New("shm: cannot claim a segment: too many processes use it")
		}
		n := atomic.AddUint32(&s.header().claims, 1) & MaxClaim
		if n == 0 {
			continue
		}
		ok, err := s.stake(n)
		if err != nil {
			return 0, fmt.Errorf("shm: cannot claim a segment: %w", err)
		}
		if ok {
			pids := &s.header().pids
			atomic.StoreUint64(&pids[n%uint32(len(pids))], uint64(n)<<32|uint64(os.Getpid()))
			s.claim.Store(n)
		}
	}
	return s.claim.Load(), nil
}

// Alive reports whether the claim with number n is held: its process has neither
// died nor closed the segment. A closed Segment sees everybody alive.
func (s *Segment) Alive(n uint32) bool {
	if n == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || n == s.claim.Load() || s.staked(n)
}

// PID returns the process id with which the claim n was made, as that process knew
// it, or 0 when it is no longer known. It is for messages: by now the id may belong
// to another process.
func (s *Segment) PID(n uint32) int {
	pids := &s.header().pids
	v := atomic.LoadUint64(&pids[n%uint32(len(pids))])
	runtime.KeepAlive(s)
	if uint32(v>>32) != n {
		return 0
	}
	return int(uint32(v))
}

// File returns a descriptor of the segment for another process, which gives it to
// [Open]. It carries no claim. The caller closes it.
func (s *Segment) File() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	return s.file()
}

// Close gives up the claim, which others will see as a death, and the descriptor.
// It may be called again.
func (s *Segment) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	err := s.drop()
	runtime.KeepAlive(s)
	return err
}

// Closed reports whether Close was called.
func (s *Segment) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}
