package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/pygil/pygil/pipe/pickle"
)

// A SharedMemory is a block of memory with a name, by which any program of this
// computer can attach to it: Python's too, whose names and layout are the same. It
// is made with [NewSharedMemory], attached to with [OpenSharedMemory], and travels
// as, or inside, an argument or a message, by its name.
//
// It exists until somebody calls Unlink, and its memory until the last one who has
// it has closed it. Attaching never destroys it, and nobody else tracks it: it is
// whoever made it that unlinks it. CPython's tracker destroys a block when some
// program that attached to it ends.
//
// Blocks whose names were not given, and that nobody unlinked although their
// maker and all others who used them are dead, are removed when a program next
// makes one. Memory that needs no name is better an [Array] or [Value]: they cannot
// be left behind.
//
// In a virtual world the names are those of that world, and nobody outside it has
// its blocks.
//
// Python: multiprocessing.shared_memory.SharedMemory.
type SharedMemory struct {
	name string
	size int

	mu    sync.Mutex
	block *block
	buf   []byte

	in *emulatedBlock // in a virtual world, instead of block
	of *emulated      // the process that attached there
}

// prefix is what generated names begin with; ours go on with a letter that no
// hexadecimal digit is, so that we never remove what Python made.
const prefix = "psm_g"

// NewSharedMemory makes a block of size bytes, all zero, that only this user can
// attach to. An empty name stands for a new one. When the name exists, the error
// matches fs.ErrExist. Python: SharedMemory(name, create=True, size=size).
func NewSharedMemory(ctx context.Context, name string, size int) (*SharedMemory, error) {
	if err := over(ctx, "NewSharedMemory"); err != nil {
		return nil, err
	}
	if err := checkSize("NewSharedMemory", size); err != nil {
		return nil, err
	}
	if name != "" {
		return openBlock(ctx, name, size, false)
	}
	if t := virtual(ctx); t != nil {
		return openBlockIn(t, "", size)
	}
	sweepOnce()
	for {
		var random [4]byte
		_, _ = rand.Read(random[:]) // it never fails
		m, err := openBlock(ctx, prefix+hex.EncodeToString(random[:])[1:], size, true)
		if !errors.Is(err, fs.ErrExist) {
			return m, err
		}
	}
}

// checkSize refuses what is no size of a new block.
func checkSize(op string, size int) error {
	switch {
	case size < 0:
		return invalid("'size' must be a positive integer", "%s: the size %d is negative", op, size)
	case size == 0:
		return invalid("'size' must be a positive number different from zero", "%s: the size is 0", op)
	}
	return nil
}

// OpenSharedMemory attaches to a block that exists; if it does not, the error
// matches fs.ErrNotExist. Python: SharedMemory(name).
func OpenSharedMemory(ctx context.Context, name string) (*SharedMemory, error) {
	if err := over(ctx, "OpenSharedMemory"); err != nil {
		return nil, err
	}
	if name == "" {
		return nil, invalid("'name' can only be None if create=True", "OpenSharedMemory: the name is empty")
	}
	return openBlock(ctx, name, 0, false)
}

// openBlock makes a block, or opens one if size is 0.
func openBlock(ctx context.Context, name string, size int, ours bool) (*SharedMemory, error) {
	name = strings.TrimPrefix(name, "/")
	switch {
	case strings.ContainsRune(name, 0):
		return nil, invalid("embedded null character", "SharedMemory: the name %q holds a NUL", name)
	case name == "" || name == "." || name == ".." || strings.Contains(name, "/"):
		return nil, invalid("", "SharedMemory: %q is no name: give one without slashes", name)
	}
	if t := virtual(ctx); t != nil {
		return openBlockIn(t, name, size)
	}
	b, buf, err := attach(name, size, ours)
	if err != nil {
		return nil, fmt.Errorf("process: SharedMemory %q: %w", name, err)
	}
	return &SharedMemory{name: name, size: len(buf), block: b, buf: buf}, nil
}

