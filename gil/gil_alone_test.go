package gil_test

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// These tests use a GIL without an interpreter, for plain goroutines. What they
// write down while holding it needs no other lock: under -race they show that the
// GIL orders it.

// A turn is a row of ticks by one thread.
type turn struct {
	who   int
	ticks int
}

// turns counts ticks by whoever holds the GIL.
type turns []turn

func (r *turns) tick(who int) {
	if n := len(*r); n == 0 || (*r)[n-1].who != who {
		*r = append(*r, turn{who: who})
	}
	(*r)[len(*r)-1].ticks++
}

// together lets n goroutines enter and perform body, all waiting before the first
// of them runs, in their order.
func together(g *gil.GIL, n int, body func(t *gil.Thread, who int)) {
	var wg sync.WaitGroup
	first := g.Enter("first")
	for who := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			t := g.Enter("")
			defer t.Leave()
			body(t, who)
		}()
		for g.Waiters() != who+1 {
			time.Sleep(time.Microsecond)
		}
	}
	first.Leave()
	wg.Wait()
}

// TestContendedRunsAreExactlyTheTicks is the first snippet of the README: with
// somebody waiting the holder runs exactly 100 ticks, the other one runs during
// Block, and a plain int counts right.
func TestContendedRunsAreExactlyTheTicks(t *testing.T) {
	const each = 20_000
	for _, ticks := range []int{1, 7, 100} {
		for _, threads := range []int{2, 3} {
			g := gil.NewGIL(gil.Ticks(ticks))
			var n int
			var order turns
			together(g, threads, func(t *gil.Thread, who int) {
				for range each {
					order.tick(who)
					t.Tick(1)
					n++
				}
			})
			require.Equal(t, threads*each, n)
			for i, r := range order[:len(order)-threads] {
				require.Equal(t, turn{who: i % threads, ticks: ticks}, r, "run %d under Ticks(%d)", i, ticks)
			}
			s := g.Stats()
			want := len(order) + 1 // the first holder's is a switch, too
			if each%ticks == 0 {
				want += threads // each comes back after its last run to leave
			}
			require.Equal(t, int64(want), s.Switches)
			require.Equal(t, s.Acquisitions, s.Switches)
			require.Equal(t, s.Switches, s.Forced+s.Voluntary)
			require.Zero(t, s.FailedWakeups)
			require.Zero(t, g.Waiters())
			require.Nil(t, g.Holder())
		}
	}
}

// TestANewcomerWaitsForTheEndOfARun: an uncontended holder goes on, but its runs
// stay whole.
func TestANewcomerWaitsForTheEndOfARun(t *testing.T) {
	g := gil.NewGIL(gil.Ticks(100))
	var order turns
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		t := g.Enter("early")
		defer t.Leave()
		for i := 0; i < 100_000 || len(order) < 2; i++ {
			order.tick(0)
			t.Tick(1)
		}
	}()
	go func() {
		defer wg.Done()
		t := g.Enter("late")
		defer t.Leave()
		for range 10_000 {
			order.tick(1)
			t.Tick(1)
		}
	}()
	wg.Wait()
	for i, r := range order[:len(order)-1] {
		if i != len(order)-2 { // the last run of the one that ends first
			require.Zero(t, r.ticks%100, "run %d of %v", i, order)
		}
	}
}

// TestTheOtherOneRunsDuringBlock with a real read of a real pipe.
func TestTheOtherOneRunsDuringBlock(t *testing.T) {
	for name, rule := range map[string]gil.Rule{
		"ticks": gil.Ticks(100), "legacy": gil.Legacy(100), "interval": gil.Interval(time.Hour), "none": gil.None(),
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			defer r.Close()
			defer w.Close()
			require.NoError(t, r.SetReadDeadline(time.Now().Add(20*time.Second)))
			g := gil.NewGIL(rule)
			var got [5]byte
			ticked := 0
			reading := make(chan struct{})
			var wg sync.WaitGroup
			wg.Add(1)
			go func() {
				defer wg.Done()
				u := g.Enter("reader")
				defer u.Leave()
				u.Block(func() {
					close(reading)
					_, err = r.Read(got[:])
				})
				if ticked != 10_000 {
					t.Errorf("the other thread has made %d ticks during the read", ticked)
				}
			}()
			<-reading
			v := g.Enter("writer")
			for range 10_000 {
				v.Tick(1)
				ticked++
			}
			_, werr := w.WriteString("hello") // with the GIL: the reader cannot be back before Leave
			v.Leave()
			wg.Wait()
			require.NoError(t, err)
			require.NoError(t, werr)
			require.Equal(t, "hello", string(got[:]))
		})
	}
}

// TestTheGILIsHeldAgainAfterBlock also when the call panics.
func TestTheGILIsHeldAgainAfterBlock(t *testing.T) {
	g := gil.NewGIL(gil.Ticks(10))
	u := g.Enter("u")
	require.PanicsWithValue(t, "out", func() {
		u.Block(func() {
			require.Nil(t, g.Holder())
			panic("out")
		})
	})
	require.Same(t, u, g.Holder())
	u.Tick(25)
	u.Leave()
}

