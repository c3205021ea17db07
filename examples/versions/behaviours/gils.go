package behaviours

import (
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
)

func gils() []Row {
	return []Row{
		{
			"gives-up", "What makes a thread give the GIL up that only computes?",
			by("101 ticks", 1, "a request after 5ms", 9, "there is no GIL", 2), func(p gil.Profile) string {
				// The ticks between two checks of a thread that somebody waits for.
				var i *gil.Interpreter
				m := run(p, func(t *gil.Thread) {
					i = t.Interpreter()
					work := func(t *gil.Thread) {
						for range 30_000 {
							t.Tick(101)
						}
					}
					gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
				}, gil.WithTickCost(10*time.Nanosecond))
				switch s := i.Stats(); {
				case i.GIL() == nil:
					return "there is no GIL"
				case s.Checks > 0:
					return fmt.Sprintf("%d ticks", (60_000*101)/s.Checks)
				default:
					return fmt.Sprintf("a request after %v", (m.Now() / time.Duration(max(s.Switches, 1))).Round(5*ms))
				}
			},
		},
		{
			"switchinterval", "sys.setswitchinterval(1.9e-6), then sys.getswitchinterval()",
			by("there is none", 1, "1µs", 11), interval(1900 * time.Nanosecond),
		},
		{
			"switchinterval-small", "sys.setswitchinterval(1e-9), then sys.getswitchinterval()",
			by("there is none", 1, "0s", 11), interval(1),
		},
		{
			"switchinterval-zero", "sys.setswitchinterval(0), where there is one",
			by("switch interval must be strictly positive", 12), ask(func(t *gil.Thread) string {
				return errorText(t.Interpreter().SetSwitchInterval(0))
			}),
		},
		{
			"switchinterval-effect", "Do threads that compute change more often after sys.setswitchinterval(0.001)?",
			by("no", 1, "yes", 9, "no", 2), func(p gil.Profile) string {
				took := func(d time.Duration) (switches int64) {
					var i *gil.Interpreter
					run(p, func(t *gil.Thread) {
						i = t.Interpreter()
						if err := i.SetSwitchInterval(d); err != nil {
							panic(err)
						}
						work := func(t *gil.Thread) { t.Compute(50 * ms) }
						gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
					})
					return i.Stats().Switches
				}
				return yes(took(ms) > took(5*ms))
			},
		},
		{
			"checkinterval", "sys.setcheckinterval(1000): ticks from check to check",
			by("1001", 1, "no effect", 11), func(p gil.Profile) string {
				var checks int64
				run(p, func(t *gil.Thread) {
					t.Go("", func(*gil.Thread) {}).Join(t) // the GIL exists from the first thread on
					t.Interpreter().SetCheckInterval(t, 1000)
					before := t.Interpreter().Stats().Checks
					for range 100_100 {
						t.Tick(1)
					}
					checks = t.Interpreter().Stats().Checks - before
				})
				if checks == 0 {
					return "no effect"
				}
				return fmt.Sprint(100_100 / checks)
			},
		},
		{
			"lazy", "Is a GIL given up before the first thread is started?",
			by("no", 1, "when asked", 9, "there is no GIL", 2), ask(func(t *gil.Thread) string {
				if t.Interpreter().GIL() == nil {
					return "there is no GIL"
				}
				before := t.Interpreter().Stats()
				for range 10_000 {
					t.Tick(1)
				}
				switch after := t.Interpreter().Stats(); {
				case after.Acquisitions > before.Acquisitions:
					return "yes"
				case after.Checks > before.Checks:
					return "no"
				}
				return "when asked"
			}),
		},
	}
}

func interval(d time.Duration) func(p gil.Profile) string {
	return ask(func(t *gil.Thread) string {
		i := t.Interpreter()
		if err := i.SetSwitchInterval(d); err != nil {
			return err.Error()
		}
		switch got := i.SwitchInterval(); {
		case i.Profile().Rule().String() == gil.Legacy(gil.DefaultCheckInterval).String():
			return "there is none"
		default:
			return got.String()
		}
	})
}
