package asyncio

import (
	"fmt"

	"github.com/pygil/pygil/gil"
)

// ExceptionContext is what an ExceptionHandler is told. Python: the context
// dictionary.
type ExceptionContext struct {
	Message string // Python's text
	Err     error  // nil when there is none
	Task    string // name of the task or future it is about
}

// ExceptionHandler is told of errors that would be lost otherwise: of callbacks,
// of tasks nobody awaited, of tasks that are still pending when the loop ends.
type ExceptionHandler func(l *Loop, c ExceptionContext)

// SetExceptionHandler sets who is told of errors that would be lost; nil restores
// the default, which logs. Python: loop.set_exception_handler.
func (l *Loop) SetExceptionHandler(h ExceptionHandler) { l.handler = h }

// report tells the handler. One that panics is reported as Python does.
func (l *Loop) report(c ExceptionContext) {
	if l.observer != nil {
		l.observer.unhandled(c)
	}
	if l.handler == nil {
		l.logContext(c)
		return
	}
	defer func() {
		if v := recover(); v != nil {
			if gil.Unwinding(v) {
				panic(v)
			}
			l.logContext(ExceptionContext{Message: "Unhandled error in exception handler", Err: fmt.Errorf("%v", v)})
		}
	}()
	l.handler(l, c)
}

func (l *Loop) logContext(c ExceptionContext) {
	text := c.Message
	if c.Task != "" {
		text += "\ntask: " + c.Task
	}
	if c.Err != nil {
		text += "\n" + c.Err.Error()
	}
	if p, ok := c.Err.(*PanicError); ok {
		text += "\n" + string(p.Stack)
	}
	l.log(text)
}

// failed remembers a future with an error: if nobody retrieves it, the end of the
// loop says so. Python does when the future is collected.
func (l *Loop) failed(f *future) {
	l.failures = append(pruned(l.failures, func(g *future) bool { return g.retrieved }), f)
}

// complain reports what was forgotten: errors nobody retrieved, coroutines nobody
// awaited, tasks that are pending still. Panics are raised by Close.
func (l *Loop) complain() {
	for _, f := range l.failures {
		if f.retrieved {
			continue
		}
		if _, ok := f.err.(*PanicError); ok {
			if l.observer != nil {
				l.observer.unhandled(ExceptionContext{Err: f.err})
			}
			continue
		}
		what := "Future"
		if f.co != nil {
			what = "Task"
		}
		l.report(ExceptionContext{Message: what + " exception was never retrieved", Err: f.err, Task: f.label()})
	}
	for _, c := range l.unborn {
		if !c.begun {
			l.log(fmt.Sprintf("RuntimeWarning: coroutine '%s' was never awaited", c.name))
		}
	}
	for co := range l.tasks.All() {
		if co.heard {
			l.swallowed(co)
		}
		l.report(ExceptionContext{Message: "Task was destroyed but it is pending!", Task: co.Name()})
	}
}
