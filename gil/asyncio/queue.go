package asyncio

// Queue hands items from tasks to tasks. Make one with NewQueue, NewLifoQueue or
// NewPriorityQueue. Python: asyncio.Queue and its subclasses.
//
// A Put or Get that need not wait does not yield, so a producer with room can
// starve its consumer.
type Queue[T any] struct {
	Name string // for reports

	bound      bound
	store      store[T]
	max        int
	getters    waiters
	putters    waiters
	unfinished int
	finished   Event
	down       bool
}

// store is the order of a queue.
type store[T any] interface {
	put(v T)
	get() T
	len() int
}

// NewQueue makes a FIFO queue for tasks of a loop; a maxsize of zero or less is no
// limit. Python: asyncio.Queue(maxsize).
func NewQueue[T any](l *Loop, maxsize int) *Queue[T] {
	return &Queue[T]{bound: bound{l}, store: new(fifo[T]), max: maxsize}
}

// NewLifoQueue makes a queue that hands out the newest item first. Python:
// asyncio.LifoQueue(maxsize).
func NewLifoQueue[T any](l *Loop, maxsize int) *Queue[T] {
	return &Queue[T]{bound: bound{l}, store: new(lifo[T]), max: maxsize}
}

// NewPriorityQueue makes a queue that hands out the least item first, by less. Of
// equal items the order is that of Python's heapq. A maxsize of zero or less is no
// limit. Python: asyncio.PriorityQueue(maxsize).
func NewPriorityQueue[T any](l *Loop, maxsize int, less func(a, b T) bool) *Queue[T] {
	return &Queue[T]{bound: bound{l}, store: &priority[T]{less: less}, max: maxsize}
}

// QSize is the number of items. Python: Queue.qsize.
func (q *Queue[T]) QSize() int { return q.store.len() }

// MaxSize is the limit, zero or less for none. Python: Queue.maxsize.
func (q *Queue[T]) MaxSize() int { return q.max }

// Empty reports whether there is no item. Python: Queue.empty.
func (q *Queue[T]) Empty() bool { return q.store.len() == 0 }

// Full reports whether the limit is reached. Python: Queue.full.
func (q *Queue[T]) Full() bool { return q.max > 0 && q.store.len() >= q.max }

// Put adds an item, waiting for room if need be. An error means that it was not
// added: ErrQueueShutDown, or a cancellation. Python: Queue.put.
func (q *Queue[T]) Put(co *Co, v T) error {
	if err := co.check(); err != nil {
		return err
	}
	for q.Full() {
		if q.down {
			return ErrQueueShutDown
		}
		if err := q.wait(co, &q.putters, func() bool { return !q.Full() }); err != nil {
			return err
		}
	}
	return q.TryPut(v)
}

// Get removes an item, waiting for one if need be. An error means that none was
// removed: ErrQueueShutDown, or a cancellation. Python: Queue.get.
func (q *Queue[T]) Get(co *Co) (T, error) {
	if err := co.check(); err != nil {
		var none T
		return none, err
	}
	for q.store.len() == 0 {
		var none T
		if q.down {
			return none, ErrQueueShutDown
		}
		if err := q.wait(co, &q.getters, func() bool { return q.store.len() > 0 }); err != nil {
			return none, err
		}
	}
	return q.TryGet()
}

// wait waits in one of the lists. A task that was woken and cannot go on passes
// the wake-up to the next one.
func (q *Queue[T]) wait(co *Co, list *waiters, possible func() bool) error {
	f, err := q.bound.waiter(co, "Queue", q.Name)
	if err != nil {
		return err
	}
	list.push(f)
	if err := co.await(f); err != nil {
		f.cancel(noReason)
		list.remove(f)
		if possible() && f.state != cancelled {
			list.wake()
		}
		return err
	}
	co.loop.reuse(f)
	return nil
}

// TryPut adds an item without waiting, or returns ErrQueueFull or
// ErrQueueShutDown. Python: Queue.put_nowait.
func (q *Queue[T]) TryPut(v T) error {
	switch {
	case q.down:
		return ErrQueueShutDown
	case q.Full():
		return ErrQueueFull
	}
	q.put(v)
	return nil
}

func (q *Queue[T]) put(v T) {
	q.store.put(v)
	q.unfinished++
	q.finished.set = false
	q.getters.wake()
}

// TryGet removes an item without waiting, or returns ErrQueueEmpty or, when the
// queue is shut down and empty, ErrQueueShutDown. Python: Queue.get_nowait.
func (q *Queue[T]) TryGet() (T, error) {
	if q.store.len() == 0 {
		var none T
		if q.down {
			return none, ErrQueueShutDown
		}
		return none, ErrQueueEmpty
	}
	v := q.store.get()
	q.putters.wake()
	return v, nil
}

// TaskDone says that an item has been dealt with. It returns a *gil.ValueError
// when there were fewer items. Python: Queue.task_done.
func (q *Queue[T]) TaskDone() error {
	if q.unfinished <= 0 {
		return badValue("task_done() called too many times", "TaskDone called too many times")
	}
	q.unfinished--
	if q.unfinished == 0 {
		q.finished.Set()
	}
	return nil
}

// Join waits until TaskDone was called for every item. Python: Queue.join.
func (q *Queue[T]) Join(co *Co) error {
	if q.unfinished == 0 {
		return co.check()
	}
	return q.finished.Wait(co)
}

// ShutDown makes Put fail at once and Get as soon as the queue is empty; immediate
// drops the items and counts them as dealt with. It returns an *UnavailableError
// before 3.13. Python: Queue.shutdown.
func (q *Queue[T]) ShutDown(immediate bool) error {
	if err := q.bound.loop.rules.need(13, "Queue.ShutDown (asyncio.Queue.shutdown)", "Queue.shutdown"); err != nil {
		return err
	}
	q.down = true
	if immediate {
		for q.store.len() > 0 {
			q.store.get()
			if q.unfinished > 0 {
				q.unfinished--
			}
		}
		if q.unfinished == 0 {
			q.finished.Set()
		}
	}
	for q.getters.wake() {
	}
	for q.putters.wake() {
	}
	return nil
}
