package asyncio_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// The programs of the notebooks this project began with, rows 105 to 117 of their
// claims, with exact answers.

// simulate runs main on a machine with four cores and returns how long it took.
func simulate(t *testing.T, main func(th *gil.Thread), opts ...gil.Option) time.Duration {
	m := gil.NewMachine(4, opts...)
	require.NoError(t, m.Run(gil.CPython313, main))
	return m.Now()
}

// inOne runs main in a loop.
func inOne(t *testing.T, main func(co *asyncio.Co) error, opts ...asyncio.Option) time.Duration {
	return simulate(t, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) { return nil, main(co) }, opts...)
		require.NoError(th, err)
	})
}

// Row 105: one thread, and a switch only at an await.
func TestSeedOneThread(t *testing.T) {
	var lane []string
	threads := map[uint32]bool{}
	m := gil.NewMachine(4, gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
		if e.TID != 0 {
			threads[e.TID] = true
		}
	})))
	err := m.Run(gil.CPython313, func(th *gil.Thread) {
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			step := func(n string) func(co *asyncio.Co) error {
				return func(co *asyncio.Co) error {
					lane = append(lane, n+"1")
					co.Compute(20 * time.Millisecond) // four switch intervals, and no switch
					lane = append(lane, n+"2")
					err := co.Sleep(0)
					lane = append(lane, n+"3")
					return err
				}
			}
			return nil, asyncio.GatherAll(co, step("a"), step("b"), step("c"))
		})
		require.NoError(th, err)
	})
	require.NoError(t, err)
	require.Equal(t, "a1 a2 b1 b2 c1 c2 a3 b3 c3", strings.Join(lane, " "))
	require.Len(t, threads, 1)
}

// Rows 106, 107, 108 and 111: three counts that sleep for a second, as tasks, one
// after the other, as threads, and with a sleep that blocks.
func TestSeedCount(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, say func(string)) time.Duration
		said string
		took time.Duration
	}{
		{"106 tasks", func(t *testing.T, say func(string)) time.Duration {
			count := func(co *asyncio.Co) error {
				say("One")
				err := co.Sleep(time.Second)
				say("Two")
				return err
			}
			return inOne(t, func(co *asyncio.Co) error { return asyncio.GatherAll(co, count, count, count) })
		}, "One One One Two Two Two", time.Second},
		{"107 one after the other", func(t *testing.T, say func(string)) time.Duration {
			return simulate(t, func(th *gil.Thread) {
				for range 3 {
					say("One")
					th.Sleep(time.Second)
					say("Two")
				}
			})
		}, "One Two One Two One Two", 3 * time.Second},
		{"108 threads", func(t *testing.T, say func(string)) time.Duration {
			return simulate(t, func(th *gil.Thread) {
				var ts []*gil.Thread
				for range 3 {
					ts = append(ts, th.Go("", func(th *gil.Thread) {
						say("One")
						th.Sleep(time.Second)
						say("Two")
					}))
				}
				gil.JoinAll(th, ts...)
			})
		}, "One One One Two Two Two", time.Second},
		{"111 tasks that block", func(t *testing.T, say func(string)) time.Duration {
			count := func(co *asyncio.Co) error {
				say("One")
				co.Block(time.Second)
				say("Two")
				return nil
			}
			return inOne(t, func(co *asyncio.Co) error { return asyncio.GatherAll(co, count, count, count) })
		}, "One Two One Two One Two", 3 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said []string
			took := c.run(t, func(s string) { said = append(said, s) })
			require.Equal(t, c.said, strings.Join(said, " "))
			require.Equal(t, c.took, took)
		})
	}
}

// Row 109 is a slip of the notebook (a name that is not defined); rows 106 and 117
// have the program as it was meant.

// Row 111: debug mode warns of the call that blocks.
func TestSeedBlockingWarning(t *testing.T) {
	var said []string
	inOne(t, func(co *asyncio.Co) error {
		return asyncio.GatherAll(co, func(co *asyncio.Co) error { co.Block(time.Second); return nil })
	}, asyncio.WithDebug(), asyncio.WithLog(func(s string) { said = append(said, s) }))
	require.Equal(t, []string{"Executing <Task Task-2> took 1.000 seconds"}, said)
}

