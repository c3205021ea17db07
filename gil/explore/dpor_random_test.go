package explore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/internal/kernel"
)

// everySchedule walks through all interleavings, as simply as can be: what DPOR is
// held against. An eager one performs starts, ends and joins of threads at once,
// which conflict with nothing in programs that do not ask whether a thread is alive.
type everySchedule struct {
	eager bool
	path  []int
	width []int
	at    int
}

func (*everySchedule) Name() string { return "every" }

func (s *everySchedule) Start(n int, _ uint64) bool {
	s.at = 0
	for i := len(s.path) - 1; i >= 0 && n > 0; i-- {
		if s.path[i]++; s.path[i] < s.width[i] {
			return true
		}
		s.path, s.width = s.path[:i], s.width[:i]
	}
	return n == 0
}

func (s *everySchedule) Choose(p *explore.Point) int {
	for n := 0; s.eager && n < p.Len(); n++ {
		switch p.Pending(p.Nth(n)).Kind {
		case kernel.OpStart, kernel.OpExit, kernel.OpJoin:
			return p.Nth(n)
		}
	}
	if s.at == len(s.path) {
		s.path, s.width = append(s.path, 0), append(s.width, p.Len())
	}
	s.at++
	return p.Nth(s.path[s.at-1])
}

// Draw walks through the numbers.
func (s *everySchedule) Draw(_ *explore.Point, _, n int) int {
	if s.at == len(s.path) {
		s.path, s.width = append(s.path, 0), append(s.width, n)
	}
	s.at++
	return s.path[s.at-1]
}

// generated is a random program over variables, locks, conditions, semaphores and
// events.
type generated struct {
	threads [][]instruction
	nested  bool // thread 2 is started by thread 1
	alive   bool // somebody asks whether a thread is alive
	unknown bool // nobody has used the locks when the threads begin
}

type instruction struct {
	what string
	a, b int
}

func (g generated) String() string {
	var b strings.Builder
	for i, t := range g.threads {
		fmt.Fprintf(&b, "\nthread %d: %v", i, t)
	}
	fmt.Fprintf(&b, " nested %v", g.nested)
	return b.String()
}

// generate makes a program of two to four threads that has at most some 2000
// interleavings: at least two objects that threads conflict over, locks in half of
// them, conditions, semaphores, events, tries and timed waits in some.
func generate(seed uint64) generated {
	r := rand.New(rand.NewPCG(seed, 7))
	size := []int{0, 0, 5, 3, 2}
	n := 2 + r.IntN(3)
	g := generated{threads: make([][]instruction, n), nested: n > 2 && r.IntN(3) == 0}
	kinds := []string{"load", "store", "add", "load", "store", "cas", "swap"}
	locks := r.IntN(2) == 0
	if locks {
		kinds = append(kinds, "locked", "locked", "nested", "try", "timed")
	}
	if r.IntN(4) == 0 {
		kinds = append(kinds, "wait", "notify", "wait", "notify", "waittimed", "all")
	}
	if r.IntN(5) == 0 {
		kinds = append(kinds, "down", "up", "trydown", "up")
	}
	if r.IntN(5) == 0 {
		kinds = append(kinds, "set", "clear", "eventwait", "isset", "eventtimed")
	}
	if r.IntN(8) == 0 {
		kinds = append(kinds, "sleep", "yield")
	}
	if r.IntN(8) == 0 {
		g.alive = true
		kinds = append(kinds, "alive")
	}
	cost := map[string]int{"add": 2, "locked": 2, "nested": 4, "try": 2, "timed": 2, "wait": 4, "waittimed": 4, "notify": 3, "all": 3, "cas": 2, "down": 1}
	for i := range g.threads {
		for left := size[n] - r.IntN(2); left > 0; {
			k := kinds[r.IntN(len(kinds))]
			left -= max(1, cost[k])
			g.threads[i] = append(g.threads[i], instruction{k, r.IntN(2), r.IntN(2)})
		}
	}
	return g
}

