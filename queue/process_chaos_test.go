//go:build linux

package queue_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// What a child of the chaos test is in the middle of. It says so in shared memory, so
// that what a killed child last said is what it was killed in.
const (
	stUnborn uint32 = iota
	stBeforePut
	stMidPublish
	stPutting // in Put, mostly waiting for a slot
	stAfterPut
	stBeforeGet
	stMidTake
	stGetting // in Get, mostly waiting for an item
	stAfterGet
	chaosStates
)

const (
	chaosSlots = 8
	perLife    = 1 << 12 // items that one life of a producer may put
	chaosLives = 1 << 10 // of all producers
)

// A scene is what the children of the chaos test share beside the queue.
type scene struct {
	Stop     uint32
	State    [chaosSlots]uint32
	Progress [chaosSlots]uint32
	Put      [chaosLives]uint32 // items whose Put has returned
	Begun    [chaosLives]uint32 // items whose Put was called
	Got      [chaosLives * perLife / 4]uint32
	Taken    uint32
	Disorder uint32
}

func init() { process.RegisterValue[scene]() }

// got counts the arrivals of an item, one byte each.
func (s *scene) got(item int) uint32 {
	shift := uint(item%4) * 8
	return atomic.AddUint32(&s.Got[item/4], 1<<shift) >> shift & 0xff
}

type actor struct {
	Q     *queue.ProcessQueue[[]byte]
	Scene *process.RawValue[scene]
	Slot  int
	Life  int // of a producer
	Seed  uint64
}

