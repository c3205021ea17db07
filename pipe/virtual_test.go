package pipe_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A bundle is what an emulated process is given: values that went through the
// codec, as they do on their way to a real one.
type bundle struct {
	wire    []byte
	handles *pickle.Handles
}

// journey is what the codec wants to know of the call that sends or receives.
type journey struct {
	context.Context
	after []func(bool)
}

func (j *journey) AfterSend(fn func(bool)) { j.after = append(j.after, fn) }

type carrier struct{ j *journey }

func (c carrier) Context() context.Context { return c.j.Context }
func (c carrier) AfterSend(fn func(bool))  { c.j.AfterSend(fn) }

func pack(t *gil.Thread, v any) bundle {
	j := &journey{Context: t}
	h := &pickle.Handles{Context: carrier{j}}
	wire, err := pickle.Marshal(v, pickle.WithHandles(h))
	require.NoError(t, err)
	for _, fn := range j.after {
		fn(true)
	}
	return bundle{wire, h}
}

func (p bundle) open(t *gil.Thread) any {
	p.handles.Context = carrier{&journey{Context: t}}
	v, err := pickle.Unmarshal(p.wire, pickle.WithHandles(p.handles))
	require.NoError(t, err)
	return v
}

// emulate starts a process that is given a Conn; the parent's copy is closed, as
// whoever hands an end over does.
func emulate(t *gil.Thread, name string, c *pipe.Conn, main func(t *gil.Thread, c *pipe.Conn)) *gil.Child {
	p := pack(t, c)
	require.NoError(t, c.Close())
	return t.Emulate(name, func(t *gil.Thread) { main(t, p.open(t).(*pipe.Conn)) })
}

// onMachine runs a program on a machine of two cores where starting a process
// takes no time.
func onMachine(t *testing.T, p gil.Profile, main func(t *gil.Thread), opts ...gil.Option) {
	t.Helper()
	require.NoError(t, gil.NewMachine(2, append(opts, gil.WithStartCost(0))...).Run(p, main))
}

// everyProfile are the kinds of GIL that machines have.
func everyProfile(t *testing.T, run func(t *testing.T, p gil.Profile)) {
	for _, p := range profiles {
		t.Run(p.Name(), func(t *testing.T) { run(t, p) })
	}
}

// Times are exact: what waits is woken at the moment of its cause, or a wake
// latency later, and limits end when they say.
func TestVirtualTimes(t *testing.T) {
	everyProfile(t, func(t *testing.T, p gil.Profile) {
		for _, latency := range []time.Duration{0, 40 * time.Microsecond} {
			onMachine(t, p, func(t *gil.Thread) {
				a, b := newPair(t)
				var sent, closed time.Duration
				child := emulate(t, "child", b, func(t *gil.Thread, b *pipe.Conn) {
					t.Compute(10 * time.Millisecond)
					require.NoError(t, b.Send(t, "ten"))
					sent = t.Now()
					t.Sleep(5 * time.Millisecond)
					require.NoError(t, b.Close())
					closed = t.Now()
					t.Sleep(time.Second)
				})
				began := t.Now()
				_, err := a.RecvTimeout(t, 3*time.Millisecond)
				require.ErrorIs(t, err, pipe.ErrTimeout)
				require.Equal(t, 3*time.Millisecond, t.Now()-began)
				require.False(t, got[bool](t)(a.PollTimeout(t, 2*time.Millisecond)))
				require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, time.Millisecond, a)))
				require.Equal(t, 6*time.Millisecond, t.Now()-began)
				require.Equal(t, "ten", got[any](t)(a.Recv(t)))
				require.Equal(t, sent+latency, t.Now())
				_, err = a.Recv(t)
				require.Equal(t, io.EOF, err)
				require.Equal(t, closed+latency, t.Now())
				child.Join(t)
			}, gil.WithWakeLatency(latency))
		}
	})
}

