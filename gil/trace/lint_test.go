package trace_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
)

// TestFindings: each rule has a program in which it finds something, whose fix it
// leaves alone.
func TestFindings(t *testing.T) {
	const ms = time.Millisecond
	two := func(a, b func(t *gil.Thread)) func(m *gil.Thread) {
		return func(m *gil.Thread) { gil.JoinAll(m, m.Go("a", a), m.Go("b", b)) }
	}
	locks := func(crossed bool) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			one, two := &threading.Lock{Name: "one"}, &threading.Lock{Name: "two"}
			take := func(x, y *threading.Lock) func(t *gil.Thread) {
				return func(t *gil.Thread) { x.With(t, func() { y.With(t, func() { t.Compute(ms) }) }) }
			}
			a := m.Go("a", take(one, two))
			a.Join(m)
			if crossed {
				m.Go("b", take(two, one)).Join(m)
			} else {
				m.Go("b", take(one, two)).Join(m)
			}
		}
	}
	answers := func(compute bool) func(m *gil.Thread) {
		return two(func(t *gil.Thread) {
			if compute {
				t.Compute(60 * ms)
			} else {
				t.IO(60 * ms)
			}
		}, func(t *gil.Thread) {
			for range 5 {
				t.IO(ms)
			}
		})
	}
	spin := func(spins bool) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			ready, ev := gil.NewVar("ready", false), &threading.Event{}
			w := m.Go("waiter", func(t *gil.Thread) {
				if !spins {
					ev.Wait(t)
				}
				for !ready.Load(t) {
					t.Tick(1000)
				}
			})
			m.Compute(ms)
			ready.Store(m, true)
			ev.Set(m)
			w.Join(m)
		}
	}
	notify := func(early bool) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			c := &threading.Condition{Name: "ready"}
			if early {
				c.With(m, func() { c.Notify(m, 1) })
			}
			w := m.Go("waiter", func(t *gil.Thread) { c.With(t, func() { c.WaitTimeout(t, 5*ms) }) })
			m.Sleep(ms)
			if !early {
				c.With(m, func() { c.Notify(m, 1) })
			}
			w.Join(m)
		}
	}
	twice := func(m *gil.Thread) { // the first is not heard, the second is
		c := &threading.Condition{Name: "ready"}
		c.With(m, func() { c.Notify(m, 1) })
		w := m.Go("waiter", func(t *gil.Thread) { c.With(t, func() { c.Wait(t) }) })
		m.Sleep(ms)
		c.With(m, func() { c.Notify(m, 1) })
		w.Join(m)
	}
	event := func(cleared bool) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			e := &threading.Event{Name: "go"}
			early := m.Go("early", func(t *gil.Thread) { e.Wait(t) })
			m.Sleep(ms)
			e.Set(m)
			early.Join(m)
			if cleared {
				e.Clear(m)
			}
			m.Go("late", func(t *gil.Thread) { e.WaitTimeout(t, ms) }).Join(m)
		}
	}
	hold := func(release bool) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			l := &threading.Lock{Name: "busy"}
			done := false
			w := m.Go("greedy", func(t *gil.Thread) {
				for range 400 {
					l.With(t, func() { t.Compute(100 * time.Microsecond) })
					if release {
						t.Sleep(time.Microsecond)
					}
				}
				done = true
			})
			p := m.Go("patient", func(t *gil.Thread) {
				for !done {
					l.With(t, func() {})
					t.Sleep(ms)
				}
			})
			gil.JoinAll(m, w, p)
		}
	}
	callback := func(d time.Duration) func(m *gil.Thread) {
		return func(m *gil.Thread) {
			m.Emit(gil.Event{Kind: gil.EvCallbackBegin, Name: "handler"})
			m.Compute(d)
			m.Emit(gil.Event{Kind: gil.EvCallbackEnd, A: int64(d)})
		}
	}
	for _, c := range []struct {
		rule     string
		bad      func(m *gil.Thread)
		good     func(m *gil.Thread)
		profile  gil.Profile
		says     string
		threads  string
		findings int
	}{
		{
			"gil-kept", two(func(t *gil.Thread) { t.Held(30 * ms) }, func(t *gil.Thread) { t.Compute(ms) }),
			two(func(t *gil.Thread) { t.Released(30*ms, 1) }, func(t *gil.Thread) { t.Held(ms) }), gil.CPython313,
			"a was in a C call that kept the GIL for 30 ms", "[a]", 1,
		},
		{"lock-across-io", func(m *gil.Thread) {
			l := &threading.Lock{Name: "db"}
			l.With(m, func() { m.IO(3 * ms) })
		}, func(m *gil.Thread) {
			l := &threading.Lock{Name: "db"}
			l.With(m, func() { m.Compute(3 * ms) })
			m.IO(3 * ms)
		}, gil.CPython313, "The lock db was held for 3 ms", "[MainThread]", 1},
		{"lock-order", locks(true), locks(false), gil.CPython313, "a takes one and then two, b takes two and then one", "[a b]", 1},
		{"convoy", answers(true), answers(false), gil.CPython313, "Each time b came back from IO it waited 4.8 ms on average", "[b]", 1},
		{"busy-wait", spin(true), spin(false), gil.CPython313T, "waiter reads ready again and again", "[waiter]", 1},
		{
			"unjoined", func(m *gil.Thread) { m.Go("stray", func(t *gil.Thread) { t.Sleep(ms) }) },
			func(m *gil.Thread) { m.Go("w", func(t *gil.Thread) { t.Sleep(ms) }).Join(m) }, gil.CPython313, "Nobody waited for the end of stray", "[stray]", 1,
		},
		{"unjoined", func(m *gil.Thread) {
			m.Go("daemon", func(t *gil.Thread) { t.Sleep(time.Hour) }, gil.WithDaemon(true))
		}, func(m *gil.Thread) {}, gil.CPython313, "it was ended in the middle of its work", "[daemon]", 1},
		{"lost-wake-up", notify(true), notify(false), gil.CPython313, "waiter waits for ready and waits until its time is up: MainThread gave the signal at 0", "[MainThread waiter]", 1},
		{"lost-wake-up", notify(true), twice, gil.CPython313, "waiter waits for ready", "[MainThread waiter]", 1},
		{"lost-wake-up", event(true), event(false), gil.CPython313, "late waits for go", "[MainThread late]", 1},
		{"starvation", hold(false), hold(true), gil.CPython313, "others got it", "[patient]", 1},
		{"slow-callback", callback(200 * ms), callback(90 * ms), gil.CPython313, "The callback (handler) kept the event loop for 200 ms", "[MainThread]", 1},
		{"swallowed", func(m *gil.Thread) {
			m.Emit(gil.Event{Kind: gil.EvCoroutine, Obj: 9, Name: "stubborn"})
			m.Emit(gil.Event{Kind: gil.EvCancelSwallow, Obj: 9})
		}, func(m *gil.Thread) { m.Emit(gil.Event{Kind: gil.EvCancelDeliver, Obj: 9}) }, gil.CPython313, "The task stubborn was asked to end and went on", "[MainThread]", 1},
		{"unhandled", func(m *gil.Thread) { m.Emit(gil.Event{Kind: gil.EvUnhandled, Name: "KeyError"}) }, func(m *gil.Thread) {}, gil.CPython313, "KeyError", "[MainThread]", 1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			of := func(main func(m *gil.Thread)) (fs []trace.Finding) {
				for _, f := range recorded(t, 4, c.profile, main).Timeline().Findings() {
					if f.Rule == c.rule {
						fs = append(fs, f)
					}
				}
				return fs
			}
			fs := of(c.bad)
			require.Len(t, fs, c.findings, "%v", fs)
			require.Contains(t, fs[0].String(), c.says)
			require.Equal(t, c.threads, fmt.Sprint(fs[0].Threads))
			require.NotEmpty(t, fs[0].Advice)
			require.LessOrEqual(t, fs[0].From, fs[0].To)
			require.Empty(t, of(c.good), "the fixed program")
		})
	}
}

