package threading_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/kernel"
)

// uses is one use of a fresh primitive of every kind. The primitive is made once,
// the use repeated.
func uses() map[string]func(t *gil.Thread) {
	var lock threading.Lock
	var rlock threading.RLock
	cond, condOfLock := new(threading.Condition), threading.NewCondition(new(threading.Lock))
	var sem threading.Semaphore
	var bounded threading.BoundedSemaphore
	var event threading.Event
	barrier := threading.NewBarrier(1, nil)
	return map[string]func(t *gil.Thread){
		"Lock":            func(t *gil.Thread) { lock.With(t, func() {}) },
		"RLock":           func(t *gil.Thread) { rlock.With(t, func() {}) },
		"Condition":       func(t *gil.Thread) { cond.With(t, func() { cond.NotifyAll(t) }) },
		"ConditionOfLock": func(t *gil.Thread) { condOfLock.With(t, func() { condOfLock.NotifyAll(t) }) },
		"Semaphore":       func(t *gil.Thread) { sem.With(t, func() {}) },
		"Bounded":         func(t *gil.Thread) { bounded.With(t, func() {}) },
		"Event":           func(t *gil.Thread) { event.Set(t); event.Wait(t); event.Clear(t) },
		"Barrier":         func(t *gil.Thread) { _, err := barrier.Wait(t); require.NoError(t, err) },
	}
}

// refused runs use, which must panic with a *gil.RuntimeError, and returns its text.
func refused(t require.TestingT, use func()) (text string) {
	defer func() {
		v := recover()
		e, ok := v.(*gil.RuntimeError)
		require.True(t, ok, "%T: %v", v, v)
		text = e.Error()
	}()
	use()
	return ""
}

// TestTwoWorlds uses a primitive of one live world in another one while the first
// is running.
func TestTwoWorlds(t *testing.T) {
	for name, use := range uses() {
		for _, other := range []gil.World{gil.Live(), gil.NewMachine(1)} {
			require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
				use(t)
				t.Block(func() {
					err := other.Run(gil.CPython312, func(t *gil.Thread) {
						text := refused(t, func() { use(t) })
						require.Contains(t, text, "belongs to another live world that is still running", name)
					})
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
				})
				use(t)
			}), name)
		}
	}
}

// TestEndedWorld uses a primitive whose world has ended: it begins anew. A thread of
// the ended world cannot act any more.
func TestEndedWorld(t *testing.T) {
	for name, use := range uses() {
		var old *gil.Thread
		for _, w := range []gil.World{gil.Live(), gil.NewMachine(2), gil.Live(), gil.NewMachine(1)} {
			for _, p := range []gil.Profile{gil.CPython313, gil.CPython313T} {
				require.NoError(t, w.Run(p, func(t *gil.Thread) {
					use(t)
					if old != nil {
						require.Contains(t, refused(t, func() { use(old) }), "MainThread", name)
					}
					use(t)
					old = t
				}), name)
				require.Contains(t, refused(t, func() { use(old) }), "has ended and cannot act", name)
			}
		}
	}
}

// TestBeginsAnew leaves primitives in every state behind and finds them fresh in the
// next world.
func TestBeginsAnew(t *testing.T) {
	var lock threading.Lock
	var rlock threading.RLock
	var cond threading.Condition
	var event threading.Event
	sem := threading.NewBoundedSemaphore(3)
	barrier, aborted := threading.NewBarrier(3, nil), threading.NewBarrier(2, nil)
	for range 3 {
		for _, w := range []gil.World{gil.Live(), gil.NewMachine(1)} {
			require.NoError(t, w.Run(gil.CPython313, func(t *gil.Thread) {
				require.False(t, lock.Locked(t))
				require.False(t, rlock.Locked(t))
				require.Zero(t, rlock.Levels(t))
				require.Zero(t, cond.Waiting(t))
				require.False(t, event.IsSet(t))
				require.Equal(t, 3, sem.Value(t))
				require.False(t, barrier.Broken(t))
				require.Zero(t, barrier.NWaiting(t))
				require.Equal(t, "release unlocked lock", pythonText(t, func() { lock.Release(t) }))

				for _, b := range []*threading.Barrier{barrier, aborted} {
					join := bunch(t, b.Parties()-1, func(t *gil.Thread) { pass(t, b) })
					pass(t, b)
					join()
				}

				lock.Acquire(t)
				rlock.Acquire(t)
				rlock.Acquire(t)
				sem.Acquire(t)
				event.Set(t)
				aborted.Abort(t)
				daemon := gil.WithDaemon(true)
				t.Go("", func(t *gil.Thread) { cond.With(t, func() { cond.Wait(t) }) }, daemon)
				t.Go("", func(t *gil.Thread) { _, _ = barrier.Wait(t) }, daemon)
				t.Yield()
				t.Yield()
			}))
		}
	}
}

