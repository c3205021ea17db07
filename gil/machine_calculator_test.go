package gil_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// A thousand random workloads in the Ideal preset against calculators that share
// nothing with the machine: no coroutines, no agenda, no GIL object, only
// arithmetic on nanoseconds.
//
// Python leaves open who goes first at equal times, and a machine draws it with
// its seed. So the workloads are of classes whose end times do not depend on it:
// durations are odd random nanoseconds, threads begin at distinct times, and
//
//   - serial: one thread per process and a core for everybody. Every process
//     takes the sum of its pieces, whatever they are.
//   - bound: threads that do nothing but hold the GIL, on any number of cores.
//     All together take the sum.
//   - queue: the switch interval is longer than the run, so the GIL is a queue
//     without preemption: who comes first is served first.
//   - pair: two threads per process under an interval of 5 ms, with everything
//     that forced switching does. (With three, two can ask in the same instant.)
//   - core: threads without a GIL on one core with a quantum: round robin. (On
//     two cores two slices can end in the same instant.)
//
// Processes have a GIL each and cores of their own, so several of them do not
// change each other's times.

// A piece is something a thread does.
type piece struct {
	kind  pieceKind
	d     time.Duration
	cores int // of a Released
}

type pieceKind uint8

const (
	compute  pieceKind = iota // with the GIL, switchable
	held                      // with the GIL, not switchable
	released                  // without the GIL, on cores
	input                     // without the GIL
	sleep                     // without the GIL
)

func (k pieceKind) needsGIL() bool { return k <= held }

func (p piece) String() string {
	name := [...]string{"Compute", "Held", "Released", "IO", "Sleep"}[p.kind]
	if p.kind == released {
		return fmt.Sprintf("%s(%d, %d)", name, p.d, p.cores)
	}
	return fmt.Sprintf("%s(%d)", name, p.d)
}

func (p piece) run(t *gil.Thread) {
	switch p.kind {
	case compute:
		t.Compute(p.d)
	case held:
		t.Held(p.d)
	case released:
		t.Released(p.d, p.cores)
	case input:
		t.IO(p.d)
	case sleep:
		t.Sleep(p.d)
	}
}

// A worker is a thread's program: it waits, then does its pieces.
type worker struct {
	after  time.Duration
	pieces []piece
}

func (w worker) String() string {
	s := make([]string, len(w.pieces))
	for i, p := range w.pieces {
		s[i] = p.String()
	}
	return fmt.Sprintf("after %d: %s", w.after, strings.Join(s, " "))
}

func (w worker) run(t *gil.Thread) {
	if w.after > 0 {
		t.Sleep(w.after)
	}
	for _, p := range w.pieces {
		p.run(t)
	}
}

func (w worker) sum() (d time.Duration) {
	for _, p := range w.pieces {
		d += p.d
	}
	return d
}

// odd draws an odd number of nanoseconds below most.
func odd(rng *rand.Rand, most time.Duration) time.Duration {
	return time.Duration(rng.Int64N(int64(most)/2))*2 + 1
}

func randomWorker(rng *rand.Rand, kinds []pieceKind, most time.Duration) worker {
	w := worker{after: odd(rng, most)}
	for range 1 + rng.IntN(6) {
		p := piece{kind: kinds[rng.IntN(len(kinds))], d: odd(rng, most), cores: 1}
		if p.kind == released {
			p.cores = 1 + rng.IntN(3)
		}
		w.pieces = append(w.pieces, p)
	}
	return w
}

var everything = []pieceKind{compute, held, released, input, sleep}

// workload is a number of processes, each with its workers and when they end
// according to the calculator, counted from the start of the process.
type workload struct {
	profile gil.Profile
	cores   int
	options []gil.Option
	procs   [][]worker
	mainIs0 bool // the main thread of a process is its first worker
	want    [][]time.Duration
}

const calculatorStart = 1_234_567 * time.Nanosecond // of a process

// run performs the workload and returns when each worker ended, counted from the
// start of its process, and the machine's final time.
func (w workload) run(t *testing.T) (ends [][]time.Duration, m *gil.Machine) {
	t.Helper()
	m = gil.NewMachine(w.cores, append(w.options, gil.WithStartCost(calculatorStart))...)
	ends = make([][]time.Duration, len(w.procs))
	process := func(n int) func(*gil.Thread) {
		return func(main *gil.Thread) {
			begun := main.Now()
			ends[n] = make([]time.Duration, len(w.procs[n]))
			body := func(i int) func(*gil.Thread) {
				return func(t *gil.Thread) {
					w.procs[n][i].run(t)
					ends[n][i] = t.Now() - begun
				}
			}
			var ts []*gil.Thread
			for i := range w.procs[n] {
				if i > 0 || !w.mainIs0 {
					ts = append(ts, main.Go("", body(i)))
				}
			}
			if w.mainIs0 {
				body(0)(main)
			} else {
				main.Sleep(time.Hour) // it would want the GIL, or a core, whenever a worker ends
			}
			gil.JoinAll(main, ts...)
		}
	}
	require.NoError(t, m.Run(w.profile, func(main *gil.Thread) {
		if len(w.procs) == 1 {
			process(0)(main)
			return
		}
		children := make([]*gil.Child, len(w.procs))
		for n := range w.procs {
			children[n] = main.Emulate(fmt.Sprint(n), process(n))
		}
		for _, c := range children {
			c.Join(main)
		}
	}))
	return ends, m
}