// TestLegacyChecksEveryInterval: after n+1 ticks the GIL is released and taken
// again, whether somebody waits or not.
func TestLegacyChecksEveryInterval(t *testing.T) {
	for _, n := range []int{100, 1000, 10, 0} {
		g := gil.NewGIL(gil.Legacy(n))
		u := g.Enter("u")
		for range 20*(n+1) + n/2 {
			u.Tick(1)
		}
		s := g.Stats()
		u.Leave()
		require.Equal(t, int64(20), s.Checks, "Legacy(%d)", n)
		require.Equal(t, int64(1), s.Switches)
		require.Equal(t, int64(21), s.Acquisitions)
	}
}

// TestLegacyRunsAreWholePeriods: it is not fair, but the holder gives up at checks
// only, the ticker is shared, and nothing is lost.
func TestLegacyRunsAreWholePeriods(t *testing.T) {
	const each = 50_000
	g := gil.NewGIL(gil.Legacy(100))
	n := 0
	var order turns
	together(g, 2, func(t *gil.Thread, who int) {
		for range each {
			order.tick(who)
			t.Tick(1)
			n++
		}
	})
	require.Equal(t, 2*each, n)
	// The ticker goes on where the last holder left it: the runs up to the end of
	// the first thread add up to whole periods at every switch.
	sum := 0
	for _, r := range order[:len(order)-1] {
		sum += r.ticks
		if sum%101 != 0 && sum != each {
			// Only the thread that ended gave the GIL up in between.
			require.Equal(t, each, ticksOf(order, r.who), "after %d ticks", sum)
		}
	}
	require.Equal(t, int64(2*each/101), g.Stats().Checks)
}

func ticksOf(order turns, who int) (n int) {
	for _, r := range order {
		if r.who == who {
			n += r.ticks
		}
	}
	return n
}

// TestIntervalIsForced: a thread that never blocks lets the other one in, because
// that one asked, and does not come back before it.
func TestIntervalIsForced(t *testing.T) {
	g := gil.NewGIL(gil.Interval(time.Millisecond))
	require.Equal(t, time.Millisecond, g.Interval())
	turns := [2]int{}
	last := -1
	together(g, 2, func(t *gil.Thread, who int) {
		for turns[0]+turns[1] < 20 {
			if last != who {
				last = who
				turns[who]++
			}
			t.Tick(1)
		}
	})
	require.InDelta(t, turns[0], turns[1], 1, "they alternate")
	s := g.Stats()
	require.GreaterOrEqual(t, s.Forced, int64(18))
	require.Equal(t, s.Switches, s.Forced+s.Voluntary)
}

// TestLeaveLetsTheLongestWaiterIn, one after the other.
func TestLeaveLetsTheLongestWaiterIn(t *testing.T) {
	for name, rule := range map[string]gil.Rule{
		"ticks": gil.Ticks(1_000_000), "legacy": gil.Legacy(1_000_000), "interval": gil.Interval(time.Hour),
	} {
		g := gil.NewGIL(rule)
		var order []int
		together(g, 20, func(_ *gil.Thread, who int) { order = append(order, who) })
		require.Len(t, order, 20, name)
		for i, who := range order {
			require.Equal(t, i, who, "%s: %v", name, order)
		}
		require.Zero(t, g.Waiters())
		require.Nil(t, g.Holder())
	}
}

// TestNoGIL: threads of None are inside at the same time.
func TestNoGIL(t *testing.T) {
	g := gil.NewGIL(gil.None())
	meet := make(chan struct{})
	var wg sync.WaitGroup
	for who := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			u := g.Enter("")
			defer u.Leave()
			u.Tick(1000)
			if who == 0 {
				meet <- struct{}{} // without Block: both hold what there is to hold
			} else {
				<-meet
			}
			u.Tick(1000)
		}()
	}
	wg.Wait()
	require.Nil(t, g.Holder())
	require.Zero(t, g.Waiters())
	require.Zero(t, g.Interval())
}

// TestEnteredThreads are what Python calls dummy threads.
func TestEnteredThreads(t *testing.T) {
	g := gil.NewGIL(gil.Interval(time.Hour))
	u := g.Enter("")
	require.Equal(t, "Dummy-1", u.Name())
	require.True(t, u.Daemon())
	require.True(t, u.IsAlive(u))
	require.Same(t, u, g.Holder())
	require.NotZero(t, u.Ident())
	require.Contains(t, u.String(), "Dummy-1")
	u.Leave()

	v := g.Enter("named")
	require.Equal(t, "named", v.Name())
	w := v.Go("", func(w *gil.Thread) { w.Tick(10) })
	require.True(t, w.Daemon(), "the flag is the creator's")
	w.Join(v)
	v.Leave()
	require.False(t, v.IsAlive(nil))
}

// TestSetInterval has the rules of sys.setswitchinterval.
func TestSetInterval(t *testing.T) {
	g := gil.NewGIL(gil.Interval(5 * time.Millisecond))
	require.NoError(t, g.SetInterval(1900*time.Nanosecond))
	require.Equal(t, time.Microsecond, g.Interval(), "whole microseconds, cut off")
	require.NoError(t, g.SetInterval(1))
	require.Zero(t, g.Interval())
	for _, d := range []time.Duration{0, -1, -time.Hour} {
		err := g.SetInterval(d)
		var v *gil.ValueError
		require.ErrorAs(t, err, &v)
		require.Equal(t, "switch interval must be strictly positive", v.PythonText())
	}
	require.Zero(t, g.Interval(), "a refused interval changes nothing")
	// An interval below a microsecond acts as one.
	n := 0
	together(g, 2, func(t *gil.Thread, _ int) {
		for range 1000 {
			t.Tick(1)
			n++
		}
	})
	require.Equal(t, 2000, n)
}