// TestOtherInterpreter uses a primitive from another process of the machine and from
// a sub-interpreter.
func TestOtherInterpreter(t *testing.T) {
	for name, use := range uses() {
		require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
			use(t)
			child := t.Emulate("child", func(t *gil.Thread) {
				require.Contains(t, refused(t, func() { use(t) }), "belongs to interpreter", name)
			})
			child.Join(t)
			sub := t.NewInterpreter()
			require.NoError(t, sub.Run(func(t *gil.Thread) {
				require.Contains(t, refused(t, func() { use(t) }), "belongs to interpreter", name)
			}))
			use(t)
		}), name)
	}
}

// TestOutlivesARun keeps a primitive from one explored run to the next, which makes
// runs depend on each other: the second one says so.
func TestOutlivesARun(t *testing.T) {
	for name, use := range uses() {
		s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(1), 0)
		require.NoError(t, s.Run(1, use), name)
		require.ErrorContains(t, s.Run(2, use), "outlived a run of the explored program", name)
		s.Close()
	}
}

// TestWrongThread passes a thread that does not run.
func TestWrongThread(t *testing.T) {
	for name, use := range uses() {
		timed(t, gil.CPython313, func(t *gil.Thread) {
			other := t.Go("other", func(t *gil.Thread) { t.Sleep(time.Second) })
			require.NotEmpty(t, refused(t, func() { use(other) }), name)
			other.Join(t)
			require.NotEmpty(t, refused(t, func() { use(t.NewThread("new", func(*gil.Thread) {})) }), name)
			require.NotEmpty(t, refused(t, func() { use(nil) }), name)
		})
	}
	timed(t, gil.CPython313, func(t *gil.Thread) {
		require.NotEmpty(t, refused(t, func() { new(threading.Local[int]).Get(nil) }))
	})
}

// TestDeadlock has two threads take two locks in opposite order: the report says who
// waits for what, and who holds it.
func TestDeadlock(t *testing.T) {
	for _, p := range profiles {
		for kind, create := range map[string]func(name string) threading.Locker{
			"Lock":      func(name string) threading.Locker { return &threading.Lock{Name: name} },
			"RLock":     func(name string) threading.Locker { return &threading.RLock{Name: name} },
			"Condition": func(name string) threading.Locker { return &threading.Condition{Name: name} },
		} {
			main := func(t *gil.Thread) {
				accounts, journal := create("accounts"), create("journal")
				a := t.Go("a", func(t *gil.Thread) {
					accounts.Acquire(t)
					t.Sleep(time.Millisecond)
					journal.Acquire(t)
				})
				b := t.Go("b", func(t *gil.Thread) {
					journal.Acquire(t)
					t.Sleep(time.Millisecond)
					accounts.Acquire(t)
				})
				gil.JoinAll(t, a, b)
			}
			walk := kernel.NewRandomWalk(1)
			s := gil.NewSandbox(p, walk, 0)
			for world, err := range map[string]error{"timed": gil.NewMachine(2).Run(p, main), "explored": s.Run(1, main)} {
				var d *gil.DeadlockError
				require.ErrorAs(t, err, &d, "%s %s %v", world, kind, p)
				require.Contains(t, d.Waits, gil.Waiting{Thread: "a", For: "journal", Held: "b"})
				require.Contains(t, d.Waits, gil.Waiting{Thread: "b", For: "accounts", Held: "a"})
				require.Contains(t, d.Error(), "a waits for journal held by b, b waits for accounts held by a")
			}
			s.Close()
		}
	}
}

