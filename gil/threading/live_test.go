package threading_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// The programs of this file run on real goroutines, for the races that only those
// have: a wake-up between a look and a wait, a time that runs out while somebody is
// woken. They assert counts; a lost wake-up would hang them.

var liveProfiles = []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython314, gil.CPython313T, gil.AnyBytecode}

// rounds is how often a live program repeats itself.
func rounds(n int) int {
	if testing.Short() || raceEnabled {
		return n / 10
	}
	return n
}

func runLive(t *testing.T, main func(t *gil.Thread)) {
	t.Helper()
	for _, p := range liveProfiles {
		t.Run(p.Name(), func(t *testing.T) { require.NoError(t, gil.Live().Run(p, main)) })
	}
}

// TestLiveEvents hands a turn to and fro with two events that are cleared by whoever
// was woken.
func TestLiveEvents(t *testing.T) {
	n := rounds(5000)
	runLive(t, func(t *gil.Thread) {
		var ping, pong threading.Event
		turns := 0
		join := bunch(t, 1, func(t *gil.Thread) {
			for range n {
				ping.Wait(t)
				ping.Clear(t)
				turns++
				pong.Set(t)
			}
		})
		for range n {
			ping.Set(t)
			pong.Wait(t)
			pong.Clear(t)
			turns++
		}
		join()
		require.Equal(t, 2*n, turns)
	})
}

// TestLiveEventRounds sets and clears at once for threads that wait again and again:
// each Set is for a wait that began before it, so all come to an end.
func TestLiveEventRounds(t *testing.T) {
	n := rounds(2000)
	runLive(t, func(t *gil.Thread) {
		var e threading.Event
		var left atomic.Int32
		left.Store(3)
		join := bunch(t, 3, func(t *gil.Thread) {
			for i := range n {
				if i%3 == 0 {
					e.WaitTimeout(t, time.Microsecond)
				} else {
					e.Wait(t)
				}
			}
			left.Add(-1)
		})
		for left.Load() > 0 {
			e.Set(t)
			e.Clear(t)
			t.Yield()
		}
		join()
		require.False(t, e.IsSet(t))
	})
}

// TestLiveBuffer passes numbers through a bounded buffer with two conditions over one
// lock. Some of the waits run out of time.
func TestLiveBuffer(t *testing.T) {
	const producers, consumers, room = 3, 3, 2
	n := rounds(2000)
	runLive(t, func(t *gil.Thread) {
		var mu threading.Lock
		notEmpty, notFull := threading.NewCondition(&mu), threading.NewCondition(&mu)
		var buffer []int
		wait := func(t *gil.Thread, c *threading.Condition, i int, ready func() bool) {
			for !ready() {
				if i%2 == 0 {
					c.WaitTimeout(t, 50*time.Microsecond)
				} else {
					c.Wait(t)
				}
			}
		}
		produce := bunch(t, producers, func(t *gil.Thread) {
			for i := range n {
				mu.With(t, func() {
					wait(t, notFull, i, func() bool { return len(buffer) < room })
					buffer = append(buffer, i)
					notEmpty.NotifyAll(t)
				})
			}
		})
		var sum atomic.Int64
		consume := bunch(t, consumers, func(t *gil.Thread) {
			for i := range n {
				mu.With(t, func() {
					wait(t, notEmpty, i, func() bool { return len(buffer) > 0 })
					sum.Add(int64(buffer[0]))
					buffer = buffer[1:]
					notFull.NotifyAll(t)
				})
			}
		})
		produce()
		consume()
		require.EqualValues(t, producers*n*(n-1)/2, sum.Load())
		require.Empty(t, buffer)
	})
}