// finish is when the machine stops according to the calculator.
func (w workload) finish() time.Duration {
	var last time.Duration
	for n, ends := range w.want {
		end := slices.Max(ends)
		if !w.mainIs0 {
			end = time.Hour
		}
		if len(w.procs) > 1 {
			end += time.Duration(n+1) * calculatorStart
		}
		last = max(last, end)
	}
	return last
}

func (w workload) check(t *testing.T, seed uint64) {
	t.Helper()
	ends, m := w.run(t)
	if !slices.EqualFunc(w.want, ends, slices.Equal) || m.Now() != w.finish() {
		t.Fatalf("seed %d, %v on %d cores: want %v at %v, got %v at %v, of %v",
			seed, w.profile, w.cores, w.want, w.finish(), ends, m.Now(), w.procs)
	}
}

func TestCalculatorSerial(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		w := workload{profile: gil.CPython312, mainIs0: true, cores: 1}
		if rng.IntN(3) == 0 {
			w.profile = gil.FromRule(gil.None())
		}
		for range 1 + rng.IntN(5) {
			x := randomWorker(rng, everything, 30*time.Millisecond)
			w.procs = append(w.procs, []worker{x})
			w.want = append(w.want, []time.Duration{x.after + x.sum()})
			w.cores += 3
		}
		w.check(t, seed)
	}
}

func TestCalculatorBound(t *testing.T) {
	profiles := gil.Profiles()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 2))
		p := profiles[rng.IntN(len(profiles))]
		if p.FreeThreaded() || p.Name() == "pypy" {
			p = gil.CPython313
		}
		most := 20 * time.Millisecond
		if p.Rule().String() == gil.Legacy(100).String() {
			most = 200 * time.Microsecond
		}
		m := gil.NewMachine(1+rng.IntN(5), gil.WithSeed(seed), gil.WithSuccessor(gil.Successor(rng.IntN(3))))
		var sum time.Duration
		var ws []worker
		for range 1 + rng.IntN(5) {
			w := randomWorker(rng, []pieceKind{compute, held}, most)
			w.after = 0
			ws = append(ws, w)
			sum += w.sum()
		}
		require.NoError(t, m.Run(p, func(main *gil.Thread) {
			var ts []*gil.Thread
			for _, w := range ws {
				ts = append(ts, main.Go("", w.run))
			}
			gil.JoinAll(main, ts...)
		}))
		require.Equal(t, sum, m.Now(), "seed %d, %v on %d cores: %v", seed, p, m.Cores(), ws)
		require.Equal(t, 1, m.Par(), "seed %d", seed)
		require.InDelta(t, 1/float64(m.Cores()), m.Utilisation(), 1e-12)
	}
}

func TestCalculatorQueue(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		w := workload{profile: gil.CPython313.WithSwitchInterval(time.Hour), options: []gil.Option{gil.WithSeed(seed)}}
		for range 1 + rng.IntN(3) {
			var ws []worker
			for range 1 + rng.IntN(6) {
				ws = append(ws, randomWorker(rng, everything, 10*time.Millisecond))
			}
			w.procs = append(w.procs, ws)
			w.want = append(w.want, queueEnds(ws))
			w.cores += 1 + 3*len(ws)
		}
		w.check(t, seed)
	}
}

// queueEnds serves workers at one GIL: who came first is served first and keeps it
// until a piece that does not need it.
func queueEnds(ws []worker) []time.Duration {
	type state struct {
		arrives time.Duration // at the GIL, or at its end
		next    int           // piece
		ended   bool
	}
	states := make([]state, len(ws))
	for i, w := range ws {
		states[i].arrives = w.after
	}
	ends := make([]time.Duration, len(ws))
	free := time.Duration(0) // when the GIL is
	for {
		who := -1
		for i, s := range states {
			if !s.ended && (who < 0 || s.arrives < states[who].arrives) {
				who = i
			}
		}
		if who < 0 {
			return ends
		}
		s, w := &states[who], ws[who]
		now := max(free, s.arrives)
		for s.next < len(w.pieces) && w.pieces[s.next].kind.needsGIL() {
			now += w.pieces[s.next].d
			s.next++
		}
		free = now
		if s.next == len(w.pieces) {
			ends[who], s.ended = now, true
			continue
		}
		s.arrives = now + w.pieces[s.next].d
		s.next++
	}
}

