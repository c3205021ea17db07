//go:build linux

package process_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

// What a child of the chaos test does at a moment. It says so before it does it, in
// shared memory, so that what a killed child last said is what it was killed in.
const (
	stUnborn uint32 = iota
	stIdle
	stFutex     // it tried the lock, in vain, and waits for it
	stHolding   // in the middle of a count
	stReleasing // between the count and the end of Release
	stWaiting   // for a condition
	stNotifying
	stSignalled // waits for an event
	stSignalling
	stPermit // waits for a semaphore
	stateCount
)

var stateNames = [...]string{"unborn", "idle", "in the futex", "holding", "mid-release", "waiting", "notifying", "waiting for an event", "setting it", "waiting for a semaphore"}

// mustHit are the states that enough kills have to hit.
var mustHit = []uint32{stIdle, stFutex, stHolding, stReleasing}

const chaosSlots = 4

// A board is the memory in which the children count and say what they do.
type board struct {
	A, Dones, B  uint32 // A and B count together, Dones sums who counted
	Tokens       uint32 // under the condition's lock
	Violations   uint32
	Recoveries   uint32
	Stop         uint32
	Done         [chaosSlots]uint32
	State        [chaosSlots]uint32
	Progress     [chaosSlots]uint32
	ViolatedWith [3]uint32
}

func init() { process.RegisterValue[board]() }

type chaos struct {
	Board *process.RawValue[board]
	Lock  *process.Lock
	Cond  *process.Condition
	Event *process.Event
	Sem   *process.Semaphore
	Slot  int
	Seed  uint64
}

var chaosChild = process.DefineTarget("test.chaos", func(ctx context.Context, c chaos) error {
	return c.live(process.WithOwner(ctx), rand.New(rand.NewPCG(c.Seed, uint64(c.Slot))))
})

func (c *chaos) say(state uint32) { atomic.StoreUint32(&c.Board.Pointer().State[c.Slot], state) }

// live is the life of a child, which ends by a kill or when the board says Stop.
func (c *chaos) live(ctx context.Context, r *rand.Rand) error {
	b := c.Board.Pointer()
	for atomic.LoadUint32(&b.Stop) == 0 {
		c.say(stIdle)
		c.work(r.IntN(300))
		var err error
		switch r.IntN(1000) {
		case 0, 10, 11:
			err = c.consume(ctx)
		case 1:
			err = c.produce(ctx)
		case 2:
			c.say(stSignalled)
			err = c.Event.Wait(ctx)
		case 3:
			c.say(stSignalling)
			err = errors.Join(c.Event.Set(ctx), c.Event.Clear(ctx), c.Sem.Release(ctx))
		case 4, 12:
			c.say(stPermit)
			err = c.Sem.Acquire(ctx)
		default:
			err = c.count(ctx, r)
		}
		if err != nil {
			return err
		}
		atomic.AddUint32(&b.Progress[c.Slot], 1)
	}
	return nil
}

// work takes a while.
func (c *chaos) work(n int) {
	for range n {
		atomic.AddUint32(&c.Board.Pointer().Progress[c.Slot], 0)
	}
}

// lock acquires l, also from the dead.
func lock(ctx context.Context, l process.Locker, b *board) error {
	err := l.Acquire(ctx)
	if errors.Is(err, process.ErrOwnerDied) {
		atomic.AddUint32(&b.Recoveries, 1)
		return l.Recover(ctx)
	}
	return err
}

