//go:build unix && (!linux || portable)

package shm

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// overhead is what a segment has beside the user's memory.
const overhead = headerSize + claimEntries*int(unsafe.Sizeof(claimEntry{}))

// claimEntries is how many processes can use a segment at the same time.
const claimEntries = 256

// A claimEntry says which process has the claim with a number: the one whose
// number modulo claimEntries is the entry's index. The number is written last.
type claimEntry struct {
	started uint64 // see startOf
	pid     uint32
	number  uint32
}

func create(size int) (*Segment, error) {
	f, err := os.CreateTemp("", "pygil-")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := os.Remove(f.Name()); err != nil {
		return nil, err
	}
	if err := f.Truncate(int64((size+7)&^7 + overhead)); err != nil {
		return nil, err
	}
	s, err := open(f)
	if err == nil {
		s.size = size
	}
	return s, err
}

func open(f *os.File) (s *Segment, err error) {
	var fd int
	err = with(f, func(x int) (err error) {
		fd, err = unix.FcntlInt(uintptr(x), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	s, err = opened(fd)
	return closing(fd, s, err)
}

func (s *Segment) file() (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "shm"), nil
}

// entry returns the entry for a number. The table is behind the user's memory.
func (s *Segment) entry(n uint32) *claimEntry {
	at := len(s.all) - claimEntries*int(unsafe.Sizeof(claimEntry{}))
	return (*claimEntry)(unsafe.Add(unsafe.Pointer(&s.all[at]), uintptr(n%claimEntries)*unsafe.Sizeof(claimEntry{})))
}

// taken is the number of an entry that is being written.
const taken = 1 << 31

// stake takes the claim with number n; false means that its entry is in use.
func (s *Segment) stake(n uint32) (bool, error) {
	e := s.entry(n)
	old := atomic.LoadUint32(&e.number)
	if old != 0 && s.staked(old) {
		return false, nil
	}
	// Whoever dies in between spoils the entry, and no more.
	if !atomic.CompareAndSwapUint32(&e.number, old, taken) {
		return false, nil
	}
	pid := uint32(os.Getpid())
	atomic.StoreUint32(&e.pid, pid)
	atomic.StoreUint64(&e.started, startOf(pid))
	atomic.StoreUint32(&e.number, n)
	return true, nil
}

func (s *Segment) staked(n uint32) bool {
	e := s.entry(n)
	number, pid, started := atomic.LoadUint32(&e.number), atomic.LoadUint32(&e.pid), atomic.LoadUint64(&e.started)
	if n == taken {
		return true
	}
	return number == n && exists(pid, started)
}

// drop empties the entry.
func (s *Segment) drop() error {
	if n := s.claim.Load(); n != 0 {
		atomic.CompareAndSwapUint32(&s.entry(n).number, n, 0)
	}
	return unix.Close(s.fd)
}

// exists reports whether the process is there, has not ended, and is the one that
// started then. When the system does not say, it exists.
func exists(pid uint32, started uint64) bool {
	if err := unix.Kill(int(pid), 0); err == unix.ESRCH {
		return false
	}
	now := startOf(pid)
	return now == 0 || started == 0 || now == started
}
