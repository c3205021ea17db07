package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// page is what the tour is written on. A terminal gets bold headings and is told
// what takes a moment; a file or a pipe gets plain text.
type page struct {
	w        io.Writer
	terminal bool
	err      error // the first write that failed
}

// newPage finds out what f is.
func newPage(f *os.File) *page {
	p := &page{w: f}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		p.terminal = runtime.GOOS != "windows" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return p
}

func (p *page) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(p.w, format, args...); p.err == nil {
		p.err = err
	}
}

// heading writes a title.
func (p *page) heading(title string) {
	if p.terminal {
		p.printf("\n\x1b[1m%s\x1b[0m\n", title)
		return
	}
	p.printf("\n%s\n%s\n", title, strings.Repeat("-", len(title)))
}

// text writes a paragraph that begins and ends with a line break.
func (p *page) text(s string) { p.printf("%s", s) }

// busy tells a terminal what is going on; the returned function wipes it off.
func (p *page) busy(what string) (done func()) {
	if !p.terminal {
		return func() {}
	}
	p.printf("%s ...", what)
	return func() { p.printf("\r\x1b[K") }
}
