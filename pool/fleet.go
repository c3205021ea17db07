package pool

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/blocking"
)

// A fleet is an engine of processes. Each worker has a connection of its own, on which
// the fleet alone hands jobs out: whoever dies harms nobody else. One goroutine per
// worker reads what it answers and waits for its end.
type fleet struct {
	cfg    config
	name   string
	kind   string
	breaks bool // a worker that dies breaks it: an executor's does, a Pool's is replaced
	place  place
	exit   atExit
	room   *semaphore.Weighted  // of WithMaxPending, nil without
	places *threading.Semaphore // the same in a virtual world
	crew   sync.WaitGroup       // those who look after a worker each, from before it starts

	mu       sync.Mutex // held for a few instructions only
	waiting  backlog
	idle     []*member
	members  []*member     // that have not ended, and are not among those who
	parting  []*member     // go of themselves, and have not ended
	threads  []*gil.Thread // in a virtual world: those who look after a worker each
	starting int
	unseen   int       // workers that start, whom nobody looks after yet
	joiners  []*waiter // of those who wait for that
	born     int
	max      int
	down     bool
	over     error // why everything was ended: terminated, or broken
	quick    time.Duration
	watch    *time.Timer // looks whether somebody should share his jobs
	still    int         // workers in succession that died before they were ready
	running  int
	counts   Stats
	lanes    int      // for observers: how many were made
	unused   []*lane  // of these, that no worker has
	after    []func() // what is to be done when the lock is free again
}

// Bounds of a batch, the jobs that travel to a worker together.
const (
	batchTime  = 250 * time.Microsecond // of work
	batchJobs  = 512
	batchBytes = 48 << 10
	// stealAfter is how long a batch may take before an idle worker gets part of it.
	stealAfter = time.Millisecond
	// stillborn is how many workers in succession may die before they are ready.
	stillborn = 5
)

var pools atomic.Int64

func newFleet(ctx context.Context, n int, kind, prefix string, breaks bool, cfg config) *fleet {
	f := &fleet{cfg: cfg, kind: kind, name: cfg.name, breaks: breaks, max: n}
	inside := virtual(ctx) != nil
	switch {
	case f.name != "":
	case inside: // a number would differ from run to run
		f.name = prefix[:len(prefix)-1]
	default:
		f.name = fmt.Sprint(prefix, pools.Add(1)-1)
	}
	switch {
	case cfg.maxPending == 0:
	case inside:
		f.places = threading.NewSemaphore(cfg.maxPending)
	default:
		f.room = semaphore.NewWeighted(int64(cfg.maxPending))
	}
	return f
}

// lock announces what the thread behind ctx does, and takes the lock.
func (f *fleet) lock(ctx context.Context, k gil.OpKind) {
	if t := virtual(ctx); t != nil {
		f.place.announce(t, k, f.kind)
	}
	f.mu.Lock()
}

// unlock frees the lock and does what was left for then: ending processes and closing
// connections, at which a virtual world may switch.
func (f *fleet) unlock() {
	after := f.after
	f.after = nil
	f.mu.Unlock()
	for _, fn := range after {
		fn()
	}
}

func (f *fleet) remote() bool { return true }

func (f *fleet) submit(ctx context.Context, j job, wait bool) error {
	if err := f.reserve(ctx, j, wait); err != nil {
		return err
	}
	f.lock(ctx, gil.OpPut)
	if err := f.refuses(true); err != nil {
		f.unlock()
		f.free(ctx, j)
		return err
	}
	f.counts.Submitted++
	j.head().number = int64(f.counts.Submitted)
	f.waiting.push(j)
	f.unlock()
	if t := acting(ctx); t != nil {
		observe(t, gil.EvSubmit, &f.place, j)
		f.openLanes(t)
	}
	f.dispatch(ctx)
	return nil
}

// refuses says why no job is taken. The lock is held.
func (f *fleet) refuses(late bool) error {
	if b, ok := f.over.(*BrokenError); ok {
		mine := *b
		mine.Late = late
		return &mine
	}
	switch {
	case f.exit.exited.Load():
		return exited()
	case f.over != nil, f.down:
		return f.cfg.over()
	}
	return nil
}