// What one process does at a moment another one sees from that moment on and not
// before, although each may run ahead of the other by the wake latency.
func TestVirtualOrder(t *testing.T) {
	everyProfile(t, func(t *testing.T, p gil.Profile) {
		for sends := 100; sends <= 200; sends += 10 {
			for polls := 105; polls <= 195; polls += 10 {
				at := func(t *gil.Thread, us int) { t.Compute(time.Duration(us)*time.Microsecond - t.Now()) }
				var sent time.Duration
				onMachine(t, p, func(t *gil.Thread) {
					a, b := newPair(t)
					child := emulate(t, "child", b, func(t *gil.Thread, b *pipe.Conn) {
						at(t, sends)
						sent = t.Now()
						require.NoError(t, b.Send(t, 1))
					})
					at(t, polls)
					polled := t.Now()
					seen := got[bool](t)(a.TryPoll(t))
					child.Join(t)
					if sent != polled {
						require.Equal(t, sent < polled, seen, "sent at %v, polled at %v", sent, polled)
					}
				}, gil.Measured(), gil.WithStartCost(0), gil.WithSwitchCost(0))
			}
		}
	})
}

// An emulated pipe holds 64 KiB, and what fits into an atomic write is written
// whole or not at all.
func TestVirtualCapacity(t *testing.T) {
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		r, w := newOneWay(t)
		for range 16 {
			require.NoError(t, w.TrySendBytes(t, pattern(4092)))
		}
		require.Equal(t, pipe.ErrWouldBlock, w.TrySendBytes(t, nil))
		require.Equal(t, pattern(4092), got[[]byte](t)(r.RecvBytes(t)))
		require.NoError(t, w.TrySendBytes(t, pattern(4091)))
		require.Equal(t, pipe.ErrWouldBlock, w.TrySendBytes(t, nil)) // 1 byte is free
		for range 15 {
			require.Equal(t, pattern(4092), got[[]byte](t)(r.RecvBytes(t)))
		}
		require.Equal(t, pattern(4091), got[[]byte](t)(r.RecvBytes(t)))
		require.NoError(t, w.TrySendBytes(t, pattern(64<<10-4)))
		require.Equal(t, pipe.ErrWouldBlock, w.TrySendBytes(t, nil))
	})
}

// The GIL is given up while a thread waits, and only then: nobody else runs while
// messages go through a pipe that has room.
func TestVirtualGILKept(t *testing.T) {
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		stop, rounds := false, 0
		w := t.Go("other", func(t *gil.Thread) {
			for !stop {
				t.Compute(time.Millisecond)
				rounds++
			}
		})
		before := rounds
		x, y := newPair(t)
		for i := range 100 {
			require.NoError(t, x.Send(t, i))
			require.True(t, got[bool](t)(y.Poll(t)))
			require.Len(t, got[[]pipe.Waitable](t)(pipe.Wait(t, y)), 1)
			require.Equal(t, i, got[any](t)(y.Recv(t)))
		}
		require.Equal(t, before, rounds)
		_, err := y.RecvTimeout(t, 10*time.Millisecond) // it waits
		require.ErrorIs(t, err, pipe.ErrTimeout)
		require.Greater(t, rounds, before+8)
		stop = true
		w.Join(t)
	})
}

// When a process ends its ends are closed: the peer gets what was sent, then the
// end of the file, and a broken pipe when it sends. (Seed row 144.)
func TestVirtualProcessEnds(t *testing.T) {
	everyProfile(t, func(t *testing.T, p gil.Profile) {
		onMachine(t, p, func(t *gil.Thread) {
			a, b := newPair(t)
			child := emulate(t, "child", b, func(t *gil.Thread, b *pipe.Conn) {
				require.NoError(t, b.Send(t, "last words"))
				t.Sleep(7 * time.Millisecond)
			})
			require.Equal(t, "last words", got[any](t)(a.Recv(t)))
			began := t.Now()
			_, err := a.Recv(t) // waits for the death
			require.Equal(t, io.EOF, err)
			require.Equal(t, 7*time.Millisecond, t.Now()-began)
			require.ErrorIs(t, a.Send(t, 1), pipe.ErrBrokenPipe)
			child.Join(t)

			// A writer that waits for room.
			r, w := newOneWay(t)
			emulate(t, "reader", r, func(t *gil.Thread, r *pipe.Conn) { t.Sleep(time.Millisecond) }).Join(t)
			require.ErrorIs(t, w.SendBytes(t, pattern(100_000)), pipe.ErrBrokenPipe)
		})
	})
}

