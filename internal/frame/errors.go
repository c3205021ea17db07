package frame

import "fmt"

// A CutError says that the stream ended inside a message.
type CutError struct {
	Header bool   // the end came inside the header: the length is not known
	Got    uint64 // bytes of the header or of the body that arrived
	Want   uint64 // bytes it should have had
	Err    error  // what ended the stream: io.EOF or an error that matches it
}

func (e *CutError) Error() string {
	part := "body"
	if e.Header {
		part = "header"
	}
	return fmt.Sprintf("frame: the stream ended after %d of %d bytes of a %s", e.Got, e.Want, part)
}

// Unwrap returns what ended the stream.
func (e *CutError) Unwrap() error { return e.Err }

// A LengthError says that a header claims a length nobody can accept: below -1,
// or above the reader's limit. The reader has lost the boundaries of messages
// and answers every later call with the same error.
type LengthError struct {
	Claim    uint64 // the length, as int64 when Negative
	Negative bool
	Max      uint64
}

func (e *LengthError) Error() string {
	if e.Negative {
		return fmt.Sprintf("frame: bad message length %d", int64(e.Claim))
	}
	return fmt.Sprintf("frame: bad message length %d, the limit is %d", e.Claim, e.Max)
}
