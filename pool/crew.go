package pool

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// A crew is an engine of threads. They are started as jobs come and nobody is idle,
// and those that are idle are given the next jobs, the last first.
type crew struct {
	cfg    config
	name   string
	broken *BrokenError     // what a broken executor answers
	kind   string           // of the executor, for errors
	subs   bool             // each thread has an interpreter of its own
	home   *gil.Interpreter // whose threads the hands are

	virtual bool // it is of a virtual world, as whoever uses it
	place   place
	exit    atExit
	room    *threading.Semaphore // of WithMaxPending, nil without

	mu      sync.Mutex // held for a few instructions only
	waiting backlog
	idle    []*hand
	hands   []*hand // that have not ended
	ended   []*hand // that nobody has joined
	born    int
	max     int
	running int
	down    bool
	counts  Stats
}

// A hand is one worker of a crew.
type hand struct {
	crew    *crew
	t       *gil.Thread // when it has been started
	settled bool        // its thread has been started, or could not be
	joiners []*waiter   // of those who wait for that
	gate    gil.Gate
	bound   bool // the gate is ready
	next    job
	told    bool // something has happened that it waits for
	done    int
	last    fate // of the job it has done, if that is not counted yet
}

func newCrew(t *gil.Thread, n int, kind string, cfg config) *crew {
	c := &crew{cfg: cfg, kind: kind, name: cfg.name, max: n, home: t.Interpreter(), virtual: virtual(t) != nil}
	c.place.announce(t, gil.OpPeek, kind)
	if cfg.maxPending > 0 {
		c.room = threading.NewSemaphore(cfg.maxPending)
	}
	return c
}

func (c *crew) remote() bool { return false }

// lock announces what the thread behind ctx does, and takes the lock.
func (c *crew) lock(ctx context.Context, k gil.OpKind) {
	if c.virtual {
		if t := virtual(ctx); t != nil {
			c.place.announce(t, k, c.kind)
		}
	}
	c.mu.Lock()
}

func (c *crew) submit(ctx context.Context, j job, wait bool) error {
	t := acting(ctx)
	if t == nil {
		return noThread("Submit")
	}
	if c.room != nil {
		if err := c.reserve(t, j, wait); err != nil {
			return err
		}
	}
	c.lock(t, gil.OpPut)
	err := c.refuses()
	if err == nil && len(c.hands) == 0 && t.Interpreter() != c.home {
		err = foreign("Submit")
	}
	if err != nil {
		c.mu.Unlock()
		c.free(t, j)
		return err
	}
	c.counts.Submitted++
	j.head().number = int64(c.counts.Submitted)
	h := c.pick()
	var fresh *hand
	if h != nil {
		h.next, h.told = j, true
	} else {
		c.waiting.push(j)
		fresh = c.grow(t)
	}
	c.mu.Unlock()
	observe(t, gil.EvSubmit, &c.place, j)
	if h != nil {
		h.gate.OpenUpTo(t, gil.OpNotify, 1, 1)
	}
	if fresh != nil {
		fresh.start(t)
	}
	return nil
}

// pick takes the hand that became idle last. The lock is held.
func (c *crew) pick() *hand {
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	h := c.idle[n-1]
	c.idle = c.idle[:n-1]
	return h
}

// grow makes another hand, for t to start, if there may be one. A thread of another
// interpreter starts none, as a task or a callback that submits: it would be of that one.
// The lock is held.
func (c *crew) grow(t *gil.Thread) *hand {
	if len(c.hands) >= c.max || t.Interpreter() != c.home {
		return nil
	}
	h := &hand{crew: c}
	c.counts.Started++
	c.hands = append(c.hands, h)
	return h
}

// start starts the hand's thread. Its name's number is given out when it has
// one. Whoever joins the crew sees the thread when it has been started, not
// before: another thread's end may have this hand made while a Join looks at
// the hands. A hand whose thread cannot be started is none.
func (h *hand) start(by *gil.Thread) {
	c := h.crew
	c.mu.Lock()
	name := c.name + "_" + strconv.Itoa(c.born)
	c.born++
	c.mu.Unlock()
	var opts []gil.Option
	if c.cfg.pool {
		opts = append(opts, gil.WithDaemon(true)) // nobody waits for a pool at the end of the program
	}
	t, started := by.NewThread(name, h.live, opts...), false
	defer func() {
		c.mu.Lock()
		if started {
			h.t = t
		} else {
			c.hands = without(c.hands, h)
		}
		h.settled = true
		joiners := h.joiners
		c.mu.Unlock()
		for _, w := range joiners {
			w.wake(by)
		}
	}()
	t.Start(by)
	started = true
}