// A process that ends inside a message cuts it: its daemon threads do not finish
// what they do.
func TestVirtualProcessEndsInsideAMessage(t *testing.T) {
	everyProfile(t, func(t *testing.T, p gil.Profile) {
		onMachine(t, p, func(t *gil.Thread) {
			r, w := newOneWay(t)
			emulate(t, "child", w, func(t *gil.Thread, w *pipe.Conn) {
				require.NoError(t, w.Send(t, "whole"))
				t.Go("daemon", func(t *gil.Thread) {
					_ = w.SendBytes(t, pattern(100_000))
				}, gil.WithDaemon(true))
				t.Sleep(time.Millisecond)
			}).Join(t)
			require.Equal(t, "whole", got[any](t)(r.Recv(t)))
			_, err := r.RecvBytes(t)
			var cut *pipe.CutError
			require.ErrorAs(t, err, &cut)
			require.EqualValues(t, 100_000, cut.Want)
			require.Less(t, cut.Got, cut.Want)
			_, err = r.RecvBytes(t)
			require.Equal(t, io.EOF, err)
		})
	})
}

// Only when every copy of an end is closed is it closed (CN-22).
func TestVirtualCopies(t *testing.T) {
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		r, w := newOneWay(t)
		bundles := []bundle{pack(t, w), pack(t, w)}
		require.NoError(t, w.Close())
		for i, p := range bundles {
			t.Emulate(fmt.Sprint("writer ", i), func(t *gil.Thread) {
				w := p.open(t).(*pipe.Conn)
				t.Sleep(time.Duration(i+1) * time.Millisecond)
				require.NoError(t, w.Send(t, i))
			})
		}
		require.Equal(t, 0, got[any](t)(r.Recv(t)))
		require.Equal(t, 1, got[any](t)(r.Recv(t)))
		_, err := r.Recv(t)
		require.Equal(t, io.EOF, err)
		require.Equal(t, 2*time.Millisecond, t.Now())
	})
}

// A Conn belongs to a process of a world: use from elsewhere is an error that says
// so.
func TestVirtualBelonging(t *testing.T) {
	refused := func(t require.TestingT, err error, text string) {
		var wrong *gil.RuntimeError
		require.ErrorAs(t, err, &wrong)
		require.ErrorContains(t, err, text)
		require.Regexp(t, "^pipe: ", err.Error())
	}
	var kept *pipe.Conn
	onMachine(t, gil.CPython313, func(t *gil.Thread) {
		a, b := newPair(t)
		kept = b
		t.Emulate("thief", func(t *gil.Thread) {
			refused(t, a.Send(t, 1), "belongs to process")
			_, err := b.Recv(t)
			refused(t, err, "belongs to process")
			_, err = pipe.Wait(t, b)
			refused(t, err, "belongs to process")
			_, _, err = pipe.New(t, pipe.WithTornWrites())
			require.NoError(t, err)
		}).Join(t)
		refused(t, a.Send(context.Background(), 1), "give the *gil.Thread")
		_, err := pipe.Wait(context.Background(), b)
		refused(t, err, "give the *gil.Thread")

		ctx, cancel := context.WithCancel(t)
		defer cancel()
		_, err = b.Recv(ctx)
		refused(t, err, "gil.WithCancel")
		require.NoError(t, a.Send(ctx, 1)) // it need not wait
		_, err = b.Recv(ctx)
		require.NoError(t, err)
		ctx, cancel = context.WithTimeout(t, time.Hour)
		defer cancel()
		_, err = b.Recv(ctx)
		require.ErrorContains(t, err, "gil.WithTimeout")

		live, other, err := pipe.New(context.Background())
		require.NoError(t, err)
		defer live.Close()
		defer other.Close()
		_, err = pipe.Wait(t, b, live)
		refused(t, err, "live world")
		err = a.Send(t, live)
		require.ErrorContains(t, err, "live world")
		require.Error(t, live.Send(t, a))
	})
	err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) { refused(t, kept.Send(t, 1), "ended") })
	require.NoError(t, err)
	require.NoError(t, kept.Close()) // as a deferred call after the run does
	require.NoError(t, kept.Close())
	_, _, err = pipe.New(t.Context(), pipe.WithTornWrites())
	require.ErrorContains(t, err, "virtual world")
}

