package asyncio_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/internal/kernel"
)

// loopEvents are those of a loop among the events of a world, as text. Objects are
// numbered as they appear.
type loopEvents struct {
	said  []string
	known map[uint64]int
}

func (l *loopEvents) Observe(e gil.Event) {
	if e.Kind < gil.EvLoopTurn || e.Kind > gil.EvUnhandled {
		return
	}
	s := fmt.Sprintf("%v %v", e.T, e.Kind)
	if e.Obj != 0 {
		if l.known == nil {
			l.known = map[uint64]int{}
		}
		if l.known[e.Obj] == 0 {
			l.known[e.Obj] = len(l.known) + 1
		}
		s += fmt.Sprintf(" #%d", l.known[e.Obj])
	}
	if e.Name != "" {
		s += " " + e.Name
	}
	if e.A != 0 || e.B != 0 {
		s += fmt.Sprintf(" %d %d", e.A, e.B)
	}
	l.said = append(l.said, s)
}

func aCallback() {}

// told is a program with one event of each kind.
func told(th *gil.Thread) {
	_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
		l := co.Loop()
		l.CallSoon(aCallback)
		sleeper := asyncio.Go(co, "sleeper", func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Hour) })
		glutton := asyncio.Go(co, "glutton", func(co *asyncio.Co) (any, error) { _ = co.Sleep(time.Hour); return nil, nil })
		asyncio.Go(co, "fails", func(*asyncio.Co) (any, error) { return nil, errors.New("boom") })
		if err := co.Sleep(time.Second); err != nil {
			return nil, err
		}
		sleeper.Cancel()
		glutton.Cancel()
		_, _ = sleeper.Await(co)
		return nil, nil
	}, asyncio.WithLog(func(string) {}))
	require.NoError(th, err)
}

// TestEvents: the observer of a world is told of everything a loop does.
func TestEvents(t *testing.T) {
	want := `0s task-create #1 Task-1
0s loop-turn 1 1
0s task-step #1 Task-1
0s task-create #2 sleeper
0s task-create #3 glutton
0s task-create #4 fails
0s timer-arm #5 1000000000 0
0s task-suspend #1 sleep
0s loop-turn 2 4
0s callback-begin asyncio_test.aCallback
0s callback-end
0s task-step #2 sleeper
0s timer-arm #6 3600000000000 0
0s task-suspend #2 sleep
0s task-step #3 glutton
0s timer-arm #7 3600000000000 0
0s task-suspend #3 sleep
0s task-step #4 fails
0s task-done #4 fails 1 0
1s loop-turn 3 1
1s timer-fire #5
1s future-resolve #8 sleep
1s loop-turn 4 1
1s task-step #1 Task-1
1s cancel-request #2 sleeper
1s future-resolve #9 sleep
1s cancel-request #3 glutton
1s future-resolve #10 sleep
1s task-suspend #1 task sleeper
1s loop-turn 5 2
1s task-step #2 sleeper
1s cancel-deliver #2 sleeper
1s timer-cancel #6
1s task-done #2 sleeper 2 0
1s task-step #3 glutton
1s cancel-deliver #3 glutton
1s timer-cancel #7
1s cancel-swallow #3 glutton
1s task-done #3 glutton
1s loop-turn 6 1
1s task-step #1 Task-1
1s task-done #1 Task-1
1s loop-turn 7 1
1s exc-unhandled Task exception was never retrieved: boom`
	for range 2 { // the same every time
		var seen loopEvents
		m := gil.NewMachine(1, gil.WithObserver(&seen))
		require.NoError(t, m.Run(gil.CPython313, told))
		require.Equal(t, strings.Split(want, "\n"), seen.said)
	}
	var seen loopEvents
	s := gil.NewSandbox(gil.CPython313, kernel.NewRandomWalk(1), 10_000, gil.WithObserver(&seen))
	defer s.Close()
	for range 2 {
		seen = loopEvents{}
		require.NoError(t, s.Run(1, told))
		require.Equal(t, strings.Split(want, "\n"), seen.said)
	}
}

// TestEventsOfManyLoops: an object has a number that no other of the world has.
func TestEventsOfManyLoops(t *testing.T) {
	tasks := map[uint64]string{}
	obs := gil.ObserverFunc(func(e gil.Event) {
		if e.Kind == gil.EvCoroutine {
			require.NotContains(t, tasks, e.Obj)
			tasks[e.Obj] = e.Name
		}
	})
	require.NoError(t, gil.NewMachine(2, gil.WithObserver(obs)).Run(gil.CPython313, func(m *gil.Thread) {
		a, b := m.Go("a", told), m.Go("b", told)
		told(m)
		told(m)
		gil.JoinAll(m, a, b)
	}))
	require.Len(t, tasks, 16)
}

// TestSwallowed: what counts as swallowing a cancellation, and what does not.
func TestSwallowed(t *testing.T) {
	forever := func(co *asyncio.Co) error { return co.Sleep(time.Hour) }
	for name, c := range map[string]struct {
		body func(co *asyncio.Co) error
		want int // events
	}{
		"returned": {forever, 0},
		"after cleaning up": {func(co *asyncio.Co) (err error) {
			defer func() { _ = co.Sleep(time.Second) }()
			return forever(co)
		}, 0},
		"another error": {func(co *asyncio.Co) error { _ = forever(co); return errors.New("x") }, 0},
		"withdrawn":     {func(co *asyncio.Co) error { _ = forever(co); co.Uncancel(); return nil }, 0},
		"a timeout":     {func(co *asyncio.Co) error { return asyncio.Timeout(co, time.Hour, forever) }, 0},
		"its own timeout": {func(co *asyncio.Co) error {
			_ = asyncio.Timeout(co, time.Second/2, forever)
			return nil
		}, 0},
		"somebody else's": {func(co *asyncio.Co) error {
			other := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return nil, asyncio.ErrCancelled })
			_, _ = other.Await(co)
			return nil
		}, 0},
		"of a group": {func(co *asyncio.Co) error {
			_ = asyncio.Group(co, func(g *asyncio.TaskGroup) error {
				_ = g.Go("", func(*asyncio.Co) error { return errors.New("boom") })
				return forever(co)
			})
			return nil
		}, 0},
		"dropped": {func(co *asyncio.Co) error { _ = forever(co); return nil }, 1},
		"dropped, passed on": {func(co *asyncio.Co) error {
			inner := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return nil, forever(co) })
			_, _ = inner.Await(co)
			return nil
		}, 1},
		"dropped twice": {func(co *asyncio.Co) error { _ = forever(co); _ = forever(co); return nil }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var said []string
			swallowed := 0
			inOne(t, func(co *asyncio.Co) error {
				task := asyncio.Go(co, "t", func(co *asyncio.Co) (any, error) { return nil, c.body(co) })
				for range 2 {
					if err := co.Sleep(time.Second); err != nil {
						return err
					}
					if c.want > 0 || !task.Done() && task.Cancelling() == 0 {
						task.Cancel()
					}
				}
				_ = co.Sleep(time.Minute)
				require.True(t, task.Done())
				_ = task.Err()
				return nil
			}, asyncio.WithDebug(), asyncio.WithLog(func(s string) { said = append(said, s) }),
				asyncio.WithObserver(func(e asyncio.LoopEvent) {
					if e.Kind == asyncio.TaskCancelSwallowed {
						swallowed++
					}
				}))
			require.Equal(t, c.want, swallowed)
			if c.want > 0 { // once, at its end
				require.Equal(t, []string{"Task t swallowed its cancellation: return the error of the await, or call Uncancel"}, said)
			} else {
				require.Empty(t, said)
			}
		})
	}
}
