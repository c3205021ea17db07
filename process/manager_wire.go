package process

import (
	"time"

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
	askGuest    = "guest"    // object, connection, ring: somebody else will use it, with a proxy
	askCancel   = "cancel"   // ID: its caller has given up
	askBlock    = "block"    // size → name: of a SharedMemoryManager
	askCount    = "count"    // → number of objects
	askShutdown = "shutdown" // the manager ends
)

func init() {
	pickle.Register[managerCall]("process.managerCall")
	pickle.Register[managerReply]("process.managerReply")
}
