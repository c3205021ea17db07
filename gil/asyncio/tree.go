package asyncio

import (
	"fmt"
	"strings"
)

// TaskInfo describes a task that has not ended. Python: asyncio.all_tasks, and
// the columns of python -m asyncio ps (3.14).
type TaskInfo struct {
	Name      string   // the task's name
	WaitsFor  string   // what it waits for; empty when it is ready or runs
	AwaitedBy []string // the tasks that wait for it
	Made      string   // debug mode: file and line where it was made
	Cancelled bool     // a cancellation was asked for
}

// Tasks returns the tasks of the loop that have not ended, in the order in which
// they were made. Python: asyncio.all_tasks, a set: WithShuffle and WithChoices
// permute the slice.
func (l *Loop) Tasks() []TaskInfo {
	out := make([]TaskInfo, 0, l.tasks)
	for co := l.first; co != nil; co = co.next {
		i := TaskInfo{Name: co.Name(), WaitsFor: co.waitsFor(), Made: co.site, Cancelled: co.asked > 0}
		for _, by := range co.self.waiters() {
			i.AwaitedBy = append(i.AwaitedBy, by.Name())
		}
		out = append(out, i)
	}
	return unordered(l.order, out)
}

// waiters returns the tasks that wait for f directly or through a gather, a wait
// or a shield.
func (f *future) waiters() []*Co {
	var out []*Co
	for co := f.loop.first; co != nil; co = co.next {
		if w := co.waiting; w != nil && w.reaches(f) {
			out = append(out, co)
		}
	}
	return out
}

// reaches reports whether waiting for w is waiting for f.
func (w *future) reaches(f *future) bool {
	if w == f {
		return true
	}
	for _, c := range w.on {
		if c == f {
			return true
		}
	}
	return false
}

// waitsFor describes what a task waits for.
func (co *Co) waitsFor() string {
	if co.waiting != nil && co.waiting.state == pending {
		return co.waiting.name()
	}
	return co.awaits
}

// Tree shows who waits for whom: a line per task, what it waits for indented below
// it; a task that waits for itself through others is marked as a cycle. Python:
// python -m asyncio pstree (3.14), from the awaiting end.
func (l *Loop) Tree() string {
	var b strings.Builder
	awaited := map[*Co]bool{}
	for co := l.first; co != nil; co = co.next {
		for _, d := range co.dependencies() {
			if d != co {
				awaited[d] = true
			}
		}
	}
	shown := map[*Co]bool{}
	for co := l.first; co != nil; co = co.next {
		if !awaited[co] {
			l.tree(&b, co, "", map[*Co]bool{}, shown)
		}
	}
	for co := l.first; co != nil; co = co.next {
		if !shown[co] { // only cycles are left
			l.tree(&b, co, "", map[*Co]bool{}, shown)
		}
	}
	return b.String()
}

func (l *Loop) tree(b *strings.Builder, co *Co, indent string, path, shown map[*Co]bool) {
	fmt.Fprintf(b, "%s%s", indent, co.Name())
	if path[co] {
		b.WriteString(" (cycle)\n")
		return
	}
	if w := co.waitsFor(); w != "" {
		fmt.Fprintf(b, " waits for %s", w)
	}
	if co.site != "" {
		fmt.Fprintf(b, " (made at %s)", co.site)
	}
	b.WriteByte('\n')
	shown[co], path[co] = true, true
	for _, d := range co.dependencies() {
		l.tree(b, d, indent+"  ", path, shown)
	}
	delete(path, co)
}

// dependencies are the tasks that co waits for.
func (co *Co) dependencies() []*Co {
	w := co.waiting
	if w == nil || w.state != pending {
		return nil
	}
	var out []*Co
	add := func(f *future) {
		if f != nil && f.co != nil && f.state == pending {
			out = append(out, f.co)
		}
	}
	add(w)
	for _, c := range w.on {
		add(c)
	}
	return out
}

// DeadlockError says that tasks are left and nothing can ever wake the loop: no
// callback is ready, no timer runs, no other thread of the interpreter and no
// registered goroutine is left. It matches ErrDeadlock. Python hangs.
type DeadlockError struct {
	Tree string // who waits for whom
}

// Error shows the tree.
func (e *DeadlockError) Error() string {
	return "asyncio: deadlock: nothing can wake the loop any more\n" + strings.TrimRight(e.Tree, "\n")
}

// Is matches ErrDeadlock.
func (e *DeadlockError) Is(target error) bool { return target == ErrDeadlock }

// stuck returns a *DeadlockError when nobody is left who could wake the loop.
func (l *Loop) stuck() error {
	if l.outside.Load() > 0 {
		return nil
	}
	if l.forever && l.t.Machine() == nil && !l.t.Explored() {
		return nil // a live server waits for whoever comes
	}
	others := l.t.Interpreter().ActiveCount(l.t) - 1
	if l.executor != nil {
		others -= l.executor.size()
	}
	if others > 0 {
		return nil // they may; if they cannot either, the machine says so
	}
	if l.posted.Load() > 0 {
		return nil // the last of them has sent something before it ended
	}
	return &DeadlockError{Tree: l.Tree()}
}
