//go:build unix

package shm

import (
	"errors"
	"math"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

const maxSize int64 = min(math.MaxInt, 1<<46) - 1<<20

// adopt maps all of an open file and returns the Segment that owns it.
func adopt(fd, total int) (*Segment, error) {
	mem, err := unix.Mmap(fd, 0, total, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	s := &Segment{all: mem, size: total - overhead, fd: fd}
	runtime.AddCleanup(s, func(mem []byte) { _ = unix.Munmap(mem) }, mem)
	// A Segment that is forgotten without Close must not keep its descriptor.
	runtime.SetFinalizer(s, func(s *Segment) { _ = s.Close() })
	return s, nil
}

// opened makes a Segment of a descriptor that belongs to this process alone.
func opened(fd int) (*Segment, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if st.Size < int64(overhead) || st.Size > math.MaxInt {
		return nil, errors.New("it is too small")
	}
	return adopt(fd, int(st.Size))
}

// closing closes a descriptor when what it was opened for failed.
func closing(fd int, s *Segment, err error) (*Segment, error) {
	if err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return s, nil
}

// with calls fn with the number of f's descriptor, without changing its mode.
func with(f *os.File, fn func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = fn(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// retry calls fn until no signal interrupts it.
func retry[T any](fn func() (T, error)) (T, error) {
	for {
		if v, err := fn(); err != syscall.EINTR {
			return v, err
		}
	}
}
