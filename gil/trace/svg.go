package trace

import (
	"bytes"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// SVG says how a picture looks. The zero SVG is 1000 pixels wide and has less than
// 200 000 bytes.
type SVG struct {
	Width     int    // in pixels; 0 is 1000, and no picture has fewer than 400
	Most      int    // bytes; 0 is 200 000. Spans are merged until the picture has no more
	Locks     bool   // a lane per lock, with its holders
	NoLinks   bool   // no arrows from causes to effects
	SameScale bool   // of several timelines: all have the time axis of the longest
	Title     string // over all of them; "" is the first trace's
}

// WriteSVG writes the timeline as a picture without scripts or anything from
// outside: a lane per thread, GIL and core, with the details of each span in its
// tooltip. It has a light and a dark look, whichever the viewer prefers, and
// patterns besides colours. Spans that would be narrower than a pixel are shown
// together, one above the other in the proportion of their times.
func (tl *Timeline) WriteSVG(w io.Writer, o SVG) error { return WriteSVG(w, o, tl) }

// WriteSVG writes several timelines below each other in one picture, with one
// legend.
func WriteSVG(w io.Writer, o SVG, tls ...*Timeline) error {
	if o.Width == 0 {
		o.Width = 1000
	}
	o.Width = max(400, o.Width)
	if o.Most == 0 {
		o.Most = 200_000
	}
	if o.Title == "" && len(tls) > 0 {
		o.Title = tls[0].Trace.Header.Title
	}
	var out []byte
	heads := make([]string, len(tls)) // what does not depend on how much is merged
	most := 0
	for i, tl := range tls {
		heads[i] = tl.headline(o.Title)
		most = max(most, len(tl.Lanes)+len(tl.Cores)+len(tl.Locks)+len(tl.GILs))
	}
	for grain := int64(100); ; { // in hundredths of a pixel
		x := svgWriter{o: o, grain: grain, links: !o.NoLinks && grain <= 400, most: most, heads: heads}
		if out = x.picture(tls); len(out) < o.Most {
			break
		}
		switch {
		case grain <= 3200:
			grain *= 2
		case most > 4:
			most = most * 3 / 4 // merging is not enough: there are too many lanes
		default:
			_, err := w.Write(out)
			return err
		}
	}
	_, err := w.Write(out)
	return err
}

// The layout, in pixels.
const (
	svgMargin = 12
	svgLabel  = 170 // width of the lanes' names
	svgLane   = 20  // height of a lane
	svgBar    = 14  // height of what is drawn in it
	svgMarks  = 60  // most links and marks per panel
)

type svgWriter struct {
	o     SVG
	grain int64
	links bool
	most  int // lanes of each kind per panel
	heads []string
	b     bytes.Buffer
	y     int
	used  [NumStates]bool
	marks bool
	arrow bool

	tl     *Timeline // the panel that is drawn
	length time.Duration
	width  int64 // of the lanes, in hundredths of a pixel
	lane   map[uint32]int
}

func (x *svgWriter) picture(tls []*Timeline) []byte {
	x.width = int64(x.o.Width-2*svgMargin-svgLabel) * 100
	x.y = svgMargin
	if x.o.Title != "" {
		x.y += 16
		x.text(svgMargin, x.y, "title", x.o.Title)
		x.y += 8
	}
	longest := time.Duration(0)
	for _, tl := range tls {
		longest = max(longest, tl.Length())
	}
	for i, tl := range tls {
		x.tl, x.length = tl, tl.Length()
		if x.o.SameScale {
			x.length = longest
		}
		x.panel(x.heads[i])
	}
	x.legend()
	body := x.b.Bytes()

	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" class="pygil">`+"\n",
		x.o.Width, x.y+svgMargin, x.o.Width, x.y+svgMargin)
	title := x.o.Title
	if title == "" {
		title = "timeline"
	}
	fmt.Fprintf(&out, "<title>%s</title>\n", escape(title))
	x.style(&out)
	fmt.Fprintf(&out, `<rect class="paper" width="%d" height="%d"/>`+"\n", x.o.Width, x.y+svgMargin)
	out.Write(body)
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func (x *svgWriter) text(at, y int, class, s string) {
	fmt.Fprintf(&x.b, `<text x="%d" y="%d" class="%s">%s</text>`+"\n", at, y, class, escape(s))
}

// px is how far into the lane a moment is, in hundredths of a pixel.
func (x *svgWriter) px(t time.Duration) int64 {
	d := t - x.tl.From
	if x.length <= 0 || d <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(d), uint64(x.width))
	if hi >= uint64(x.length) {
		return x.width
	}
	q, _ := bits.Div64(hi, lo, uint64(x.length))
	return min(int64(q), x.width)
}

