package asyncio_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// ledger checks, as they come, what must hold of the events of any loop.
type ledger struct {
	t         *testing.T
	names     map[uint64]string
	done      map[uint64]bool
	asked     map[uint64]int
	running   []uint64 // eager tasks nest
	timers    map[uint64]bool
	turns     int64
	destroyed int
	at        time.Duration
	all       []gil.Event
}

func (l *ledger) Observe(e gil.Event) {
	if e.Kind < gil.EvLoopTurn || e.Kind > gil.EvUnhandled {
		return
	}
	l.all = append(l.all, e)
	require.GreaterOrEqual(l.t, e.T, l.at)
	l.at = e.T
	switch e.Kind {
	case gil.EvLoopTurn:
		require.Greater(l.t, e.A, l.turns)
		l.turns = e.A
		require.Empty(l.t, l.running)
	case gil.EvCoroutine:
		require.NotContains(l.t, l.names, e.Obj)
		l.names[e.Obj] = e.Name
	case gil.EvCoStep:
		require.Equal(l.t, l.names[e.Obj], e.Name)
		require.False(l.t, l.done[e.Obj])
		l.running = append(l.running, e.Obj)
	case gil.EvCoSuspend:
		require.Equal(l.t, e.Obj, l.running[len(l.running)-1])
		l.running = l.running[:len(l.running)-1]
	case gil.EvCoDone:
		require.Contains(l.t, l.names, e.Obj)
		require.False(l.t, l.done[e.Obj], "ends twice")
		l.done[e.Obj] = true
		if n := len(l.running); n > 0 && l.running[n-1] == e.Obj {
			l.running = l.running[:n-1]
		} else {
			require.EqualValues(l.t, 2, e.A, "a task that does not run can only be cancelled before it begins")
		}
	case gil.EvCancel:
		l.asked[e.Obj]++
	case gil.EvCancelDeliver:
		l.asked[e.Obj]--
		require.GreaterOrEqual(l.t, l.asked[e.Obj], 0, "more cancellations are delivered than were asked for")
	case gil.EvUnhandled:
		if e.Name == "Task was destroyed but it is pending!" {
			l.destroyed++
		}
	case gil.EvTimerArm:
		require.False(l.t, l.timers[e.Obj])
		l.timers[e.Obj] = true
	case gil.EvTimerFire, gil.EvTimerCancel:
		require.True(l.t, l.timers[e.Obj], "a timer fires or is called off once")
		l.timers[e.Obj] = false
		require.GreaterOrEqual(l.t, e.A, int64(0))
	}
}

// TestEventsOfPrograms: whatever random programs do, observers see every task begin
// and end once, timers fire once and cancellations not appear from nowhere; and
// neither they nor debug mode change what the programs log.
func TestEventsOfPrograms(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 60
	}
	for _, version := range []string{"3.6", "3.8", "3.11", "3.13"} {
		p, err := gil.LookupProfile(version)
		require.NoError(t, err)
		minor := map[string]int{"3.6": 6, "3.8": 8, "3.11": 11, "3.13": 13}[version]
		for i := range n {
			prog := generate(uint64(i), minor)
			want := play(t, p, prog)
			var events []gil.Event
			for range 2 {
				l := &ledger{t: t, names: map[uint64]string{}, done: map[uint64]bool{}, asked: map[uint64]int{}, timers: map[uint64]bool{}}
				got := playOn(t, gil.NewMachine(1, gil.WithObserver(l)), p, prog, asyncio.WithDebug(), asyncio.WithObserver(func(asyncio.LoopEvent) {}))
				require.Equal(t, want, got, "program %d: %s", i, prog)
				if events != nil {
					require.Equal(t, events, l.all, "another time other events")
				}
				events = l.all
				left := 0
				for obj := range l.names {
					if !l.done[obj] {
						left++
					}
				}
				require.Equal(t, left, l.destroyed, "program %d: a task that does not end is reported: %s", i, prog)
			}
		}
	}
}
