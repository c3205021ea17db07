package pool

import (
	"bytes"
	"context"
	"io"
	"os"
	"regexp"
	"sync"

	"github.com/pygil/pygil/pipe"
)

// lastWords is how much of what a worker writes to stderr is kept, and crashWords how much of
// that is the beginning of a crash report that is longer.
const (
	lastWords  = 4 << 10
	crashWords = 2 << 10
)

// A crash report begins with a line like these. It says next what the goroutine was at that
// crashed, and goes on with all the others, of which there may be any number.
var crash = regexp.MustCompile(`^(panic|fatal error|SIG[A-Z]+): `)

// crashMark is as much of a line as shows whether a crash report begins with it.
const crashMark = 16

// A listener passes on what a worker writes to stderr and keeps the end of it.
type listener struct {
	r    *os.File
	done chan struct{}

	mu      sync.Mutex
	tail    []byte
	line    []byte // the beginning of the line that was not ended yet
	crashes bool   // there was a crash report, or what looks like one
	crash   []byte // the beginning of the last
	since   int    // how much was written since then
}

// listen makes both ends. Where a process cannot have its stderr redirected both are
// nil, and the worker writes where this process does.
func listen() (l *listener, theirs *pipe.Conn) {
	if !redirects {
		return nil, nil
	}
	r, w, err := pipe.OneWay(context.Background())
	if err != nil {
		return nil, nil // the worker is more important than its last words
	}
	defer r.Close()
	file, err := reopen(r)
	if err != nil {
		_ = w.Close()
		return nil, nil
	}
	return &listener{r: file, done: make(chan struct{})}, w
}

// start begins to listen.
func (l *listener) start() {
	go func() {
		defer close(l.done)
		_, _ = io.Copy(l, l.r)
		_ = l.r.Close()
	}()
}

// Write passes p on and keeps its end.
func (l *listener) Write(p []byte) (int, error) {
	l.keep(p)
	_, _ = os.Stderr.Write(p) // for as long as nobody reads that
	return len(p), nil
}

func (l *listener) keep(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look(p)
	l.tail = append(l.tail, p...)
	if n := len(l.tail) - lastWords; n > 0 {
		l.tail = append(l.tail[:0], l.tail[n:]...)
	}
}

// look keeps the beginning of a crash report. The lock is held.
func (l *listener) look(p []byte) {
	for part := range bytes.Lines(p) {
		was := len(l.line) // lines come in parts
		l.line = append(l.line, part[:min(len(part), crashMark-was)]...)
		if len(l.line) > was && crash.Match(l.line) {
			l.crashes, l.crash, l.since = true, append(l.crash[:0], l.line[:was]...), was
		}
		if l.crashes {
			l.crash = append(l.crash, part[:min(len(part), crashWords-len(l.crash))]...)
			l.since += len(part)
		}
		if part[len(part)-1] == '\n' {
			l.line = l.line[:0]
		}
	}
}

// words returns the end of what was written, when the worker has ended, and before it, if that
// leaves the beginning of a crash report out, this.
func (l *listener) words() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.crashes || l.since <= len(l.tail) {
		return string(l.tail)
	}
	const cut = "\n...\n"
	return string(l.crash) + cut + string(l.tail[len(l.crash)+len(cut):])
}
