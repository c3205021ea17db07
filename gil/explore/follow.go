package explore

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
)

// Follow is a hand-written interleaving. Each text says which thread runs and how
// far:
//
//	a@read  the thread named a, up to its Label("read")
//	a@end   a, to its end
//	a       the same
//	a@#2    a, until it draws a number by gil.Thread.Choose, which is 2
//
// So Follow("a@read", "b@end", "a") runs a up to its Label("read"), then b to its
// end, then a. A label that a thread passes several times counts once each time it
// is mentioned. Threads of one name are told apart by their paths, as schedules have
// them: "#1.2@read" is the second thread started by the first one that main started.
//
// While the thread in question was not started yet, or waits for another one, those
// run that are not mentioned, and only if none can the others; after the last text
// the base order runs. A thread that ends without coming
// to the label is a failure of kind Assertion that says so: the program is not what
// whoever wrote the interleaving took it for. The search has one schedule, and when
// that passes it is the last one that is performed too.
func Follow(labels ...string) Strategy {
	f := &handwritten{named: make(map[string]bool)}
	for _, text := range labels {
		thread, label, ok := strings.Cut(text, "@")
		if !ok {
			label = "end"
		}
		s := stretch{text: text, thread: thread, label: label}
		if number, draws := strings.CutPrefix(label, "#"); draws {
			if v, err := strconv.Atoi(number); err == nil {
				s.value, s.draws = v, true
			}
		}
		f.plan = append(f.plan, s)
		f.named[thread] = true
	}
	return f
}

// stretch is one part of a hand-written interleaving.
type stretch struct {
	text, thread, label string
	draws               bool // it goes up to a draw, which is value
	drawn               bool // and that has been drawn
	value               int
}

type handwritten struct {
	plan  []stretch
	named map[string]bool // the threads mentioned
	at    int
	r     *runner
	// wrong is the text of a draw that is not possible, and why.
	wrong string
}

func (f *handwritten) Name() string { return "follow" }

func (f *handwritten) Start(n int, _ uint64) bool {
	f.at, f.r, f.wrong = 0, nil, ""
	for i := range f.plan {
		f.plan[i].drawn = false
	}
	return n == 0
}

func (f *handwritten) Choose(p *Point) int {
	f.r = p.r
	for f.at < len(f.plan) {
		s := &f.plan[f.at]
		t := f.find(p.r, s.thread)
		if s.drawn || t >= 0 && s.label == "end" && !s.draws && p.r.threads[t].over {
			f.at++
			continue
		}
		if t >= 0 && p.Enabled(t) {
			return t
		}
		return f.meanwhile(p)
	}
	return p.base
}

// meanwhile is who runs while the thread in question was not started or waits: one
// that the interleaving does not mention, or else the base order.
func (f *handwritten) meanwhile(p *Point) int {
	for i := p.set.Next(0); i >= 0; i = p.set.Next(i + 1) {
		if !f.named[p.r.nameOf(i)] && !f.named["#"+p.r.pathOf(i)] {
			return i
		}
	}
	return p.base
}

// find is the thread of a name that has not ended, or else the last one that has.
func (f *handwritten) find(r *runner, name string) int {
	found := -1
	path, byPath := strings.CutPrefix(name, "#")
	for i := range r.threads {
		same := !byPath && r.nameOf(i) == name || byPath && r.pathOf(i) == path
		if same && (found < 0 || r.threads[found].over) {
			found = i
		}
	}
	return found
}

// Draw draws what the next text about the thread says if that is about a draw, and
// otherwise 0.
func (f *handwritten) Draw(p *Point, thread, n int) int {
	f.r = p.r
	for i := f.at; i < len(f.plan); i++ {
		s := &f.plan[i]
		if s.drawn || f.find(p.r, s.thread) != thread {
			continue
		}
		if !s.draws {
			break
		}
		s.drawn = true
		if s.value < 0 || s.value >= n {
			f.wrong = fmt.Sprintf("%q: there are %d numbers from 0 to be drawn from", s.text, n)
			return 0
		}
		return s.value
	}
	return 0
}

// Performed notices labels and ends.
func (f *handwritten) Performed(p *Point, thread int, op Op) {
	f.r = p.r
	for f.at < len(f.plan) && f.plan[f.at].drawn {
		f.at++
	}
	if f.at == len(f.plan) || f.plan[f.at].draws {
		return
	}
	s := &f.plan[f.at]
	if f.find(p.r, s.thread) != thread {
		return
	}
	if op.Kind == kernel.OpLabel && p.r.threads[thread].task.Label == s.label || op.Kind == kernel.OpExit && s.label == "end" {
		f.at++
	}
}

// complaint says which part of the interleaving the run just done did not come to.
func (f *handwritten) complaint() error {
	if f.r == nil {
		return nil
	}
	if f.wrong != "" {
		return &Diagnosis{Kind: Assertion, bound: true, Text: "the interleaving cannot be followed at " + f.wrong}
	}
	for ; f.at < len(f.plan); f.at++ {
		s := &f.plan[f.at]
		t := f.find(f.r, s.thread)
		switch {
		case s.drawn:
			continue
		case t >= 0 && s.draws && f.r.threads[t].over:
			return f.lost(s, "the thread has ended without drawing once more")
		case t < 0:
			return f.lost(s, "there is no thread of that name; there are "+f.names())
		case s.label == "end" && f.r.threads[t].over:
			continue
		case f.r.threads[t].over:
			return f.lost(s, "the thread has ended without coming to that label")
		}
		return nil // it waits for ever, or failed: that is reported as what it is
	}
	return nil
}

func (f *handwritten) lost(s *stretch, why string) error {
	return &Diagnosis{
		Kind: Assertion, bound: true, Threads: []string{s.thread},
		Text: fmt.Sprintf("the interleaving cannot be followed at %q: %s", s.text, why),
	}
}

func (f *handwritten) names() string {
	names := make([]string, len(f.r.threads))
	for i := range names {
		names[i] = f.r.nameOf(i)
	}
	return listed(names)
}