// drawing is the program with draws in it, and a few instructions fewer.
func (g generated) drawing(seed uint64) generated {
	r := rand.New(rand.NewPCG(seed, 8))
	threads := make([][]instruction, len(g.threads))
	for i, t := range g.threads {
		t = slices.Clone(t)
		if len(t) > 1 {
			t = t[1:]
		}
		for range 1 + r.IntN(2) {
			if i == 0 || r.IntN(len(g.threads)-1) == 0 {
				t = slices.Insert(t, r.IntN(len(t)+1), instruction{"choose", r.IntN(4) / 3, r.IntN(2)})
			}
		}
		threads[i] = t
	}
	g.threads = threads
	return g
}

// run performs the program and returns all that its threads have seen.
func (g generated) run(t *gil.Thread) string {
	vars := []*gil.Var[int]{gil.NewVar("x", 0), gil.NewVar("y", 0)}
	locks := []*threading.Lock{{Name: "a"}, {Name: "b"}}
	cond := threading.NewCondition(locks[0])
	sem := threading.NewSemaphore(1)
	event := &threading.Event{Name: "e"}
	if !g.unknown {
		for _, l := range locks {
			l.Locked(t)
		}
		sem.Value(t)
		event.IsSet(t)
	}
	logs := make([][]byte, len(g.threads))
	ts := make([]*gil.Thread, len(g.threads))
	var body func(i int) func(t *gil.Thread)
	saw := func(i int, v any) { logs[i] = fmt.Appendf(logs[i], "%v ", v) }
	body = func(i int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			if g.nested && i == 1 {
				ts[2] = t.Go("2", body(2))
			}
			for n, in := range g.threads[i] {
				v, l := vars[in.a], locks[in.a]
				switch in.what {
				case "choose":
					if saw(i, t.Choose(2+in.a)); in.b == 1 && t.Choose(2) == 0 {
						v.Store(t, 50)
					}
				case "load":
					saw(i, v.Load(t))
				case "store":
					v.Store(t, 10*i+n)
				case "add":
					gil.Add(t, v, 100)
				case "cas":
					old := v.Load(t)
					saw(i, v.CompareAndSwap(t, old, old+1))
				case "swap":
					saw(i, v.Swap(t, 10*i+n))
				case "locked":
					l.Acquire(t)
					vars[in.b].Store(t, 10*i+n)
					l.Release(t)
				case "nested":
					l.Acquire(t)
					locks[1-in.a].Acquire(t)
					locks[1-in.a].Release(t)
					l.Release(t)
				case "try":
					ok := l.TryAcquire(t)
					saw(i, ok)
					if ok {
						l.Release(t)
					}
				case "timed":
					ok := l.AcquireTimeout(t, time.Millisecond)
					saw(i, ok)
					if ok {
						if in.b == 0 {
							t.Sleep(2 * time.Millisecond)
						}
						l.Release(t)
					}
				case "wait":
					locks[0].Acquire(t)
					cond.Wait(t)
					locks[0].Release(t)
				case "waittimed":
					locks[0].Acquire(t)
					saw(i, cond.WaitTimeout(t, time.Duration(1+in.b)*time.Millisecond))
					locks[0].Release(t)
				case "notify":
					locks[0].Acquire(t)
					cond.Notify(t, 1)
					locks[0].Release(t)
				case "all":
					locks[0].Acquire(t)
					cond.NotifyAll(t)
					locks[0].Release(t)
				case "down":
					sem.Acquire(t)
				case "trydown":
					saw(i, sem.TryAcquire(t))
				case "up":
					sem.Release(t)
				case "set":
					event.Set(t)
				case "clear":
					event.Clear(t)
				case "isset":
					saw(i, event.IsSet(t))
				case "eventwait":
					event.Wait(t)
				case "eventtimed":
					saw(i, event.WaitTimeout(t, time.Millisecond))
				case "sleep":
					t.Sleep(time.Duration(1+in.a) * time.Millisecond)
				case "yield":
					t.Yield()
				case "alive":
					if u := ts[1]; u != nil && i != 1 {
						saw(i, u.IsAlive(t))
					}
				}
			}
		}
	}
	for i := 1; i < len(ts); i++ {
		if !g.nested || i != 2 {
			ts[i] = t.Go(fmt.Sprint(i), body(i))
		}
	}
	body(0)(t)
	for i := 1; i < len(ts); i++ {
		if ts[i] != nil {
			ts[i].Join(t)
		}
	}
	return fmt.Sprintf("%s x%d y%d", logs, vars[0].Peek(), vars[1].Peek())
}

