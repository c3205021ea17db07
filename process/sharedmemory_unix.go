//go:build unix

package process

import (
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// A block is a named block as the operating system has it. Its descriptor stays
// open as long as somebody here uses the block; that of one with a generated name
// stays, in the process that made it, until it is unlinked: a lock on it says to
// others that it is not left behind.
type block struct {
	mu   sync.Mutex
	fd   int
	made bool // by us, with a generated name, and not unlinked
	used bool
}

func attach(name string, size int, generated bool) (*block, []byte, error) {
	path := filepath.Join(blockDir, name)
	flags := unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	if size > 0 {
		flags |= unix.O_CREAT | unix.O_EXCL
	}
	fd, err := unix.Open(path, flags, 0o600)
	if err != nil {
		return nil, nil, err
	}
	buf, err := func() ([]byte, error) {
		if size > 0 && generated {
			// Before it has its size: one without a size is not swept.
			if err := unix.Flock(fd, unix.LOCK_SH); err != nil {
				return nil, err
			}
		}
		if size > 0 {
			if err := unix.Ftruncate(fd, int64(size)); err != nil {
				return nil, err
			}
		} else {
			var st unix.Stat_t
			if err := unix.Fstat(fd, &st); err != nil {
				return nil, err
			}
			if size = int(st.Size); size == 0 {
				return nil, invalid("cannot mmap an empty file", "it has no size yet")
			}
			_ = unix.Flock(fd, unix.LOCK_SH|unix.LOCK_NB)
		}
		return unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}()
	if err != nil {
		_ = unix.Close(fd)
		if flags&unix.O_CREAT != 0 {
			_ = unix.Unlink(path)
		}
		return nil, nil, err
	}
	return &block{fd: fd, made: generated, used: true}, buf, nil
}

func (b *block) detach(buf []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used = false
	b.let()
	return unix.Munmap(buf)
}

// disown notes that the name is gone.
func (b *block) disown() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.made = false
	b.let()
}

// let closes the descriptor when nothing needs it any more.
func (b *block) let() {
	if !b.used && !b.made && b.fd >= 0 {
		_ = unix.Close(b.fd)
		b.fd = -1
	}
}

func unlinkBlock(name string) error { return unix.Unlink(filepath.Join(blockDir, name)) }

// sweepBlocks removes the blocks with generated names whose users are all dead:
// those that nobody has a lock on.
func sweepBlocks() {
	paths, _ := filepath.Glob(filepath.Join(blockDir, prefix+"*"))
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		info, err := f.Stat()
		if err == nil && info.Size() > 0 && unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			_ = unix.Unlink(path)
		}
		_ = f.Close()
	}
}