// count counts in three steps that must not be torn, and checks what others did.
func (c *chaos) count(ctx context.Context, r *rand.Rand) error {
	b := c.Board.Pointer()
	if ok, err := c.Lock.TryAcquire(ctx); !ok {
		if err != nil && !errors.Is(err, process.ErrOwnerDied) {
			return err
		}
		c.say(stFutex)
		if err := lock(ctx, c.Lock, b); err != nil {
			return err
		}
	}
	c.say(stHolding)
	// A process that dies in here leaves one of these, and nothing else.
	switch sum := atomic.LoadUint32(&b.Dones); {
	case b.A == sum && b.B == sum:
	case b.A == sum+1 && b.B == sum:
		b.A = sum
	case b.A == sum && b.B == sum-1:
		b.B = sum
	default:
		if atomic.AddUint32(&b.Violations, 1) == 1 {
			b.ViolatedWith = [3]uint32{b.A, sum, b.B}
		}
	}
	b.A++
	c.work(r.IntN(500))
	atomic.AddUint32(&b.Dones, 1)
	b.B++
	c.say(stReleasing)
	return c.Lock.Release(ctx)
}

// consume waits for a token.
func (c *chaos) consume(ctx context.Context) error {
	b := c.Board.Pointer()
	if err := lock(ctx, c.Cond.Lock(), b); err != nil {
		return err
	}
	for b.Tokens == 0 {
		c.say(stWaiting)
		err := c.Cond.Wait(ctx)
		if errors.Is(err, process.ErrOwnerDied) {
			err = c.Cond.Recover(ctx)
		}
		if err != nil {
			return err
		}
	}
	b.Tokens--
	return c.Cond.Release(ctx)
}

// produce makes a token.
func (c *chaos) produce(ctx context.Context) error {
	b := c.Board.Pointer()
	if err := lock(ctx, c.Cond.Lock(), b); err != nil {
		return err
	}
	c.say(stNotifying)
	b.Tokens = min(b.Tokens+1, 2) // few, so that there is something to wait for
	if err := c.Cond.Notify(ctx, 1); err != nil {
		return err
	}
	return c.Cond.Release(ctx)
}

// A reaper kills one child after the other in one slot, and notes what it hit.
type reaper struct {
	c    chaos
	hits *[stateCount]atomic.Int32
	r    *rand.Rand
}

// turn starts a child, lets it live for a moment, and kills it.
func (k *reaper) turn(ctx context.Context) error {
	b := k.c.Board.Pointer()
	state := &b.State[k.c.Slot]
	atomic.StoreUint32(state, stUnborn)
	k.c.Seed = k.r.Uint64()
	p, err := chaosChild.Start(ctx, k.c)
	if err != nil {
		return err
	}
	if err := until(ctx, func() bool { return atomic.LoadUint32(state) != stUnborn || !p.IsAlive(ctx) }); err != nil {
		return err
	}
	// Half of them die at a random moment, half in the state that was hit least.
	time.Sleep(time.Duration(k.r.IntN(1500)) * time.Microsecond)
	if k.r.IntN(2) == 0 {
		target := slices.MinFunc(mustHit, func(x, y uint32) int { return int(k.hits[x].Load() - k.hits[y].Load()) })
		for begin := time.Now(); atomic.LoadUint32(state) != target && time.Since(begin) < 2*time.Millisecond; {
			runtime.Gosched()
		}
	}
	p.Kill()
	if err := p.Join(ctx); err != nil {
		return err
	}
	if code, _ := p.ExitCode(); code != -9 {
		return fmt.Errorf("a child ended by itself, with code %d", code)
	}
	k.hits[atomic.LoadUint32(state)].Add(1)
	return p.Close()
}

func until(ctx context.Context, what func() bool) error {
	for !what() {
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(50 * time.Microsecond)
	}
	return nil
}

func TestChaos(t *testing.T) {
	if testing.Short() {
		chaosRun(t, 50, 1)
		return
	}
	chaosRun(t, 150, 2)
}

// The soak that the short form stands for; CI_SOAK=1 runs it.
func TestChaosSoak(t *testing.T) {
	if os.Getenv("CI_SOAK") != "1" {
		t.Skip("takes minutes; CI_SOAK=1 runs it")
	}
	chaosRun(t, 10_000, 200)
}

