package queue

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pygil/pygil/internal/futex"
)

// A feeder sends what Put could not publish at once: the ring was full, or somebody
// had its latch. Its goroutine runs as long as there is something. Python has a
// thread for each queue that was put to.
type feeder struct {
	backlog  atomic.Int32 // items that are here
	mu       sync.Mutex
	items    []message
	chunk    []byte // where the next small item is kept
	running  bool
	released bool          // the queue's memory was given up
	idle     chan struct{} // closed when the goroutine that runs now ends
	hurried  bool          // nobody waits for it at exit
}

const (
	chunkSize = 64 << 10
	batchMost = 512 // items that are published at once
)

// busy reports whether there is something that a new item must not overtake.
func (f *feeder) busy() bool { return f.backlog.Load() != 0 }

// accept takes an item over. With the latch held, it gives it up.
func (q *live) accept(m *message, locked bool) error {
	r, _, err := q.row()
	if err == nil {
		atomic.AddUint32(&r.accepted, 1)
	}
	if locked {
		q.puts.unlock()
	}
	if err != nil {
		return err
	}
	if !locked && q.over() {
		// Whoever saw it down and nothing pending has said that all is over.
		atomic.AddUint32(&r.accepted, ^uint32(0))
		q.ringAll()
		return ErrShutDown
	}
	stepAccepted.reach()
	f := &q.feeder
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, message{head: f.keep(m), n: m.n, handles: m.handles})
	m.handles = nil
	f.backlog.Add(1)
	if !f.running {
		f.running, f.idle = true, make(chan struct{})
		feeding.add(q)
		go q.feed()
	}
	return nil
}

// keep copies an item.
func (f *feeder) keep(m *message) []byte {
	n := m.size()
	if n > chunkSize/4 {
		return append(append(make([]byte, 0, n), m.head...), m.body...)
	}
	if cap(f.chunk)-len(f.chunk) < n {
		f.chunk = make([]byte, 0, chunkSize)
	}
	start := len(f.chunk)
	f.chunk = append(append(f.chunk, m.head...), m.body...)
	return f.chunk[start:len(f.chunk):len(f.chunk)]
}

// feed is the goroutine.
func (q *live) feed() {
	f := &q.feeder
	for {
		f.mu.Lock()
		items := f.items[:min(len(f.items), batchMost)]
		if len(items) == 0 {
			f.items, f.chunk, f.running = nil, nil, false
			feeding.remove(q)
			close(f.idle)
			f.mu.Unlock()
			q.release()
			return
		}
		f.mu.Unlock()
		n := q.send(items)
		for i := range items[:n] {
			release(items[i].handles)
		}
		f.mu.Lock()
		clear(f.items[:n])
		f.items = f.items[n:]
		f.mu.Unlock()
		f.backlog.Add(-int32(n))
	}
}

// send publishes some of the items, as many as there is room for, or drops all when
// the queue was shut down at once. It waits until it can do so, and returns their
// number.
func (q *live) send(items []message) int {
	ctx := context.Background()
	r, index, err := q.row()
	if err != nil {
		panic(err) // there was one to accept them
	}
	for {
		if atomic.LoadUint32(&q.mem.down) == downAtOnce {
			atomic.AddUint32(&r.dropped, uint32(len(items)))
			q.ringAll()
			return len(items)
		}
		if err := q.puts.lock(ctx, never); err == nil {
			stepPutLatched.reach()
			b := q.begin()
			for int(b.n) < len(items) && atomic.LoadUint32(&q.mem.down) != downAtOnce && q.write(&b, &items[b.n]) {
			}
			if b.n > 0 {
				q.publish(&b, r, index)
			}
			q.puts.unlock()
			if b.n > 0 {
				stepPutUnlocked.reach()
				q.mem.items.Ring(1)
				return int(b.n)
			}
		}
		items[0].pause()
		// Not at the first room that there is: that would be one item at a time.
		_ = q.roomRoom.Wait(ctx, &futex.Quest{
			Bell: &q.mem.room,
			Try: func() bool {
				return atomic.LoadUint32(&q.mem.down) == downAtOnce ||
					q.fits(items[0].size()) && q.free(q.headWord()) >= q.mem.units/2
			},
			Check: q.mend,
		})
	}
}

// joinThread waits until what was put here has been sent.
func (q *live) joinThread(ctx context.Context) error {
	if !q.closed.Load() {
		return q.errOpen()
	}
	f := &q.feeder
	f.mu.Lock()
	running, idle := f.running, f.idle
	f.mu.Unlock()
	if !running {
		return nil
	}
	return await(ctx, "join_thread", idle)
}

func (q *live) cancelJoinThread() {
	q.feeder.mu.Lock()
	defer q.feeder.mu.Unlock()
	q.feeder.hurried = true
}

// A set holds queues of this process.
type set struct {
	mu  sync.Mutex
	all []*live
}

func (s *set) add(q *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, q)
}

func (s *set) remove(q *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(x *live) bool { return x == q })
}

func (s *set) list() []*live {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// feeding are the queues whose feeders run.
var feeding set
