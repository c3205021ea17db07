package gil

import (
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/bytecode"
)

// loops are the bodies whose ticks were measured with CPython 2.7, each inside
// `for _ in xrange(n)` but for the while loop. What has no name in the API is
// executed as the construct it is.
var loops = []struct {
	body  string
	ticks int64 // for each turn of the loop
	once  func(t *Thread)
	while bool
}{
	{"pass", 2, func(*Thread) {}, false},
	{"x += 1, a local", 3, func(t *Thread) { t.Op(OpInplaceAdd) }, false},
	{"x = y, three times, locals", 2, func(t *Thread) {
		for range 3 {
			t.Op(OpLoadFast)
			t.Op(OpStoreFast)
		}
	}, false},
	{"g += 1, a global", 5, func(t *Thread) { Add(t, tickVar, 1) }, false},
	{"v = g", 3, func(t *Thread) { tickVar.Load(t) }, false},
	{"while i < n: i += 1", 3, func(t *Thread) { t.Op(OpInplaceAdd) }, true},
	{"if b: pass, b is True", 2, func(t *Thread) { t.Op(OpBoolPopJumpIfFalse) }, false},
	{"if b: pass, b is 1", 3, func(t *Thread) { t.Branch(false) }, false},
	{"if b < 2: pass", 3, func(t *Thread) {
		t.Op(OpCompare)
		t.Op(OpBoolPopJumpIfFalse)
	}, false},
	{"f(), a Python function", 4, func(t *Thread) { t.Call(func() {}) }, false},
	{"abs(1)", 3, func(t *Thread) { t.Op(OpCallC) }, false},
	{"o.x = 1", 3, func(t *Thread) { tickVar.Store(t, 1) }, false},
	{"try: pass finally: pass", 5, func(t *Thread) {
		t.construct(bytecode.TryEnter)
		t.construct(bytecode.TryExit)
		t.construct(bytecode.TryEnd)
	}, false},
	{"(n, n)", 3, func(t *Thread) { t.Op(OpBuildTuple) }, false},
	{"l.append(i)", 4, func(t *Thread) { tickList.Append(t, 1) }, false},
	{"d['k'] += 1", 5, func(t *Thread) { _ = AddTo(t, tickDict, "k", 1) }, false},
	{"l.pop() that fails", 4, func(t *Thread) { _, _ = new(List[int]).Pop(t) }, false},
}

var (
	tickVar  *Var[int]
	tickList *List[int]
	tickDict *Dict[string, int]
)

// The ticks of each loop and the period of the check, exactly: a check comes after
// every interval + 1 counted bytecodes, not one earlier and not one later, and
// each releases the GIL and takes it again.
func TestTickAccounting(t *testing.T) {
	for _, p := range []Profile{CPython27, CPython31} {
		for _, interval := range []int{100, 1000, 10} {
			period := int64(interval + 1)
			for _, l := range loops {
				t.Run(fmt.Sprintf("%s/%d/%s", p, interval, l.body), func(t *testing.T) {
					tickVar, tickList = NewVar("g", 0), NewList[int]("l")
					tickDict = NewDict("d", Item[string, int]{"k", 0})
					require.NoError(t, NewMachine(1).Run(p.WithCheckInterval(interval), func(th *Thread) {
						th.Go("", func(*Thread) {}).Join(th) // from here on there is a GIL
						g := th.interp.gil
						pairs := g.Stats().Acquisitions - g.Stats().Checks
						last := int64(-1)
						turn := func() {
							now, stats := th.k.Ticks(), g.Stats()
							if last >= 0 && now-last != l.ticks || stats.Checks != now/period || stats.Acquisitions-pairs != stats.Checks {
								require.Equal(th, l.ticks, now-last, "ticks of a turn")
								require.Equal(th, now/period, stats.Checks, "checks in %d ticks", now)
								require.Equal(th, stats.Checks, stats.Acquisitions-pairs, "each check takes the GIL again")
							}
							last = now
						}
						n := int(3 * period)
						if l.while {
							th.construct(bytecode.WhileHead)
							for range n {
								turn()
								l.once(th)
								th.construct(bytecode.WhileTail)
							}
							return
						}
						for range Range(th, n) {
							turn()
							l.once(th)
						}
					}))
				})
			}
		}
	}
}

