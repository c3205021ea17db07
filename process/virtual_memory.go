package process

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
)

// Named blocks of a virtual world: their names are its own, and who attaches has the
// same bytes.

// An emulatedBlock is the memory of a SharedMemory.
type emulatedBlock struct {
	world  *emulatedWorld
	name   string
	buf    []byte
	common common
}

// A catalogue has the blocks of a world by their names.
type catalogue struct {
	names  common
	blocks map[string]*emulatedBlock // nil: nobody has looked yet
	made   int                       // names that were not given
	number uint64                    // the world's, for blocks that travel
	acting func() thread
}

// worlds are those whose blocks may travel, by their numbers.
var worlds = struct {
	sync.Mutex
	last uint64
	all  map[uint64]*emulatedWorld
}{all: map[uint64]*emulatedWorld{}}

// list announces a use of the names.
func (w *emulatedWorld) list(t thread, k opKind) {
	c := &w.catalogue
	if c.blocks == nil {
		c.blocks = map[string]*emulatedBlock{}
		c.acting = t.Interpreter().Acting
		c.names.Init(t, "names of shared memory")
	}
	c.names.Act(t, k)
}

// openBlockIn is openBlock in a virtual world. A generated name is given if there is
// none.
func openBlockIn(t thread, name string, size int) (*SharedMemory, error) {
	e := emulatedOf(t)
	w := e.world
	k := opRead
	if size > 0 {
		k = opUpdate
	}
	w.list(t, k)
	for name == "" || size > 0 && w.blocks[name] != nil && strings.HasPrefix(name, prefix) {
		w.made++
		name = fmt.Sprintf("%s%07x", prefix, w.made)
	}
	b := w.blocks[name]
	switch {
	case size > 0 && b != nil:
		return nil, fmt.Errorf("process: SharedMemory %q: %w", name, fs.ErrExist)
	case size == 0 && b == nil:
		return nil, fmt.Errorf("process: SharedMemory %q: %w", name, fs.ErrNotExist)
	case b == nil:
		b = &emulatedBlock{world: w, name: name, buf: make([]byte, size)}
		b.common.Init(t, "shared memory "+name)
		w.blocks[name] = b
	}
	return &SharedMemory{name: name, size: len(b.buf), in: b, of: e, buf: b.buf}, nil
}

// unlinkIn is Unlink in a virtual world.
func (m *SharedMemory) unlinkIn() error {
	t, err := m.thread()
	if err != nil {
		return err
	}
	w := m.in.world
	if w.list(t, opUpdate); w.blocks[m.name] == nil {
		return fmt.Errorf("process: SharedMemory %q: %w", m.name, fs.ErrNotExist)
	}
	delete(w.blocks, m.name)
	return nil
}

// thread is the one that acts, and may use this handle.
func (m *SharedMemory) thread() (thread, error) {
	t := m.of.acting()
	if t == nil {
		return nil, invalid("", "SharedMemory %q belongs to a virtual world that has ended", m.name)
	}
	if e := emulatedOf(t); e.world != m.in.world || !e.has(m.of) {
		return nil, invalid("name is not defined", "SharedMemory %q was attached in process %s and used by thread %s of %s: attach there too",
			m.name, m.of.current().Name(), t.Name(), e.current().Name())
	}
	return t, nil
}

// moveIn copies between the block and p, by fn. What is longer than a word is not
// copied in one moment: others may come between its halves.
func (m *SharedMemory) moveIn(p []byte, off int64, k opKind, fn func(part, p []byte) int) (n int, err error) {
	t, err := m.thread()
	if err != nil {
		return 0, err
	}
	part := m.in.buf[min(off, int64(m.size)):]
	p = p[:min(len(p), len(part))]
	if len(p) > wordBytes {
		m.in.common.Act(t, k)
		n = fn(part, p[:len(p)/2])
	}
	m.in.common.Act(t, k)
	return n + fn(part[n:], p[n:]), nil
}

const wordBytes = 8

// reduceIn is Reduce in a virtual world: the name, and which world's.
func (m *SharedMemory) reduceIn() string {
	worlds.Lock()
	defer worlds.Unlock()
	w := m.in.world
	if w.number == 0 {
		worlds.last++
		w.number = worlds.last
		worlds.all[w.number] = w
		w.first.AfterFunc(func() {
			worlds.Lock()
			defer worlds.Unlock()
			delete(worlds.all, w.number)
		})
	}
	return "\x00" + strconv.FormatUint(w.number, 10) + "/" + m.name
}

// arrivingBlock attaches to a block that came from another process of its world.
func arrivingBlock(name string) (*SharedMemory, error) {
	world, name, _ := strings.Cut(name[1:], "/")
	number, _ := strconv.ParseUint(world, 10, 64)
	worlds.Lock()
	w := worlds.all[number]
	worlds.Unlock()
	var t thread
	if w != nil {
		t = w.acting()
	}
	if t == nil {
		return nil, fmt.Errorf("process: SharedMemory %q of a virtual world arrived outside it", name)
	}
	return openBlockIn(t, name, 0)
}