// TestDeadlockedWaitersAreFound: a wake-up that is lost for good.
func TestDeadlockedWaitersAreFound(t *testing.T) {
	tr, err := trace.Record(1, gil.CPython313, func(m *gil.Thread) {
		c := &threading.Condition{Name: "ready"}
		c.With(m, func() { c.Notify(m, 1) })
		w := m.Go("waiter", func(t *gil.Thread) { c.With(t, func() { c.Wait(t) }) })
		w.Join(m)
	})
	require.Error(t, err)
	fs := tr.Timeline().Findings()
	require.NotEmpty(t, fs)
	require.Contains(t, fs[len(fs)-1].String(), "waiter waits for ready and is never woken")
}

func TestGoldenNarration(t *testing.T) {
	write := func(tr *trace.Trace) []byte {
		return []byte(text(t, func(b *bytes.Buffer) error { return tr.Timeline().WriteNarration(b) }))
	}
	golden(t, "office.story.txt", write(runs[3].trace(t)))
	golden(t, "lost.story.txt", write(explored(t)))
	golden(t, "deadlock.story.txt", write(deadlocked(t)))
}

// TestEveryEventHasItsSentence, one sentence without verbs of the trade: the words
// that are not everybody's are in the glossary.
func TestEveryEventHasItsSentence(t *testing.T) {
	silent := map[gil.EventKind]bool{gil.EvNone: true, gil.EvState: true, gil.EvPickleBegin: true}
	tl := (&trace.Trace{}).Timeline()
	for k := gil.EvNone; k <= gil.EvCopyOnWrite; k++ {
		s := tl.Sentence(gil.Event{Kind: k, TID: 1, Peer: 2, Obj: 3, A: 1, B: 1, Name: "x"})
		if silent[k] {
			require.Empty(t, s)
			continue
		}
		require.NotEmpty(t, s, "%v", k)
		require.Regexp(t, `^\S.*\.$`, s)
		require.NotContains(t, s, "  ")
		require.NotContains(t, s, "%!")
	}
	// Every word of the trade that sentences and findings use is explained.
	glossary := trace.Glossary()
	everything := ""
	for _, name := range []string{"narrate.go", "lint.go"} {
		everything += source(t, name)
	}
	for _, word := range []string{
		"GIL", "check point", "switch interval", "tick", "failed wake-up", "core", "slice", "daemon", "lock", "condition", "event", "queue", "pool", "C call", "event loop",
		"interpreter", "explorer", "notify", "convoy", "starvation",
	} {
		require.Contains(t, strings.ToLower(everything), strings.ToLower(word), "nobody uses %s", word)
		require.NotEmpty(t, glossary[word], "%s is not in the glossary", word)
	}
	for _, jargon := range []string{"mutex", "preempt", "quantum", "coroutine", "syscall", "semantics", "atomic", "futex", "goroutine"} {
		for _, s := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(everything, -1) {
			require.NotContains(t, s, jargon)
		}
	}
}

