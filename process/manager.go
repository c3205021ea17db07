package process

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// ErrManagerEnded is matched by the errors of a [Manager] that was shut down, or
// whose process ended, and of its proxies.
var ErrManagerEnded error = &ValueError{text: "the manager has shut down, or its process has ended", python: "Manager has shut down"}

// A Manager is a process that holds Python's kind of objects for others: lists,
// dicts, arrays, values, namespaces, queues, locks, semaphores, conditions, barriers
// and events, which they use through proxies. It is started with [NewManager]. The one
// kind of Python's that it has not is Pool: package pool is above this one.
//
// A proxy can be used by any number of goroutines, and be passed to another
// process, as, or inside, an argument or a message; it can also be put into a list
// or dict of the same manager. All proxies of a process share one connection. An
// object lives as long as there is a proxy of it, anywhere.
//
// What is put into an object is copied, and so is what is got from it: changing it
// afterwards changes nothing. The methods are atomic.
//
// The manager is a daemon of the process that started it: it ends with that, if not
// by Shutdown before. When a process ends that holds one of its locks, others get
// an [*OwnerDiedError].
//
// Python: multiprocessing.Manager.
type Manager struct {
	p *Process
	c *client

	shut atomic.Bool
}

// managerTarget is what a manager's process runs.
var managerTarget = DefineTarget("process.manager", serveManager)

type managerArgs struct {
	Conn *pipe.Conn
	Ring *ringSegment
	ID   uint64
	// Keeps is set in a SharedMemoryManager.
	Keeps bool
}

// NewManager starts a manager's process. Close it with Shutdown. The GIL is given
// up while it starts. Python: multiprocessing.Manager().
func NewManager(ctx context.Context) (*Manager, error) {
	return startManager(ctx, "SyncManager", false)
}

// startManager starts a manager's process. One that keeps blocks has to outlive its
// parent for the moment in which it removes them.
func startManager(ctx context.Context, name string, keeps bool) (*Manager, error) {
	mine, its, ring, err := wires(ctx)
	if err != nil {
		return nil, err
	}
	id := randomID()
	if t := virtual(ctx); t != nil { // where nothing is random
		w := emulatedOf(t).world
		w.managers++
		id = w.managers
	}
	p, err := managerTarget.Start(ctx, managerArgs{its, ring, id, keeps}, WithDaemon(), WithName(name), WithEndWithParent(!keeps))
	_ = its.Close()
	if err != nil {
		mine.close()
		return nil, err
	}
	return &Manager{p: p, c: adopt(id, mine)}, nil
}

// Process returns the manager's process. Python: manager._process.
func (m *Manager) Process() *Process { return m.p }

// NumberOfObjects returns how many objects the manager holds. Python:
// manager._number_of_objects().
func (m *Manager) NumberOfObjects(ctx context.Context) (int, error) {
	out, _, err := m.c.call(ctx, 0, askCount, 0)
	if err != nil {
		return 0, err
	}
	return out[0].(int), nil
}

// managerPatience is how long a manager may take to end by itself.
var managerPatience = time.Second

// Shutdown ends the manager's process and waits for that: it is asked to, terminated
// after a second and killed after another. Proxies then return errors that match
// [ErrManagerEnded]. It may be called again. Python: manager.shutdown().
func (m *Manager) Shutdown(ctx context.Context) (err error) {
	if !m.shut.Swap(true) { // no sync.Once, whose lock would be held while a virtual world switches
		m.c.post(0, askShutdown) // one that does not get to it does not answer either
		for _, harder := range []func() error{m.p.Terminate, m.p.Kill} {
			ended, e := m.p.JoinTimeout(ctx, managerPatience)
			if ended || e != nil {
				err = e
				break
			}
			_ = harder()
		}
		m.c.leave()
	}
	return errors.Join(err, m.p.Join(ctx))
}

// create makes an object and its proxy.
func (m *Manager) create(ctx context.Context, kind string, args ...any) (*proxy, error) {
	out, _, err := m.c.call(ctx, 0, askCreate, 0, append([]any{kind}, args...)...)
	if err != nil {
		return nil, err
	}
	m.c.join()
	return newProxy(m.c, out[0].(uint64), kind), nil
}

func init() {
	noteUse("process.manager") // every program has it, and need not use it
	pickle.RegisterError("process.ErrManagerEnded", ErrManagerEnded)
}
