package trace

import (
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// What the objects of lock events are, as far as the events tell.
type objectKind uint8

const (
	plainObject objectKind = iota
	lockObject
	semaphoreObject
	eventObject
	conditionObject
	queueObject
	endObject   // the end of a thread or a process
	startObject // the start of a thread
	gilObject
	variableObject
	pipeObject
	poolObject
	taskObject
)

var objectNames = [...]string{"", "lock", "semaphore", "event", "condition", "queue", "end of", "start of", "GIL", "variable", "pipe", "pool", "task"}

// object is what is known about the Obj of events.
type object struct {
	kind  objectKind
	name  string // as given by the program
	label string // unique in the trace
}

// names knows who the threads and what the objects of a trace are.
type names struct {
	threads   map[uint32]string // unique
	plain     map[uint32]string // as the program has them
	order     []uint32          // of threads, as they appear
	pids      map[uint32]uint32
	processes map[uint32]string
	pidOrder  []uint32
	objects   map[uint64]*object // GILs by gilKey
	inOrder   []*object
}

// gilKey keeps the numbers of GILs, which are small, apart from those of objects.
func gilKey(obj uint64) uint64 { return obj ^ 0x9e3779b97f4a7c15 }

func isLock(e *gil.Event) bool {
	return e.B == int64(kernel.OpAcquire) || e.B == int64(kernel.OpTryAcquire)
}

func nameAll(tr *Trace) *names {
	n := &names{
		threads: map[uint32]string{}, pids: map[uint32]uint32{}, processes: map[uint32]string{},
		objects: map[uint64]*object{},
	}
	given := map[uint32]string{}
	n.plain = given
	for i := range tr.Events {
		e := &tr.Events[i]
		if e.PID != 0 {
			if _, ok := n.processes[e.PID]; !ok {
				n.processes[e.PID] = ""
				n.pidOrder = append(n.pidOrder, e.PID)
			}
		}
		if e.TID != 0 {
			if _, ok := n.pids[e.TID]; !ok {
				n.pids[e.TID] = e.PID
				n.order = append(n.order, e.TID)
			}
		}
		switch e.Kind {
		case gil.EvThreadCreate, gil.EvThreadStart:
			if e.Name != "" {
				given[e.TID] = e.Name
			}
		case gil.EvCoreOn:
			if given[e.TID] == "" {
				given[e.TID] = e.Name
			}
		case gil.EvProcessStart:
			n.processes[e.PID] = e.Name
		}
		n.object(e)
	}
	// Threads of one name are told apart by their number, in several processes by
	// the process.
	type placed struct {
		pid  uint32
		name string
	}
	count, within := map[string]int{}, map[placed]int{}
	for tid, name := range given {
		count[name]++
		within[placed{n.pids[tid], name}]++
	}
	for _, tid := range n.order {
		name := given[tid]
		switch {
		case name == "":
			name = fmt.Sprintf("thread %d", tid)
		case count[name] > 1 && within[placed{n.pids[tid], name}] == 1:
			name = fmt.Sprintf("%s of %s", name, n.process(n.pids[tid]))
		case count[name] > 1:
			name = fmt.Sprintf("%s #%d", name, tid)
		}
		n.threads[tid] = name
	}
	for pid, name := range n.processes {
		if name == "" {
			n.processes[pid] = fmt.Sprintf("process %d", pid)
		}
	}
	taken := map[string]int{}
	for _, o := range n.inOrder {
		o.label = o.describe()
		if o.shares() {
			continue
		}
		taken[o.label]++
		if c := taken[o.label]; c > 1 {
			o.label = fmt.Sprintf("%s (%d)", o.label, c)
		}
	}
	return n
}

func (n *names) process(pid uint32) string {
	if name := n.processes[pid]; name != "" {
		return name
	}
	return fmt.Sprintf("process %d", pid)
}

// object notes what an event says about its object.
func (n *names) object(e *gil.Event) {
	kind, name, id := plainObject, e.Name, e.Obj
	switch e.Kind {
	case gil.EvGILRequest, gil.EvGILAcquire, gil.EvGILRelease:
		kind, name, id = gilObject, "GIL", gilKey(e.Obj)
	case gil.EvRead, gil.EvWrite:
		kind = variableObject
	case gil.EvLockRequest, gil.EvLockAcquire, gil.EvLockRelease, gil.EvLockTimeout, gil.EvClear:
		kind = kindOf(kernel.OpKind(e.B))
	case gil.EvQueuePut, gil.EvQueueGet, gil.EvQueueWait:
		kind = queueObject
	case gil.EvPipeSend, gil.EvPipeRecv:
		kind = pipeObject
	case gil.EvSubmit, gil.EvTaskBegin, gil.EvTaskEnd, gil.EvResult, gil.EvChunk:
		kind, name = poolObject, ""
	case gil.EvCoroutine:
		kind = taskObject
	case gil.EvCoStep, gil.EvCoSuspend, gil.EvCoDone, gil.EvCancel, gil.EvCancelDeliver, gil.EvCancelSwallow:
		kind, name = taskObject, ""
	default:
		return
	}
	if id == 0 {
		return
	}
	o := n.objects[id]
	if o == nil {
		o = &object{kind: kind, name: name}
		n.objects[id] = o
		n.inOrder = append(n.inOrder, o)
		return
	}
	if o.name == "" {
		o.name = name
	}
	// What acquires in one way only can be several things until more is seen.
	if kind == semaphoreObject && o.kind == lockObject || o.kind == plainObject || o.kind == semaphoreObject && (kind == eventObject || kind == conditionObject) {
		o.kind = kind
	}
}

// describe is the label before labels are made unique.
func (o *object) describe() string {
	switch {
	case o.kind == endObject:
		return "end of " + o.name
	case o.name != "":
		return o.name
	case o.kind != plainObject:
		return objectNames[o.kind]
	}
	return "object"
}

// shares reports whether several objects are parts of one thing of the program: the
// waits at a condition or an event.
func (o *object) shares() bool {
	return o.name != "" && (o.kind == conditionObject || o.kind == eventObject || o.kind == semaphoreObject || o.kind == startObject)
}

// kindOf is what an operation says about its object.
func kindOf(op kernel.OpKind) objectKind {
	switch op {
	case kernel.OpAcquire, kernel.OpTryAcquire:
		return lockObject
	case kernel.OpWait:
		return semaphoreObject // until a Set or a Notify says otherwise
	case kernel.OpSet, kernel.OpClear:
		return eventObject
	case kernel.OpNotify:
		return conditionObject
	case kernel.OpPut, kernel.OpGet, kernel.OpSend, kernel.OpRecv:
		return queueObject
	case kernel.OpJoin:
		return endObject
	case kernel.OpStart:
		return startObject
	}
	return plainObject
}

// thread is what a thread is called in reports.
func (n *names) thread(tid uint32) string {
	if name, ok := n.threads[tid]; ok {
		return name
	}
	if tid == 0 {
		return "nobody"
	}
	return fmt.Sprintf("thread %d", tid)
}

// gil is what a GIL is called: GIL, or GIL (2) for the second interpreter's.
func (n *names) gil(id uint64) string { return n.obj(gilKey(id)) }

// obj is what an object is called in reports.
func (n *names) obj(id uint64) string {
	if o := n.objects[id]; o != nil {
		return o.label
	}
	return fmt.Sprintf("object %x", id)
}
