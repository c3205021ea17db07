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
	by := map[*Co][]string{}
	for co := range l.tasks.All() {
		for _, d := range co.dependencies() {
			by[d] = append(by[d], co.Name())
		}
	}
	out := make([]TaskInfo, 0, l.tasks.Len())
	for co := range l.tasks.All() {
		out = append(out, TaskInfo{Name: co.Name(), WaitsFor: co.waitsFor(), AwaitedBy: by[co], Made: co.site, Cancelled: co.asked > 0})
	}
	return unordered(l.order, out)
}

// waitsFor describes what a task waits for.
func (co *Co) waitsFor() string {
	if co.waiting != nil && co.waiting.state == pending {
		return co.waiting.name()
	}
	return co.awaits
}

// Tree shows who waits for whom: a line per task, what it waits for indented below
// it. What is shown already is not shown again. Tasks that wait for each other in a
// circle are named below the tree, and the place where the circle closes is marked.
// Of very many tasks only the first are shown. Python: python -m asyncio pstree
// (3.14), from the awaiting end.
func (l *Loop) Tree() string {
	t := tree{awaited: map[*Co]bool{}, shown: map[*Co]bool{}, on: map[*Co]int{}}
	for co := range l.tasks.All() {
		for _, d := range co.dependencies() {
			if d != co {
				t.awaited[d] = true
			}
		}
	}
	for co := range l.tasks.All() {
		if !t.awaited[co] {
			t.show(co)
		}
	}
	for co := range l.tasks.All() {
		if !t.shown[co] { // only circles are left, and what did not fit
			t.show(co)
		}
	}
	if left := l.tasks.Len() - len(t.shown); left > 0 {
		fmt.Fprintf(&t.text, "… and %s\n", counted(left, "more task"))
	}
	for _, c := range t.cycles {
		fmt.Fprintf(&t.text, "cycle: %s\n", c)
	}
	return t.text.String()
}

// tree is a Tree in the making.
type tree struct {
	text    strings.Builder
	lines   int
	awaited map[*Co]bool
	shown   map[*Co]bool
	path    []*Co
	on      map[*Co]int // where in path it is, plus one
	cycles  []string
}

// mostLines is how long a tree gets: whoever reads it has a screen.
const mostLines = 500

// show adds co and what it waits for.
func (t *tree) show(co *Co) {
	if t.lines == mostLines {
		return
	}
	t.lines++
	fmt.Fprintf(&t.text, "%s%s", strings.Repeat("  ", len(t.path)), co.Name())
	if at := t.on[co]; at > 0 {
		t.text.WriteString(" (cycle)\n")
		var b strings.Builder
		for _, c := range t.path[at-1:] {
			b.WriteString(c.Name() + " → ")
		}
		t.cycles = append(t.cycles, b.String()+co.Name())
		return
	}
	if w := co.waitsFor(); w != "" {
		fmt.Fprintf(&t.text, " waits for %s", w)
	}
	if co.site != "" {
		fmt.Fprintf(&t.text, " (made at %s)", co.site)
	}
	on := co.dependencies()
	if t.shown[co] && len(on) > 0 {
		t.text.WriteString(" (see above)\n")
		return
	}
	t.text.WriteByte('\n')
	t.shown[co] = true
	t.path = append(t.path, co)
	t.on[co] = len(t.path)
	for _, d := range on {
		t.show(d)
	}
	delete(t.on, co)
	t.path = t.path[:len(t.path)-1]
}

// dependencies are the tasks that co waits for, also behind gathers, shields and
// the like.
func (co *Co) dependencies() []*Co {
	w := co.waiting
	if w == nil {
		return nil
	}
	var out []*Co
	var seen map[*future]bool
	var add func(f *future)
	add = func(f *future) {
		switch {
		case f == nil || f.state != pending || seen[f]:
			return
		case f.co == nil && len(f.on) == 0:
			return
		}
		if seen == nil && f.co == nil {
			seen = map[*future]bool{}
		}
		if seen != nil {
			seen[f] = true
		}
		if f.co != nil {
			out = append(out, f.co)
			return
		}
		for _, c := range f.on {
			add(c)
		}
	}
	add(w)
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
	l.mu.Lock()
	others -= l.blocked // they wait for the loop
	l.mu.Unlock()
	if others > 0 {
		return nil // they may; if they cannot either, the machine says so, with the tree
	}
	if l.posted.Load() > 0 {
		return nil // the last of them has sent something before it ended
	}
	return &DeadlockError{Tree: l.Tree()}
}