// chaosRun kills at least so many children, and goes on until each state of
// mustHit was hit often enough.
func chaosRun(t *testing.T, kills, perState int32) {
	for range 3 {
		runtime.GC() // what earlier tests have left to it
		time.Sleep(time.Millisecond)
	}
	before := inventory(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := newChaos(t)
	b := c.Board.Pointer()

	// Whoever waits for something gets it now and then, from somebody who is
	// never killed.
	pump := background(func() error {
		p := *c
		p.Slot = 0
		own := process.WithOwner(ctx)
		for ctx.Err() == nil {
			time.Sleep(200 * time.Microsecond)
			if err := p.feed(own, 1); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	})

	// Two survivors are never killed: they must get on whatever happens to the
	// others.
	const killed = chaosSlots - 2
	var survivors []*process.Process
	for slot := killed; slot < chaosSlots; slot++ {
		s := *c
		s.Slot, s.Seed = slot, uint64(slot)
		p, err := chaosChild.Start(ctx, s)
		require.NoError(t, err)
		survivors = append(survivors, p)
	}
	stuck := watchSurvivors(ctx, cancel, b, survivors)

	var hits [stateCount]atomic.Int32
	var total atomic.Int32
	enough := func() bool {
		return total.Load() >= kills && !slices.ContainsFunc(mustHit, func(s uint32) bool { return hits[s].Load() < perState })
	}
	var wg sync.WaitGroup
	for slot := range killed {
		wg.Go(func() {
			k := reaper{c: *c, hits: &hits, r: rand.New(rand.NewPCG(uint64(slot), 1))}
			k.c.Slot = slot
			for !enough() && total.Load() < 20*kills && ctx.Err() == nil {
				if err := k.turn(ctx); err != nil {
					t.Errorf("%v; %s", err, report(b, &hits))
					cancel()
					return
				}
				total.Add(1)
			}
		})
	}
	wg.Wait()
	require.True(t, enough(), "%d kills: %s", total.Load(), report(b, &hits))

	// The survivors end by themselves.
	atomic.StoreUint32(&b.Stop, 1)
	for _, p := range survivors {
		for p.IsAlive(ctx) {
			require.NoError(t, c.feed(process.WithOwner(ctx), 10))
		}
		require.Zero(t, joined(t, p), report(b, &hits))
	}
	cancel()
	require.NoError(t, pump())
	require.Empty(t, stuck())
	t.Logf("%d kills: %s", total.Load(), report(b, &hits))

	ctx = process.WithOwner(t.Context())
	require.NoError(t, lock(ctx, c.Lock, b))
	require.NoError(t, c.Lock.Release(ctx))
	require.Zero(t, b.Violations, "found %v", b.ViolatedWith)
	if kills >= 1000 {
		require.NotZero(t, b.Recoveries)
	}
	healthy(t, c)
	c.close(t)
	var now stock
	for range 1000 {
		// Mappings go with the garbage.
		runtime.GC()
		if now = inventory(t); now.within(before) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.Fail(t, "something is left", "before: %+v, now: %+v", before, now)
}

// within reports whether nothing has become more.
func (s stock) within(before stock) bool {
	return s.fds <= before.fds && s.maps <= before.maps && s.zombies == 0 && s.names == before.names
}

func report(b *board, hits *[stateCount]atomic.Int32) string {
	var text strings.Builder
	for s := range hits {
		fmt.Fprintf(&text, "%s %d, ", stateNames[s], hits[s].Load())
	}
	fmt.Fprintf(&text, "%d recoveries, %d counted", atomic.LoadUint32(&b.Recoveries), atomic.LoadUint32(&b.Dones))
	return text.String()
}

// feed gives everybody something to go on with.
func (c *chaos) feed(ctx context.Context, n int) error {
	b := c.Board.Pointer()
	if err := lock(ctx, c.Cond.Lock(), b); err != nil {
		return err
	}
	b.Tokens = max(b.Tokens, uint32(n))
	err := errors.Join(c.Cond.Notify(ctx, n), c.Cond.Release(ctx), c.Event.Set(ctx), c.Event.Clear(ctx))
	if c.Sem.Value(ctx) < n {
		for range n {
			err = errors.Join(err, c.Sem.Release(ctx))
		}
	}
	return err
}

// watchSurvivors ends the test when a survivor makes no progress for long.
func watchSurvivors(ctx context.Context, cancel func(), b *board, survivors []*process.Process) (stuck func() string) {
	c := make(chan string, 1)
	go func() {
		defer close(c)
		var last [chaosSlots]uint32
		since := time.Now()
		for ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
			now := [chaosSlots]uint32{}
			moved := true
			for slot := chaosSlots - len(survivors); slot < chaosSlots; slot++ {
				now[slot] = atomic.LoadUint32(&b.Progress[slot])
				moved = moved && now[slot] != last[slot]
			}
			switch {
			case moved, atomic.LoadUint32(&b.Stop) != 0:
				last, since = now, time.Now()
			case time.Since(since) > 20*time.Second:
				c <- fmt.Sprintf("a survivor hangs: progress %v, states %v", now, b.State)
				cancel()
				for _, p := range survivors {
					p.Kill()
				}
				return
			}
		}
	}()
	return func() string { return <-c }
}

func newChaos(t *testing.T) *chaos {
	ctx := t.Context()
	c := &chaos{}
	var errs [5]error
	c.Board, errs[0] = process.NewRawValue(ctx, board{})
	c.Lock, errs[1] = process.NewLock(ctx)
	c.Cond, errs[2] = process.NewCondition(process.WithOwner(ctx), nil)
	c.Event, errs[3] = process.NewEvent(ctx)
	c.Sem, errs[4] = process.NewSemaphore(ctx, 0)
	require.NoError(t, errors.Join(errs[:]...))
	return c
}

func (c *chaos) close(t *testing.T) {
	require.NoError(t, errors.Join(c.Lock.Close(), c.Cond.Close(), c.Event.Close(), c.Sem.Close(), c.Board.Close()))
	*c = chaos{}
}

// healthy plays with objects that saw many deaths: two processes take turns, and
// nobody helps them.
func healthy(t *testing.T, c *chaos) {
	b := c.Board.Pointer()
	atomic.StoreUint32(&b.Stop, 0)
	b.Tokens = 0
	ctx := process.WithOwner(t.Context())
	p, err := chaosPartner.Start(ctx, *c)
	require.NoError(t, err)
	for range partnerRounds {
		require.NoError(t, c.turnTo(ctx, 1, 0))
	}
	require.Zero(t, joined(t, p))
}

const partnerRounds = 300

var chaosPartner = process.DefineTarget("test.chaos.partner", func(ctx context.Context, c chaos) error {
	ctx = process.WithOwner(ctx)
	for range partnerRounds {
		if err := c.turnTo(ctx, 0, 1); err != nil {
			return err
		}
	}
	return nil
})

// turnTo waits for its turn and gives it to the other.
func (c *chaos) turnTo(ctx context.Context, other, mine uint32) error {
	b := c.Board.Pointer()
	if err := c.Cond.Acquire(ctx); err != nil {
		return err
	}
	err := c.Cond.WaitFor(ctx, func() bool { return b.Tokens == mine })
	b.Tokens = other
	return errors.Join(err, c.Cond.Notify(ctx, 1), c.Cond.Release(ctx))
}

// A stock is what a process has of what can leak.
type stock struct {
	fds, maps, zombies int
	names              string
}

func inventory(t testing.TB) (s stock) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	maps, err := os.ReadFile("/proc/self/maps")
	require.NoError(t, err)
	names, err := filepath.Glob("/dev/shm/psm_g*")
	require.NoError(t, err)
	return stock{len(fds), strings.Count(string(maps), "memfd:pygil"), len(zombies(t)), strings.Join(names, " ")}
}
