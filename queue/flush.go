package queue

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/internal/exits"
)

// What happens when a process ends that has put more than is taken. Python waits for
// ever, and so does everybody who joins it. Here the feeder goes on as long as
// somebody takes; when nobody does for stallAfter, the process says so in its row,
// where those who join it look, and after the queue's own time it ends and the rest
// is lost.

// stallAfter is how long nothing must be taken before a joining process is told.
var stallAfter = time.Second

func init() {
	exits.Before(flushAll)
	exits.OnJoin(stuckIn)
}

const flushed = "queue: this process ends, and %d items that it has put into %s are lost: nobody has taken anything out of it for %v\n"

// flushAll waits for the feeders of this process.
func flushAll() {
	var wg sync.WaitGroup
	for _, q := range feeding.list() {
		wg.Go(func() {
			if lost := q.flush(); lost > 0 {
				fmt.Fprintf(os.Stderr, flushed, lost, q.Name, q.Flush)
			}
		})
	}
	wg.Wait()
}

// flush waits until everything was sent, and returns how many items it gave up.
func (q *live) flush() int {
	f := &q.feeder
	f.mu.Lock()
	running, idle, hurried := f.running, f.idle, f.hurried
	f.mu.Unlock()
	if !running || hurried {
		return 0
	}
	r, _, err := q.row()
	if err != nil {
		return 0
	}
	tick := time.NewTicker(min(stallAfter, q.Flush)/10 + time.Millisecond)
	defer tick.Stop()
	last, since := q.tailWord(), time.Now()
	for {
		select {
		case <-idle:
			atomic.StoreUint32(&r.stuck, 0)
			return 0
		case <-tick.C:
		}
		switch tail, waited := q.tailWord(), time.Since(since); {
		case tail != last:
			last, since = tail, time.Now()
			atomic.StoreUint32(&r.stuck, 0)
		case waited >= q.Flush:
			return int(f.backlog.Load())
		case waited >= stallAfter:
			atomic.StoreUint32(&r.stuck, uint32(f.backlog.Load()))
		}
	}
}

// handles are the queues that this process has, unless it has forgotten them.
var handles = struct {
	sync.Mutex
	all map[weak.Pointer[live]]struct{}
}{all: map[weak.Pointer[live]]struct{}{}}

func remember(q *live) {
	handles.Lock()
	defer handles.Unlock()
	handles.all[weak.Make(q)] = struct{}{}
}

func forget(q *live) {
	handles.Lock()
	defer handles.Unlock()
	delete(handles.all, weak.Make(q))
}

// stuckIn says which queue keeps the process with a pid from ending.
func stuckIn(pid int) error {
	handles.Lock()
	defer handles.Unlock()
	for w := range handles.all {
		q := w.Value()
		if q == nil {
			delete(handles.all, w)
			continue
		}
		rows := q.rows()
		for i := range rows {
			r := &rows[i]
			n := atomic.LoadUint32(&r.stuck)
			if n > 0 && atomic.LoadUint32(&r.pid) == uint32(pid) && q.seg.Alive(atomic.LoadUint32(&r.claim)) {
				return &UndrainedError{Queue: q.Name, PID: pid, Items: int(n)}
			}
		}
	}
	return nil
}

// An UndrainedError is what joining a process returns that has ended its work and is
// waiting until what it has put into a queue is taken. The process is as it was:
// take the items and join again. Python waits for ever.
type UndrainedError struct {
	Queue string // its name
	PID   int    // of the process
	Items int    // that it still has in its own memory
}

// Error names the queue and says how many items there are.
func (e *UndrainedError) Error() string {
	return fmt.Sprintf("queue: the process with pid %d has done its work and waits until %d items that it has put into %s are taken: get them, then join it",
		e.PID, e.Items, e.Queue)
}

// await waits for a channel to be closed.
func await(ctx context.Context, op string, done <-chan struct{}) (err error) {
	blocking.Do(ctx, "queue."+op, func() {
		select {
		case <-done:
		case <-ctx.Done():
			select {
			case <-done:
			default:
				err = fmt.Errorf("queue: %s: %w", op, ctx.Err())
			}
		}
	})
	return err
}

var never time.Time