// TestForgotten names what threads wait for that nobody will do.
func TestForgotten(t *testing.T) {
	wait := map[string]func(t *gil.Thread){
		"lost wake-up": func(t *gil.Thread) { c := threading.Condition{Name: "lost wake-up"}; c.Acquire(t); c.Wait(t) },
		"never set":    func(t *gil.Thread) { (&threading.Event{Name: "never set"}).Wait(t) },
		"no units":     func(t *gil.Thread) { s := threading.NewSemaphore(0); s.Name = "no units"; s.Acquire(t) },
		"all units gone": func(t *gil.Thread) {
			s := threading.BoundedSemaphore{Name: "all units gone"}
			s.Acquire(t)
			s.Acquire(t)
		},
		"too few": func(t *gil.Thread) { b := threading.NewBarrier(2, nil); b.Name = "too few"; _, _ = b.Wait(t) },
		"a lock":  func(t *gil.Thread) { var l threading.Lock; l.Acquire(t); l.Acquire(t) },
	}
	for name, f := range wait {
		for _, p := range profiles {
			err := gil.NewMachine(1).Run(p, func(t *gil.Thread) { t.Go("w", f).Join(t) })
			var d *gil.DeadlockError
			require.ErrorAs(t, err, &d, name)
			held := ""
			if name == "a lock" {
				held = "w"
			}
			require.Contains(t, d.Waits, gil.Waiting{Thread: "w", For: name, Held: held}, "%v", p)
		}
	}
}

// TestDaemons ends an interpreter whose daemons wait in every primitive, inside With
// and around it. Nobody hangs, nothing is reported, their locks are not taken back.
func TestDaemons(t *testing.T) {
	main := func(t *gil.Thread) {
		lock := threading.Lock{}
		lock.Acquire(t)
		var rlock, own threading.RLock
		rlock.Acquire(t)
		cond, condOfLock := new(threading.Condition), threading.NewCondition(new(threading.Lock))
		var event threading.Event
		sem := threading.NewSemaphore(0)
		barrier := threading.NewBarrier(2, nil)
		acting := threading.NewBarrier(1, func(t *gil.Thread) { t.Sleep(time.Hour) })
		threading.NewTimer(time.Hour, func(t *gil.Thread) { t.Errorf("called") }, gil.WithDaemon(true)).Start(t)
		for i, f := range []func(t *gil.Thread){
			func(t *gil.Thread) { lock.With(t, func() {}) },
			func(t *gil.Thread) { lock.AcquireTimeout(t, time.Hour) },
			func(t *gil.Thread) { rlock.With(t, func() {}) },
			func(t *gil.Thread) { own.With(t, func() { own.With(t, func() { t.Sleep(time.Hour) }) }) },
			func(t *gil.Thread) { cond.With(t, func() { cond.Wait(t) }) },
			func(t *gil.Thread) { cond.With(t, func() { cond.WaitTimeout(t, time.Hour) }) },
			func(t *gil.Thread) {
				condOfLock.With(t, func() { condOfLock.WaitFor(t, func() bool { return false }) })
			},
			func(t *gil.Thread) { event.Wait(t) },
			func(t *gil.Thread) { event.WaitTimeout(t, time.Hour) },
			func(t *gil.Thread) { sem.With(t, func() {}) },
			func(t *gil.Thread) { _, _ = barrier.Wait(t) },
			func(t *gil.Thread) { _, _ = acting.Wait(t) },
		} {
			t.Go(fmt.Sprintf("daemon %d", i), func(t *gil.Thread) {
				f(t)
				t.Errorf("daemon %d returned", i)
			}, gil.WithDaemon(true))
		}
		settle(t)
	}
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) { everywhere(t, p, main) })
	}
}
