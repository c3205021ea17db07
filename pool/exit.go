package pool

import (
	"context"
	"sync/atomic"

	"github.com/pygil/pygil/gil"
)

// An atExit ends an executor that nobody has shut down when the program ends, as
// concurrent.futures does: what was submitted is done, then the workers end.
type atExit struct {
	stop   func()
	exited atomic.Bool
}

// watch begins to look after e, if ctx is of a thread.
func (x *atExit) watch(ctx context.Context, e engine) {
	if t := acting(ctx); t != nil {
		x.stop = t.Interpreter().BeforeJoin(func(t *gil.Thread) {
			if e.closed(t) == nil {
				x.exited.Store(true)
				e.close(t)
			}
			_ = e.join(t)
		})
	}
}

// forget ends that: there are no workers any more, nor will there be.
func (x *atExit) forget() {
	if x.stop != nil {
		x.stop()
	}
}
