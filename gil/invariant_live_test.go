package gil_test

import (
	"flag"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

var soak = flag.Duration("gil.soak", 2*time.Second, "how long random programs run in the live world")

// TestInvariantsLive runs random programs on goroutines until the time is up:
// never two holders, counts exact, nothing left behind. Run it with -race, under
// which plain ints show that the GIL orders what it guards.
func TestInvariantsLive(t *testing.T) {
	profiles := append(gil.Profiles(), gil.FromRule(gil.Ticks(20)), gil.FromRule(gil.Legacy(10)),
		gil.CPython312.WithSwitchInterval(100*time.Microsecond), gil.CPython39.WithSwitchInterval(time.Microsecond))
	deadline := time.Now().Add(*soak)
	seed := uint64(time.Now().UnixNano())
	n := 0
	for time.Now().Before(deadline) || n < len(profiles) {
		p := profiles[n%len(profiles)]
		n++
		seed++
		what := fmt.Sprintf("seed %d, %v", seed, p)
		h := &holders{}
		opts := []gil.Option{gil.WithStdout(io.Discard)}
		if n%3 != 0 {
			opts = append(opts, gil.WithObserver(h)) // without one the paths are others
		}
		c := newChaos(seed, 300*time.Microsecond)
		i := gil.New(p, opts...)
		posted, stop := c.post(i)
		err := i.Run(c.main)
		sum := posted()
		stop()
		require.NoError(t, err, what)
		require.NoError(t, c.check(), what)
		require.Empty(t, h.wrong, what)
		require.Empty(t, h.held, "%s: held at the end", what)
		if s := c.sets[i]; s != nil {
			// A daemon that is ended between taking a permit and counting it is all
			// that may be missing.
			missing := sum - s.got.Load() - int64(gil.PermitsOf(&s.tokens))
			require.GreaterOrEqual(t, missing, int64(0), "%s: of %d permits", what, sum)
			require.LessOrEqual(t, missing, c.daemons.Load(), "%s: of %d permits", what, sum)
		}
		if g := i.GIL(); g != nil {
			require.Nil(t, g.Holder(), what)
			require.Zero(t, g.Waiters(), what)
			stats := g.Stats()
			require.LessOrEqual(t, stats.Switches, stats.Acquisitions, what)
			require.LessOrEqual(t, stats.Forced, stats.Switches, what)
		}
	}
	t.Logf("%d programs", n)
}

// post makes a goroutine that is no thread open the tokens gate of i's threads
// while they run. It returns how many permits it posted, after it has ended.
func (c *chaos) post(i *gil.Interpreter) (posted func() int64, stop func()) {
	quit := make(chan struct{})
	var wg sync.WaitGroup
	var sum int64
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			select {
			case <-quit:
				return
			case <-time.After(50 * time.Microsecond):
			}
			c.mu.Lock()
			s := c.sets[i]
			c.mu.Unlock()
			if s != nil && s.bound.Load() {
				i.Post(&s.tokens, 1)
				sum++
			}
		}
	}()
	var once sync.Once
	end := func() { once.Do(func() { close(quit); wg.Wait() }) }
	return func() int64 { end(); return sum }, end
}

// holders follows who holds which GIL; events come from many goroutines but one
// at a time.
type holders struct {
	held  map[uint64]uint32
	wrong []string
}

// Observe implements gil.Observer.
func (h *holders) Observe(e gil.Event) {
	if h.held == nil {
		h.held = map[uint64]uint32{}
	}
	switch e.Kind {
	case gil.EvGILAcquire:
		if who, ok := h.held[e.Obj]; ok {
			h.wrong = append(h.wrong, fmt.Sprintf("%d takes GIL %d while %d holds it", e.TID, e.Obj, who))
		}
		h.held[e.Obj] = e.TID
	case gil.EvGILRelease:
		if h.held[e.Obj] != e.TID {
			h.wrong = append(h.wrong, fmt.Sprintf("%d releases GIL %d, held by %d", e.TID, e.Obj, h.held[e.Obj]))
		}
		if e.A < 0 || time.Duration(e.A) > e.T {
			h.wrong = append(h.wrong, fmt.Sprintf("%d held GIL %d for %v at %v", e.TID, e.Obj, time.Duration(e.A), e.T))
		}
		delete(h.held, e.Obj)
	}
}