// A Conn that outlives a run of an explored program belongs to none of the others.
func TestVirtualOutlivesARun(t *testing.T) {
	s := gil.NewSandbox(gil.CPython313, kernel.NewRandomWalk(1), 0)
	defer s.Close()
	var kept *pipe.Conn
	prog := func(t *gil.Thread) {
		if kept == nil {
			kept, _ = newPair(t)
		}
		var wrong *gil.RuntimeError
		err := kept.Send(t, 1)
		if t.Errorf("%v", err); err == nil || !assert.ErrorAs(t, err, &wrong) {
			return
		}
	}
	require.ErrorContains(t, s.Run(1, prog), "<nil>")
	require.ErrorContains(t, s.Run(2, prog), "ended")
}

// Nobody will ever send: the machine says who waits for what.
func TestVirtualDeadlock(t *testing.T) {
	for name, run := range map[string]func(main func(t *gil.Thread)) error{
		"timed":    func(main func(t *gil.Thread)) error { return gil.NewMachine(1).Run(gil.CPython313, main) },
		"explored": func(main func(t *gil.Thread)) error { return walk(gil.CPython313, 1, main) },
	} {
		t.Run(name, func(t *testing.T) {
			var dead *gil.DeadlockError
			require.ErrorAs(t, run(func(t *gil.Thread) {
				_, b := newPair(t)
				_, _ = b.Recv(t)
			}), &dead)
			require.ErrorContains(t, dead, "MainThread waits for a pipe to recv")

			// Joining a process before reading what it sent.
			require.ErrorAs(t, run(func(t *gil.Thread) {
				_, w := newOneWay(t)
				t.Go("child", func(t *gil.Thread) { _ = w.SendBytes(t, pattern(100_000)) }).Join(t)
			}), &dead)
			require.ErrorContains(t, dead, "child waits for a pipe to send")
		})
	}
}

// The same program takes the same nanoseconds each time, whoever is woken by whom.
func TestVirtualIsDeterministic(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	for seed := range rounds {
		run := func() (log []string) {
			rng := rand.New(rand.NewPCG(uint64(seed), 1))
			plan := make([][2]time.Duration, 6)
			for i := range plan {
				plan[i] = [2]time.Duration{time.Duration(rng.IntN(90)) * time.Microsecond, time.Duration(rng.IntN(90)) * time.Microsecond}
			}
			size := 1 + rng.IntN(150_000)
			m := gil.NewMachine(2, gil.Measured(), gil.WithStartCost(0), gil.WithSeed(uint64(seed)))
			require.NoError(t, m.Run(gil.CPython313, func(t *gil.Thread) {
				r, w := newOneWay(t)
				for i := range plan {
					p := pack(t, w)
					t.Emulate(fmt.Sprint(i), func(t *gil.Thread) {
						w := p.open(t).(*pipe.Conn)
						for range 3 {
							t.Compute(plan[i][0])
							require.NoError(t, w.Send(t, i))
							t.Sleep(plan[i][1])
						}
					})
				}
				x, y := newPair(t)
				emulate(t, "big", y, func(t *gil.Thread, y *pipe.Conn) {
					require.NoError(t, y.SendBytes(t, pattern(size)))
				})
				require.NoError(t, w.Close())
				for open := []pipe.Waitable{x, r}; len(open) > 0; {
					for _, c := range got[[]pipe.Waitable](t)(pipe.Wait(t, open...)) {
						b, err := c.(*pipe.Conn).RecvBytes(t)
						log = append(log, fmt.Sprint(t.Now(), len(b), err))
						if err != nil {
							require.Equal(t, io.EOF, err)
							open = slices.DeleteFunc(slices.Clone(open), func(o pipe.Waitable) bool { return o == c })
						}
					}
				}
			}))
			return log
		}
		log := run()
		assert.Len(t, log, 21) // 18 + 1 messages and two ends
		assert.Equal(t, log, run())
	}
}
