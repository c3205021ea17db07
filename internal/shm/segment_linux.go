//go:build linux && !portable

package shm

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// overhead is what a segment has beside the user's memory.
const overhead = headerSize

// claims are the bytes from here on, far behind the end of any segment.
const claimsAt = int64(1) << 62

// seals keep the size as it is: memory that a peer cut off would be a SIGBUS.
const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL

func create(size int) (*Segment, error) {
	fd, err := unix.MemfdCreate("pygil", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, err
	}
	s, err := func() (*Segment, error) {
		if _, err := retry(func() (int, error) { return 0, unix.Ftruncate(fd, int64(size+overhead)) }); err != nil {
			return nil, err
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
			return nil, err
		}
		return adopt(fd, size+overhead)
	}()
	return closing(fd, s, err)
}

func open(f *os.File) (*Segment, error) {
	var fd int
	err := with(f, func(x int) (err error) { fd, err = reopen(x); return err })
	if err != nil {
		return nil, err
	}
	s, err := func() (*Segment, error) {
		have, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
		if err != nil || have&seals != seals {
			return nil, errors.New("it is no sealed memfd")
		}
		return opened(fd)
	}()
	return closing(fd, s, err)
}

// reopen returns a descriptor with an open file description of its own.
func reopen(fd int) (int, error) {
	n, err := retry(func() (int, error) {
		return unix.Open(fmt.Sprintf("/proc/self/fd/%d", fd), unix.O_RDWR|unix.O_CLOEXEC, 0)
	})
	if errors.Is(err, unix.ENOENT) {
		err = fmt.Errorf("%w: is /proc mounted?", err)
	}
	return n, err
}

func (s *Segment) file() (*os.File, error) {
	fd, err := reopen(s.fd)
	if err != nil {
		return nil, fmt.Errorf("shm: cannot make a descriptor for another process: %w", err)
	}
	return os.NewFile(uintptr(fd), "shm"), nil
}

// stake takes the claim with number n; false means that somebody has it.
func (s *Segment) stake(n uint32) (bool, error) {
	_, err := s.lock(unix.F_OFD_SETLK, unix.F_WRLCK, n)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return false, nil
	}
	return err == nil, err
}

// staked asks for the claim with number n. When the kernel does not answer,
// nobody is declared dead.
func (s *Segment) staked(n uint32) bool {
	found, err := s.lock(unix.F_OFD_GETLK, unix.F_WRLCK, n)
	return err != nil || found != unix.F_UNLCK
}

func (s *Segment) lock(cmd int, typ int16, n uint32) (found int16, err error) {
	lk := unix.Flock_t{Type: typ, Whence: 0, Start: claimsAt + int64(n), Len: 1}
	_, err = retry(func() (int, error) { return 0, unix.FcntlFlock(uintptr(s.fd), cmd, &lk) })
	return lk.Type, err
}

// drop unlocks before it closes: the mapping keeps the open file description, and
// with it the lock, after the descriptor.
func (s *Segment) drop() error {
	if n := s.claim.Load(); n != 0 {
		_, _ = s.lock(unix.F_OFD_SETLK, unix.F_UNLCK, n)
	}
	return unix.Close(s.fd)
}
