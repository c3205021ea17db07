package asyncio

import "slices"

// Coroutine is a coroutine object: a function that has been called and not run
// yet. It runs once, when it is awaited or given to something that makes a task of
// it; one that never is, is reported when the loop ends. A plain function with a
// *Co needs none of this: it is awaited by calling it.
type Coroutine[T any] struct {
	n    *neverAwaited
	loop *Loop
	fn   func(co *Co) (T, error)
	task *Task[T]
}

// neverAwaited is what the loop remembers of a coroutine object.
type neverAwaited struct {
	name  string
	begun bool
}

// NewCoroutine makes a coroutine object. Python: the call of an async function,
// before it is awaited.
func NewCoroutine[T any](l *Loop, name string, fn func(co *Co) (T, error)) *Coroutine[T] {
	c := &Coroutine[T]{n: &neverAwaited{name: name}, loop: l, fn: fn}
	l.unborn = pruned(l.unborn, func(n *neverAwaited) bool { return n.begun })
	l.unborn = append(l.unborn, c.n)
	return c
}

// pruned returns a list to which something is about to be added without what is
// over, if it is full: so a loop that runs for ever forgets what it can.
func pruned[T any](list []T, over func(T) bool) []T {
	n := len(list)
	if n < 64 || n < cap(list) {
		return list
	}
	list = slices.DeleteFunc(list, over)
	if len(list) > n/2 {
		list = slices.Grow(list, n) // or the next look would come too soon
	}
	return list
}

// Close drops the coroutine: it will not be reported as never awaited. Python:
// coroutine.close.
func (c *Coroutine[T]) Close() { c.n.begun = true }

func (c *Coroutine[T]) reused() error {
	return misuse("cannot reuse already awaited coroutine", "coroutine %s was awaited already; make another one", c.n.name)
}

// Await runs the coroutine in the task that awaits: no turn passes but those of its
// own awaits. A second Await returns a *gil.RuntimeError. Python: await coroutine.
func (c *Coroutine[T]) Await(co *Co) (T, error) {
	var none T
	if err := co.check(); err != nil {
		return none, err
	}
	if c.n.begun {
		return none, c.reused()
	}
	c.n.begun = true
	return c.fn(co)
}

func (c *Coroutine[T]) schedule() (*Task[T], error) {
	if c.task == nil {
		if c.n.begun {
			return nil, c.reused()
		}
		c.n.begun = true
		c.task = NewTask(c.loop, "", c.fn)
	}
	return c.task, nil
}

func (c *Coroutine[T]) ensure(*Co) (*future, error) {
	t, err := c.schedule()
	if err != nil {
		return nil, err
	}
	return &t.f, nil
}

func (c *Coroutine[T]) typed(*Co) (Awaiter[T], error) { return c.schedule() }

func (c *Coroutine[T]) result() (T, error) { return c.task.result() }
