package main

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
)

// opposite has two threads take two locks, each in an order of its own.
func opposite(t *gil.Thread) {
	x, y := &threading.Lock{Name: "x"}, &threading.Lock{Name: "y"}
	both := func(first, second *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) { first.With(t, func() { second.With(t, func() {}) }) }
	}
	gil.JoinAll(t, t.Go("a", both(x, y)), t.Go("b", both(y, x)))
}

// polite has two threads that give way to each other.
func polite(t *gil.Thread) {
	here := []*gil.Var[bool]{gil.NewVar("a is here", true), gil.NewVar("b is here", true)}
	walk := func(me int) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			for here[1-me].Load(t) {
				here[me].Store(t, false) // after you
				t.Yield()
				here[me].Store(t, true)
				t.Yield()
			}
			here[me].Store(t, false)
		}
	}
	gil.JoinAll(t, t.Go("a", walk(0)), t.Go("b", walk(1)))
}

// spin has a thread look at a flag again and again; the thread that sets it has to
// get its turn.
func spin(t *gil.Thread) {
	stop := gil.NewVar("stop", false)
	a := t.Go("a", func(t *gil.Thread) {
		for !stop.Load(t) {
			continue
		}
	})
	stop.Store(t, true)
	a.Join(t)
}

// A hang is a program that gets nowhere, and what is to be said about it.
type hang struct {
	program func(t *gil.Thread)
	options []explore.Option
	story   string
	wayOut  string
}

var hangs = []hang{
	{
		opposite, nil,
		"a takes lock x, then y; b takes y, then x",
		"take locks in one order everywhere",
	},
	{
		polite,
		[]explore.Option{explore.WithMaxSchedules(300), explore.WithMaxSteps(300)},
		"two threads meet, and each steps aside while it sees the other",
		"wait for a random time before the next try",
	},
	{
		spin,
		[]explore.Option{
			explore.WithMaxSchedules(50), explore.WithMaxSteps(300),
			explore.WithoutFairness(), explore.WithStrategy(explore.DFS()),
		},
		"a looks at a flag until the main thread has set it",
		"wait on an Event, which lets the others run",
	},
}

// gettingNowhere is lesson 3.
func gettingNowhere(p *page) error {
	p.heading("3. Three ways to get nowhere")
	p.text(`
A lock that is taken in the wrong place trades wrong results for none at all.
The search finds out which of the three it is.
`)
	for _, h := range hangs {
		done := p.busy("searching")
		f := explore.Find(h.program, append([]explore.Option{explore.WithSeed(1)}, h.options...)...)
		done()
		if f == nil {
			return fmt.Errorf("%s: no order gets stuck, and one does", h.story)
		}
		p.printf("\n%s: %s.\n", strings.ToUpper(f.Kind.String()), h.story)
		for _, s := range sentences(f) {
			p.text(wrapped(s))
		}
		p.printf("  The way out: %s.\n", h.wayOut)
	}
	return nil
}

// wrapped is a sentence in lines of a terminal, indented, as an item of a list.
func wrapped(s string) string {
	const width = 80
	var b strings.Builder
	line := "  -"
	for _, word := range strings.Fields(s) {
		if len([]rune(line))+1+len([]rune(word)) > width {
			b.WriteString(line + "\n")
			line = "   "
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
