package trace

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pygil/pygil/gil"
)

// holderColors is how many threads have a colour of their own on the lanes of GILs,
// locks and cores.
const holderColors = 6

var (
	holderLight = [holderColors]string{"#5b7fb5", "#57a86b", "#c48a3a", "#9a6fb0", "#4fa3a5", "#b56576"}
	holderDark  = [holderColors]string{"#7fa3da", "#6fc487", "#e0ad62", "#bb93d0", "#72c4c6", "#d88a9a"}
)

// style writes the colours of both looks and the patterns.
func (x *svgWriter) style(out *bytes.Buffer) {
	out.WriteString("<style>\n.pygil text{font:12px system-ui,sans-serif;fill:#1f2328}.pygil .title{font-weight:600;font-size:15px}.pygil .head{font-weight:600}" +
		".pygil .axis,.pygil .note{font-size:10px;fill:#57606a}.pygil .grid{stroke:#d8dee4}.pygil .link{stroke:#1f2328;fill:none;opacity:.55}" +
		".pygil .tip{fill:#1f2328;opacity:.75}.pygil .ink{stroke:#fff;stroke-opacity:.55;fill:none}.pygil .mark{fill:#a40e26}.pygil .fail{fill:#a40e26;font-weight:700}.paper{fill:#fff}\n")
	var dark strings.Builder
	for s := range NumStates {
		if !x.used[s] {
			continue
		}
		l := looks[s]
		if l.fill == "" {
			fmt.Fprintf(out, ".%s{fill:%s}", l.class, l.light)
			fmt.Fprintf(&dark, ".%s{fill:%s}", l.class, l.dark)
			continue
		}
		fmt.Fprintf(out, ".%s{fill:url(#pygil-%s)}.%s-c{fill:%s}", l.class, l.class, l.class, l.light)
		fmt.Fprintf(&dark, ".%s-c{fill:%s}", l.class, l.dark)
	}
	for i := range holderColors {
		fmt.Fprintf(out, ".h%d{fill:%s}", i, holderLight[i])
		fmt.Fprintf(&dark, ".h%d{fill:%s}", i, holderDark[i])
	}
	out.WriteString("\n@media (prefers-color-scheme:dark){.pygil text{fill:#e6edf3}.pygil .axis,.pygil .note{fill:#9198a1}.pygil .grid{stroke:#30363d}" +
		".pygil .link{stroke:#e6edf3}.pygil .tip{fill:#e6edf3}.pygil .ink{stroke:#0d1117}.pygil .mark,.pygil .fail{fill:#ff7b72}.paper{fill:#0d1117}" + dark.String() + "}\n</style>\n")
	out.WriteString("<defs>\n")
	if x.arrow {
		out.WriteString(`<marker id="pygil-tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="5" markerHeight="5" orient="auto"><path class="tip" d="M0 0L6 3L0 6z"/></marker>` + "\n")
	}
	for s := range NumStates {
		if l := looks[s]; x.used[s] && l.fill != "" {
			fmt.Fprintf(out, `<pattern id="pygil-%s" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="%s-c" width="8" height="8"/><path class="ink" d="%s"/></pattern>`+"\n",
				l.class, l.class, l.fill)
		}
	}
	out.WriteString("</defs>\n")
}

// moments draws ticks above the lanes of those they happened to.
func (x *svgWriter) moments() {
	last := map[uint32]int64{}
	apart := max(400, x.width*int64(len(x.tl.Lanes))/svgMarks) // in hundredths of a pixel
	for _, m := range x.tl.Marks {
		y, ok := x.lane[m.TID]
		if !ok || m.Kind == gil.EvPreempt || m.Kind == gil.EvNotify {
			continue
		}
		at := x.px(m.T)
		if l, seen := last[m.TID]; seen && at-l < apart {
			continue // too close to the one before, or there are too many
		}
		last[m.TID] = at
		x.marks = true
		text := m.Kind.String()
		if m.Text != "" {
			text = m.Text
		}
		at += 100 * (svgMargin + svgLabel)
		fmt.Fprintf(&x.b, `<path class="mark" d="M%s %dl2.5 -5h-5z"><title>%s</title></path>`+"\n", num(at), y+3,
			escape(fmt.Sprintf("%s: %s at %s", x.tl.ThreadName(m.TID), cutText(text, 120), short(m.T))))
	}
}

// arrows draws links between lanes, those that take longest if there are many.
func (x *svgWriter) arrows() {
	links := slices.Clone(x.tl.Links)
	if len(links) > svgMarks {
		return // they would hide what they are about
	}
	slices.SortStableFunc(links, func(a, b Link) int { return cmp.Compare(a.Then, b.Then) })
	for _, l := range links {
		from, ok := x.lane[l.From]
		to, ok2 := x.lane[l.To]
		if !ok || !ok2 || from == to {
			continue
		}
		x.arrow = true
		up := 0
		if from < to {
			up = svgBar
		}
		x1, x2 := x.px(l.At)+100*(svgMargin+svgLabel), x.px(l.Then)+100*(svgMargin+svgLabel)
		fmt.Fprintf(&x.b, `<path class="link" marker-end="url(#pygil-tip)" d="M%s %dL%s %d"><title>%s</title></path>`+"\n", num(x1), from+1+up, num(x2), to+1+svgBar-up,
			escape(fmt.Sprintf("%s: %s to %s, %s", l.Kind, x.tl.ThreadName(l.From), x.tl.ThreadName(l.To), short(l.Then-l.At))))
	}
}

// axis draws the time axis below the lanes.
func (x *svgWriter) axis() {
	step := round(x.length, max(2, x.o.Width/120))
	for t := (x.tl.From + step - 1) / step * step; t <= x.tl.From+x.length && x.length > 0; t += step {
		at := num(x.px(t) + 100*(svgMargin+svgLabel))
		anchor := ""
		if x.px(t) > x.width-4000 {
			anchor = ` text-anchor="end"`
		}
		fmt.Fprintf(&x.b, `<path class="grid" d="M%s %dV%d"/><text class="axis"%s x="%s" y="%d">%s</text>`+"\n", at, x.y-1, x.y+3, anchor, at, x.y+13, escape(short(t)))
	}
	x.y += 22
}

// legend draws one legend for all panels.
func (x *svgWriter) legend() {
	at := svgMargin
	x.y += 6
	entry := func(class, name string) {
		w := 22 + 7*len(name) + 14
		if at+w > x.o.Width-svgMargin && at > svgMargin {
			at = svgMargin
			x.y += svgLane
		}
		fmt.Fprintf(&x.b, `<rect class="%s" x="%d" y="%d" width="16" height="12"/><text x="%d" y="%d">%s</text>`+"\n", class, at, x.y, at+22, x.y+10, escape(name))
		at += w
	}
	for s := range NumStates {
		if x.used[s] {
			entry(looks[s].class, s.String())
		}
	}
	x.y += svgLane
	notes := []string{"Below the threads, in the colours beside their names: who held the GIL, which thread each core ran."}
	if x.marks {
		notes = append(notes, "▾ a request, a failed wake-up, a print or another moment.")
	}
	if x.arrow {
		notes = append(notes, "Arrows lead from a cause to its effect.")
	}
	line := ""
	for i, n := range notes {
		line = strings.TrimSpace(line + " " + n)
		if i+1 == len(notes) || 6*(len(line)+len(notes[i+1])) > x.o.Width {
			x.text(svgMargin, x.y+8, "note", line)
			x.y += 13
			line = ""
		}
	}
}

// escape is s as XML text without what XML does not allow.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0xfffe || r == 0xffff || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}
