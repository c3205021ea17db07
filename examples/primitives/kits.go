package main

import (
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/process"
)

// misused makes an error of the panic with which a misused primitive of threading ends.
func misused(do func(t *gil.Thread)) func(t *gil.Thread) error {
	return func(t *gil.Thread) (err error) {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case *gil.RuntimeError:
				err = r
			case *gil.ValueError:
				err = r
			default:
				panic(r)
			}
		}()
		do(t)
		return nil
	}
}

// mutex is what locks and semaphores of threading have.
type mutex interface {
	Acquire(t *gil.Thread)
	TryAcquire(t *gil.Thread) bool
	Release(t *gil.Thread)
}

func threadLocker(m mutex) locker {
	return locker{misused(m.Acquire), misused(m.Release), m.TryAcquire}
}

var threads = kit{
	name:      "threading",
	lock:      func(*gil.Thread) locker { return threadLocker(new(threading.Lock)) },
	rlock:     func(*gil.Thread) locker { return threadLocker(new(threading.RLock)) },
	semaphore: func(_ *gil.Thread, n int) locker { return threadLocker(threading.NewSemaphore(n)) },
	bounded:   func(_ *gil.Thread, n int) locker { return threadLocker(threading.NewBoundedSemaphore(n)) },
	event: func(*gil.Thread) event {
		e := new(threading.Event)
		return event{misused(e.Set), misused(e.Clear), misused(func(t *gil.Thread) { e.Wait(t) }), e.IsSet}
	},
	condition: func(*gil.Thread) condition {
		c := threading.NewCondition(new(threading.Lock))
		return condition{threadLocker(c), misused(c.Wait), misused(func(t *gil.Thread) { c.Notify(t, 1) })}
	},
	barrier: func(_ *gil.Thread, n int) barrier { return barrier{threading.NewBarrier(n, nil).Wait} },
}

// got ends a check whose primitive could not even be made.
func got[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Errorf("primitives: %w", err))
	}
	return v
}

var processes = kit{
	name: "multiprocessing",
	lock: func(t *gil.Thread) locker {
		l := got(process.NewLock(t))
		return locker{as(l.Acquire), as(l.Release), tries(l.TryAcquire)}
	},
	rlock: func(t *gil.Thread) locker {
		l := got(process.NewRLock(t))
		return locker{as(l.Acquire), as(l.Release), tries(l.TryAcquire)}
	},
	semaphore: func(t *gil.Thread, n int) locker {
		s := got(process.NewSemaphore(t, n))
		return locker{as(s.Acquire), as(s.Release), tries(s.TryAcquire)}
	},
	bounded: func(t *gil.Thread, n int) locker {
		s := got(process.NewBoundedSemaphore(t, n))
		return locker{as(s.Acquire), as(s.Release), tries(s.TryAcquire)}
	},
	event: func(t *gil.Thread) event {
		e := got(process.NewEvent(t))
		return event{as(e.Set), as(e.Clear), as(e.Wait), func(t *gil.Thread) bool { return e.IsSet(t) }}
	},
	condition: func(t *gil.Thread) condition {
		c := got(process.NewCondition(t, nil))
		return condition{
			locker{as(c.Acquire), as(c.Release), tries(c.TryAcquire)},
			as(c.Wait), func(t *gil.Thread) error { return c.Notify(t, 1) },
		}
	},
	barrier: func(t *gil.Thread, n int) barrier {
		b := got(process.NewBarrier(t, n))
		return barrier{func(t *gil.Thread) (int, error) { return b.Wait(t) }}
	},
}