var chaosChild = process.DefineTarget("test.queueChaos", func(ctx context.Context, a actor) error {
	defer runtime.KeepAlive(a.Scene)
	s := a.Scene.Pointer()
	r := rand.New(rand.NewPCG(a.Seed, uint64(a.Slot)))
	say := func(state uint32) { atomic.StoreUint32(&s.State[a.Slot], state) }
	// The middle of a put is over before anybody can aim at it: now and then it lasts.
	var aside, slow atomic.Uint32
	queue.OnStep(func(step int) {
		mid := stMidPublish
		if step >= queue.PutSteps {
			mid = stMidTake
		}
		say(mid)
		if n := slow.Add(1); n%97 == 0 {
			time.Sleep(500 * time.Microsecond)
		}
		say(aside.Load())
	})
	waits := func(state uint32) { aside.Store(state); say(state) }
	pause := func(state uint32) {
		waits(state)
		if r.IntN(50) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if a.Slot%2 == 0 {
		for i := 0; i < perLife && atomic.LoadUint32(&s.Stop) == 0; i++ {
			pause(stBeforePut)
			item := a.Life*perLife + i
			data := make([]byte, 8+r.IntN(60)*r.IntN(60))
			if r.IntN(8) == 0 { // longer than the ring: in memory of its own, which is used again
				data = make([]byte, 1<<13+r.IntN(1<<15))
			}
			for j := range data {
				data[j] = byte(item >> (8 * (j % 4)))
			}
			atomic.StoreUint32(&s.Begun[a.Life], uint32(i+1))
			waits(stPutting)
			if err := a.Q.Put(ctx, data); err != nil {
				return err
			}
			atomic.StoreUint32(&s.Put[a.Life], uint32(i+1))
			atomic.AddUint32(&s.Progress[a.Slot], 1)
			pause(stAfterPut)
		}
		waits(stUnborn)
		return nil
	}
	last := map[int]int{}
	for {
		pause(stBeforeGet)
		waits(stGetting)
		data, err := a.Q.Get(ctx)
		if errors.Is(err, queue.ErrShutDown) {
			waits(stUnborn)
			return nil
		}
		if err != nil {
			return err
		}
		item := int(data[0]) | int(data[1])<<8 | int(data[2])<<16 | int(data[3])<<24
		for j := range data {
			if data[j] != byte(item>>(8*(j%4))) {
				return errors.New("an item is torn")
			}
		}
		if s.got(item) > 1 {
			return errors.New("an item came twice")
		}
		life, n := item/perLife, item%perLife
		if before, some := last[life]; some && before >= n {
			atomic.AddUint32(&s.Disorder, 1)
		}
		last[life] = n
		atomic.AddUint32(&s.Progress[a.Slot], 1)
		pause(stAfterGet)
	}
})

// TestQueueChaos has four producers and four consumers, in eight processes, use a queue
// while one after the other is killed, in each state of a put and of a get.
func TestQueueChaos(t *testing.T) {
	kills := 3
	if testing.Short() {
		kills = 1
	}
	queueChaos(t, kills, 5*time.Millisecond)
}

// TestQueueChaosSoak is that for a minute, a kill every 50 ms, each state a hundred
// times.
func TestQueueChaosSoak(t *testing.T) {
	if os.Getenv("CI_SOAK") != "1" {
		t.Skip("no-soak: it takes a minute and more")
	}
	queueChaos(t, 100, 50*time.Millisecond)
}

func queueChaos(t *testing.T, each int, every time.Duration) {
	ctx := t.Context()
	q, err := queue.NewProcess[[]byte](ctx, 16, queue.WithRing(1<<14), queue.WithFlushTimeout(time.Hour))
	require.NoError(t, err)
	defer q.Close()
	board, err := process.NewRawValue(ctx, scene{})
	require.NoError(t, err)
	defer runtime.KeepAlive(board)
	s := board.Pointer()
	var children [chaosSlots]*process.Process
	life := 0
	bear := func(slot int) {
		atomic.StoreUint32(&s.State[slot], stUnborn)
		a := actor{Q: q, Scene: board, Slot: slot, Seed: rand.Uint64()}
		if slot%2 == 0 {
			a.Life = life
			life++
		}
		var err error
		children[slot], err = chaosChild.Start(ctx, a)
		require.NoError(t, err)
	}
	for slot := range children {
		bear(slot)
	}
	defer func() {
		for _, p := range children {
			_ = p.Kill()
			_ = p.Join(context.Background())
		}
	}()
	hits := [chaosStates]int{}
	lost := 0 // takers that may have taken something they did not tell of
	begin := time.Now()
	for round := 0; ; round++ {
		want, done := uint32(0), true
		for state := stBeforePut; state < chaosStates; state++ {
			if hits[state] < each {
				done = false
				if want == 0 || hits[state] < hits[want] {
					want = state
				}
			}
		}
		if done && (every < 50*time.Millisecond || time.Since(begin) >= time.Minute) || life == chaosLives-chaosSlots {
			require.True(t, done, "%v", hits)
			break
		}
		if done {
			want = stBeforePut + uint32(round)%(chaosStates-1)
		}
		victim := aim(t, s, want, &children)
		if victim < 0 {
			continue // somebody came to his end, and was replaced below
		}
		require.NoError(t, children[victim].Kill())
		require.NoError(t, children[victim].Join(ctx))
		if code, _ := children[victim].ExitCode(); code == 0 { // a producer at its end
			bear(victim)
			continue
		}
		code, _ := children[victim].ExitCode()
		require.Equal(t, -9, code)
		state := atomic.LoadUint32(&s.State[victim])
		hits[state]++
		if victim%2 == 1 {
			lost++
		}
		bear(victim)
		time.Sleep(every)
	}
	// Everybody still makes progress.
	for slot := range children {
		before := atomic.LoadUint32(&s.Progress[slot])
		eventually(t, func() bool {
			if !children[slot].IsAlive(ctx) {
				require.NoError(t, children[slot].Join(ctx))
				bear(slot)
			}
			return atomic.LoadUint32(&s.Progress[slot]) != before
		})
	}
	atomic.StoreUint32(&s.Stop, 1)
	ends := func(parity int) {
		for slot := parity; slot < chaosSlots; slot += 2 {
			require.NoError(t, children[slot].Join(ctx))
			code, _ := children[slot].ExitCode()
			require.Zero(t, code)
		}
	}
	ends(0)
	require.NoError(t, q.Shutdown(ctx, false))
	ends(1)

	put, begun, got := 0, 0, 0
	for i := range life {
		put += int(s.Put[i])
		begun += int(s.Begun[i])
		for j := range perLife {
			item := i*perLife + j
			n := int(s.Got[item/4] >> (uint(item%4) * 8) & 0xff)
			require.LessOrEqual(t, n, 1)
			if j >= int(s.Begun[i]) {
				require.Zero(t, n, "an item that nobody has put")
			}
			got += n
		}
	}
	stats := q.Stats(ctx)
	require.Equal(t, queue.Stats{Lost: stats.Lost}, stats)
	require.Zero(t, s.Disorder)
	// An item was got, or lost with its producer, or with a consumer that had not told.
	require.LessOrEqual(t, put, got+stats.Lost+lost)
	require.LessOrEqual(t, got+stats.Lost, begun)
	t.Logf("%d kills, %v; %d put, %d got, %d lost", life, hits, put, got, stats.Lost)
}

// aim waits until a child is in a state, and returns its slot, or -1 when that takes
// long or a child has ended.
func aim(t *testing.T, s *scene, want uint32, children *[chaosSlots]*process.Process) int {
	first := 0
	if want >= stBeforeGet {
		first = 1
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		for slot := first; slot < chaosSlots; slot += 2 {
			if atomic.LoadUint32(&s.State[slot]) == want {
				return slot
			}
			if !children[slot].IsAlive(t.Context()) {
				return slot
			}
		}
	}
	require.Fail(t, "nobody comes to this state", "%d", want)
	return -1
}
