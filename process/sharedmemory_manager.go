package process

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
)

// A SharedMemoryManager makes blocks of shared memory and lists in it, and removes
// all of them at once: when it is shut down, when the process that made it ends
// without having done so, and when that process is killed. Nobody needs to Unlink
// what it made, and nothing is left behind.
//
// It is a process of its own, as Python's is, which makes the blocks and keeps them;
// nobody but this process makes blocks with it. SIGINT and SIGTERM are not for it:
// it ends with its maker. Blocks travel to other processes as, or inside, arguments and
// messages. Those who have one keep its memory when its name is removed.
//
// A block may be Unlinked before; its memory goes when the manager does. If the
// manager's process is killed, Shutdown removes what it kept, and if its maker is
// killed too, a program that next makes a block does; see [SharedMemory].
//
// Python: multiprocessing.managers.SharedMemoryManager.
type SharedMemoryManager struct {
	m    *Manager
	home *relatives // of the process that made it

	mu    sync.Mutex
	names []string // of what it made
}

// NewSharedMemoryManager starts a manager's process. The GIL is given up while it
// starts. End it with Shutdown or Close. The errors are those of starting a process:
// a daemon has no children, and no manager either.
// Python: SharedMemoryManager(), and its start.
func NewSharedMemoryManager(ctx context.Context) (*SharedMemoryManager, error) {
	m, err := startManager(ctx, "SharedMemoryManager", true)
	if err != nil {
		return nil, err
	}
	s := &SharedMemoryManager{m: m, home: familyOf(ctx)}
	s.home.keep(s)
	return s, nil
}

// Process returns the manager's process. Python: smm._process.
func (s *SharedMemoryManager) Process() *Process { return s.m.Process() }

// SharedMemory makes a block of size bytes, all zero, with a new name. Close it when
// it is no longer used here; the manager unlinks it. The errors are those of
// [NewSharedMemory], and one that matches [ErrManagerEnded]. It waits for the manager,
// and gives the GIL up meanwhile. Python: smm.SharedMemory(size).
func (s *SharedMemoryManager) SharedMemory(ctx context.Context, size int) (*SharedMemory, error) {
	if err := checkSize("SharedMemory", size); err != nil {
		return nil, err
	}
	// The manager makes it: there is no moment at which only this process, which may
	// die, knows the name.
	out, _, err := s.m.c.call(ctx, 0, askBlock, 0, size)
	if err != nil {
		return nil, err
	}
	name := out[0].(string)
	s.mu.Lock()
	s.names = append(s.names, name)
	s.mu.Unlock()
	return OpenSharedMemory(ctx, name)
}

// ShareableList makes a list of these values in a new block. The errors are those of
// [NewShareableList] and of SharedMemory. Python: smm.ShareableList(sequence).
func (s *SharedMemoryManager) ShareableList(ctx context.Context, values ...any) (*ShareableList, error) {
	return newShareableList(values, func(size int) (*SharedMemory, error) { return s.SharedMemory(ctx, size) })
}

// Shutdown removes the names of all blocks, ends the manager's process and waits for
// that; the GIL is given up meanwhile. Those who have a block keep its memory until
// they Close it. It may be called again. Python: smm.shutdown().
func (s *SharedMemoryManager) Shutdown(ctx context.Context) error {
	if err := s.m.Shutdown(ctx); err != nil {
		return err
	}
	s.home.unkeep(s)
	if p := s.m.p; p.code == 0 {
		return nil
	}
	s.mu.Lock()
	names := s.names
	s.names = nil
	s.mu.Unlock()
	var errs []error
	for _, name := range names {
		m, err := OpenSharedMemory(ctx, name)
		if err == nil {
			err = errors.Join(m.Unlink(), m.Close())
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Close is Shutdown that nothing ends early, for a defer.
// Python: the end of with SharedMemoryManager() as smm.
func (s *SharedMemoryManager) Close() error {
	if e := s.m.c.w.of; e != nil {
		if t := e.acting(); t != nil {
			return s.Shutdown(t)
		}
	}
	return s.Shutdown(context.Background())
}

// keep notes a manager that is to be shut down when this process ends.
func (f *relatives) keep(s *SharedMemoryManager) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keepers = append(f.keepers, s)
}

func (f *relatives) unkeep(s *SharedMemoryManager) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keepers = slices.DeleteFunc(slices.Clone(f.keepers), func(k *SharedMemoryManager) bool { return k == s })
}

// endKeepers shuts the managers of shared memory down, before daemons are terminated.
func (f *relatives) endKeepers(ctx context.Context) {
	f.mu.Lock()
	all := f.keepers
	f.mu.Unlock()
	for _, s := range all {
		_ = s.Shutdown(ctx)
	}
}

// makeBlock makes a block that the manager keeps, and returns its name.
func (h *host) makeBlock(ctx context.Context, size int) (string, error) {
	m, err := NewSharedMemory(ctx, "", size)
	if err != nil {
		return "", err
	}
	h.blocks = append(h.blocks, m)
	return m.Name(), nil
}

// removeBlocks is the last thing that a manager does, when it has no guest any more.
func (h *host) removeBlocks() {
	for _, m := range h.blocks {
		_, _ = m.Unlink(), m.Close() // its maker may have unlinked it
	}
}
