package asyncio

import "time"

// ReturnWhen says when Wait is over.
type ReturnWhen uint8

// The conditions of Wait.
const (
	AllCompleted   ReturnWhen = iota // every one is done
	FirstCompleted                   // one is done
	FirstException                   // one has failed, or every one is done
)

// Wait waits until the condition holds for the tasks and futures and returns
// which are done and which are not, in the order of the arguments. It neither
// cancels anything nor returns their errors. (Python returns sets: WithShuffle and
// WithChoices permute the slices.) Without arguments it returns a
// *gil.ValueError, and from 3.11 on a *TypeError for coroutine objects. Python:
// asyncio.wait.
func Wait(co *Co, when ReturnWhen, aws ...Awaitable) (done, waiting []Awaitable, err error) {
	return wait(co, -1, when, aws)
}

// WaitTimeout is Wait for at most d; that the time is up is no error. Python:
// asyncio.wait(timeout=…).
func WaitTimeout(co *Co, d time.Duration, when ReturnWhen, aws ...Awaitable) (done, waiting []Awaitable, err error) {
	return wait(co, max(d, 0), when, aws)
}

// oneShot is how a coroutine object is known to Wait.
type oneShot interface{ isCoroutine() }

func (c *Coroutine[T]) isCoroutine() {}

func wait(co *Co, d time.Duration, when ReturnWhen, aws []Awaitable) (done, waiting []Awaitable, err error) {
	if err := co.check(); err != nil {
		return nil, nil, err
	}
	if len(aws) == 0 {
		return nil, nil, badValue("Set of Tasks/Futures is empty.", "Wait for nothing: give it a task or a future")
	}
	l := co.loop
	var fs []*future
	var kept []Awaitable
	seen := make(map[*future]bool, len(aws))
	for _, a := range aws {
		if isCoroutine(a) && l.rules.since(11) {
			return nil, nil, &TypeError{
				Text:   "asyncio: Wait for a coroutine object: make a task of it with Go",
				Python: "Passing coroutines is forbidden, use tasks explicitly.",
			}
		}
	}
	for _, i := range l.order.starts(len(aws), func(i int) bool { return isCoroutine(aws[i]) }) {
		a := aws[i]
		f, err := co.own(a)
		if err != nil {
			return nil, nil, err
		}
		if !seen[f] {
			seen[f] = true
			fs, kept = append(fs, f), append(kept, a)
		}
	}
	waiter := &future{loop: l, what: "wait for " + counted(len(fs), "future"), on: fs}
	var t *timer
	if d >= 0 {
		t = l.timer(l.later(d), waiter.release)
	}
	left := len(fs)
	cbs := make([]*callback, len(fs))
	for i, f := range fs {
		cbs[i] = f.whenDone(func() {
			left--
			if left <= 0 || when == FirstCompleted || when == FirstException && f.failedNow() {
				if t != nil {
					l.timers.cancel(t)
				}
				waiter.release()
			}
		})
	}
	err = co.await(waiter)
	if t != nil {
		l.timers.cancel(t)
	}
	if err != nil && !l.rules.waitForgetsWhenCancelled() {
		return nil, nil, err
	}
	for i, f := range fs {
		f.forget(cbs[i])
	}
	if err != nil {
		return nil, nil, err
	}
	for i, f := range fs {
		if f.state != pending {
			done = append(done, kept[i])
		} else {
			waiting = append(waiting, kept[i])
		}
	}
	return unordered(l.order, done), unordered(l.order, waiting), nil
}

// failedNow reports whether f ended with an error that is no cancellation; it
// counts as seen.
func (f *future) failedNow() bool {
	if f.state != finished {
		return false
	}
	if f.err != nil {
		f.retrieved = true
	}
	return f.err != nil
}

// release ends a future of this package that may be done already.
func (f *future) release() {
	if f.state == pending {
		f.finish(nil)
	}
}

// timer queues a function of this package for a moment; it is not used again, so
// it may be cancelled at any time.
func (l *Loop) timer(when time.Duration, fn func()) *timer {
	t := &timer{when: when, job: job{fn: fn}}
	l.timers.push(t)
	return t
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return itoa(n) + " " + what + "s"
}