// Name returns the name, by which others attach. Python: shm.name.
func (m *SharedMemory) Name() string { return m.name }

// Size returns the number of bytes, also after Close. Python: shm.size.
func (m *SharedMemory) Size() int { return m.size }

// Buf returns the memory itself: others see at once what is written to it, and no
// lock is implied. It is nil after Close. Using a slice of it after Close is a
// memory fault that ends the program; ReadAt and WriteAt are safe. Python: shm.buf.
//
// In a virtual world the call is announced as a use of the block, and what is done
// with the slice is not: there ReadAt and WriteAt are what an explorer looks through.
func (m *SharedMemory) Buf() []byte {
	if m.in != nil && m.buf != nil {
		if t, err := m.thread(); err == nil {
			m.in.common.Act(t, opUpdate)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.buf
}

// ReadAt implements io.ReaderAt. It is no atomic operation when it reads more than a
// word. After Close it returns [ErrClosed].
func (m *SharedMemory) ReadAt(p []byte, off int64) (n int, err error) {
	return m.move(p, off, opRead, func(part, p []byte) int { return copy(p, part) })
}

// WriteAt implements io.WriterAt; what does not fit is not written, and is an error
// that matches io.ErrShortWrite. It is no atomic operation either. After Close it returns [ErrClosed].
func (m *SharedMemory) WriteAt(p []byte, off int64) (n int, err error) {
	n, err = m.move(p, off, opWrite, func(part, p []byte) int { return copy(part, p) })
	if err == io.EOF {
		err = io.ErrShortWrite
	}
	return n, err
}

func (m *SharedMemory) move(p []byte, off int64, k opKind, fn func(part, p []byte) int) (n int, err error) {
	if m.in == nil { // no lock is held while a virtual world switches
		m.mu.Lock()
		defer m.mu.Unlock()
	}
	switch {
	case m.buf == nil:
		return 0, ErrClosed
	case off < 0:
		return 0, invalid("", "SharedMemory: the offset %d is negative", off)
	case m.in != nil:
		n, err = m.moveIn(p, off, k, fn)
	default:
		n = fn(m.buf[min(off, int64(m.size)):], p)
	}
	if n < len(p) && err == nil {
		err = io.EOF
	}
	return n, err
}

// Close gives this handle's memory up; the block stays. It may be called again.
// Python: shm.close().
func (m *SharedMemory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.buf == nil {
		return nil
	}
	buf := m.buf
	m.buf = nil
	if m.in != nil {
		return nil
	}
	return m.block.detach(buf)
}

// Unlink removes the name. Those who have the block keep it; when it was removed
// already, the error matches fs.ErrNotExist. Python: shm.unlink().
func (m *SharedMemory) Unlink() error {
	if m.in != nil {
		return m.unlinkIn()
	}
	if err := unlinkBlock(m.name); err != nil {
		return fmt.Errorf("process: SharedMemory %q: %w", m.name, err)
	}
	m.block.disown()
	return nil
}

// String shows name and size as Python's repr does.
func (m *SharedMemory) String() string {
	return fmt.Sprintf("SharedMemory('%s', size=%d)", m.name, m.size)
}

// Reduce lets the block travel: by its name, so that it must not have been unlinked
// when it arrives. It implements pickle.Reducer.
func (m *SharedMemory) Reduce() (any, error) {
	if m.in != nil {
		return m.reduceIn(), nil
	}
	return m.name, nil
}

// arrivingMemory attaches to a block that came by its name.
func arrivingMemory(name string) (*SharedMemory, error) {
	if strings.HasPrefix(name, "\x00") {
		return arrivingBlock(name)
	}
	return OpenSharedMemory(context.Background(), name)
}

// sweepOnce removes what was left behind, once in the life of a process.
var sweepOnce = sync.OnceFunc(sweepBlocks)

func init() {
	pickle.RegisterReducer(arrivingMemory, "process.SharedMemory")
}
