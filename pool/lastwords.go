package pool

import (
	"context"
	"io"
	"os"
	"sync"

	"github.com/pygil/pygil/pipe"
)

// lastWords is how much of what a worker writes to stderr is kept.
const lastWords = 4 << 10

// A listener passes on what a worker writes to stderr and keeps the end of it.
type listener struct {
	r    *os.File
	done chan struct{}

	mu   sync.Mutex
	tail []byte
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
	l.tail = append(l.tail, p...)
	if n := len(l.tail) - lastWords; n > 0 {
		l.tail = append(l.tail[:0], l.tail[n:]...)
	}
}

// words returns the end of what was written, when the worker has ended.
func (l *listener) words() string {
	if l == nil {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.tail)
}
