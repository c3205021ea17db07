package threading_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/kernel"
)

// recorder is an explorer that stays on the current thread while it can and writes
// down what is performed.
type recorder struct{ ops []string }

func (r *recorder) Choose(_ *kernel.Explored, cur int, enabled *kernel.Set) int {
	if enabled.Has(cur) {
		return cur
	}
	return enabled.Nth(0)
}

func (r *recorder) Performs(_ *kernel.Explored, t *kernel.Task, op kernel.Op) {
	r.ops = append(r.ops, fmt.Sprint(op.Kind))
}

// TestAnnounced says which operations an explorer sees of each method. Every one
// more multiplies the schedules of a program; every one less hides some.
func TestAnnounced(t *testing.T) {
	var lock threading.Lock
	var rlock threading.RLock
	var cond threading.Condition
	var condOfLock *threading.Condition
	var event threading.Event
	var sem threading.Semaphore
	var bounded threading.BoundedSemaphore
	var barrier *threading.Barrier
	fresh := func() {
		lock, rlock, cond = threading.Lock{}, threading.RLock{}, threading.Condition{}
		condOfLock, event = threading.NewCondition(new(threading.Lock)), threading.Event{}
		sem, bounded, barrier = threading.Semaphore{}, threading.BoundedSemaphore{}, threading.NewBarrier(1, nil)
	}
	for _, c := range []struct {
		name string
		want string
		do   func(t *gil.Thread)
	}{
		{"Lock", "acquire release", func(t *gil.Thread) { lock.Acquire(t); lock.Release(t) }},
		{"Lock tried", "try-acquire try-acquire acquire", func(t *gil.Thread) { lock.TryAcquire(t); lock.TryAcquire(t); lock.AcquireTimeout(t, 0) }},
		{"Lock looked at", "peek", func(t *gil.Thread) { lock.Locked(t) }},
		{"RLock", "acquire release", func(t *gil.Thread) { rlock.Acquire(t); rlock.Acquire(t); rlock.Release(t); rlock.Release(t) }},
		{"Condition, nobody waits", "acquire release", func(t *gil.Thread) { cond.With(t, func() { cond.Notify(t, 1); cond.NotifyAll(t) }) }},
		{"Condition of a Lock", "acquire release", func(t *gil.Thread) { condOfLock.With(t, func() { condOfLock.NotifyAll(t) }) }},
		{"Condition, no time", "acquire release wait acquire release", func(t *gil.Thread) { cond.With(t, func() { cond.WaitTimeout(t, 0) }) }},
		{"Semaphore", "take release", func(t *gil.Thread) { sem.Acquire(t); sem.Release(t) }},
		{"Semaphore, many", "release peek", func(t *gil.Thread) { sem.ReleaseN(t, 5); sem.Value(t) }},
		{"BoundedSemaphore", "take release", func(t *gil.Thread) { bounded.Acquire(t); bounded.Release(t) }},
		{"Event", "set peek wait clear", func(t *gil.Thread) { event.Set(t); event.IsSet(t); event.Wait(t); event.Clear(t) }},
		{"Event, no time", "wait wait", func(t *gil.Thread) { event.WaitTimeout(t, 0) }},
		{"Event, after a wait", "wait wait set", func(t *gil.Thread) { event.WaitTimeout(t, 0); event.Set(t) }},
		{"Barrier of one", "acquire release peek", func(t *gil.Thread) { pass(t, barrier); barrier.Broken(t) }},
		{"Local", "", func(t *gil.Thread) {
			var l threading.Local[int]
			l.Set(t, 1)
			l.Get(t)
			l.Delete(t)
		}},
		{"a refused release", "release", func(t *gil.Thread) { pythonText(t, func() { lock.Release(t) }) }},
	} {
		for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313T} {
			r := &recorder{}
			s := gil.NewSandbox(p, r, 0)
			var got []string
			fresh()
			require.NoError(t, s.Run(1, func(t *gil.Thread) {
				r.ops = nil
				c.do(t)
				got = r.ops
			}))
			s.Close()
			require.Equal(t, c.want, strings.Join(got, " "), "%s under %v", c.name, p)
		}
	}
}

// TestNotifyIsOneOperationPerWaiter has two threads wait: a notification is seen as
// one operation for each thread that it wakes.
func TestNotifyIsOneOperationPerWaiter(t *testing.T) {
	r := &recorder{}
	s := gil.NewSandbox(gil.AnyBytecode, r, 0)
	defer s.Close()
	require.NoError(t, s.Run(1, func(t *gil.Thread) {
		var c threading.Condition
		join := bunch(t, 2, func(t *gil.Thread) { c.With(t, func() { c.Wait(t) }) })
		t.Sleep(time.Millisecond)
		c.Acquire(t)
		r.ops = nil
		c.NotifyAll(t)
		require.Equal(t, []string{"notify", "notify"}, r.ops)
		c.Release(t)
		join()
	}))
}
