package trace

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pygil/pygil/gil"
)

// Diff is where two traces part.
type Diff struct {
	A, B *Timeline // of the two traces
	// Step is the number of events that are the same from the beginning, whatever
	// their times: what happened, to which thread and object, and why. Same says
	// that there is nothing else.
	Step int
	Same bool
	// TimeStep is the number of events that are the same with their times.
	TimeStep int
}

// Compare finds the first event by which two traces differ. The runs may be of
// different profiles, seeds or schedules: threads and objects are compared by the
// names that the timelines give them.
func Compare(a, b *Trace) *Diff {
	d := &Diff{A: a.Timeline(), B: b.Timeline()}
	n := min(len(a.Events), len(b.Events))
	d.TimeStep = -1
	for d.Step < n {
		x, y := &a.Events[d.Step], &b.Events[d.Step]
		if d.TimeStep < 0 && x.T != y.T {
			d.TimeStep = d.Step
		}
		if d.A.what(x) != d.B.what(y) {
			break
		}
		d.Step++
	}
	if d.TimeStep < 0 {
		d.TimeStep = d.Step
	}
	d.Same = d.Step == len(a.Events) && d.Step == len(b.Events)
	return d
}

// what identifies an event whatever its time and number.
func (tl *Timeline) what(e *gil.Event) string {
	obj := ""
	if e.Obj != 0 {
		switch e.Kind {
		case gil.EvGILRequest, gil.EvGILAcquire, gil.EvGILRelease, gil.EvGILDropAsk, gil.EvGILFailedWake:
			obj = tl.names.gil(e.Obj)
		case gil.EvCoreOn, gil.EvCoreOff, gil.EvPreempt, gil.EvInterpStart:
			obj = fmt.Sprint(e.Obj)
		default:
			obj = tl.ObjectName(e.Obj)
		}
	}
	name := e.Name
	if e.Kind == gil.EvInterpStart {
		name = "" // the profile: two are compared
	}
	return fmt.Sprintf("%d/%s/%s/%s/%d/%s", e.Kind, tl.ThreadName(e.TID), obj, tl.ThreadName(e.Peer), e.Why, name)
}

// WriteText writes the last events that are the same and the first that are not, as
// sentences side by side. A width of 0 is 120 columns.
func (d *Diff) WriteText(w io.Writer, width int) error {
	if width == 0 {
		width = 120
	}
	out := bufio.NewWriter(w)
	switch {
	case d.Same && d.TimeStep == d.Step:
		fmt.Fprintf(out, "the same: %d events\n", d.Step)
		return out.Flush()
	case d.Same:
		fmt.Fprintf(out, "the same %d events; their times differ from event %d on\n", d.Step, d.TimeStep+1)
	default:
		fmt.Fprintf(out, "the same up to event %d; times differ from event %d on\n", d.Step, d.TimeStep+1)
	}
	half := max(20, (width-3)/2)
	row := func(a, sign, b string) {
		fmt.Fprintln(out, strings.TrimRight(a+strings.Repeat(" ", half-utf8.RuneCountInString(a))+" "+sign+" "+b, " "))
	}
	row(cutText(d.A.describe(), half), "|", cutText(d.B.describe(), half))
	row(strings.Repeat("-", half), "+", strings.Repeat("-", half))
	at := d.Step
	if d.Same {
		at = d.TimeStep
	}
	before, x := d.A.around(at, half)
	same, y := d.B.around(at, half)
	for i := range min(len(before), len(same)) {
		row(before[i], "|", same[i])
	}
	for i := range max(len(x), len(y)) {
		var l, r string
		if i < len(x) {
			l = x[i]
		}
		if i < len(y) {
			r = y[i]
		}
		sign := "≠"
		if l == r {
			sign = "|"
		}
		row(l, sign, r)
	}
	return out.Flush()
}

// around is what the last events before event n and the first from there on say.
func (tl *Timeline) around(n, width int) (before, after []string) {
	events := tl.Trace.Events
	say := func(i int) string {
		s := tl.Sentence(events[i])
		if s == "" {
			return ""
		}
		return cutText(fmt.Sprintf("%s  %s", short(events[i].T), s), width)
	}
	for i := min(n, len(events)) - 1; i >= 0 && len(before) < 5; i-- {
		if s := say(i); s != "" {
			before = append(before, s)
		}
	}
	slices.Reverse(before)
	for i := n; i < len(events) && len(after) < 6; i++ {
		if s := say(i); s != "" {
			after = append(after, s)
		}
	}
	return before, after
}

// describe is a timeline in a few words.
func (tl *Timeline) describe() string {
	h := tl.Trace.Header
	var parts []string
	if h.Title != "" {
		parts = append(parts, h.Title)
	}
	if h.Profile != "" {
		parts = append(parts, "Python "+h.Profile)
	}
	if h.Seed != 0 {
		parts = append(parts, fmt.Sprintf("seed %d", h.Seed))
	}
	return strings.Join(append(parts, short(tl.Length())), ", ")
}

// WriteSideBySide writes two timelines beside each other, on one scale and with one
// legend.
func WriteSideBySide(w io.Writer, o Text, a, b *Timeline) error {
	if o.Width == 0 {
		o.Width = 120
	}
	half := o
	half.Width = max(40, (o.Width-3)/2)
	x := [2]textWriter{}
	var sides [2][]string
	longest := max(a.Length(), b.Length())
	for i, tl := range []*Timeline{a, b} {
		var buf bytes.Buffer
		x[i] = textWriter{tl: tl, o: half, out: bufio.NewWriter(&buf), scale: longest}
		x[i].names()
		x[i].head()
		if longest > 0 {
			x[i].byTime()
		}
		x[i].out.Flush()
		sides[i] = strings.Split(strings.TrimSuffix(buf.String(), "\n"), "\n")
	}
	out := bufio.NewWriter(w)
	for i := range max(len(sides[0]), len(sides[1])) {
		var l, r string
		if i < len(sides[0]) {
			l = sides[0][i]
		}
		if i < len(sides[1]) {
			r = sides[1][i]
		}
		pad := strings.Repeat(" ", max(0, half.Width-visible(l)))
		fmt.Fprintln(out, strings.TrimRight(l+pad+" | "+r, " "))
	}
	one := textWriter{tl: a, o: o, out: out}
	for s := range one.used {
		one.used[s] = x[0].used[s] || x[1].used[s]
	}
	one.many, one.failed = x[0].many || x[1].many, x[0].failed || x[1].failed
	one.legend()
	for _, tl := range []*Timeline{a, b} {
		fmt.Fprintf(out, "%s:\n", tl.describe())
		one.tl = tl
		one.foot()
	}
	return out.Flush()
}

// visible is how many columns a line takes, without the codes of colours.
func visible(s string) int {
	n, in := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			in = true
		case in:
			in = r != 'm'
		default:
			n++
		}
	}
	return n
}
