package process

import (
	"context"
	"time"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// What travels between a manager's process and those who use it. Each of them has
// one connection, over which the requests of all its goroutines go, and their
// replies come back in whatever order.

// A managerCall asks for one method of one object.
type managerCall struct {
	// ID numbers the requests of one connection from 1. A request with 0 has no
	// reply.
	ID uint64
	// Object is whose method it is; 0 is the manager itself.
	Object uint64
	Method string
	// Wait is how long the answer may take when the method has to wait; negative
	// is for ever.
	Wait time.Duration
	Args []any
}

// A managerReply answers the request with its ID.
type managerReply struct {
	ID uint64
	// Ready is false when the time of a request, or its caller's patience, was
	// over before the method could be done. It has had no effect then.
	Ready  bool
	Values []any
	Err    error
}

// The methods of the manager itself.
const (
	askCreate   = "create"   // kind, arguments → object
	askKeep     = "keep"     // object: this connection has one more proxy of it
	askDrop     = "drop"     // object: one proxy fewer
	askGuest    = "guest"    // object, connection: somebody else will use it, with a proxy
	askCancel   = "cancel"   // ID: its caller has given up
	askCount    = "count"    // → number of objects
	askShutdown = "shutdown" // the manager ends
)

// busyFor is how long either side looks for the next message before it sleeps:
// waking a process costs as much as this, and the next message is often near.
const busyFor = 12 * time.Microsecond

// next receives a message, looking for it for a while first.
func next[T any](ctx context.Context, conn *pipe.Conn) (T, error) {
	for begin := time.Now(); ; {
		v, err := pipe.TryRecv[T](ctx, conn)
		if err != pipe.ErrWouldBlock {
			return v, err
		}
		if time.Since(begin) > busyFor {
			return pipe.Recv[T](ctx, conn)
		}
	}
}

func init() {
	pickle.Register[managerCall]("process.managerCall")
	pickle.Register[managerReply]("process.managerReply")
}