// compare holds a way of covering everything against the plain walk. It returns
// what is wrong with it, and what the plain walk reports, nil if the program has too
// many interleavings.
func compare(g generated, s explore.Strategy, most int) (wrong string, all *explore.Report) {
	plain := &everySchedule{eager: !g.alive}
	want, all := covered(g, plain, most)
	if all.Schedules == most {
		return "", nil
	}
	got, by := covered(g, s, 2*all.Classes+100)
	switch {
	case !by.Exhausted:
		return "it did not end", all
	case !slices.Equal(want, got):
		return fmt.Sprintf("outcomes %v, not %v", got, want), all
	case all.Classes != by.Classes:
		return fmt.Sprintf("%d classes, not %d", by.Classes, all.Classes), all
	case by.Blocked > 0:
		return fmt.Sprintf("%d blocked schedules", by.Blocked), all
	case by.Schedules != by.Classes:
		return fmt.Sprintf("%d schedules for %d classes", by.Schedules, by.Classes), all
	}
	return "", all
}

// covered is the set of outcomes and the report of a search.
func covered(g generated, s explore.Strategy, most int, more ...explore.Option) (outcomes []string, r *explore.Report) {
	opts := append([]explore.Option{explore.WithStrategy(s), explore.WithMaxSchedules(most), explore.WithoutFairness(), explore.Raw(), explore.Into(&r)}, more...)
	for _, o := range explore.Outcomes(g.run, opts...) {
		outcomes = append(outcomes, o.Value)
	}
	slices.Sort(outcomes)
	return outcomes, r
}

// TestGenerated holds DPOR against the walk through everything on random programs:
// the same outcomes, the same classes, one schedule for each.
func TestGenerated(t *testing.T) {
	programs := 10_000
	switch {
	case raceDetector:
		programs = 50
	case testing.Short():
		programs = 400
	}
	compared, classes, schedules := 0, 0, 0
	for seed := uint64(0); compared < programs; seed++ {
		g := generate(seed)
		wrong, all := compare(g, explore.DPOR(), 800)
		require.Empty(t, wrong, "program %d:%v", seed, g)
		if all != nil {
			compared++
			classes += all.Classes
			schedules += all.Schedules
		}
	}
	t.Logf("%d programs, %d classes of %d schedules", compared, classes, schedules)
}

// TestGeneratedBlocks is the same where a switch is possible at few places only: every
// class is found, but not every schedule is of a class of its own.
func TestGeneratedBlocks(t *testing.T) {
	programs := 500
	switch {
	case raceDetector:
		programs = 30
	case testing.Short():
		programs = 200
	}
	for _, p := range []gil.Profile{gil.CPython312, gil.CPython310, gil.CPython27} {
		compared, classes, schedules := 0, 0, 0
		for seed := uint64(0); compared < programs; seed++ {
			wrong, all, by := compareUnder(p, generate(seed), explore.DPOR())
			if all == nil {
				continue
			}
			compared++
			require.Empty(t, wrong, "%s: program %d:%v", p.Name(), seed, generate(seed))
			classes += by.Classes
			schedules += by.Schedules + by.Blocked
		}
		t.Logf("%s: %d programs, %d classes in %d schedules", p.Name(), compared, classes, schedules)
		require.LessOrEqual(t, schedules, classes+classes/20, "%s: one in twenty is too many", p.Name())
	}
}

