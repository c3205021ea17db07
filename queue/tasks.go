package queue

import "github.com/pygil/pygil/gil"

// TaskDone says that the work on an item that was taken is finished. Once more than
// items were put is a *gil.ValueError and changes nothing. Python: q.task_done().
func (q *base[T, O]) TaskDone(t *gil.Thread) error {
	if err := q.bind(t); err != nil {
		return err
	}
	q.acquire(t)
	defer q.mutex.Release(t)
	if q.unfinished == 0 {
		return errTooOften()
	}
	if q.unfinished--; q.unfinished == 0 {
		q.allDone.NotifyAll(t)
	}
	return nil
}

// Join waits until TaskDone was called for every item that was put. The GIL is given
// up while it waits. Python: q.join().
func (q *base[T, O]) Join(t *gil.Thread) {
	q.lock(t)
	defer q.mutex.Release(t)
	for q.unfinished > 0 {
		q.allDone.Wait(t)
	}
}

// Unfinished is the number of items put for which TaskDone was not called. Python:
// q.unfinished_tasks.
func (q *base[T, O]) Unfinished(t *gil.Thread) int {
	q.lock(t)
	defer q.mutex.Release(t)
	return q.unfinished
}

// Shutdown makes every Put fail with ErrShutDown from now on, and every Get once the
// queue is empty; those that wait are woken. If immediate, the items are thrown away
// and each counts as done. It may be called again. Python: q.shutdown(immediate),
// since 3.13.
func (q *base[T, O]) Shutdown(t *gil.Thread, immediate bool) {
	q.lock(t)
	defer q.mutex.Release(t)
	q.down = true
	if immediate {
		q.unfinished = max(0, q.unfinished-q.items.len())
		q.items.clear()
		q.allDone.NotifyAll(t) // they look again
	}
	q.notEmpty.NotifyAll(t)
	q.notFull.NotifyAll(t)
}

// IsShutdown reports whether Shutdown was called. Python: q.is_shutdown, since 3.13.
func (q *base[T, O]) IsShutdown(t *gil.Thread) bool {
	q.lock(t)
	defer q.mutex.Release(t)
	return q.down
}
