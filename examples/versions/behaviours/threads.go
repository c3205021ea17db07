package behaviours

import (
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

func waits() []Row {
	return []Row{
		{
			"event-clear", "What does Event.wait() return after event.set(); event.clear()?",
			by("False", 1, "True", 11), ask(func(t *gil.Thread) string {
				var e threading.Event
				got := "False"
				w := t.Go("w", func(t *gil.Thread) {
					if e.WaitTimeout(t, time.Hour) {
						got = "True"
					}
				})
				t.Sleep(ms)
				e.Set(t)
				e.Clear(t)
				if got == "False" {
					t.Sleep(time.Second)
				}
				e.Set(t)
				w.Join(t)
				return got
			}),
		},
		{
			"timed-wait", "How late does Event.wait(timeout) notice a set()?",
			by("up to 50 ms: it polls", 1, "at once", 11), ask(func(t *gil.Thread) string {
				var e threading.Event
				var late time.Duration
				for _, after := range []time.Duration{201 * ms, 433 * ms, 617 * ms} {
					var woke time.Duration
					w := t.Go("w", func(t *gil.Thread) {
						e.WaitTimeout(t, time.Hour)
						woke = t.Now()
					})
					t.Sleep(after)
					set := t.Now()
					e.Set(t)
					w.Join(t)
					e.Clear(t)
					late = max(late, woke-set)
				}
				switch {
				case late < ms:
					return "at once"
				case late <= 51*ms:
					return "up to 50 ms: it polls"
				}
				return late.String()
			}),
		},
	}
}

func threads() []Row {
	started := func(work time.Duration, ask func(begun, ended bool, took time.Duration) string) func(p gil.Profile) string {
		return func(p gil.Profile) (answer string) {
			run(p, func(t *gil.Thread) {
				begun, ended := false, false
				begin := t.Now()
				w := t.Go("w", func(t *gil.Thread) {
					begun = true
					t.Compute(work)
					ended = true
				})
				answer = ask(begun, ended, t.Now()-begin)
				w.Join(t)
			})
			return answer
		}
	}
	ended := func(_, ended bool, _ time.Duration) string { return yes(ended) }
	return []Row{
		{
			"start", "Has a thread with 1 ms of work finished when start() returns?",
			by("no", 1, "yes", 9, "no", 2), started(ms, ended),
		},
		{
			"start-long", "How long does start() take, with 20 ms of work?",
			by("no time", 1, "an interval", 9, "no time", 2), started(20*ms, func(_, _ bool, took time.Duration) string {
				switch {
				case took < ms:
					return "no time"
				case took > 4*ms && took < 6*ms:
					return "an interval"
				}
				return took.String()
			}),
		},
		{
			"late-start", "Starting a thread after the main thread has ended",
			by("fine", 7, "can't create new thread at interpreter shutdown", 1, "fine", 4), func(p gil.Profile) (says string) {
				run(p, func(t *gil.Thread) {
					t.Go("late", func(t *gil.Thread) {
						t.Sleep(100 * ms)
						says = text(func() { t.Go("later", func(*gil.Thread) {}).Join(t) })
					})
				})
				return says
			},
		},
		{
			"name", "What is a thread called that is given no name?",
			by("Thread-1", 5, "Thread-1 (target)", 7), ask(func(t *gil.Thread) string {
				name, target, _ := strings.Cut(t.NewThread("", func(*gil.Thread) {}).Name(), " ")
				if target != "" {
					name += " (target)"
				}
				return name
			}),
		},
	}
}
