package main

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/examples/internal/stuck"
)

// A hang is a program that gets nowhere, and what is to be said about it.
type hang struct {
	program stuck.Program
	story   string
	wayOut  string
}

var hangs = []hang{
	{stuck.Deadlock, "a takes lock x, then y; b takes y, then x", "take locks in one order everywhere"},
	{stuck.Livelock, "two threads meet, and each steps aside while it sees the other", "wait for a random time before the next try"},
	{stuck.Starvation, "a looks at a flag until the main thread has set it", "wait on an Event, which lets the others run"},
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
		f := h.program.Find()
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