// num writes hundredths as a number.
func num(n int64) string {
	switch {
	case n%100 == 0:
		return strconv.FormatInt(n/100, 10)
	case n%10 == 0:
		return fmt.Sprintf("%d.%d", n/100, n%100/10)
	}
	return fmt.Sprintf("%d.%02d", n/100, n%100)
}

// headline is a timeline in a line.
func (tl *Timeline) headline(title string) string {
	h := tl.Trace.Header
	m := tl.Metrics()
	var parts []string
	if h.Title != "" && h.Title != title {
		parts = append(parts, h.Title)
	}
	if h.Profile != "" {
		parts = append(parts, "Python "+h.Profile)
	}
	if h.Cores > 0 {
		parts = append(parts, fmt.Sprintf("%d cores", h.Cores))
	}
	parts = append(parts, short(tl.Length()))
	if len(m.GILs) > 0 {
		g := m.GILs[0]
		s := fmt.Sprintf("GIL held %s, %d switches", percent(m.Share(g.Held)), g.Switches)
		if g.FailedWakes > 0 {
			s += fmt.Sprintf(", %d failed wake-ups", g.FailedWakes)
		}
		if c := g.Convoy(); c > 0 {
			s += fmt.Sprintf(", convoy %.2f", c)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " · ")
}

func (x *svgWriter) panel(head string) {
	tl := x.tl
	x.y += 16
	x.text(svgMargin, x.y, "head", head)
	x.y += 6
	x.lane = map[uint32]int{}
	color := map[uint32]int{}
	for i := range tl.Lanes {
		if i == x.most {
			x.more(len(tl.Lanes)-i, "threads")
			break
		}
		l := &tl.Lanes[i]
		x.lane[l.TID] = x.y
		color[l.TID] = i % holderColors
		x.begin(l.Name)
		fmt.Fprintf(&x.b, `<rect class="h%d" x="-7" width="4" height="%d"/>`+"\n", color[l.TID], svgBar)
		x.spans(l)
		x.end()
	}
	x.resources(tl.GILs, "", "GILs", color)
	if x.o.Locks {
		x.resources(tl.Locks, "lock ", "locks", color)
	}
	x.resources(tl.Cores, "", "cores", color)
	x.moments()
	if x.links {
		x.arrows()
	}
	x.axis()
}

func (x *svgWriter) begin(name string) {
	short := name
	if utf8.RuneCountInString(short) > 24 {
		short = cutText(short, 24)
	}
	fmt.Fprintf(&x.b, `<text x="%d" y="%d" class="name">%s</text><g transform="translate(%d %d)">`+"\n", svgMargin, x.y+12, escape(short), svgMargin+svgLabel, x.y+1)
}

func (x *svgWriter) end() {
	x.b.WriteString("</g>\n")
	x.y += svgLane
}

// spans draws a thread's life.
func (x *svgWriter) spans(l *Lane) {
	for i := 0; i < len(l.Spans); {
		s := l.Spans[i]
		from, to := x.px(s.From), x.px(s.To)
		if to-from >= x.grain {
			x.used[s.State] = true
			fmt.Fprintf(&x.b, `<rect class="%s" x="%s" width="%s" height="%d"><title>%s</title></rect>`+"\n",
				looks[s.State].class, num(from), num(to-from), svgBar, escape(x.about(l, s)))
			i++
			continue
		}
		// Narrow ones are shown together.
		var d [NumStates]time.Duration
		n, begin := 0, s.From
		for i < len(l.Spans) && (n == 0 || x.px(l.Spans[i].To)-x.px(l.Spans[i].From) < x.grain && x.px(l.Spans[i].From)-from < x.grain) {
			d[l.Spans[i].State] += l.Spans[i].Length()
			to = x.px(l.Spans[i].To)
			s.To = l.Spans[i].To
			n++
			i++
		}
		x.merged(l, d, n, begin, s.To, from, to)
	}
	if l.Failed {
		fmt.Fprintf(&x.b, `<text class="fail" x="%s" y="12">✗<title>%s failed</title></text>`+"\n", num(x.px(l.End)), escape(l.Name))
	}
}

// merged draws spans that are too narrow as one bar divided by time.
func (x *svgWriter) merged(l *Lane, d [NumStates]time.Duration, n int, begin, end time.Duration, from, to int64) {
	if to == from {
		return
	}
	if n == 1 {
		for s, t := range d {
			if t > 0 {
				x.used[s] = true
				fmt.Fprintf(&x.b, `<rect class="%s" x="%s" width="%s" height="%d"/>`+"\n", looks[s].class, num(from), num(to-from), svgBar)
			}
		}
		return
	}
	total := end - begin
	var parts []string
	for s, t := range d {
		if t > 0 {
			parts = append(parts, fmt.Sprintf("%v %d %%", State(s), (t*100+total/2)/total))
		}
	}
	fmt.Fprintf(&x.b, `<g><title>%s</title>`, escape(fmt.Sprintf("%s: %s, %d spans from %s to %s", l.Name, strings.Join(parts, ", "), n, short(begin), short(end))))
	y := int64(0)
	sum := time.Duration(0)
	for s, t := range d {
		sum += t
		next := int64(sum * svgBar * 100 / total)
		if next-y < 100 && sum < total {
			continue // less than a pixel high: the next one takes its place
		}
		x.used[s] = x.used[s] || t > 0
		if t > 0 {
			fmt.Fprintf(&x.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, looks[s].class, num(from), num(y), num(to-from), num(next-y))
			y = next
		}
	}
	x.b.WriteString("</g>\n")
}

// about is the tooltip of a span.
func (x *svgWriter) about(l *Lane, s Span) string {
	text := l.Name + ": " + s.State.String()
	if s.State.Waits() && s.Obj != 0 && s.State != WaitGIL && s.State != WaitJoin {
		text += " " + x.tl.ObjectName(s.Obj)
	}
	if s.State.Waits() && s.Peer != 0 {
		if s.State == WaitJoin {
			text += " for " + x.tl.ThreadName(s.Peer)
		} else {
			text += " held by " + x.tl.ThreadName(s.Peer)
		}
	}
	return fmt.Sprintf("%s, %s from %s to %s", text, short(s.Length()), short(s.From), short(s.To))
}

// resources draws a lane for each, as far as there is room.
func (x *svgWriter) resources(rs []Resource, prefix, kind string, color map[uint32]int) {
	for i, r := range rs {
		if i == x.most {
			x.more(len(rs)-i, kind)
			return
		}
		r.Name = prefix + r.Name
		x.resource(r, color)
	}
}

// more says that lanes are left out.
func (x *svgWriter) more(n int, kind string) {
	x.text(svgMargin, x.y+12, "note", fmt.Sprintf("… and %d more %s", n, kind))
	x.y += svgLane
}

// resource draws who held something when.
func (x *svgWriter) resource(r Resource, color map[uint32]int) {
	x.begin(r.Name)
	for i := 0; i < len(r.Holds); {
		h := r.Holds[i]
		from, to := x.px(h.From), x.px(h.To)
		who := x.tl.ThreadName(h.TID)
		if to-from >= x.grain {
			fmt.Fprintf(&x.b, `<rect class="h%d" x="%s" width="%s" height="%d"><title>%s</title></rect>`+"\n", color[h.TID], num(from), num(to-from), svgBar,
				escape(fmt.Sprintf("%s: %s, %s from %s", r.Name, who, short(h.To-h.From), short(h.From))))
			i++
			continue
		}
		n, held, most := 0, map[uint32]time.Duration{}, h.TID
		var sum time.Duration
		for i < len(r.Holds) && (n == 0 || x.px(r.Holds[i].To)-x.px(r.Holds[i].From) < x.grain && x.px(r.Holds[i].From)-from < x.grain) {
			h := r.Holds[i]
			held[h.TID] += h.To - h.From
			sum += h.To - h.From
			if held[h.TID] > held[most] {
				most = h.TID
			}
			to = max(to, x.px(h.To))
			n++
			i++
		}
		if to > from && n == 1 {
			fmt.Fprintf(&x.b, `<rect class="h%d" x="%s" width="%s" height="%d"/>`+"\n", color[most], num(from), num(to-from), svgBar)
		} else if to > from && sum > 0 {
			fmt.Fprintf(&x.b, `<rect class="h%d" x="%s" width="%s" height="%d"><title>%s</title></rect>`+"\n", color[most], num(from), num(to-from), svgBar,
				escape(fmt.Sprintf("%s: %d holders in turn, %s for %d %% of the time it was held", r.Name, n, x.tl.ThreadName(most), held[most]*100/sum)))
		}
	}
	x.end()
}
