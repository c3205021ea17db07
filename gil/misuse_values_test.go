package gil_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// Bad arguments: each is refused by a typed error, nothing happens, and the thread
// or world can be used afterwards.

func TestUnknownVersion(t *testing.T) {
	for _, name := range []string{"", "1.5", "2.8", "3", "3.99", "3.13T", " 3.12", "python", "3.12\n", "CPython312"} {
		p, err := gil.LookupProfile(name)
		var v *gil.ValueError
		require.ErrorAs(t, err, &v, name)
		require.True(t, strings.HasPrefix(v.Error(), "gil: "), v.Error())
		require.Contains(t, v.Error(), "3.13t", "it lists what there is")
		require.Equal(t, gil.Profile{}, p)
	}
	for _, p := range gil.Profiles() {
		q, err := gil.LookupProfile(p.Name())
		require.NoError(t, err)
		require.Equal(t, p, q)
	}
}

func TestBadRules(t *testing.T) {
	require.ErrorContains(t, badValue(t, func() { gil.Ticks(0) }), "Ticks(0)")
	badValue(t, func() { gil.Ticks(-3) })
	for _, d := range []time.Duration{0, -1, math.MinInt64} {
		text := badValue(t, func() { gil.Interval(d) }).PythonText()
		require.Equal(t, "switch interval must be strictly positive", text)
		text = badValue(t, func() { gil.CPython312.WithSwitchInterval(d) }).PythonText()
		require.Equal(t, "switch interval must be strictly positive", text)
	}
	// sys.setcheckinterval accepts any number.
	require.Equal(t, gil.Legacy(0), gil.Legacy(-7))
	require.Equal(t, gil.CPython27.WithCheckInterval(-7), gil.CPython27.WithCheckInterval(0))
}

func TestBadMachines(t *testing.T) {
	for _, cores := range []int{0, -1, math.MinInt} {
		require.ErrorContains(t, badValue(t, func() { gil.NewMachine(cores) }), "core")
	}
	for name, option := range map[string]func(time.Duration) gil.Option{
		"WithTickCost": gil.WithTickCost, "WithSwitchCost": gil.WithSwitchCost, "WithWakeLatency": gil.WithWakeLatency,
		"WithWakeCost": gil.WithWakeCost, "WithQuantum": gil.WithQuantum, "WithTimerSlack": gil.WithTimerSlack,
		"WithStartCost": gil.WithStartCost,
	} {
		for _, d := range []time.Duration{-1, -time.Hour, math.MinInt64} {
			require.ErrorContains(t, badValue(t, func() { option(d) }), name)
		}
		option(0)
	}
	for _, f := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		require.ErrorContains(t, badValue(t, func() { gil.WithJitter(f) }), "WithJitter")
	}
	for _, c := range []struct {
		perCore int
		yield   float64
	}{{0, 1}, {-1, 1}, {2, 0}, {2, -1}, {2, 2.1}, {2, math.NaN()}, {1, 1.5}} {
		require.ErrorContains(t, badValue(t, func() { gil.WithSMT(c.perCore, c.yield) }), "WithSMT")
	}
	require.ErrorContains(t, badValue(t, func() { gil.WithMemory(-1) }), "WithMemory")
}

func TestMisuseZeroProfile(t *testing.T) {
	for _, f := range []func(){
		func() { gil.New(gil.Profile{}) },
		func() { _ = gil.Live().Run(gil.Profile{}, work) },
		func() { _ = gil.NewMachine(1).Run(gil.Profile{}, work) },
		func() { gil.NewSandbox(gil.Profile{}, nil, 0) },
	} {
		require.ErrorContains(t, badValue(t, f), "zero Profile")
	}
}

