package asyncio

import (
	"runtime/debug"

	"github.com/pygil/pygil/gil"
)

// TaskGroup is a set of tasks that end together: when one fails the others, and
// the body, are cancelled. Python: asyncio.TaskGroup (3.11).
type TaskGroup struct {
	loop      *Loop
	parent    *Co
	tasks     []*future // in the order of creation; nil for those that have ended
	alive     int
	errs      []error
	base      error
	done      *future
	exiting   bool
	aborting  bool
	cancelled bool // the parent, by the group
}

// Group runs fn and then waits for every task that was added to the group, also
// for those that tasks added. The first failure, of a task or of fn, cancels the
// rest; when all have ended Group returns a *GroupError with every failure in the
// order in which they came. A task that is cancelled alone is no failure. A
// cancellation from outside is returned as it is, as are ErrKeyboardInterrupt and
// *SystemExit. A panic of fn is its failure. Python: async with TaskGroup().
//
// When several tasks are cancelled they are in the order of their creation;
// CPython walks over a set.
func Group(co *Co, fn func(g *TaskGroup) error) error {
	l := co.loop
	if err := l.rules.need(11, "Group (asyncio.TaskGroup)", "TaskGroup"); err != nil {
		return err
	}
	if err := co.check(); err != nil {
		return err
	}
	g := &TaskGroup{loop: l, parent: co}
	return g.exit(g.run(fn))
}

// run calls the body.
func (g *TaskGroup) run(fn func(g *TaskGroup) error) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if _, ok := v.(killed); ok || gil.Unwinding(v) {
			panic(v)
		}
		err = &PanicError{Task: g.parent.Name(), Value: v, Stack: debug.Stack()}
	}()
	return fn(g)
}

// exit waits for the tasks and sorts out what happened. err is how the body ended.
func (g *TaskGroup) exit(err error) error {
	r := g.loop.rules
	co := g.parent
	g.exiting = true
	if interrupts(err) {
		g.base = err
	}
	var cancel error
	bodyCancelled := cancellation(err) != nil
	if bodyCancelled {
		cancel = err
	}
	if !r.groupKeepsOuterCancel() && g.cancelled && co.Uncancel() == 0 {
		cancel = nil
	}
	if err != nil && !g.aborting {
		g.abort()
	}
	for g.alive > 0 {
		if g.done == nil {
			g.done = &future{loop: g.loop, what: "end of a group of " + counted(g.alive, "task"), on: g.tasks}
		}
		if cerr := co.await(g.done); cerr != nil {
			if cancellation(cerr) == nil {
				return cerr
			}
			if !g.aborting {
				cancel = cerr
				g.abort()
			}
		}
		g.done = nil
	}
	if g.base != nil {
		return g.base
	}
	if r.groupKeepsOuterCancel() && g.cancelled && co.Uncancel() == 0 {
		cancel = nil
	}
	if cancel != nil && len(g.errs) == 0 {
		return cancel
	}
	if err != nil && !bodyCancelled {
		g.errs = append(g.errs, err)
	}
	if len(g.errs) == 0 {
		return nil
	}
	if r.groupKeepsOuterCancel() && co.Cancelling() > 0 {
		co.Uncancel()
		co.cancel(noReason)
	}
	return &GroupError{Message: "unhandled errors in a TaskGroup", Errs: g.errs}
}

// Go adds a task without a value to the group. It returns a *gil.RuntimeError when
// the group has ended or is shutting down; fn does not run then. Python:
// TaskGroup.create_task.
func (g *TaskGroup) Go(name string, fn func(co *Co) error) error {
	_, err := GoIn(g, name, func(co *Co) (struct{}, error) { return struct{}{}, fn(co) })
	return err
}

// GoIn adds a task to the group and returns it; see TaskGroup.Go. Python:
// group.create_task(fn(), name=name).
func GoIn[T any](g *TaskGroup, name string, fn func(co *Co) (T, error)) (*Task[T], error) {
	switch {
	case g.exiting && g.alive == 0:
		return nil, misuse("TaskGroup is finished", "task %s: the TaskGroup is finished; make another group", name)
	case g.aborting:
		return nil, misuse("TaskGroup is shutting down", "task %s: the TaskGroup is shutting down", name)
	}
	t := NewTask(g.loop, name, fn)
	g.add(&t.f)
	return t, nil
}

func (g *TaskGroup) add(f *future) {
	i := len(g.tasks)
	g.tasks = append(g.tasks, f)
	g.alive++
	if g.done != nil {
		g.done.on = g.tasks
	}
	if f.state != pending && g.loop.rules.since(12) {
		g.ended(i)
		return
	}
	f.whenDone(func() { g.ended(i) })
}

// ended is told of every task of the group.
func (g *TaskGroup) ended(i int) {
	f := g.tasks[i]
	g.tasks[i] = nil
	if g.alive--; g.alive == 0 {
		g.tasks = g.tasks[:0]
		if g.done != nil {
			g.done.release()
		}
	}
	if f.state == cancelled {
		return
	}
	f.retrieved = true
	if f.err == nil {
		return
	}
	g.errs = append(g.errs, f.err)
	if interrupts(f.err) && g.base == nil {
		g.base = f.err
	}
	if g.parent.self.state != pending {
		g.loop.report(ExceptionContext{
			Message: "Task " + f.co.Name() + " has errored out but its parent task " + g.parent.Name() + " is already completed",
			Err:     f.err, Task: f.co.Name(),
		})
		return
	}
	if !g.aborting && !g.cancelled {
		g.abort()
		g.cancelled = true
		g.parent.cancel(noReason)
	}
}

// abort cancels the tasks that have not ended.
func (g *TaskGroup) abort() {
	g.aborting = true
	left := make([]*future, 0, g.alive)
	for _, f := range g.tasks {
		if f != nil && f.state == pending {
			left = append(left, f)
		}
	}
	for _, f := range unordered(g.loop.order, left) {
		f.cancel(noReason)
	}
}