func TestGoldenMermaid(t *testing.T) {
	each(t, ".mmd", func(t *testing.T, tr *trace.Trace) []byte { return mermaid(t, tr, trace.Mermaid{GIL: true}) })
	golden(t, "lost.mmd", mermaid(t, explored(t), trace.Mermaid{}))
}

// mermaid writes a diagram and checks its grammar, as far as this package uses it.
func mermaid(t *testing.T, tr *trace.Trace, o trace.Mermaid) []byte {
	t.Helper()
	b := text(t, func(b *bytes.Buffer) error { return tr.Timeline().WriteMermaid(b, o) })
	most := o.Most
	if most == 0 {
		most = 50_000
	}
	require.LessOrEqual(t, len(b), most)
	lines := strings.Split(strings.TrimSuffix(b, "\n"), "\n")
	require.Equal(t, "sequenceDiagram", lines[0])
	parties, open := map[string]bool{}, 0
	for _, l := range lines[1:] {
		l = strings.TrimSpace(l)
		switch {
		case strings.HasPrefix(l, "participant "):
			parties[strings.Fields(l)[1]] = true
		case strings.HasPrefix(l, "loop "):
			open++
		case l == "end":
			open--
			require.GreaterOrEqual(t, open, 0)
		default:
			m := regexp.MustCompile(`^(?:Note over (\w+)|(\w+)(?:->>|-->>|-\)|-x)(\w+)): (.+)$`).FindStringSubmatch(l)
			require.NotNil(t, m, "%q is no message", l)
			for _, p := range m[1:4] {
				require.True(t, p == "" || parties[p], "%q: %s takes no part", l, p)
			}
			require.NotContains(t, strings.NewReplacer("#35;", "", "#59;", "").Replace(m[4]), ";")
			require.NotContains(t, strings.NewReplacer("#35;", "", "#59;", "").Replace(m[4]), "#")
		}
	}
	require.Zero(t, open)
	return []byte(b)
}

