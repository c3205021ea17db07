package kernel

import "iter"

// coroutine is a stack on which the bodies of virtual tasks run, one after the
// other. Starting a coroutine costs about as much as starting a goroutine;
// putting another body on an old one a fifth of that, so they are pooled.
//
// All coroutines of a kernel are driven by the goroutine that called Run. A
// resumed one runs until it yields; there is no way from one coroutine to the
// next but through the driver.
type coroutine struct {
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	task  *Task
}

// coroutines is a pool of idle ones. run is what a coroutine does with its task.
type coroutines struct {
	run  func(*Task)
	idle []*coroutine
}

// take returns a coroutine that will run t at its next resume.
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
		for {
			p.run(c.task)
			c.task = nil
			p.idle = append(p.idle, c)
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return c
}

// close ends the idle coroutines. Nobody may be on one.
func (p *coroutines) close() {
	for _, c := range p.idle {
		c.stop()
	}
	p.idle = nil
}

// resume runs c until it yields or its body ends.
func (c *coroutine) resume() { c.next() }

// pause gives control back to the driver.
func (c *coroutine) pause() { c.yield(struct{}{}) }
