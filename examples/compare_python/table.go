package main

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"os"
	"strings"
	"time"
)

// table is what was measured, where and when.
type table struct {
	rows           []row
	when           time.Time
	cores          int
	system, golang string
	python         string // empty when there is none
}

// ratio is how often ours fits into Python's time.
func (r row) ratio() (float64, bool) {
	if r.failed != nil || r.missing != nil || r.ours <= 0 {
		return 0, false
	}
	return float64(r.python) / float64(r.ours), true
}

// cells are a row's time here, in Python, and the ratio.
func (r row) cells() (ours, python, ratio string) {
	ours, python, ratio = amount(r.ours), amount(r.python), "-"
	if r.failed != nil {
		ours = "-"
	}
	if r.missing != nil {
		python = "-"
	}
	if x, ok := r.ratio(); ok {
		ratio = fmt.Sprintf("%.2g", x)
		if x >= 10 {
			ratio = fmt.Sprintf("%.0f", x)
		}
	}
	return ours, python, ratio
}

// amount is a time with three digits or so.
func amount(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d.Nanoseconds())
	case d < time.Millisecond:
		return fmt.Sprintf("%.2f µs", d.Seconds()*1e6)
	}
	return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
}

// about says where and when.
func (t table) about() string {
	python := t.python
	if python == "" {
		python = "no Python"
	}
	return fmt.Sprintf("%s, %s, %s, %d cores, %s", t.when.Format("2006-01-02"), t.system, t.golang, t.cores, python)
}

// text writes the table for a terminal.
func (t table) text(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n%-42s  %11s  %11s  %s\n", t.about(), "", "here", "Python", "Python / here")
	for _, r := range t.rows {
		ours, python, ratio := r.cells()
		fmt.Fprintf(&b, "%-42s  %11s  %11s  %13s\n", r.about, ours, python, ratio)
		if r.failed != nil {
			fmt.Fprintf(&b, "    not here: %v\n", r.failed)
		}
		if r.missing != nil && t.python != "" {
			fmt.Fprintf(&b, "    not there: %v\n", r.missing)
		}
	}
	if t.python == "" {
		fmt.Fprintf(&b, "\nWithout a Python there is nothing to compare with.\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// markdown is the table of the README.
func (t table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nMeasured %s:\n\n| | here | Python | Python / here |\n|---|--:|--:|--:|\n", t.about())
	for _, r := range t.rows {
		ours, python, ratio := r.cells()
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.about, ours, python, ratio)
	}
	b.WriteString("\n")
	return b.String()
}

// The table in a README stands between these.
const (
	begin = "<!-- compare_python: begin -->\n"
	end   = "<!-- compare_python: end -->\n"
)

// into puts the table between the marks of a file.
func (t table) into(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(b), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return fmt.Errorf("compare_python: %s has not the two marks %q and %q, each on a line", file, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+t.markdown()+end+after), 0o644)
}

// picture draws the ratios as bars, to a logarithmic scale, beside a line where both
// take as long.
func (t table) picture() string {
	const (
		left, width, bar = 330, 480, 26
		low, high        = -1.0, 3.0 // powers of ten at the ends
	)
	at := func(x float64) float64 {
		return left + width*(math.Min(math.Max(math.Log10(x), low), high)-low)/(high-low)
	}
	var b strings.Builder
	height := bar*len(t.rows) + 80
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", left+width+90, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#fff"/><text x="10" y="20" font-weight="bold">How many times longer Python takes</text><text x="10" y="%d" fill="#555">%s</text>`+"\n",
		height-12, html.EscapeString(t.about()))
	for p := low; p <= high; p++ {
		x := at(math.Pow(10, p))
		fmt.Fprintf(&b, `<line x1="%.1f" y1="32" x2="%.1f" y2="%d" stroke="%s"/><text x="%.1f" y="%d" text-anchor="middle" fill="#555">%g</text>`+"\n",
			x, x, height-46, map[bool]string{true: "#000", false: "#ddd"}[p == 0], x, height-32, math.Pow(10, p))
	}
	for i, r := range t.rows {
		y := 36 + bar*i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+16, html.EscapeString(r.about))
		_, _, text := r.cells()
		x := at(1)
		if ratio, ok := r.ratio(); ok {
			from, to := math.Min(x, at(ratio)), math.Max(x, at(ratio))
			fmt.Fprintf(&b, `<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>`, from, y+3, to-from, bar-8, map[bool]string{true: "#2a7", false: "#c60"}[ratio >= 1])
			x = to
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s</text>`+"\n", x+6, y+16, text)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
