package pipe

import (
	"context"
	"time"
)

type direction int

const (
	receiving direction = iota
	sending
)

// String is the reason a wait in this direction gives the hook of package
// blocking.
func (d direction) String() string {
	if d == sending {
		return "pipe.send"
	}
	return "pipe.recv"
}

// op is the direction as errors name it.
func (d direction) op() string {
	if d == sending {
		return "send"
	}
	return "recv"
}

// A stream is one end of a pair of byte streams in some world: all that a
// [Conn] needs of an operating system, or of what stands in for one. Framing,
// the order of messages, the codec, direction errors and the rules about ends
// of streams are the Conn's and exist once.
//
// Every method that takes wait tries first and gives the GIL up only if it has
// to wait; with wait false it returns ErrWouldBlock instead. A method that
// waits ends with an error made by ended when its context does, and with
// ErrClosed when the stream is closed.
type stream interface {
	// lock makes the caller the only one to use a direction. All methods of
	// that direction are called with its lock held.
	lock(ctx context.Context, d direction, wait bool) error
	unlock(ctx context.Context, d direction)

	// read reads at least one byte. The end of the stream is an error that
	// matches io.EOF.
	read(ctx context.Context, p []byte, wait bool) (int, error)
	// await returns when a read would not wait. It consumes nothing.
	await(ctx context.Context, wait bool) error
	// write writes all of m, advancing it. An error that matches
	// ErrBrokenPipe says that nobody will read.
	write(ctx context.Context, m *message, wait bool) error
	// finish writes the rest of m on nobody's behalf, then calls done and gives
	// up the sending lock, which it takes over from the caller. It ends early
	// when the stream is closed.
	finish(ctx context.Context, m *message, done func())

	// arrived returns the handles that came with the bytes read so far, except
	// those that belong behind the unread-th last byte. The caller owns them.
	arrived(unread int) ([]any, error)
	// carries reports whether handles can travel at all.
	carries() bool
	// handle returns what stands for this stream beside a message; whoever gets
	// it closes it.
	handle() (any, error)

	// timeout is context.WithTimeout on this world's clock.
	timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
	// fd returns the descriptor, noFd when there is none. It is said whether
	// the caller may do with it what he likes.
	fd(leaves bool) uintptr
	// closing is called before the Conn counts as closed: others may notice that.
	closing()
	// close ends the stream and every call that waits on it.
	close() error
}

// A message is one frame on its way out.
type message struct {
	head, body []byte // what is still to be written: head, then body
	handles    []any  // travel with the first byte
	size       int    // of the whole frame
	written    int
}

// advance takes n written bytes off the front.
func (m *message) advance(n int) {
	m.written += n
	k := min(n, len(m.head))
	m.head = m.head[k:]
	m.body = m.body[n-k:]
}

func (m *message) rest() int { return len(m.head) + len(m.body) }

// own makes what is left of a begun message independent of the sender's memory.
// Its handles are gone already: they travel with the first byte.
func (m *message) own() *message {
	rest := append(append(make([]byte, 0, m.rest()), m.head...), m.body...)
	return &message{head: rest, size: m.size, written: m.written}
}
