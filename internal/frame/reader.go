package frame

import (
	"errors"
	"io"
	"math"
)

const (
	// exactBuffer holds the header of a message and a short body.
	exactBuffer = 512
	// aheadBuffer is what is read at once when the bytes behind a message may
	// be fetched with it.
	aheadBuffer = 8 << 10
	// firstStep is allocated for a body before its first byte has arrived,
	// whatever the header claims. From then on the buffer has at most
	// growth times what really came.
	firstStep = 2 << 20
	growth    = 4
)

// A Reader takes messages off a stream of bytes. It is not safe for use by
// several goroutines at once.
//
// Every method that reads may return an error of the source (a deadline, "try
// again"). Nothing is lost then: the bytes that came stay in the reader and the
// next call goes on from there. A [*LengthError] is final, and after a
// [*CutError] there is only io.EOF.
type Reader struct {
	// Max is the longest body accepted. It may change between messages.
	Max uint64
	// Ahead allows the reader to fetch bytes behind the message it was asked
	// for, which saves system calls. It must be false when anybody else reads
	// from the same descriptor. It may change at any time: bytes already
	// fetched are delivered first.
	Ahead bool

	buf  []byte // buf[r:w] has been fetched and not consumed
	r, w int

	known  bool   // the header of the message at buf[r:] has been parsed
	size   uint64 // of its body
	header int    // bytes of its header still in buf

	body []byte // a long body under way, when it was interrupted
	got  int    // bytes of it that have arrived
	long bool   // a long body is under way: its header has left buf

	starved bool // what is in buf is known not to suffice
	broken  error
}

// Size returns the length of the body of the next message, reading its header
// if need be. At the end of the stream (an error of the source that matches
// io.EOF) it returns the source's error between messages and a [*CutError]
// inside one. It consumes nothing: called again it answers again.
func (r *Reader) Size(src io.Reader) (uint64, error) {
	if r.known {
		return r.size, nil
	}
	if r.broken != nil {
		return 0, r.broken
	}
	for {
		size, header, need, ok := parse(r.buf[r.r:r.w])
		switch {
		case !ok:
			r.broken = &LengthError{Claim: size, Negative: true, Max: r.Max}
			return 0, r.broken
		case header == 0:
			if err := r.fill(src, need); err != nil {
				if r.w > r.r {
					err = r.cut(err, CutError{Header: true, Got: uint64(r.w - r.r), Want: uint64(need)})
				}
				return 0, err
			}
		case size > r.Max || size > math.MaxInt-LongHeader:
			r.broken = &LengthError{Claim: size, Max: r.Max}
			return 0, r.broken
		default:
			r.known, r.size, r.header = true, size, header
			return size, nil
		}
	}
}

// View returns the next message's body inside the reader's own buffer when it
// is short enough to be there; it is valid until the next call that reads, so
// whoever keeps it copies it before [Reader.Next]. Otherwise ok is false and
// the body is to be had from [Reader.Body].
func (r *Reader) View(src io.Reader) (body []byte, ok bool, err error) {
	size, err := r.Size(src)
	if err != nil {
		return nil, false, err
	}
	if r.long || size+LongHeader > uint64(len(r.buf)) {
		return nil, false, nil
	}
	whole := r.header + int(size)
	if err := r.fill(src, whole); err != nil {
		return nil, false, r.cut(err, CutError{Got: uint64(r.w - r.r - r.header), Want: size})
	}
	return r.buf[r.r+r.header : r.r+whole : r.r+whole], true, nil
}

