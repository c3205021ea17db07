package process

import (
	"cmp"
	"context"
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// family is this process among its relatives.
var family = &relatives{}

type relatives struct {
	entered atomic.Bool // Main or TestMain was called
	leaving atomic.Bool // interrupted: no more children
	// Set by Main, TestMain or the parent before anybody can start a process.
	aloof   bool
	profile string
	bind    bool // children end with their parents unless told otherwise

	mu       sync.Mutex
	self     *Process
	parent   *Process // nil in a process that nobody started so
	children map[*Process]struct{}
	counter  int
	keepers  []*SharedMemoryManager // that are shut down when the process ends
}

// current returns the process whose relatives these are.
func (f *relatives) current() *Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.self == nil {
		f.self = &Process{role: self, name: "MainProcess", stage: started, pid: os.Getpid(), done: make(chan struct{})}
	}
	return f.self
}

// current returns this process of the operating system.
func current() *Process { return family.current() }

// count numbers children as they are made.
func (f *relatives) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counter++
	return f.counter
}

func (f *relatives) add(p *Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.children == nil {
		f.children = map[*Process]struct{}{}
	}
	f.children[p] = struct{}{}
}

func (f *relatives) remove(p *Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.children, p)
}

// active returns the children that have not ended, oldest first.
func (f *relatives) active() []*Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]*Process, 0, len(f.children))
	for p := range f.children {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Process) int {
		return cmp.Compare(a.identity[len(a.identity)-1], b.identity[len(b.identity)-1])
	})
	return all
}

// Current returns the process that ctx belongs to. Python: current_process.
func Current(ctx context.Context) *Process { return familyOf(ctx).current() }

// Parent returns the process that started this one: its PID and Name, whether it
// IsAlive, and Join, which waits for its end, however it ends. It is nil in a
// process that no Start has started. Python: parent_process.
func Parent(ctx context.Context) *Process {
	f := familyOf(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.parent
}

// ActiveChildren returns this process's children that have not ended, in the
// order in which they were made. Python: active_children.
func ActiveChildren(ctx context.Context) []*Process {
	f := familyOf(ctx)
	for _, p := range f.active() {
		if p.emulated != nil {
			p.emulated.look(ctx)
		}
	}
	return f.active()
}
