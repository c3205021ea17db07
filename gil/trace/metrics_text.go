package trace

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// WriteText writes the metrics as tables: threads, GILs, locks, cores, queues.
func (m *Metrics) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "wall %s   par %d (mean %.2f)   conc %d (mean %.2f)\n", short(m.Wall), m.Par, m.ParMean, m.Conc, m.ConcMean)
	if m.Copied > 0 {
		fmt.Fprintf(out, "copied on write %s\n", size(m.Copied))
	}
	var used [NumStates]bool
	for _, t := range m.Threads {
		for s, d := range t.Spent {
			used[s] = used[s] || d > 0
		}
	}
	t := table{head: []string{"thread", "life"}}
	for s := range NumStates {
		if used[s] {
			t.head = append(t.head, s.String())
		}
	}
	t.head = append(t.head, "acquired", "switches", "bypassed")
	for _, x := range m.Threads {
		row := []string{x.Name, short(x.Life)}
		for s := range NumStates {
			if used[s] {
				row = append(row, short(x.Spent[s]))
			}
		}
		t.rows = append(t.rows, append(row, strconv.Itoa(x.Acquisitions), strconv.Itoa(x.Switches), strconv.Itoa(x.Bypass)))
	}
	t.write(out)
	if len(m.GILs) > 0 {
		t = table{head: []string{"GIL", "held", "wanted", "acquired", "switches", "forced", "voluntary", "failed wakes", "badness", "latency max", "convoy"}}
		for _, g := range m.GILs {
			t.rows = append(t.rows, []string{
				g.Name, percent(m.Share(g.Held)), percent(m.Share(g.Wanted)), strconv.Itoa(g.Acquisitions), strconv.Itoa(g.Switches), strconv.Itoa(g.Forced),
				strconv.Itoa(g.Voluntary), strconv.Itoa(g.FailedWakes), fmt.Sprintf("%.2f", g.Badness()), short(g.LatencyMax), fmt.Sprintf("%.2f", g.Convoy()),
			})
		}
		t.write(out)
	}
	if len(m.Locks) > 0 {
		t = table{head: []string{"lock", "acquired", "waited", "held for", "waited for", "queue", "then took"}}
		for _, l := range m.Locks {
			t.rows = append(t.rows, []string{
				l.Name, strconv.Itoa(l.Acquisitions), percent(ratio(l.Contended, l.Acquisitions)), short(l.Held), short(l.Waited), strconv.Itoa(l.Queue),
				strings.Join(l.Before, ", "),
			})
		}
		t.write(out)
	}
	if len(m.Cores) > 0 {
		t = table{head: []string{"core", "busy", "visits"}}
		for _, c := range m.Cores {
			t.rows = append(t.rows, []string{strconv.FormatUint(c.Core, 10), percent(m.Share(c.Busy)), strconv.Itoa(c.Visits)})
		}
		t.write(out)
	}
	if len(m.Queues) > 0 {
		t = table{head: []string{"queue", "puts", "gets", "most", "mean wait", "empty"}}
		for _, q := range m.Queues {
			t.rows = append(t.rows, []string{
				q.Name, strconv.Itoa(q.Puts), strconv.Itoa(q.Gets), strconv.FormatInt(q.Most, 10), short(q.Waited / time.Duration(max(1, q.Gets))), percent(m.Share(q.Empty)),
			})
		}
		t.write(out)
	}
	if l := m.Loop; l != (LoopMetrics{}) {
		t = table{head: []string{"loop turns", "most ready", "longest callback", "timers late by at most", "tasks", "finished", "cancelled"}}
		t.rows = [][]string{{
			strconv.Itoa(l.Turns), strconv.FormatInt(l.ReadyMost, 10), short(l.Longest), short(l.LateMost), strconv.Itoa(l.Created), strconv.Itoa(l.Finished),
			strconv.Itoa(l.Cancelled),
		}}
		t.write(out)
	}
	return out.Flush()
}

// WriteCSV writes the counters as comma-separated values: a line per change.
func (tl *Timeline) WriteCSV(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "counter,process,ns,value")
	for _, c := range tl.Counters() {
		name := c.Name
		if strings.ContainsAny(name, ",\"\n\r") {
			name = `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
		}
		for _, p := range c.Points {
			fmt.Fprintf(out, "%s,%d,%d,%d\n", name, c.PID, int64(p.T), p.N)
		}
	}
	return out.Flush()
}

// table is text in columns: the first is left-aligned, the others right-aligned.
type table struct {
	head []string
	rows [][]string
}

func (t *table) write(w io.Writer) {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w)
	for _, row := range append([][]string{t.head}, t.rows...) {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString(cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// short is a duration with three or four digits and its unit.
func short(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < 0:
		return "-" + short(-d)
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d)
	case d < time.Millisecond:
		return fmt.Sprintf("%s µs", digits(float64(d)/1e3))
	case d < time.Second:
		return fmt.Sprintf("%s ms", digits(float64(d)/1e6))
	}
	return fmt.Sprintf("%s s", digits(float64(d)/1e9))
}

func digits(x float64) string {
	s := strconv.FormatFloat(x, 'f', 3, 64)
	switch {
	case x >= 100:
		s = strconv.FormatFloat(x, 'f', 1, 64)
	case x >= 10:
		s = strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
