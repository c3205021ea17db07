package kernel

import "iter"

// coroutine is a stack on which the bodies of virtual tasks run, one after the
// other. Starting a coroutine costs about as much as starting a goroutine;
// putting another body on an old one a fifth of that, so they are pooled.
type coroutine struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	task  *Task
	on    bool // somebody has resumed it and it has not given control back
}

// coroutines are those of one kernel, of which one runs at a time.
//
// # How control is handed over
//
// A coroutine can resume another one and can give control back to whoever resumed
// it; a round trip is two changes of stack. If all were resumed by the driver, the
// goroutine that called Run, every hand-over would take two. So a coroutine
// resumes the next one itself, and those that have resumed each other form a
// chain, the driver at its beginning and the running one at its end. One that is
// asked for and is in the chain is reached by giving control back until it is
// there, one that is not by resuming it. Every change of stack makes the chain one
// longer or one shorter, so there are never more than two for each hand-over, and
// between two tasks there is one.
type coroutines struct {
	kernel  driven
	idle    []*coroutine
	exiting []*coroutine // their goroutines exit and are to take the driver's with them
	current *Task        // who runs, or is to run next; nil is the driver
}

// driven is what coroutines want of their kernel.
type driven interface {
	// following is the task that runs next, nil when nobody is left.
	following() *Task
	// abandon kills the tasks that are left, because a goroutine exits.
	abandon()
}

// take returns a coroutine that will run t when t is current.
func (p *coroutines) take(t *Task) *coroutine {
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		c.task = t
		return c
	}
	c := &coroutine{task: t}
	c.next, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		p.perform(c)
	})
	return c
}

// perform runs the tasks of c, one after the other. When a task exits its goroutine
// (runtime.Goexit, as testing.T.FailNow does) the exit must not reach the coroutine
// that has resumed this one: it stops here, with the goroutine in the middle of its
// deferred calls, until the driver asks for it, when the rest of the run has ended.
func (p *coroutines) perform(c *coroutine) {
	idle := false
	defer func() {
		if !idle {
			p.exiting = append(p.exiting, c)
			p.kernel.abandon()
			p.current = p.kernel.following()
			c.yield(struct{}{})
		}
	}()
	for {
		c.task.virtual.body()
		p.current = p.kernel.following()
		idle = true
		c.task = nil
		p.idle = append(p.idle, c)
		if !c.yield(struct{}{}) {
			return
		}
		idle = false
	}
}

// drive runs the current tasks until there is none. When a goroutine has exited, so
// does the driver's.
func (p *coroutines) drive() {
	for p.current != nil {
		p.current.virtual.co.resume()
	}
	if len(p.exiting) > 0 {
		p.exit()
	}
}

// exit lets the coroutines that stopped in the middle of an exit or a panic go on with
// it, on the driver.
func (p *coroutines) exit() {
	last := len(p.exiting) - 1
	c := p.exiting[last]
	p.exiting = p.exiting[:last]
	if last > 0 {
		defer p.exit()
	}
	c.next()
}

// pause returns when t, which calls it, is current.
func (p *coroutines) pause(t *Task) {
	for p.current != t {
		if u := p.current; u != nil && !u.virtual.co.on {
			u.virtual.co.resume()
		} else {
			t.virtual.co.yield(struct{}{})
		}
	}
}

// resume runs c until it gives control back.
func (c *coroutine) resume() {
	c.on = true
	c.next()
	c.on = false
}

// close ends the idle coroutines. Nobody may be on one.
func (p *coroutines) close() {
	for _, c := range p.idle {
		c.stop()
	}
	p.idle = nil
}
