package threading_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/kernel"
)

// A state machine test draws a list of commands and runs them one after the other,
// each on a thread of its own, with time for everybody to get as far as they can in
// between. A model says who has returned by then, with what. Threads that still wait
// at the end are daemons, which end with the run.

// step is the time between two commands. Timeouts are drawn so that none ends when a
// command begins.
const step = 10 * time.Millisecond

// command is one drawn operation.
type command struct {
	op    string
	n     int           // of a release
	limit time.Duration // of a wait; 0 is none
}

func (c command) String() string { return fmt.Sprintf("%s(%d, %v)", c.op, c.n, c.limit) }

func drawCommands(t *rapid.T, ops ...string) []command {
	commands := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) command {
		c := command{op: rapid.SampledFrom(ops).Draw(t, "op"), n: rapid.IntRange(1, 3).Draw(t, "n")}
		if rapid.Bool().Draw(t, "limited") {
			c.limit = step*time.Duration(rapid.IntRange(0, 5).Draw(t, "steps")) + step/2
		}
		return c
	}), 1, 40).Draw(t, "commands")
	for i := range commands {
		if commands[i].limit != 0 {
			commands[i].limit += time.Duration(i) * time.Microsecond // no two end at once
		}
	}
	return commands
}

// runModelled runs main in a world drawn for it. In a timed one the thread that has
// waited longest is the first to go on; in an explored one any may be.
func runModelled(t *rapid.T, main func(t *gil.Thread, fifo bool)) {
	p := rapid.SampledFrom(profiles).Draw(t, "profile")
	seed := rapid.Uint64().Draw(t, "seed")
	if rapid.Bool().Draw(t, "explored") {
		s := gil.NewSandbox(p, kernel.NewRandomWalk(seed), 0)
		defer s.Close()
		require.NoError(t, s.Run(seed, func(t *gil.Thread) { main(t, false) }))
		return
	}
	require.NoError(t, gil.NewMachine(2, gil.WithSeed(seed)).Run(p, func(t *gil.Thread) { main(t, true) }))
}

// modelWaiter is a thread that waits according to a model.
type modelWaiter struct {
	id  int
	end time.Duration // when its time runs out; 0 is never
}

// expired takes the waiters off whose time has run out, in the order of their ends.
func expired(ws []modelWaiter, now time.Duration) (left, out []modelWaiter) {
	for _, w := range ws {
		if w.end != 0 && w.end <= now {
			out = append(out, w)
		} else {
			left = append(left, w)
		}
	}
	slices.SortStableFunc(out, func(a, b modelWaiter) int { return int(a.end - b.end) })
	return left, out
}

// TestSemaphoreModel holds both semaphores against a number and a line of waiters.
func TestSemaphoreModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		initial := rapid.IntRange(0, 3).Draw(rt, "initial")
		bounded := rapid.Bool().Draw(rt, "bounded")
		commands := drawCommands(rt, "acquire", "acquire", "try", "release")
		runModelled(rt, func(t *gil.Thread, fifo bool) {
			var s semaphore = threading.NewSemaphore(initial)
			if bounded {
				s = threading.NewBoundedSemaphore(initial)
			}
			value, line := initial, []modelWaiter(nil)
			got, want := map[int]string{}, map[int]string{}
			var results tally[func()]
			for id, c := range commands {
				now := t.Now()
				t.Go("", func(t *gil.Thread) {
					result := func() (result string) {
						defer func() {
							if _, refused := recover().(*gil.ValueError); refused {
								result = "refused"
							}
						}()
						switch {
						case c.op == "release":
							s.ReleaseN(t, c.n)
							return "released"
						case c.op == "try":
							return fmt.Sprint(s.TryAcquire(t))
						case c.limit != 0:
							return fmt.Sprint(s.AcquireTimeout(t, c.limit))
						}
						s.Acquire(t)
						return "true"
					}()
					results.add(func() { got[id] = result })
				}, gil.WithDaemon(true))
				t.Sleep(step)
				for _, f := range results.all() {
					f()
				}
				results.clear()

				switch {
				case c.op == "release" && bounded && value+c.n > initial:
					want[id] = "refused"
				case c.op == "release":
					want[id] = "released"
					value += c.n
					for value > 0 && len(line) > 0 {
						next := 0
						if !fifo {
							next = max(0, slices.IndexFunc(line, func(w modelWaiter) bool { return got[w.id] == "true" }))
						}
						want[line[next].id] = "true"
						line = slices.Delete(line, next, next+1)
						value--
					}
				case value > 0:
					want[id] = "true"
					value--
				case c.op == "try":
					want[id] = "false"
				default:
					w := modelWaiter{id: id}
					if c.limit != 0 {
						w.end = now + c.limit
					}
					line = append(line, w)
				}
				var out []modelWaiter
				line, out = expired(line, t.Now())
				for _, w := range out {
					want[w.id] = "false"
				}
				require.Equal(t, want, got, "after %v", c)
				require.Equal(t, value, s.Value(t), "after %v", c)
			}
		})
	})
}