// refuses says why no job is taken. The lock is held.
func (c *crew) refuses() error {
	switch {
	case c.broken != nil:
		mine := *c.broken // each future has its own
		mine.Late = true
		return &mine
	case c.exit.exited.Load():
		return exited()
	case c.down:
		return c.cfg.over()
	}
	return nil
}

func (c *crew) closed(ctx context.Context) error {
	c.lock(ctx, gil.OpPeek)
	defer c.mu.Unlock()
	return c.refuses()
}

// live is the life of a hand.
func (h *hand) live(t *gil.Thread) {
	returned := false
	defer func() { h.leave(t, returned) }()
	if h.crew.subs {
		err := t.NewInterpreter(gil.WithName(t.Name())).Run(h.work)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%v\n", err)
		}
	} else {
		h.work(t)
	}
	returned = true
}

// work takes jobs until there is nothing more to do.
func (h *hand) work(t *gil.Thread) {
	c := h.crew
	if !h.initialize(t) {
		return
	}
	for {
		j := h.take(t)
		if j == nil {
			return
		}
		h.do(t, j)
		if c.room != nil {
			c.free(t, j)
		}
	}
}

// initialize runs the initializer. One that fails breaks the crew.
func (h *hand) initialize(t *gil.Thread) bool {
	c := h.crew
	if c.cfg.initialize == nil {
		return true
	}
	err := protect(func() error { return c.cfg.initialize.local(t) })
	if err == nil {
		return true
	}
	fmt.Fprintf(os.Stderr, "Exception in initializer:\n%v\n", err)
	c.lock(t, gil.OpSet)
	if c.broken == nil {
		c.broken = &BrokenError{Initializer: true, Kind: c.kind, Cause: err}
	}
	jobs := c.waiting.clear()
	wake := c.release()
	c.mu.Unlock()
	wakeHands(t, wake)
	for _, j := range jobs {
		j.fail(t, &BrokenError{Initializer: true, Kind: c.kind, Cause: err})
		c.free(t, j)
	}
	return false
}

// take waits for the next job. It returns nil when the hand is to end.
func (h *hand) take(t *gil.Thread) job {
	c := h.crew
	if !h.bound {
		h.gate.Init(t, 0, "work of "+c.name)
		h.gate.WaitFor(gil.WhyQueue)
		h.bound = true
	}
	for {
		c.lock(t, gil.OpGet)
		c.count(h)
		if h.next != nil {
			j := h.next
			h.next, h.told = nil, false
			c.running++
			c.mu.Unlock()
			return j
		}
		if len(c.hands) > c.max {
			c.mu.Unlock()
			return nil
		}
		if c.cfg.maxTasks > 0 && h.done >= c.cfg.maxTasks {
			c.counts.Replaced++
			c.mu.Unlock()
			return nil
		}
		if j := c.waiting.pop(); j != nil {
			c.running++
			c.mu.Unlock()
			return j
		}
		if c.down || c.broken != nil {
			c.mu.Unlock()
			return nil
		}
		h.told = false
		c.idle = append(c.idle, h)
		c.mu.Unlock()
		for told := false; !told; {
			h.gate.Pass(t, gil.OpGet, gil.Forever)
			c.mu.Lock()
			told = h.told
			c.mu.Unlock()
		}
	}
}

// do does one job. What has become of it is counted when the hand looks for the next one, in
// the same breath; in a virtual world at once, or a thread could come in between.
func (h *hand) do(t *gil.Thread, j job) {
	c := h.crew
	h.done++
	h.last = failed
	ended := false
	defer func() {
		if !ended || c.virtual {
			c.mu.Lock()
			c.count(h)
			c.mu.Unlock()
		}
		if !ended { // FailNow, or the world ends the thread
			j.fail(t, misuse("", "the thread of the task was ended before the task: by FailNow, or with its world"))
		}
	}()
	if !j.begin(t) {
		h.last = dropped
	} else {
		observe(t, gil.EvTaskBegin, &c.place, j)
		j.run(t)
		observe(t, gil.EvTaskEnd, &c.place, j)
		if !j.head().failed {
			h.last = succeeded
		}
	}
	ended = true
}

