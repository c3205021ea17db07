package trace

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Text says how a text timeline looks. The zero Text is 80 columns wide, goes by
// time and has no colours.
type Text struct {
	Width  int  // of a line, in columns; 0 is 80, and no line has fewer than 40
	Color  bool // ANSI colours
	Events bool // a column per change of anything instead of per unit of time
	Most   int  // blocks of lines with Events; 0 is 8. A last line says how many changes are left out
}

// WriteText writes the timeline as a lane of letters per thread; see the package
// comment for the legend. By time, a column is the state that took most of it, and
// the end of the last column is the end of the trace. With Text.Events a column is
// the time between two changes, so that every switch is visible. The lane of a GIL
// has the letter of its holder; | is a column with more than one switch. A ! is the
// end of a thread that failed.
func (tl *Timeline) WriteText(w io.Writer, o Text) error {
	if o.Width == 0 {
		o.Width = 80
	}
	x := textWriter{tl: tl, o: o, out: bufio.NewWriter(w)}
	x.o.Width = max(40, x.o.Width)
	x.names()
	x.head()
	switch {
	case tl.Length() == 0:
		fmt.Fprintln(x.out, "no time passed; WriteTable shows the steps")
	case o.Events:
		x.byEvent()
	default:
		x.byTime()
	}
	x.legend()
	x.foot()
	return x.out.Flush()
}

type textWriter struct {
	tl     *Timeline
	o      Text
	out    *bufio.Writer
	label  int // width of the lanes' names
	cols   int // width of the lanes
	letter map[uint32]byte
	used   [NumStates]bool
	failed bool
	many   bool
	scale  time.Duration // what the width stands for, when it is not the timeline's length
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (x *textWriter) names() {
	x.letter = map[uint32]byte{}
	for i, l := range x.tl.Lanes {
		x.letter[l.TID] = letters[i%len(letters)]
		x.label = max(x.label, utf8.RuneCountInString(l.Name)+2)
	}
	x.label = min(max(x.label, 6), x.o.Width/3)
	x.cols = x.o.Width - x.label - 1
}

func (x *textWriter) head() {
	h := x.tl.Trace.Header
	var parts []string
	if h.Title != "" {
		parts = append(parts, h.Title)
	}
	if h.Profile != "" {
		parts = append(parts, "Python "+h.Profile)
	}
	if h.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d cores", h.Cores))
	}
	parts = append(parts, short(x.tl.Length()))
	fmt.Fprintln(x.out, cutText(strings.Join(parts, ", "), x.o.Width))
}

// lane writes one line: a name and its columns.
func (x *textWriter) lane(name string, cols []byte, color func(i int) string) {
	name = cutText(name, x.label)
	fmt.Fprint(x.out, name, strings.Repeat(" ", x.label-utf8.RuneCountInString(name)+1))
	last := ""
	for i, c := range cols {
		code := ""
		if x.o.Color && color != nil {
			code = color(i)
		}
		if code != last {
			if last != "" {
				fmt.Fprint(x.out, "\x1b[0m")
			}
			if code != "" {
				fmt.Fprintf(x.out, "\x1b[%sm", code)
			}
			last = code
		}
		x.out.WriteByte(c)
	}
	if last != "" {
		fmt.Fprint(x.out, "\x1b[0m")
	}
	x.out.WriteByte('\n')
}