// TestLiveTurns has two threads take turns over a condition: each notification is
// needed, so that one that is lost hangs them.
func TestLiveTurns(t *testing.T) {
	n := rounds(20_000)
	runLive(t, func(t *gil.Thread) {
		for _, l := range []threading.Locker{new(threading.Lock), new(threading.RLock)} {
			c := threading.NewCondition(l)
			turn, turns := 0, 0
			take := func(t *gil.Thread, mine int) {
				for range n {
					c.With(t, func() {
						for turn != mine {
							c.Wait(t)
						}
						turn = 1 - mine
						turns++
						c.Notify(t, 1)
					})
				}
			}
			join := bunch(t, 1, func(t *gil.Thread) { take(t, 0) })
			take(t, 1)
			join()
			require.Equal(t, 2*n, turns)
		}
	})
}

// TestLiveTimeouts has threads compete for a lock and for the units of a semaphore,
// most of them with little patience. Nobody gets in while it is full, and nothing is
// lost.
func TestLiveTimeouts(t *testing.T) {
	n := rounds(1000)
	for name, create := range map[string]func() (l threading.Locker, most int32){
		"Lock":      func() (threading.Locker, int32) { return new(threading.Lock), 1 },
		"RLock":     func() (threading.Locker, int32) { return new(threading.RLock), 1 },
		"Semaphore": func() (threading.Locker, int32) { return threading.NewSemaphore(2), 2 },
		"Bounded":   func() (threading.Locker, int32) { return threading.NewBoundedSemaphore(2), 2 },
	} {
		t.Run(name, func(t *testing.T) {
			runLive(t, func(t *gil.Thread) {
				l, most := create()
				var inside atomic.Int32
				bunch(t, 6, func(t *gil.Thread) {
					for i := range n {
						switch i % 4 {
						case 0:
							l.Acquire(t)
						case 1:
							if !l.TryAcquire(t) {
								continue
							}
						default:
							if !l.AcquireTimeout(t, time.Duration(i%50)*time.Microsecond) {
								continue
							}
						}
						require.LessOrEqual(t, inside.Add(1), most)
						if i%10 == 0 {
							t.Yield()
						}
						inside.Add(-1)
						l.Release(t)
					}
				})()
				for range most {
					require.True(t, l.TryAcquire(t))
				}
				bunch(t, 1, func(t *gil.Thread) { require.False(t, l.TryAcquire(t)) })()
			})
		})
	}
}

// TestLiveBarrier passes a barrier many times in a row: no thread is a round ahead.
func TestLiveBarrier(t *testing.T) {
	n := rounds(1000)
	runLive(t, func(t *gil.Thread) {
		actions := 0
		b := threading.NewBarrier(4, func(*gil.Thread) { actions++ })
		var places [4]atomic.Int32
		bunch(t, 4, func(t *gil.Thread) {
			for i := range n {
				at := pass(t, b)
				places[at].Add(1)
				require.GreaterOrEqual(t, actions, i+1)
				pass(t, b)
			}
		})()
		require.Equal(t, 2*n, actions)
		for i := range places {
			require.EqualValues(t, n, places[i].Load())
		}
	})
}

// TestLiveForeignNotify notifies while another thread holds the condition's lock: a
// Lock cannot tell that they are not the same. The line stays whole, as Python's.
func TestLiveForeignNotify(t *testing.T) {
	n := rounds(500)
	require.NoError(t, gil.Live().Run(gil.CPython313T, func(t *gil.Thread) {
		c := threading.NewCondition(new(threading.Lock))
		var left atomic.Int32
		left.Store(3)
		join := bunch(t, 3, func(t *gil.Thread) {
			for range n {
				c.With(t, func() { c.WaitTimeout(t, 20*time.Microsecond) })
			}
			left.Add(-1)
		})
		notify := bunch(t, 2, func(t *gil.Thread) {
			for left.Load() > 0 {
				runtime.Gosched()
				func() {
					defer func() {
						if v := recover(); v != nil {
							require.IsType(t, (*gil.RuntimeError)(nil), v, "nobody holds the lock")
						}
					}()
					c.Notify(t, 1)
				}()
			}
		})
		join()
		notify()
		require.Zero(t, c.Waiting(t))
	}))
}