// compareUnder holds a strategy against the plain walk under a profile.
func compareUnder(p gil.Profile, g generated, s explore.Strategy) (wrong string, all, by *explore.Report) {
	const most = 800
	want, all := covered(g, &everySchedule{}, most, explore.WithProfile(p))
	if all.Schedules == most {
		return "", nil, nil
	}
	got, by := covered(g, s, 10*most, explore.WithProfile(p))
	switch {
	case !by.Exhausted:
		wrong = "it did not end"
	case !slices.Equal(want, got):
		wrong = fmt.Sprintf("outcomes %v, not %v", got, want)
	case all.Classes != by.Classes:
		wrong = fmt.Sprintf("%d classes, not %d", by.Classes, all.Classes)
	}
	return wrong, all, by
}

// TestBlocks has programs of the kinds that were once taken for one class fewer. Threads
// come into the middle of a block of another one that waits there, and only there.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		seed    uint64
		profile gil.Profile
	}{
		{100551, gil.CPython312}, // a thread that it has just started comes before its lock
		{101519, gil.CPython312}, // what it has written is read before it gets the lock
		{100687, gil.CPython312}, // a block that ends at a lock, of which another sequence has more
		{217070, gil.CPython312}, // whose time runs out has been overtaken
		{211703, gil.CPython312}, // what had no time left is forgotten, and what follows is not
		{500339, gil.CPython312}, // a read that has to come after whoever opens the gate
		{204033, gil.CPython312},
		{218874, gil.CPython312}, // a block that did wait, but not if it came earlier
		{700972, gil.CPython312}, // two that overtake each other, independently
		{203570, gil.CPython27},  // out of line without the lock
		{241007, gil.CPython27},
	} {
		g := generate(c.seed)
		want, all := covered(g, &everySchedule{}, 20_000, explore.WithProfile(c.profile))
		got, by := covered(g, explore.DPOR(), 20_000, explore.WithProfile(c.profile))
		require.Equal(t, want, got, "program %d under %s:%v", c.seed, c.profile.Name(), g)
		require.Equal(t, all.Classes, by.Classes, "program %d under %s:%v", c.seed, c.profile.Name(), g)
		require.True(t, by.Exhausted)
	}
}

// TestBlockWithLock has a lock that is taken and released between two choices by two threads:
// each of them can be the first.
func TestBlockWithLock(t *testing.T) {
	for _, last := range []bool{false, true} {
		program := func(t *gil.Thread) {
			x, d := gil.NewVar("x", 0), gil.NewDict[int, int]("d")
			var m threading.Lock
			a := t.Go("a", func(t *gil.Thread) {
				m.With(t, func() {
					x.Store(t, x.Load(t)+1)
					if last {
						v := d.GetDefault(t, 1, 0)
						t.Op(gil.OpBinaryAdd)
						d.Set(t, 1, v+2)
					}
				})
			})
			b := t.Go("b", func(t *gil.Thread) {
				m.With(t, func() {})
				gil.Add(t, x, 1)
			})
			gil.JoinAll(t, a, b)
		}
		var classes []int
		for _, s := range []explore.Strategy{explore.DFS(), explore.DPOR()} {
			r := explore.Run(program, explore.WithProfile(gil.CPython312), explore.WithStrategy(s))
			require.True(t, r.Exhausted)
			classes = append(classes, r.Classes)
		}
		require.Equal(t, []int{3, 3}, classes)
	}
}

// TestUnknown has programs in which it depends on the schedule who uses an object
// first, and so what package gil calls it.
func TestUnknown(t *testing.T) {
	slow(t)
	programs := 1000
	if testing.Short() {
		programs = 150
	}
	for seed := uint64(0); programs > 0; seed++ {
		g := generate(seed)
		g.unknown = true
		wrong, all := compare(g, explore.DPOR(), 800)
		require.Empty(t, wrong, "program %d:%v", seed, g)
		if all != nil {
			programs--
		}
	}
}