// TestBarrierModel holds a barrier against a line of waiters and a flag.
func TestBarrierModel(t *testing.T) {
	oops := errors.New("oops")
	rapid.Check(t, func(rt *rapid.T) {
		parties := rapid.IntRange(1, 4).Draw(rt, "parties")
		fails := rapid.IntRange(1, 6).Draw(rt, "the action fails in round")
		commands := drawCommands(rt, "wait", "wait", "wait", "wait", "abort", "reset")
		runModelled(rt, func(t *gil.Thread, fifo bool) {
			if t.Interpreter().Profile().Name() == "2.7" {
				// A wait that polls is noticed late, and 2.7 has no barrier.
				for i := range commands {
					commands[i].limit = 0
				}
			}
			rounds := 0
			b := threading.NewBarrier(parties, func(*gil.Thread) {
				if rounds++; rounds == fails {
					panic(oops)
				}
			})
			modelRounds, line, broken := 0, []modelWaiter(nil), false
			got, want := map[int]string{}, map[int]string{}
			breakAll := func() {
				for _, w := range line {
					want[w.id] = "broken"
				}
				line = nil
			}
			var results tally[func()]
			for id, c := range commands {
				now := t.Now()
				t.Go("", func(t *gil.Thread) {
					result := func() (result string) {
						defer func() {
							if v := recover(); v != nil {
								result = fmt.Sprint(v)
							}
						}()
						var i int
						var err error
						switch {
						case c.op == "abort":
							b.Abort(t)
							return "aborted"
						case c.op == "reset":
							b.Reset(t)
							return "reset"
						case c.limit != 0:
							i, err = b.WaitTimeout(t, c.limit)
						default:
							i, err = b.Wait(t)
						}
						switch {
						case errors.Is(err, context.DeadlineExceeded):
							return "timed out"
						case errors.Is(err, threading.ErrBrokenBarrier):
							return "broken"
						}
						return fmt.Sprint(i)
					}()
					results.add(func() { got[id] = result })
				}, gil.WithDaemon(true))
				t.Sleep(step)
				for _, f := range results.all() {
					f()
				}
				results.clear()

				switch {
				case c.op == "abort":
					want[id] = "aborted"
					breakAll()
					broken = true
				case c.op == "reset":
					want[id] = "reset"
					breakAll()
					broken = false
				case broken:
					want[id] = "broken"
				default:
					w := modelWaiter{id: id}
					if c.limit != 0 {
						w.end = now + c.limit
					}
					line = append(line, w)
					if len(line) < parties {
						break
					}
					if modelRounds++; modelRounds == fails {
						line = line[:parties-1]
						breakAll()
						want[id], broken = oops.Error(), true
						break
					}
					for i, w := range line {
						want[w.id] = fmt.Sprint(i)
					}
					line = nil
				}
				if left, out := expired(line, t.Now()); len(out) > 0 {
					// Whose time runs out first breaks the barrier for the others.
					want[out[0].id] = "timed out"
					line = append(left, out[1:]...)
					breakAll()
					broken = true
				}

				require.Equal(t, want, got, "after %v", c)
				require.Equal(t, broken, b.Broken(t), "after %v", c)
				waiting := len(line)
				if broken {
					waiting = 0
				}
				require.Equal(t, waiting, b.NWaiting(t), "after %v", c)
			}
		})
	})
}