// Body reads the next message's body into dst if it fits there, and into new
// memory otherwise. Memory for a long body grows with the bytes that arrive,
// never with what a header claims. An interrupted call leaves nothing in dst
// that a later one would need.
func (r *Reader) Body(src io.Reader, dst []byte) ([]byte, error) {
	view, ok, err := r.View(src)
	if err != nil {
		return nil, err
	}
	if ok {
		if len(view) > len(dst) || dst == nil {
			dst = make([]byte, len(view))
		}
		return dst[:copy(dst, view)], nil
	}
	fits := uint64(len(dst)) >= r.size
	body := r.body
	if !r.long {
		body = dst
		if !fits {
			body = make([]byte, min(r.size, firstStep))
		}
		body = body[:min(uint64(len(body)), r.size)]
		r.r += r.header
		r.got = copy(body, r.buf[r.r:r.w])
		r.r += r.got
		r.long = true
	}
	for uint64(r.got) < r.size {
		if r.got == len(body) {
			more := make([]byte, min(r.size, max(firstStep, growth*uint64(r.got))))
			copy(more, body)
			body = more
		}
		n, err := src.Read(body[r.got:])
		r.got += n
		if err != nil && uint64(r.got) < r.size {
			if fits && &body[0] == &dst[0] {
				// The caller has this memory back when the call returns.
				body = append([]byte(nil), body[:r.got]...)
			}
			r.body = body
			return nil, r.cut(err, CutError{Got: uint64(r.got), Want: r.size})
		}
	}
	if fits && &body[0] != &dst[0] {
		body = dst[:copy(dst, body)]
	}
	return body, nil
}

// Next consumes the message whose body was read. Calling it before
// [Reader.View] or [Reader.Body] succeeded is a mistake of the caller.
func (r *Reader) Next() {
	if !r.long {
		r.r += r.header + int(r.size)
	}
	r.known, r.size, r.header = false, 0, 0
	r.body, r.got, r.long = nil, 0, false
	r.starved = false
	if r.r == r.w {
		r.r, r.w = 0, 0
	}
}

// Buffered returns the number of bytes that were fetched and belong to no
// message consumed so far.
func (r *Reader) Buffered() int { return r.w - r.r + r.got }

// Pending reports whether the reader holds bytes that may be a message: a
// descriptor with nothing to read is ready all the same then.
func (r *Reader) Pending() bool { return r.w > r.r && !r.starved || r.broken != nil }

// Take removes and returns the bytes that were fetched and not consumed, for
// another reader of the same stream. It reports false, and changes nothing,
// when a long body is half read.
func (r *Reader) Take() ([]byte, bool) {
	if r.long {
		return nil, false
	}
	rest := append([]byte(nil), r.buf[r.r:r.w]...)
	r.r, r.w, r.known, r.starved = 0, 0, false, false
	return rest, true
}

// Give puts bytes that another reader took in front of everything to come.
func (r *Reader) Give(rest []byte) {
	if len(rest) == 0 {
		return
	}
	buf := append(append(make([]byte, 0, max(len(rest)+r.w-r.r, exactBuffer)), rest...), r.buf[r.r:r.w]...)
	r.r, r.w, r.buf = 0, len(buf), buf[:cap(buf)]
	r.known, r.starved = false, false
}

// fill fetches until need bytes are there.
func (r *Reader) fill(src io.Reader, need int) error {
	if r.w-r.r >= need {
		return nil
	}
	r.room(need)
	for r.w-r.r < need {
		limit := len(r.buf)
		if !r.Ahead {
			limit = r.r + need
		}
		n, err := src.Read(r.buf[r.w:limit])
		r.w += n
		if r.w-r.r >= need {
			break
		}
		if err != nil {
			r.starved = true
			return err
		}
	}
	r.starved = false
	return nil
}

// room makes sure that need bytes fit behind r.r.
func (r *Reader) room(need int) {
	size := exactBuffer
	if r.Ahead {
		size = aheadBuffer
	}
	size = max(size, need, len(r.buf))
	if len(r.buf) < size {
		buf := make([]byte, size)
		r.w = copy(buf, r.buf[r.r:r.w])
		r.r, r.buf = 0, buf
	} else if r.r+need > len(r.buf) {
		r.w = copy(r.buf, r.buf[r.r:r.w])
		r.r = 0
	}
}

// cut turns the end of the stream inside a message into the given CutError, and
// forgets the message: from now on the stream is at its end.
func (r *Reader) cut(err error, lost CutError) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	lost.Err = err
	*r = Reader{Max: r.Max, Ahead: r.Ahead, broken: io.EOF}
	return &lost
}