// cutText is s in at most n columns.
func cutText(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func (x *textWriter) byTime() {
	tl := x.tl
	whole := max(x.scale, tl.Length())
	step := whole / time.Duration(x.cols)
	fmt.Fprintf(x.out, "one column is %s\n", short(step))
	edges := make([]time.Duration, x.cols+1)
	for i := range edges {
		edges[i] = tl.From + time.Duration(float64(whole)*float64(i)/float64(x.cols))
	}
	edges[x.cols] = tl.From + whole
	x.axis()
	x.block(edges)
}

// axis writes round times over their columns.
func (x *textWriter) axis() {
	line := []byte(strings.Repeat(" ", x.cols))
	whole := max(x.scale, x.tl.Length())
	step := round(whole, max(1, x.cols/10))
	next := 0
	for t := (x.tl.From + step - 1) / step * step; t <= x.tl.From+whole && step > 0; t += step {
		at := int(float64(t-x.tl.From) / float64(max(1, whole)) * float64(x.cols))
		text := "'" + strings.ReplaceAll(short(t), "µ", "u")
		if at >= next && at+len(text) <= x.cols {
			copy(line[at:], text)
			next = at + len(text) + 1
		}
	}
	fmt.Fprintln(x.out, strings.TrimRight(strings.Repeat(" ", x.label+1)+string(line), " "))
}

// round is a step of 1, 2 or 5 times a power of ten with about n steps in d.
func round(d time.Duration, n int) time.Duration {
	for step := time.Duration(1); step > 0; step *= 10 {
		for _, k := range []time.Duration{1, 2, 5} {
			if d/(step*k) <= time.Duration(n) {
				return step * k
			}
		}
	}
	return d
}

func (x *textWriter) byEvent() {
	var edges []time.Duration
	for _, l := range x.tl.Lanes {
		for _, s := range l.Spans {
			edges = append(edges, s.From, s.To)
		}
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	fmt.Fprintf(x.out, "one column is one change: %d\n", max(0, len(edges)-1))
	blocks := x.o.Most
	if blocks == 0 {
		blocks = 8
	}
	for ; len(edges) > 1 && blocks > 0; blocks-- {
		n := min(len(edges), x.cols+1)
		part := edges[:n]
		fmt.Fprintf(x.out, "\n%s … %s\n", short(part[0]), short(part[n-1]))
		x.block(part)
		edges = edges[n-1:]
	}
	if n := len(edges) - 1; n > 0 {
		fmt.Fprintf(x.out, "\n… and %d more changes, up to %s\n", n, short(edges[n]))
	}
}

// block writes all lanes for the columns between edges.
func (x *textWriter) block(edges []time.Duration) {
	n := len(edges) - 1
	for li := range x.tl.Lanes {
		l := &x.tl.Lanes[li]
		states := columns(l, edges)
		cols := make([]byte, n)
		for i, s := range states {
			cols[i] = ' '
			if s < NumStates {
				cols[i] = looks[s].glyph
				x.used[s] = true
			}
		}
		fail := -1
		if l.Failed && l.End >= edges[0] && l.End <= edges[n] {
			fail = max(0, slices.IndexFunc(edges, func(e time.Duration) bool { return e >= l.End })-1)
			cols[min(fail, n-1)] = '!'
			x.failed = true
		}
		x.lane(string(x.letter[l.TID])+" "+l.Name, cols, func(i int) string {
			switch {
			case i == fail:
				return "31;1"
			case states[i] < NumStates:
				return looks[states[i]].ansi
			}
			return ""
		})
	}
	for _, r := range x.tl.GILs {
		cols := make([]byte, n)
		at := 0
		for i := range cols {
			cols[i] = ' '
			best, switches, lastTID := time.Duration(0), 0, uint32(0)
			for at > 0 && r.Holds[at-1].To > edges[i] {
				at--
			}
			for j := at; j < len(r.Holds) && r.Holds[j].From < edges[i+1]; j++ {
				h := r.Holds[j]
				d := min(h.To, edges[i+1]) - max(h.From, edges[i])
				if d < 0 || d == 0 && h.From != h.To {
					continue
				}
				if lastTID != 0 && lastTID != h.TID && h.From > edges[i] {
					switches++
				}
				if d > 0 {
					lastTID = h.TID
				}
				if d > best {
					best, cols[i] = d, x.letter[h.TID]
				}
			}
			for at < len(r.Holds) && r.Holds[at].To <= edges[i+1] {
				at++
			}
			if switches > 1 {
				cols[i] = '|'
				x.many = true
			}
		}
		x.lane(r.Name, cols, nil)
	}
}

// columns is the state that a thread was in for most of each column; NumStates
// where it was not alive.
func columns(l *Lane, edges []time.Duration) []State {
	out := make([]State, len(edges)-1)
	at := 0
	for i := range out {
		var d [NumStates]time.Duration
		out[i] = NumStates
		for j := at; j < len(l.Spans) && l.Spans[j].From < edges[i+1]; j++ {
			s := l.Spans[j]
			d[s.State] += max(0, min(s.To, edges[i+1])-max(s.From, edges[i]))
		}
		for at < len(l.Spans) && l.Spans[at].To <= edges[i+1] {
			at++
		}
		best := time.Duration(0)
		for s, t := range d {
			if t > best {
				best, out[i] = t, State(s)
			}
		}
	}
	return out
}

func (x *textWriter) legend() {
	var parts []string
	for s, used := range x.used {
		if used {
			parts = append(parts, fmt.Sprintf("%c %s", looks[s].glyph, looks[s].name))
		}
	}
	if x.many {
		parts = append(parts, "| several switches")
	}
	if x.failed {
		parts = append(parts, "! failed")
	}
	fmt.Fprintln(x.out)
	x.fill(parts, "   ")
}

// fill writes parts in lines of at most the width.
func (x *textWriter) fill(parts []string, sep string) {
	line := ""
	for _, p := range parts {
		switch {
		case line == "":
			line = p
		case utf8.RuneCountInString(line+sep+p) <= x.o.Width:
			line += sep + p
		default:
			fmt.Fprintln(x.out, cutText(line, x.o.Width))
			line = p
		}
	}
	if line != "" {
		fmt.Fprintln(x.out, cutText(line, x.o.Width))
	}
}

func (x *textWriter) foot() {
	m := x.tl.Metrics()
	var parts []string
	for _, g := range m.GILs {
		p := fmt.Sprintf("%s: held %s, %d switches, %d forced", g.Name, percent(m.Share(g.Held)), g.Switches, g.Forced)
		if g.Checks > 0 {
			p += fmt.Sprintf(", %d failed wake-ups", g.FailedWakes)
		}
		if c := g.Convoy(); c > 0 {
			p += fmt.Sprintf(", convoy %.2f", c)
		}
		parts = append(parts, p)
	}
	parts = append(parts, fmt.Sprintf("par %d (mean %.2f)", m.Par, m.ParMean))
	x.fill(parts, "; ")
}
