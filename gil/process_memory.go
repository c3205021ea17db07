package gil

import (
	"fmt"
	"sort"
)

// Ledger is the memory of a machine's processes. A thread has none of its own but its
// stack, of which 17 KiB are resident in CPython 3.13, and which is not counted.
type Ledger struct{ Processes []Memory }

// Memory is one process's part: all in bytes.
type Memory struct {
	PID     int    // its number
	Name    string // its interpreter's name
	Base    int64  // a fresh interpreter; with Fork only the first process pays for it
	Shared  int64  // of the parent, not yet written to (Fork)
	Private int64  // allocated by Thread.Alloc, or written to by Thread.Touch
}

// Total is the memory the machine needs: shared pages count once.
func (l Ledger) Total() int64 {
	var sum int64
	for _, p := range l.Processes {
		sum += p.Base + p.Private
	}
	return sum
}

// Memory returns the ledger of the run, in the order of the process numbers.
func (m *Machine) Memory() Ledger {
	m.mu.Lock()
	w := m.w
	m.mu.Unlock()
	var l Ledger
	if w == nil {
		return l
	}
	w.lock()
	defer w.unlock()
	for _, i := range w.all {
		if i.creator != nil {
			continue
		}
		l.Processes = append(l.Processes, Memory{PID: int(i.pid), Name: i.name, Base: i.base, Shared: i.shared, Private: i.private.Load()})
	}
	sort.Slice(l.Processes, func(a, b int) bool { return l.Processes[a].PID < l.Processes[b].PID })
	return l
}

// WithMemoryLimit sets how much memory the processes of a machine have together, in
// bytes. Who needs more panics with a *MemoryError. The default is 0, no limit. It
// panics with a *ValueError when limit is negative.
func WithMemoryLimit(limit int64) Option {
	if limit < 0 {
		panic(badValue("", "WithMemoryLimit(%d): must not be negative", limit))
	}
	return machineOption(func(m *machineOptions) { m.limit = limit })
}

// A MemoryError says that the machine has no memory left. Python: MemoryError.
type MemoryError struct {
	Wanted int64 // bytes
	Used   int64 // by all processes that have not ended
	Limit  int64 // see WithMemoryLimit
}

// Error says how much was wanted and how much there is.
func (e *MemoryError) Error() string {
	return fmt.Sprintf("gil: out of memory: %d bytes wanted, %d of %d used; see WithMemoryLimit", e.Wanted, e.Used, e.Limit)
}

// PythonText is what Python's exception carries: nothing.
func (e *MemoryError) PythonText() string { return "" }

// afford panics when the machine has not got so many bytes more, or not even what
// its processes have, of which i is a new one.
func (w *world) afford(i *Interpreter, bytes int64) {
	limit := w.opts.machine.limit
	if limit == 0 || bytes < 0 {
		return
	}
	used := int64(0)
	w.lock()
	for _, o := range w.all {
		if o.creator == nil && !o.gone {
			used += o.base + o.private.Load()
		}
	}
	w.unlock()
	if used+bytes <= limit {
		return
	}
	if bytes == 0 {
		i.gone = true // there will be no such process
		bytes = i.base
		used -= bytes
	}
	panic(&MemoryError{bytes, used, limit})
}

// Alloc adds bytes, which may be negative, to the private memory of the thread's
// process in the machine's ledger. It panics with a *MemoryError when there is a
// limit and it is reached.
func (t *Thread) Alloc(bytes int64) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Alloc(bytes) })
		return
	}
	t.must()
	i := t.interp.Process()
	t.interp.w.afford(i, bytes)
	i.private.Add(bytes)
}

// Touch writes to so many bytes of memory that the thread's process shares with the
// one that it was forked from: they are copied, and private from then on. Where
// nothing is shared it does nothing. It panics with a *ValueError when bytes is
// negative, and as Alloc does.
func (t *Thread) Touch(bytes int64) {
	if raceKernel && t.apart() {
		t.inside(func() { t.Touch(bytes) })
		return
	}
	t.must()
	if bytes < 0 {
		panic(badValue("", "Touch(%d): must not be negative", bytes))
	}
	i := t.interp.Process()
	copied := min(bytes, i.shared)
	t.interp.w.afford(i, copied)
	i.shared -= copied
	i.private.Add(copied)
	if e := t.interp.w.emit; e != nil && copied > 0 {
		e.event(t, Event{Kind: EvCopyOnWrite, A: copied})
	}
}
