package explore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// cell is an operation as it stands in a table: what it is about, what it read or
// wrote, whether it got what it wanted.
func (a *account) cell(s *happening) string {
	o := s.obj.title()
	switch s.kind {
	case kernel.OpRead:
		return "read " + o + s.item + valueOf(s, false, " → ") + found(s)
	case kernel.OpWrite:
		return "write " + o + s.item + valueOf(s, true, " ← ") + found(s)
	case kernel.OpUpdate:
		return "update " + o + s.item + valueOf(s, false, " → ") + valueOf(s, true, " ← ") + found(s)
	case kernel.OpTryAcquire:
		return "try " + o + got(s)
	case kernel.OpStart:
		for i := range a.actors {
			if w := &a.actors[i]; w.parent == s.actor && w.born >= 0 && w.born < len(a.steps) && &a.steps[w.born] == s {
				return "start " + w.name
			}
		}
		return "start"
	case kernel.OpJoin:
		if s.obj != nil && s.obj.target >= 0 {
			return "join " + a.actors[s.obj.target].name + got(s)
		}
	case kernel.OpExit:
		return "end"
	case kernel.OpLabel:
		return strings.TrimSpace("label " + s.text)
	case kernel.OpPrint:
		return "print " + brief(s.text)
	case kernel.OpAcquire, kernel.OpTake, kernel.OpWait:
		return s.kind.String() + " " + o + got(s)
	}
	return strings.TrimSpace(s.kind.String() + " " + o)
}

func got(s *happening) string {
	if s.failed {
		return " ✗"
	}
	return ""
}

// found marks an operation on an item that there was not.
func found(s *happening) string {
	if s.item != "" && len(s.values) == 0 {
		return " ✗"
	}
	return ""
}

func valueOf(s *happening, wrote bool, arrow string) string {
	for _, v := range s.values {
		if v.wrote == wrote {
			return arrow + v.text
		}
	}
	return ""
}

// row is a line of a table.
type row struct {
	number int // of the operation, 0 for a remark
	actor  int
	text   string
	site   uintptr
}

// few is how many operations a run may have to be shown whole.
const few = 24

// table lays the run out, one column per thread. Operations that do not matter are
// counted; those that matter are the ones of the pattern, on the objects that it is
// about, and on both sides of a switch that the explorer made.
func (a *account) table(f *Failure, p *pattern, involved []int) string {
	keep := a.matters(p, involved)
	var rows []row
	draws := a.shown()
	for i := 0; i < len(a.steps); {
		s := &a.steps[i]
		for ; len(draws) > 0 && draws[0].step <= i; draws = draws[1:] {
			rows = append(rows, draws[0].row())
		}
		if keep[i] {
			if why := a.switched(i); why != "" {
				rows = append(rows, row{actor: a.steps[i-1].actor, text: why})
			}
			rows = append(rows, row{number: i + 1, actor: s.actor, text: a.cell(s), site: s.site})
			i++
			continue
		}
		n := 1
		for i+n < len(a.steps) && !keep[i+n] && a.steps[i+n].actor == s.actor && (len(draws) == 0 || draws[0].step > i+n) {
			n++
		}
		if n == 1 {
			rows = append(rows, row{number: i + 1, actor: s.actor, text: a.cell(s), site: s.site})
		} else {
			rows = append(rows, row{actor: s.actor, text: fmt.Sprintf("… %d operations …", n)})
		}
		i += n
	}
	for i := range draws {
		rows = append(rows, draws[i].row())
	}
	rows = append(rows, a.lastWords(f)...)
	return a.layOut(merged(rows))
}

func (d *draw) row() row {
	return row{actor: d.actor, text: d.String(), site: d.site}
}

// String says what was drawn from how many: "choose 2 of 3", counted from 0.
func (d *draw) String() string { return fmt.Sprintf("choose %d of %d", d.value, d.of) }

// merged joins what is left out of several threads in a row when it is much.
func merged(rows []row) []row {
	const most = 60
	if len(rows) <= most {
		return rows
	}
	head, tail := rows[:most/2], rows[len(rows)-most/2:]
	out := append([]row(nil), head...)
	out = append(out, row{actor: -1, text: fmt.Sprintf("… %d lines …", len(rows)-len(head)-len(tail))})
	return append(out, tail...)
}