func TestNilFunctions(t *testing.T) {
	for _, w := range []gil.World{gil.Live(), gil.NewMachine(1)} {
		var v *gil.ValueError
		require.ErrorAs(t, w.Run(gil.CPython312, nil), &v)
		require.NoError(t, w.Run(gil.CPython312, func(m *gil.Thread) {
			badValue(m, func() { m.NewThread("x", nil) })
			badValue(m, func() { m.Go("x", nil) })
			for name, f := range map[string]func(){
				"AtExit":        func() { m.Interpreter().AtExit(nil) },
				"BeforeJoin":    func() { m.Interpreter().BeforeJoin(nil) },
				"AfterFunc":     func() { m.AfterFunc(nil) },
				`NewChild("x")`: func() { m.Emulate("x", nil) },
			} {
				require.ErrorContains(m, badValue(m, f), name+": the function is nil")
			}
			ctx, cancel := gil.WithTimeout(m, time.Hour)
			badValue(m, func() { ctx.(interface{ AfterFunc(func()) func() bool }).AfterFunc(nil) })
			cancel()
			var v *gil.ValueError
			require.ErrorAs(m, m.NewInterpreter().Run(nil), &v)
			require.Equal(m, 1, m.Interpreter().ActiveCount(m))
		}))
	}
}

// TestNegativeDurations of what a thread does.
func TestNegativeDurations(t *testing.T) {
	inBothWorlds(t, func(m *gil.Thread) {
		before := m.Now()
		for name, f := range map[string]func(d time.Duration){
			"Sleep": m.Sleep, "IO": m.IO, "Compute": m.Compute, "Held": m.Held, "GC": m.GC,
			"Released": func(d time.Duration) { m.Released(d, 1) },
		} {
			for _, d := range []time.Duration{-1, -time.Hour, math.MinInt64} {
				err := badValue(m, func() { f(d) })
				require.Contains(m, err.Error(), name)
				if name == "Sleep" {
					require.Equal(m, "sleep length must be non-negative", err.PythonText())
				}
			}
		}
		for _, n := range []int{0, -1, 1_000_001, math.MaxInt} {
			badValue(m, func() { m.Released(time.Millisecond, n) })
		}
		if m.Machine() != nil {
			require.Equal(m, before, m.Now())
		}
		m.Sleep(0)
		m.Compute(0)
		m.Held(0)
	})
}

// TestLongDurations do not end at once.
func TestLongDurations(t *testing.T) {
	for _, slack := range []time.Duration{0, 50 * time.Microsecond} {
		for name, f := range map[string]func(d *gil.Thread){
			"sleep": func(d *gil.Thread) { d.Sleep(math.MaxInt64) },
			"io":    func(d *gil.Thread) { d.IO(math.MaxInt64) },
			"almost": func(d *gil.Thread) {
				d.Sleep(math.MaxInt64 - 2*time.Millisecond)
			},
			"gate": func(d *gil.Thread) {
				var g gil.Gate
				g.Init(d, 0, "g")
				g.Pass(d, gil.OpWait, math.MaxInt64)
			},
			"timeout": func(d *gil.Thread) {
				ctx, cancel := gil.WithTimeout(d, math.MaxInt64)
				defer cancel()
				for ctx.Err() == nil {
					d.Sleep(time.Minute)
				}
			},
		} {
			woke := false
			require.NoError(t, gil.NewMachine(1, gil.WithTimerSlack(slack)).Run(gil.CPython312, func(m *gil.Thread) {
				m.Go("d", func(d *gil.Thread) {
					d.Sleep(time.Millisecond)
					f(d)
					woke = true
				}, gil.WithDaemon(true))
				m.Sleep(time.Hour)
			}), name)
			require.False(t, woke, name)
		}
	}
}

// TestNegativeTicks are noticed at the next check point.
func TestNegativeTicks(t *testing.T) {
	for _, w := range []gil.World{gil.Live(), gil.NewMachine(1)} {
		require.NoError(t, w.Run(gil.CPython312, func(m *gil.Thread) {
			m.Yield() // a fresh budget
			badValue(m, func() {
				m.Tick(-5)
				m.Yield()
				m.Compute(1)
			})
			m.Tick(10)
			m.Yield()
		}))
	}
}

// TestRealDeadlineInAVirtualWorld is refused with the name of the right call.
func TestRealDeadlineInAVirtualWorld(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython312, func(m *gil.Thread) {
		ctx, cancel := context.WithTimeout(m, time.Hour)
		defer cancel()
		_, err := gil.UntilOf(ctx)
		require.ErrorContains(m, err, "gil.WithTimeout")
	}))
}