func TestCalculatorPair(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 4))
		w := workload{profile: gil.CPython312, mainIs0: true, options: []gil.Option{gil.WithSeed(seed)}}
		for range 1 + rng.IntN(3) {
			ws := []worker{
				randomWorker(rng, everything, 40*time.Millisecond),
				randomWorker(rng, everything, 40*time.Millisecond),
			}
			w.procs = append(w.procs, ws)
			w.want = append(w.want, pairEnds(ws, 5*time.Millisecond))
			w.cores += 8
		}
		w.check(t, seed)
	}
}

// pairEnds plays the GIL of 3.2 and later with two players. Of two, the one that
// does not hold the GIL has begun to want it while the other one held it, so it
// asks exactly one interval later.
func pairEnds(ws []worker, interval time.Duration) []time.Duration {
	const never = time.Duration(1) << 62
	wants := []time.Duration{ws[0].after, ws[1].after} // since when
	next := []int{0, 0}                                // piece
	left := []time.Duration{0, 0}                      // of a computation that was interrupted
	ends := []time.Duration{0, 0}
	now := time.Duration(0)
	for {
		h := 0
		if wants[1] < wants[0] {
			h = 1
		}
		if wants[h] == never {
			return ends
		}
		now = max(now, wants[h])
		asks := never
		if wants[1-h] != never {
			asks = wants[1-h] + interval
		}
		for wants[h] <= now { // h holds the GIL
			if next[h] == len(ws[h].pieces) {
				ends[h], wants[h] = now, never
				break
			}
			p := ws[h].pieces[next[h]]
			if !p.kind.needsGIL() {
				next[h]++
				wants[h] = now + p.d
				break
			}
			d := p.d
			if left[h] > 0 {
				d, left[h] = left[h], 0
			}
			if p.kind == compute && now+d > asks {
				now, left[h] = asks, now+d-asks
			} else {
				now += d
				next[h]++
			}
			if now >= asks { // forced; a C call is over first
				wants[h] = now
				break
			}
		}
	}
}

func TestCalculatorCore(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 5))
		quantum := time.Duration(1+rng.IntN(8)) * time.Millisecond
		w := workload{
			profile: gil.FromRule(gil.None()), cores: 1,
			options: []gil.Option{gil.WithSeed(seed), gil.WithQuantum(quantum)},
		}
		var ws []worker
		for range 1 + rng.IntN(6) {
			ws = append(ws, randomWorker(rng, []pieceKind{compute, held, input, sleep}, 20*time.Millisecond))
		}
		w.procs = [][]worker{ws}
		w.want = [][]time.Duration{coreEnds(ws, quantum)}
		w.check(t, seed)
	}
}

// coreEnds is one core, a queue before it and a quantum: whoever becomes ready
// interrupts a slice that has lasted a quantum already, otherwise when it has. A
// slice that was interrupted by somebody who then did not compute goes on.
func coreEnds(ws []worker, quantum time.Duration) []time.Duration {
	const never = time.Duration(1) << 62
	ends := make([]time.Duration, len(ws))
	next := make([]int, len(ws))
	left := make([]time.Duration, len(ws))
	wakes := make([]time.Duration, len(ws))
	lost := make([]time.Duration, len(ws)) // when it was interrupted
	had := make([]time.Duration, len(ws))  // how long its slice had lasted then
	for i, w := range ws {
		wakes[i] = w.after
	}
	var queue []int
	on, since, now := -1, time.Duration(0), time.Duration(0)
	// proceed lets worker i, which has done what it did, begin its next piece; it
	// reports whether it wants the core for it.
	proceed := func(i int) bool {
		if next[i] == len(ws[i].pieces) {
			ends[i], wakes[i] = now, never
			return false
		}
		p := ws[i].pieces[next[i]]
		next[i]++
		if p.kind.needsGIL() {
			left[i], wakes[i] = p.d, never
			return true
		}
		wakes[i] = now + p.d
		return false
	}
	for {
		if on < 0 && len(queue) > 0 {
			on, since, queue = queue[0], now, queue[1:]
			if had[on] > 0 && lost[on] == now {
				since -= had[on]
			}
			had[on] = 0
			if left[on] == 0 && !proceed(on) { // begins with the core, not in the queue
				on = -1
			}
			continue
		}
		done, sliced := never, never
		if on >= 0 {
			done = now + left[on]
			if len(queue) > 0 {
				sliced = max(now, since+quantum)
			}
		}
		at := min(done, sliced, slices.Min(wakes))
		if at == never {
			return ends
		}
		if on >= 0 {
			left[on] -= at - now
		}
		now = at
		switch at {
		case done:
			if !proceed(on) {
				on = -1
			}
		case sliced:
			had[queue[0]] = 0 // its turn has come
			queue = append(queue, on)
			lost[on], had[on] = now, now-since
			on = -1
		default:
			i := slices.Index(wakes, at)
			wakes[i] = never
			queue = append(queue, i)
		}
	}
}
