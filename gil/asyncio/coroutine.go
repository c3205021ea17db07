package asyncio

import (
	"iter"
	"runtime"
	"runtime/debug"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/goid"
)

// worker is a stack on which coroutines run, one after the other. It is pooled:
// putting another body on an old stack costs a fifth of making one. A body runs
// on the worker's goroutine, but never at the same time as the loop, which waits
// in resume meanwhile.
type worker struct {
	loop   *Loop
	next   func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	co     *Co
	back   func() // gives the thread back that the coroutine was lent
	escape any    // a panic that must go on in the thread that runs the loop
}

// killed is the panic that unwinds a coroutine whose loop has ended. A body that
// recovers it meets it again at its next await.
type killed struct{}

// take returns a worker that will run co when it is resumed.
func (l *Loop) take(co *Co) *worker {
	if n := len(l.idle); n > 0 {
		w := l.idle[n-1]
		l.idle = l.idle[:n-1]
		w.co = co
		return w
	}
	w := &worker{loop: l, co: co}
	w.next, w.stop = iter.Pull(func(yield func(struct{}) bool) {
		w.yield = yield
		w.back = l.t.Lend()
		defer func() { w.back() }() // also when the goroutine exits
		for {
			w.run()
			w.co = nil
			if l.dead {
				return
			}
			l.idle = append(l.idle, w)
			if !w.pause() {
				return
			}
		}
	})
	return w
}

// resume runs the worker's coroutine until it suspends or ends.
func (w *worker) resume() {
	w.next()
	if v := w.escape; v != nil {
		w.escape = nil
		panic(v)
	}
}

// pause gives control, and the thread, back to whoever resumed the coroutine. It
// reports false when the coroutine is to end.
func (w *worker) pause() bool {
	w.back()
	on := w.yield(struct{}{})
	w.back = w.loop.t.Lend()
	return on
}

// suspend gives control back to the loop; it returns in the coroutine's next
// step.
func (co *Co) suspend() {
	if co.w == nil || !co.w.pause() {
		co.dying = true
		co.die()
	}
}

// resistance is how many awaits a coroutine that is being unwound may attempt.
const resistance = 10_000

// die unwinds a coroutine from inside. One that recovers that again and again loses
// its goroutine, which nothing recovers, and with it the one that runs the loop.
func (co *Co) die() {
	if co.resisted++; co.resisted > resistance {
		runtime.Goexit()
	}
	panic(killed{})
}

// run performs the body of a task and concludes the task, whatever way the body
// ended.
func (w *worker) run() {
	co := w.co
	if w.loop.debug {
		co.goid = goid.Current()
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		switch v := recover(); v := v.(type) {
		case killed:
			co.conclude(nil)
		case nil:
			// The goroutine exits, as testing.T.FailNow makes it. That cannot be
			// stopped: the loop's own goroutine exits next, and cleans up.
			co.dying = true
			co.conclude(nil)
		case *PanicError:
			co.conclude(v)
		default:
			if gil.Unwinding(v) {
				w.escape = v
				co.dying = true
				co.conclude(nil)
				return
			}
			co.conclude(&PanicError{Task: co.Name(), Value: v, Stack: debug.Stack()})
		}
	}()
	err := co.body.perform(co)
	returned = true
	co.conclude(err)
}

// kill unwinds every coroutine that has not ended and ends the stacks. Nobody may
// be on one.
func (l *Loop) kill() {
	l.dead = true
	whole := false
	defer func() {
		if !whole { // a coroutine took the goroutine with it: unwind the others all the same
			l.kill()
		}
	}()
	for co, left := l.tasks.First(); left; co, left = l.tasks.First() {
		co.dying = true
		w := co.w
		if w != nil {
			prev := l.cur
			l.cur = co
			w.stop()
			l.cur = prev
		}
		if co.place.In() { // its body never began
			co.conclude(nil)
		}
	}
	for _, w := range l.idle {
		w.stop()
	}
	l.idle = nil
	whole = true
}