// Row 110: an exhibition of 24 games of 30 rounds, 5 s a move for her and 55 s for
// them: twelve hours one after the other, one hour of her time all at once.
func TestSeedChess(t *testing.T) {
	const opponents, rounds = 24, 30
	var busy, last time.Duration
	game := func(co *asyncio.Co) error {
		for range rounds {
			co.Compute(5 * time.Second)
			busy += 5 * time.Second
			last = co.Now()
			if err := co.Sleep(55 * time.Second); err != nil {
				return err
			}
		}
		return nil
	}
	atOnce := inOne(t, func(co *asyncio.Co) error {
		var games []func(co *asyncio.Co) error
		for range opponents {
			games = append(games, game)
		}
		return asyncio.GatherAll(co, games...)
	})
	require.Equal(t, 3600*time.Second, busy)
	require.Equal(t, 3600*time.Second, last) // her last move
	require.Equal(t, 3655*time.Second, atOnce)
	busy = 0
	inTurn := inOne(t, func(co *asyncio.Co) error {
		for range opponents {
			if err := game(co); err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(t, 3600*time.Second, busy)
	require.Equal(t, 43200*time.Second, inTurn)
}

// Row 112: a coroutine suspends, passes control, and finds its locals again.
func TestSeedSuspend(t *testing.T) {
	var trace []string
	inOne(t, func(co *asyncio.Co) error {
		counter := func(n string) func(co *asyncio.Co) error {
			return func(co *asyncio.Co) error {
				for i := range 3 {
					trace = append(trace, fmt.Sprintf("%s%d", n, i))
					if err := co.Sleep(0); err != nil {
						return err
					}
				}
				return nil
			}
		}
		return asyncio.GatherAll(co, counter("x"), counter("y"))
	})
	require.Equal(t, "x0 y0 x1 y1 x2 y2", strings.Join(trace, " "))
}

// Rows 113, 114 and 115: two calls of 4 and 3 seconds, in turn, as threads and as
// tasks.
func TestSeedTwoAPIs(t *testing.T) {
	apis := []struct {
		call, finish string
		d            time.Duration
	}{
		{"call 1st API", "1st API finish", 4 * time.Second},
		{"call 2st API", "2nd API finish", 3 * time.Second},
	}
	together := []string{"call 1st API", "call 2st API", "2nd API finish", "1st API finish"}
	var said []string
	took := simulate(t, func(th *gil.Thread) {
		for _, a := range apis {
			said = append(said, a.call)
			th.IO(a.d)
			said = append(said, a.finish)
		}
	})
	require.Equal(t, 7*time.Second, took)
	said = nil
	took = simulate(t, func(th *gil.Thread) {
		var ts []*gil.Thread
		for _, a := range apis {
			ts = append(ts, th.Go("", func(th *gil.Thread) {
				said = append(said, a.call)
				th.IO(a.d)
				said = append(said, a.finish)
			}))
		}
		gil.JoinAll(th, ts...)
	})
	require.Equal(t, 4*time.Second, took)
	require.Equal(t, together, said)
	said = nil
	took = inOne(t, func(co *asyncio.Co) error {
		var fns []func(co *asyncio.Co) error
		for _, a := range apis {
			fns = append(fns, func(co *asyncio.Co) error {
				said = append(said, a.call)
				err := co.Sleep(a.d)
				said = append(said, a.finish)
				return err
			})
		}
		return asyncio.GatherAll(co, fns...)
	})
	require.Equal(t, 4*time.Second, took)
	require.Equal(t, together, said)
}

// Row 116: tasks are a little ahead of threads by what it costs to start threads:
// 100 µs against 2 µs each.
func TestSeedStartCost(t *testing.T) {
	const thread, task = 100 * time.Microsecond, 2 * time.Microsecond
	threads := simulate(t, func(th *gil.Thread) {
		var ts []*gil.Thread
		for range 3 {
			th.Held(thread)
			ts = append(ts, th.Go("", func(th *gil.Thread) { th.Sleep(time.Second) }))
		}
		gil.JoinAll(th, ts...)
	})
	tasks := inOne(t, func(co *asyncio.Co) error {
		var fns []func(co *asyncio.Co) error
		for range 3 {
			co.Compute(task)
			fns = append(fns, func(co *asyncio.Co) error { return co.Sleep(time.Second) })
		}
		return asyncio.GatherAll(co, fns...)
	})
	require.Equal(t, time.Second+3*thread, threads)
	require.Equal(t, time.Second+3*task, tasks)
}

// Row 117: a notebook awaits at top level; a program calls Run.
func TestSeedExplicitRun(t *testing.T) {
	err := gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		v, err := asyncio.Run(th, func(co *asyncio.Co) (string, error) { return "awaited", co.Sleep(0) })
		require.NoError(th, err)
		require.Equal(th, "awaited", v)
	})
	require.NoError(t, err)
}
