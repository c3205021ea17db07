package asyncio

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/pygil/pygil/internal/goid"
)

// timed runs a step in debug mode.
func (l *Loop) timed(co *Co) {
	name := co.Name()
	began := l.Time()
	co.w.resume()
	l.slowly("<Task "+name+">", l.Time()-began)
}

// timedCall runs a callback in debug mode.
func (l *Loop) timedCall(what string, fn func()) {
	began := l.Time()
	fn()
	l.slowly("<Handle "+what+">", l.Time()-began)
}

// slowly warns of what took long.
func (l *Loop) slowly(what string, d time.Duration) {
	if d >= l.slow {
		l.log(fmt.Sprintf("Executing %s took %.3f seconds", what, d.Seconds()))
	}
}

// swallowed is told of a task that has heard of its cancellation and ends as if it
// had not, or does not end.
func (l *Loop) swallowed(co *Co) {
	if l.observer != nil {
		l.observer.cancelSwallowed(co)
	}
	if l.debug {
		l.log(fmt.Sprintf("Task %s swallowed its cancellation: return the error of the await, or call Uncancel", co.Name()))
	}
}

// mustBeHere panics in debug mode when the caller is not the loop's thread or one
// of its coroutines.
func (l *Loop) mustBeHere(verb string) {
	if id := goid.Current(); l.running && l.home != id && (l.cur == nil || l.cur.goid != id) {
		panic(misuse("Non-thread-safe operation invoked on an event loop other than the current one",
			"%s from another thread: use CallSoonThreadsafe", verb))
	}
}

// callSite is where the caller of this package made a task.
func callSite() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, packagePath) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
}

const packagePath = "github.com/pygil/pygil/gil/asyncio."