// matters says which operations are shown.
func (a *account) matters(p *pattern, involved []int) []bool {
	keep := make([]bool, len(a.steps))
	if len(a.steps) <= few {
		for i := range keep {
			keep[i] = true
		}
		return keep
	}
	about := make(map[*object]bool)
	if p != nil {
		for _, i := range p.steps {
			keep[i] = true
		}
	}
	for _, t := range involved {
		about[a.objects[a.actors[t].pending.Obj]] = true
		for _, o := range a.held(t, len(a.steps)) {
			about[o] = true
		}
	}
	delete(about, nil)
	for i := range a.steps {
		if a.steps[i].obj != nil && about[a.steps[i].obj] {
			keep[i] = true
		}
		if i > 0 && a.steps[i].actor != a.steps[i-1].actor && a.preempted(i-1, i) {
			keep[i-1], keep[i] = true, true
		}
	}
	for t := range a.actors { // how each thread came to its end
		for i := len(a.steps) - 1; i >= 0; i-- {
			if s := &a.steps[i]; s.actor == t && s.kind != kernel.OpExit {
				keep[i] = keep[i] || a.actors[t].pending.Kind != kernel.OpNone
				break
			}
		}
	}
	return keep
}

// switched says why the thread of the operation before does not go on: empty when
// it does, or has ended.
func (a *account) switched(i int) string {
	if i == 0 || a.steps[i].actor == a.steps[i-1].actor {
		return ""
	}
	was := a.steps[i-1].actor
	if a.steps[i-1].kind == kernel.OpExit {
		return ""
	}
	if a.preempted(i-1, i) {
		return "⤷ preempted"
	}
	for _, s := range a.steps[i:] {
		if s.actor == was {
			return waiting(s.kind, s.obj, a, i)
		}
	}
	if w := &a.actors[was]; !w.ended {
		return waiting(w.pending.Kind, a.objects[w.pending.Obj], a, i)
	}
	return ""
}

// waiting names what a thread waits for and who holds it.
func waiting(k kernel.OpKind, o *object, a *account, upTo int) string {
	switch {
	case o == nil:
		return ""
	case o.target >= 0:
		return "⤷ waits for " + a.actors[o.target].name
	case o.shared:
		return ""
	}
	text := "⤷ waits for " + o.title()
	if k == kernel.OpAcquire {
		if h, _ := a.owner(o, upTo); h >= 0 {
			text += " held by " + a.actors[h].name
		}
	}
	return text
}

// lastWords are the rows after the last operation: who failed, who waits for ever.
func (a *account) lastWords(f *Failure) []row {
	var rows []row
	if i := a.actorNamed(f.Thread); i >= 0 {
		rows = append(rows, row{actor: i, text: "✗ " + f.Kind.String()})
	}
	if f.Kind != Deadlock {
		return rows
	}
	for i := range a.actors {
		w := &a.actors[i]
		if w.ended || w.pending.Kind == kernel.OpNone {
			continue
		}
		if text := waiting(w.pending.Kind, a.objects[w.pending.Obj], a, len(a.steps)); text != "" {
			rows = append(rows, row{actor: i, text: "✗" + strings.TrimPrefix(text, "⤷"), site: w.site})
		}
	}
	return rows
}

// layOut aligns the columns; the last one is where the operation stands in the
// program.
func (a *account) layOut(rows []row) string {
	const widest = 34
	width := make([]int, len(a.actors))
	used := make([]bool, len(a.actors))
	for i := range rows {
		r := &rows[i]
		if n := utf8.RuneCountInString(r.text); n > widest {
			r.text = string([]rune(r.text)[:widest-1]) + "…"
		}
		if r.actor >= 0 {
			used[r.actor] = true
			width[r.actor] = max(width[r.actor], utf8.RuneCountInString(r.text))
		}
	}
	var b strings.Builder
	b.WriteString("     ")
	for t, u := range used {
		if u {
			width[t] = max(width[t], utf8.RuneCountInString(a.actors[t].name))
			pad(&b, "  "+a.actors[t].name, width[t]+2)
		}
	}
	trim(&b)
	for _, r := range rows {
		number := "     "
		if r.number > 0 {
			number = fmt.Sprintf("%5d", r.number)
		}
		b.WriteString(number)
		if r.actor < 0 {
			b.WriteString("  " + r.text + "\n")
			continue
		}
		for t, u := range used {
			switch {
			case !u:
			case t == r.actor:
				pad(&b, "  "+r.text, width[t]+2)
			default:
				pad(&b, "", width[t]+2)
			}
		}
		if w := site.Line(r.site); w != "" {
			b.WriteString("  " + w)
		}
		trim(&b)
	}
	return b.String()
}

// pad writes text and spaces up to a width in characters.
func pad(b *strings.Builder, text string, width int) {
	b.WriteString(text)
	b.WriteString(strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))))
}

// trim ends a line without spaces at its end.
func trim(b *strings.Builder) {
	s := strings.TrimRight(b.String(), " ")
	b.Reset()
	b.WriteString(s)
	b.WriteByte('\n')
}