// With an interval below 1 every counted bytecode checks.
func TestTickIntervalBelowOne(t *testing.T) {
	require.NoError(t, NewMachine(1).Run(CPython27.WithCheckInterval(-1), func(th *Thread) {
		for i := range Range(th, 100) {
			require.Equal(th, th.k.Ticks(), th.interp.gil.Stats().Checks, "turn %d", i)
		}
	}))
}

const million = 1_000_000

// A million counted bytecodes of one thread: a hundred bytecodes a turn under
// Ticks(100), a hundred and one under 2.7, and from 3.2 on nobody asks.
func TestTicksAlone(t *testing.T) {
	for _, w := range []struct {
		name  string
		world World
	}{{"timed", NewMachine(2)}, {"live", Live()}} {
		for _, c := range []struct {
			name     string
			p        Profile
			threads  bool // another thread was started before
			checks   int64
			releases int64 // with the GIL taken again
		}{
			{"Ticks(100)", FromRule(Ticks(100)), false, 10_000, 0},
			{"2.7, never a thread", CPython27, false, 9900, 0},
			{"2.7, a thread before", CPython27, true, 9900, 9900},
			{"3.1, a thread before", CPython31, true, 9900, 9900},
			{"2.7, interval 1000", CPython27.WithCheckInterval(1000), true, 999, 999},
			{"3.2", CPython32, true, 0, 0},
			{"3.9", CPython39, true, 0, 0},
			{"3.13", CPython313, true, 0, 0},
		} {
			t.Run(w.name+"/"+c.name, func(t *testing.T) {
				require.NoError(t, w.world.Run(c.p, func(th *Thread) {
					if c.threads {
						th.Go("", func(*Thread) {}).Join(th)
					}
					before := th.interp.gil.Stats()
					th.Tick(million / 2)
					for range million / 2 {
						th.Tick(1)
					}
					after := th.interp.gil.Stats()
					assert.Equal(th, c.checks, after.Checks-before.Checks, "checks")
					assert.Equal(th, c.releases, after.Acquisitions-before.Acquisitions, "releases")
					assert.Zero(th, after.Forced-before.Forced, "forced")
				}))
			})
		}
	}
}

// A million counted bytecodes of two threads that want the GIL from the first to
// the last: ten thousand hand-overs under Ticks(100).
func TestTicksContended(t *testing.T) {
	work := func(t *Thread) {
		for range million / 4 {
			t.Tick(2) // a turn may end in the middle
		}
	}
	t.Run("timed", func(t *testing.T) {
		require.NoError(t, NewMachine(2).Run(FromRule(Ticks(100)), func(th *Thread) {
			g := th.interp.gil
			var gate Gate
			gate.Init(th, 0, "start gate")
			body := func(t *Thread) {
				gate.Pass(t, OpWait, Forever)
				for g.Waiters() == 0 {
					t.Sleep(1)
				}
				work(t)
			}
			a, b := th.Go("a", body), th.Go("b", body)
			before := g.Stats()
			gate.Open(th, OpSet, All)
			JoinAll(th, a, b)
			assert.Equal(th, int64(10_000), g.Stats().Forced-before.Forced)
			assert.Equal(th, int64(10_000), g.Stats().Checks-before.Checks)
		}))
	})
	t.Run("live", func(t *testing.T) {
		g := NewGIL(Ticks(100))
		var done sync.WaitGroup
		for range 2 {
			done.Add(1)
			go func() {
				defer done.Done()
				t := g.Enter("")
				defer t.Leave()
				for g.Stats().Switches == 1 && g.Waiters() == 0 {
					runtime.Gosched() // the first one waits, without a tick, until the other one is here
				}
				work(t)
			}()
		}
		done.Wait()
		assert.Equal(t, int64(10_000), g.Stats().Forced)
		assert.Equal(t, int64(10_000), g.Stats().Checks)
	})
}
