package pickle

// Buffers are the large byte slices of one message that travel beside it, so
// that they are copied neither into the message nor out of it.
// Python: protocol 5's out-of-band buffers (PEP 574).
//
// The sender encodes [WithBuffers] and sends List beside the bytes (a writev, a
// shared memory); the slices are the value's own memory and must not change
// until they are sent. The receiver puts what came into List, in order, and
// decodes WithBuffers: the decoded slices are those very buffers.
type Buffers struct {
	// Min is the length from which a slice travels beside the message, in
	// bytes; 0 means [DefaultBufferMin]. Decoding ignores it.
	Min int
	// List holds the buffers in the order in which the message speaks of them.
	List [][]byte
}

type buffersOption struct{ b *Buffers }

func (o buffersOption) apply(c *config) { c.buffers = o.b }

// WithBuffers lets large byte slices, those of b.Min bytes or more, travel beside
// the message: they are appended to b.List when encoding and are taken from it when
// decoding. A message must use all the buffers it came with. Python: the buffers of
// protocol 5, buffer_callback= and buffers=.
func WithBuffers(b *Buffers) Option { return buffersOption{b} }

// AppendHead appends the message of b but for b's own bytes, which come last in it:
// who writes the one and then the other, as a writev does, need not copy a large
// slice. b is neither nil nor empty.
func AppendHead(dst, b []byte) []byte {
	return appendUvarint(append(dst, layout1, tagBytes), uint64(codeNew+len(b)))
}

// wants reports whether a slice of n bytes is to travel beside the message.
func (b *Buffers) wants(n int) bool {
	if b == nil {
		return false
	}
	if b.Min > 0 {
		return n >= b.Min
	}
	return n >= DefaultBufferMin
}