// leave is the end of a hand. One that has ended although there are jobs is
// replaced.
func (h *hand) leave(t *gil.Thread, returned bool) {
	c := h.crew
	if !returned && t.Err() != nil {
		return // with its world
	}
	c.lock(t, gil.OpClear)
	c.hands = without(c.hands, h)
	c.ended = append(c.ended, h)
	var fresh *hand
	if c.waiting.len() > 0 && c.broken == nil {
		fresh = c.grow(t)
	}
	if fresh != nil && !returned {
		c.counts.Replaced++
	}
	gone := c.down && len(c.hands) == 0
	c.mu.Unlock()
	if fresh != nil {
		fresh.start(t)
	}
	if gone {
		c.exit.forget()
	}
}

func without[T comparable](list []T, x T) []T {
	for i, y := range list {
		if x == y {
			return append(list[:i:i], list[i+1:]...)
		}
	}
	return list
}

// release takes the idle hands, which are to look again. The lock is held.
func (c *crew) release() []*hand {
	idle := c.idle
	c.idle = nil
	for _, h := range idle {
		h.told = true
	}
	return idle
}

func wakeHands(t *gil.Thread, hands []*hand) {
	for _, h := range hands {
		h.gate.OpenUpTo(t, gil.OpNotify, 1, 1)
	}
}

func (c *crew) close(ctx context.Context) {
	c.lock(ctx, gil.OpSet)
	c.down = true
	wake := c.release()
	gone := len(c.hands) == 0
	c.mu.Unlock()
	wakeHands(acting(ctx), wake)
	if gone {
		c.exit.forget()
	}
}

func (c *crew) clear(ctx context.Context) []job {
	c.lock(ctx, gil.OpClear)
	jobs := c.waiting.clear()
	c.counts.Cancelled += len(jobs)
	c.mu.Unlock()
	for _, j := range jobs {
		if t := acting(ctx); t != nil {
			c.free(t, j)
		}
	}
	return jobs
}

func (c *crew) terminate(ctx context.Context) { c.close(ctx) }

// abort does nothing: nothing ends a thread that runs.
func (c *crew) abort(context.Context, *state, error) {}

// join joins all threads, also those that were started meanwhile.
func (c *crew) join(ctx context.Context) error {
	t := acting(ctx)
	if t == nil {
		return noThread("Join")
	}
	if t.Interpreter() != c.home {
		return foreign("Join")
	}
	for {
		c.lock(t, gil.OpWait)
		var h *hand
		switch {
		case len(c.hands) > 0:
			h = c.hands[0]
		case len(c.ended) > 0:
			if h = c.ended[0]; h.settled {
				c.ended = c.ended[1:]
			}
		}
		if h == nil {
			c.mu.Unlock()
			return nil
		}
		if !h.settled {
			err := c.awaitStart(t, h)
			if err != nil {
				return err
			}
			continue
		}
		thread := h.t
		c.mu.Unlock()
		if thread == t {
			return misuse("cannot join current thread", "a task of the executor waits for its end: cannot join current thread")
		}
		thread.Join(t)
	}
}

// awaitStart waits until h has been started. The lock is held, and given back.
func (c *crew) awaitStart(t *gil.Thread, h *hand) error {
	w := newWaiter(t)
	h.joiners = append(h.joiners, w)
	c.mu.Unlock()
	return w.wait(t, "Join", forever, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return h.settled
	})
}

func (c *crew) resize(ctx context.Context, n int) error {
	t := acting(ctx)
	if t == nil {
		return noThread("Resize")
	}
	c.lock(ctx, gil.OpSet)
	c.max = n
	wake := c.release()
	var fresh []*hand
	for range min(c.waiting.len(), n) {
		if h := c.grow(t); h != nil {
			fresh = append(fresh, h)
		}
	}
	c.mu.Unlock()
	wakeHands(t, wake)
	for _, h := range fresh {
		h.start(t)
	}
	return nil
}

func (c *crew) size(ctx context.Context) int {
	c.lock(ctx, gil.OpPeek)
	defer c.mu.Unlock()
	return c.max
}

func (c *crew) stats(ctx context.Context) Stats {
	c.lock(ctx, gil.OpPeek)
	defer c.mu.Unlock()
	s := c.counts
	s.Workers, s.Idle, s.Running, s.Pending = len(c.hands), len(c.idle), c.running, c.waiting.len()
	return s
}
