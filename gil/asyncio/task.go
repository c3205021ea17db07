package asyncio

// Task runs a coroutine in the loop. Python: asyncio.Task.
//
// Its methods are those of Future, but for SetResult and SetError, which a task
// refuses. It is used on the loop's thread only.
type Task[T any] struct {
	Future[T]
	co Co
	fn func(co *Co) (T, error)
}

// Go makes a task that will run fn: its first step is only queued, unless the
// loop's task factory is EagerTaskFactory. An empty name is replaced by Task-N.
// Python: asyncio.create_task.
//
// It panics with a *gil.RuntimeError when the loop has ended.
func Go[T any](co *Co, name string, fn func(co *Co) (T, error)) *Task[T] {
	if co.dying {
		co.die()
	}
	return NewTask(co.loop, name, fn)
}

// GoWith is Go with a task factory for this task alone: with EagerTaskFactory it
// begins at once, with DefaultTaskFactory it is queued, whatever the loop's factory
// is. It returns an *UnavailableError before 3.14. Python: asyncio.create_task with
// eager_start.
func GoWith[T any](co *Co, how TaskFactory, name string, fn func(co *Co) (T, error)) (*Task[T], error) {
	if err := co.loop.rules.need(14, "GoWith (create_task with eager_start)", "create_task(eager_start)"); err != nil {
		return nil, err
	}
	if co.dying {
		co.die()
	}
	return newTask(co.loop, how, name, fn), nil
}

// NewTask is Go for callbacks, which have no Co. Python: loop.create_task.
func NewTask[T any](l *Loop, name string, fn func(co *Co) (T, error)) *Task[T] {
	return newTask(l, l.factory, name, fn)
}

func newTask[T any](l *Loop, how TaskFactory, name string, fn func(co *Co) (T, error)) *Task[T] {
	l.open()
	if fn == nil {
		panic(badValue("a coroutine was expected", "the task's function is nil"))
	}
	t := &Task[T]{fn: fn}
	t.f.loop = l
	l.start(&t.co, &t.f, t, how, name)
	return t
}

func (t *Task[T]) perform(co *Co) error {
	fn := t.fn
	t.fn = nil
	v, err := fn(co)
	t.val = v
	return err
}

// start enters a task into the loop and queues its first step.
func (l *Loop) start(co *Co, f *future, b body, how TaskFactory, name string) {
	if l.debug {
		l.mustBeHere("the start of a task")
	}
	co.loop, co.self, co.body, co.label = l, f, b, name
	f.co = co
	if name == "" {
		l.numbered++
		co.number = l.numbered
	}
	if l.cur != nil {
		co.vars = l.cur.vars
	}
	l.tasks.Join(&co.place, co)
	if l.debug {
		co.site = callSite()
	}
	if l.observer != nil {
		l.observer.created(co)
	}
	if how == EagerTaskFactory && l.running {
		l.step(co)
		return
	}
	l.ready.push(job{co: co})
}

// TaskFactory says how a loop begins its tasks.
type TaskFactory uint8

// The task factories.
const (
	DefaultTaskFactory TaskFactory = iota // the first step is queued
	EagerTaskFactory                      // the first step runs at once (3.12)
)

// step runs a task until its next await that suspends.
func (l *Loop) step(co *Co) {
	if co.self.state != pending {
		return
	}
	co.throw, co.must = co.must, false
	co.waiting = nil
	prev := l.cur
	l.cur = co
	if co.w == nil {
		if co.throw { // cancelled before it began: the body never runs
			co.throw = false
			co.conclude(co.reason)
			l.cur = prev
			return
		}
		co.w = l.take(co)
	}
	if l.observer != nil {
		l.observer.stepped(co)
	}
	if l.debug {
		l.timed(co)
	} else {
		co.w.resume()
	}
	l.cur = prev
}

// conclude ends a task with what its body returned.
func (co *Co) conclude(err error) {
	l, f := co.loop, co.self
	if f.state != pending {
		return
	}
	co.w = nil
	l.tasks.Leave(&co.place)
	co.body = nil
	if co.heard && err == nil && !co.dying {
		l.swallowed(co)
	}
	switch c := cancellation(err); {
	case co.dying:
		f.state, f.err = cancelled, noReason
		f.first, f.rest = link{}, nil
	case err == nil && co.must: // cancelled right before it ended
		co.must = false
		if l.rules.cancelLateIsException() {
			f.finish(noReason)
		} else {
			f.cancelNow(co.reason)
		}
	case c != nil:
		f.cancelNow(c)
	default:
		if interrupts(err) && l.interrupt == nil {
			l.interrupt = err
		}
		f.finish(err)
	}
	if l.observer != nil {
		l.observer.ended(co)
	}
}

// cancel asks for a task's cancellation. What the task waits for is cancelled in
// its place, so that the innermost ends first; when there is nothing, or it
// refuses, the task's next step delivers it. In a circle of tasks that wait for
// each other Python recurses until it fails; here the first task is woken, which
// breaks the circle.
func (co *Co) cancel(why *CancelledError) bool {
	if co.self.state != pending {
		return false
	}
	co.asked++
	co.wanted = true
	if l := co.loop; l.observer != nil {
		l.observer.cancelRequested(co)
	}
	co.reason = why
	if co.passing { // the wish came back: the tasks wait for each other in a circle
		co.must = true
		co.waiting.drop(co)
		return true
	}
	co.passing = true
	passed := co.waiting != nil && co.waiting.cancel(why)
	co.passing = false
	if !passed {
		co.must = true
	}
	return true
}

// SetResult refuses: a task's result is what its coroutine returns. Python:
// task.set_result(), which raises RuntimeError.
func (t *Task[T]) SetResult(T) error {
	return misuse("Task does not support set_result operation", "SetResult of task %s: return the value from its coroutine", t.co.Name())
}

// SetError refuses: a task's error is what its coroutine returns. Python:
// task.set_exception(), which raises RuntimeError.
func (t *Task[T]) SetError(error) error {
	return misuse("Task does not support set_exception operation", "SetError of task %s: return the error from its coroutine", t.co.Name())
}

// Name is the task's name. Python: Task.get_name.
func (t *Task[T]) Name() string { return t.co.Name() }

// Cancelling is the number of cancellations asked for and not withdrawn. Python:
// Task.cancelling.
func (t *Task[T]) Cancelling() int { return t.co.Cancelling() }

// Uncancel withdraws one cancellation and returns how many are left. Python:
// Task.uncancel.
func (t *Task[T]) Uncancel() int { return t.co.Uncancel() }

// CancelWith is Cancel with a message; see Future.CancelWith. Python:
// task.cancel(msg).
func (co *Co) CancelWith(msg any) bool { return co.cancel(co.loop.reason(msg)) }

// reason is the error of a cancellation with a message.
func (l *Loop) reason(msg any) *CancelledError {
	if msg == nil || !l.rules.cancelMessages() {
		return noReason
	}
	return &CancelledError{Msg: msg}
}

func (t *Task[T]) typed(*Co) (Awaiter[T], error) { return t, nil }