func (f *fleet) closed(ctx context.Context) error {
	f.lock(ctx, gil.OpPeek)
	defer f.unlock()
	return f.refuses(true)
}

// dispatch hands out what can be, starts a worker if one is missing, and lets those
// go that are not needed any more.
func (f *fleet) dispatch(ctx context.Context) {
	ctx = lasting(ctx)
	for {
		f.mu.Lock()
		if f.waiting.len() == 0 || f.over != nil {
			f.relax()
			f.unlock()
			return
		}
		n := len(f.idle)
		if n == 0 {
			grow := f.over == nil && len(f.members)+f.starting < f.max
			if grow {
				f.hire()
			}
			f.unlock()
			if grow {
				f.start(ctx)
			}
			return
		}
		m := f.idle[n-1]
		f.idle = f.idle[:n-1]
		jobs := f.cut(m, n)
		f.unlock()
		m.assign(ctx, jobs)
	}
}

// cut takes the jobs off the backlog that m is to do next, when idle workers share
// what there is: as many as are done in a moment. The lock is held.
func (f *fleet) cut(m *member, idle int) []job {
	most := 1
	if f.quick > 0 && m.claims != nil {
		most = int(min(batchTime/f.quick, batchJobs))
	}
	most = max(1, min(most, (f.waiting.len()+idle-1)/idle))
	if f.cfg.maxTasks > 0 {
		most = min(most, f.cfg.maxTasks-m.done)
	}
	jobs := m.spare[:0]
	m.spare = nil
	for len(jobs) < most {
		j := f.waiting.pop()
		if j == nil {
			break
		}
		if j.head().alone && len(jobs) > 0 {
			f.waiting.back(j)
			break
		}
		jobs = append(jobs, j)
		if j.head().alone {
			break
		}
	}
	f.running += len(jobs)
	m.handed = append(m.handed[:0], jobs...)
	return jobs
}

// hire says that a worker is about to start. The lock is held: who has said that no more
// jobs come, and then waits for all workers, waits for this one as well.
func (f *fleet) hire() {
	f.starting++
	f.unseen++
	f.crew.Add(1)
}

// appears says that a worker after hire is looked after by th, or by nobody if that is
// nil: a thread that waits for the end knows for whom to wait then.
func (f *fleet) appears(t, th *gil.Thread) {
	f.mu.Lock()
	f.unseen--
	if th != nil {
		f.threads = append(f.threads, th)
	}
	joiners := f.joiners
	f.joiners = nil
	f.unlock()
	for _, w := range joiners {
		w.wake(t)
	}
}

// start starts a worker after hire. One that cannot be started breaks everything: the next could
// not either.
func (f *fleet) start(ctx context.Context) {
	f.mu.Lock()
	name := f.name + "-" + strconv.Itoa(f.born)
	f.born++
	f.unlock()
	m, err := newMember(ctx, f, name)
	f.mu.Lock()
	f.starting--
	if err != nil {
		f.unlock()
		f.ruin(ctx, &BrokenError{Kind: f.kind, Cause: err})
		f.appears(virtual(ctx), nil)
		f.crew.Done()
		return
	}
	f.counts.Started++
	f.members = append(f.members, m)
	if f.over != nil {
		m.end(f.over)
	} else {
		f.idle = append(f.idle, m)
	}
	f.unlock()
	f.look(ctx, m)
	f.dispatch(ctx)
}

// look has somebody attend to a worker: a goroutine, or in a virtual world a thread.
func (f *fleet) look(ctx context.Context, m *member) {
	t := virtual(ctx)
	if t == nil {
		f.appears(nil, nil)
		go func() {
			defer f.crew.Done()
			m.attend(hearer{context.Background(), m})
		}()
		return
	}
	f.crew.Done() // the thread is joined
	th := t.NewThread(m.name+" (answers)", func(t *gil.Thread) { m.attend(t) }, gil.WithDaemon(true))
	th.Start(t)
	f.appears(t, th)
}

// fill starts as many workers as there may be.
func (f *fleet) fill(ctx context.Context) {
	for {
		f.mu.Lock()
		full := f.down || f.over != nil || len(f.members)+f.starting >= f.max
		if !full {
			f.hire()
		}
		f.unlock()
		if full {
			return
		}
		f.start(ctx)
	}
}

