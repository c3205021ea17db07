package pipe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// A fault is a failure that carries no data: compare with errors.Is.
type fault struct {
	text   string // Go's way
	python string // CPython's words
	also   error  // what else it matches
}

func (f *fault) Error() string      { return f.text }
func (f *fault) PythonText() string { return f.python }
func (f *fault) Unwrap() error      { return f.also }

// What can happen to a connection. Each of these has a method PythonText() with
// the text of CPython's exception.
var (
	// ErrClosed is the answer of every method of a closed [Conn], and what a
	// blocked call returns when the Conn is closed under it.
	// Python: OSError("handle is closed").
	ErrClosed error = &fault{text: "pipe: handle is closed", python: "handle is closed"}

	// ErrReadOnly is the answer of the sending methods of an end that only
	// receives. Python: OSError("connection is read-only").
	ErrReadOnly error = &fault{text: "pipe: connection is read-only: send on the other end", python: "connection is read-only"}

	// ErrWriteOnly is the answer of the receiving methods of an end that only
	// sends, and of a duplex end that got a bad message length.
	// Python: OSError("connection is write-only").
	ErrWriteOnly error = &fault{text: "pipe: connection is write-only: receive on the other end", python: "connection is write-only"}

	// ErrBrokenPipe says that the other end is closed, or its process dead,
	// while sending. It matches syscall.EPIPE too. The Conn stays open: what the
	// other end sent before can still be received.
	// Python: BrokenPipeError, errno 32.
	ErrBrokenPipe error = &fault{text: "pipe: broken pipe: the other end is closed", python: "[Errno 32] Broken pipe", also: syscall.EPIPE}

	// ErrListenerClosed is the answer of [Listener.Accept] once the listener is
	// closed. It matches [ErrClosed] too.
	// Python: OSError("listener is closed").
	ErrListenerClosed error = &fault{text: "pipe: listener is closed", python: "listener is closed", also: ErrClosed}

	// ErrWouldBlock is the answer of the Try methods when they would have to
	// wait. Nothing was sent or consumed. Python: BlockingIOError.
	ErrWouldBlock error = &fault{text: "pipe: the call would have to wait", python: "[Errno 11] Resource temporarily unavailable"}

	// ErrTimeout is matched by the error of every call that waited as long as
	// it was allowed to, by its own limit or by a deadline of its context. Such
	// an error matches context.DeadlineExceeded too.
	ErrTimeout error = &fault{text: "pipe: timed out", python: ""}

	// ErrAuthentication is matched by every [*AuthenticationError].
	ErrAuthentication error = &fault{text: "pipe: authentication failed", python: "digest received was wrong"}
)

// errReset is the end of a stream whose other end was closed with bytes unread.
var errReset error = &fault{
	text:   "pipe: the other end closed without reading all that was sent to it",
	python: "[Errno 104] Connection reset by peer",
	also:   errors.Join(io.EOF, syscall.ECONNRESET),
}

// A CutError says that the stream ended inside a message: the other end closed
// it, or died, between two bytes. The rest of the message will not come. It
// matches io.ErrUnexpectedEOF.
// Python: OSError("got end of file during message").
type CutError struct {
	// Header is true when the end came before the length was complete.
	Header bool
	// Got and Want count the bytes that arrived of the header or the body, and
	// the bytes it has.
	Got, Want uint64
	// Err is what ended the stream when it was more than its end, such as
	// syscall.ECONNRESET; otherwise nil.
	Err error
}

// Error names what was lost.
func (e *CutError) Error() string {
	var text string
	if e.Header {
		text = fmt.Sprintf("pipe: got end of file during message: %d of %d bytes of its header arrived", e.Got, e.Want)
	} else {
		text = fmt.Sprintf("pipe: got end of file during message: %d of %d bytes arrived", e.Got, e.Want)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// PythonText returns CPython's text.
func (e *CutError) PythonText() string { return "got end of file during message" }

// Unwrap returns io.ErrUnexpectedEOF and Err.
func (e *CutError) Unwrap() []error {
	if e.Err == nil {
		return []error{io.ErrUnexpectedEOF}
	}
	return []error{io.ErrUnexpectedEOF, e.Err}
}

// A LengthError says that a message claims to be longer than the receiver
// accepts, or claims a negative length. None of its bytes was read, nor memory
// made for it. The receiver cannot find the next message after it: an end that
// only receives is closed, a duplex end can from now on only send.
// Python: OSError("bad message length").
type LengthError struct {
	// Negative is true for a length below -1, which Length then holds as an
	// int64.
	Negative bool
	Length   uint64 // bytes the message claims to have
	Max      uint64 // bytes that were acceptable
}

// Error says what was claimed and what was allowed.
func (e *LengthError) Error() string {
	if e.Negative {
		return fmt.Sprintf("pipe: bad message length %d: the other end does not speak this protocol", int64(e.Length))
	}
	return fmt.Sprintf("pipe: bad message length %d: at most %d bytes are accepted (WithMaxLength, WithMaxMessage)", e.Length, e.Max)
}

// PythonText returns CPython's text.
func (e *LengthError) PythonText() string { return "bad message length" }

// BufferTooShort is the error of [Conn.RecvBytesInto] when the message does not
// fit. The message is consumed and here; the connection goes on.
// Python: multiprocessing.BufferTooShort.
type BufferTooShort struct {
	// Message is the whole message.
	Message []byte
	// Room is the number of bytes there was space for.
	Room int
}

// Error says how much room there was and how much is needed.
func (e *BufferTooShort) Error() string {
	return fmt.Sprintf("pipe: buffer too short: a message of %d bytes for %d bytes of room; it is in the error's Message", len(e.Message), e.Room)
}

// PartialSendError says that a Send was given up, by its context or its time
// limit, when part of its message was already on its way. What is begun is
// completed, so that the receiver's stream stays whole: the rest follows in the
// background as the other end reads, before any later message. Sending the
// message again would deliver it twice.
type PartialSendError struct {
	// Written of the Size bytes of the message (header included) had been
	// written.
	Written, Size int
	// Err is why the call ended; the error matches it.
	Err error
}

// Error says how far the message got.
func (e *PartialSendError) Error() string {
	return fmt.Sprintf("%v after %d of %d bytes: the rest follows in the background, do not send it again", e.Err, e.Written, e.Size)
}

// Unwrap returns Err.
func (e *PartialSendError) Unwrap() error { return e.Err }

// A ValueError says that an argument cannot mean anything. Nothing was done.
// Python: ValueError (TypeError, KeyError where Python has those).
type ValueError struct {
	text, python string
}

// Error says which argument is wrong and what to give instead.
func (e *ValueError) Error() string { return "pipe: " + e.text }

// PythonText returns CPython's text where CPython has one.
func (e *ValueError) PythonText() string { return e.python }

// invalid makes a ValueError whose text for Python is the same.
func invalid(python string) error { return &ValueError{text: python, python: python} }

// invalidf makes a ValueError that CPython has no text for.
func invalidf(format string, args ...any) error {
	return &ValueError{text: fmt.Sprintf(format, args...)}
}

// An expired is the error of a call whose time is over.
type expired struct{ op string }

func (e *expired) Error() string { return "pipe: " + e.op + " timed out" }
func (e *expired) Timeout() bool { return true }
func (e *expired) Is(target error) bool {
	return target == ErrTimeout || target == context.DeadlineExceeded
}

// ended is the error of call op whose context is over.
func ended(ctx context.Context, op string) error {
	err := ctx.Err()
	if errors.Is(err, context.DeadlineExceeded) {
		return &expired{op}
	}
	return fmt.Errorf("pipe: %s: %w", op, err)
}