func TestMermaidIsBounded(t *testing.T) {
	tr := recorded(t, 2, gil.CPython313, func(m *gil.Thread) {
		for i := range 2500 {
			m.Label(fmt.Sprint("step # ", i, "; end"))
		}
		for range 100 {
			m.Label("end")
			m.Label("loop")
		}
	})
	b := string(mermaid(t, tr, trace.Mermaid{}))
	require.Regexp(t, `… and \d+ more messages\n$`, b)
	require.Greater(t, len(b), 49_000, "and no less than fits")
	shown := strings.Count(b, "Note over T1: at ")
	var left int
	_, err := fmt.Sscanf(b[strings.LastIndex(b, "… and"):], "… and %d", &left)
	require.NoError(t, err)
	require.Equal(t, 2701, shown+left, "2700 labels and an end")

	b = string(mermaid(t, recorded(t, 1, gil.CPython313, func(m *gil.Thread) {
		for range 100 {
			m.Label("end")
			m.Label("loop")
		}
	}), trace.Mermaid{}))
	require.Contains(t, b, "loop 100 times\n        Note over T1: at (end)\n        Note over T1: at loop\n    end\n")
	mermaid(t, tr, trace.Mermaid{Most: 600})
	for seed := range uint64(10) {
		mermaid(t, newRandom(seed).record(t), trace.Mermaid{GIL: true})
	}
}

func TestGoldenCompare(t *testing.T) {
	a := recorded(t, 2, gil.CPython313, battle(20*time.Millisecond), gil.Measured())
	b := recorded(t, 2, gil.CPython313, battle(20*time.Millisecond), gil.Measured(), gil.WithSeed(2))
	d := trace.Compare(a, a)
	require.True(t, d.Same)
	require.Equal(t, len(a.Events), d.TimeStep)
	require.Contains(t, text(t, func(b *bytes.Buffer) error { return d.WriteText(b, 0) }), "the same: ")

	d = trace.Compare(a, b)
	require.Less(t, d.TimeStep, len(a.Events))
	for i := range d.TimeStep {
		require.Equal(t, a.Events[i].T, b.Events[i].T)
	}
	require.NotEqual(t, a.Events[d.TimeStep].T, b.Events[d.TimeStep].T)
	golden(t, "seeds.compare.txt", []byte(text(t, func(b *bytes.Buffer) error { return d.WriteText(b, 0) })))

	// One event more, one event other: the step is where.
	for _, at := range []int{0, 7, 30} {
		c := *a
		c.Events = append([]gil.Event(nil), a.Events...)
		c.Events[at].Why++
		require.Equal(t, at, trace.Compare(a, &c).Step)
		c.Events = a.Events[:at]
		require.Equal(t, at, trace.Compare(a, &c).Step)
		require.False(t, trace.Compare(a, &c).Same)
	}

	// The same program under two Pythons.
	old := runs[1].trace(t)
	d = trace.Compare(old, runs[2].trace(t))
	require.False(t, d.Same)
	golden(t, "battles.compare.txt", []byte(text(t, func(b *bytes.Buffer) error { return d.WriteText(b, 100) })))
	for _, o := range []trace.Text{{}, {Width: 160, Color: true}} {
		golden(t, fmt.Sprintf("battles.%d.txt", max(120, o.Width)), []byte(text(t, func(b *bytes.Buffer) error {
			return trace.WriteSideBySide(b, o, d.A, d.B)
		})))
	}
}