// ruin ends everything, because err is the case. Each job that waits fails with one
// like it, of its own.
func (f *fleet) ruin(ctx context.Context, err error) {
	f.mu.Lock()
	if f.over == nil {
		f.over = err
	}
	jobs := f.waiting.clear()
	f.counts.Completed += len(jobs)
	f.counts.Failed += len(jobs)
	for _, m := range f.members {
		m.end(err)
	}
	for _, m := range f.parting {
		m.end(err)
	}
	f.idle = nil
	f.unlock()
	for _, j := range jobs {
		j.fail(ctx, own(err))
		f.free(ctx, j)
	}
}

// own is an error for one future alone.
func own(err error) error {
	if b, ok := err.(*BrokenError); ok {
		mine := *b
		return &mine
	}
	return err
}

func (f *fleet) close(ctx context.Context) {
	f.lock(ctx, gil.OpSet)
	f.down = true
	f.unlock()
	f.dispatch(ctx)
	f.forget()
}

// forget is called when the fleet may have no workers any more, nor any to come.
func (f *fleet) forget() {
	f.mu.Lock()
	gone := (f.down || f.over != nil) && len(f.members)+len(f.parting)+f.unseen == 0
	f.unlock()
	if gone {
		f.exit.forget()
	}
}

func (f *fleet) clear(ctx context.Context) []job {
	f.lock(ctx, gil.OpClear)
	jobs := f.takeBack()
	f.unlock()
	for _, j := range jobs {
		f.free(ctx, j)
	}
	return jobs
}

func (f *fleet) terminate(ctx context.Context) {
	f.lock(ctx, gil.OpSet)
	f.down = true
	f.unlock()
	f.ruin(ctx, ErrTerminated)
}

func (f *fleet) join(ctx context.Context) error {
	if t := virtual(ctx); t != nil {
		return f.joinThreads(t)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.crew.Wait()
	}()
	var err error
	blocking.Do(ctx, "pool.join", func() {
		select {
		case <-done:
		case <-ctx.Done():
			err = gone(ctx, "join")
		}
	})
	f.mu.Lock()
	if f.watch != nil {
		f.watch.Stop()
	}
	f.unlock()
	return err
}

// joinThreads is join in a virtual world.
func (f *fleet) joinThreads(t *gil.Thread) error {
	for {
		f.lock(t, gil.OpWait)
		if len(f.threads) == 0 {
			if f.unseen == 0 {
				f.unlock()
				return nil
			}
			w := newWaiter(t)
			f.joiners = append(f.joiners, w)
			f.unlock()
			if err := w.wait(t, "Join", forever, f.isSeen); err != nil {
				return err
			}
			continue
		}
		th := f.threads[0]
		f.unlock()
		if th == t {
			return misuse("cannot join current thread", "a callback of the pool waits for the pool's end: cannot join current thread")
		}
		th.Join(t)
		f.mu.Lock()
		f.threads = without(f.threads, th)
		f.unlock()
	}
}

// isSeen reports whether there is a worker whose end can be waited for, or none at all.
func (f *fleet) isSeen() bool {
	f.mu.Lock()
	defer f.unlock()
	return len(f.threads) > 0 || f.unseen == 0
}

func (f *fleet) resize(ctx context.Context, n int) error {
	f.mu.Lock()
	f.max = n
	for len(f.members) > n && len(f.idle) > 0 {
		m := f.idle[0]
		f.idle = f.idle[1:]
		m.part()
	}
	f.unlock()
	if !f.breaks {
		f.fill(lasting(ctx))
	}
	f.dispatch(ctx)
	return nil
}

func (f *fleet) size(context.Context) int {
	f.mu.Lock()
	defer f.unlock()
	return f.max
}

func (f *fleet) stats(ctx context.Context) Stats {
	f.lock(ctx, gil.OpPeek)
	defer f.unlock()
	s := f.counts
	s.Workers, s.Idle, s.Running, s.Pending = len(f.members), len(f.idle), f.running, f.waiting.len()
	return s
}
