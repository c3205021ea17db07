package pickle

import (
	"fmt"
	"math"
)

// An Option changes how one call encodes or decodes. The With functions of this
// package make them.
type Option interface{ apply(c *config) }

// The bounds that hold when no option says otherwise.
const (
	// DefaultMaxSize is the longest message, in bytes.
	DefaultMaxSize = 1<<31 - 1
	// DefaultMaxDepth is how many pointers, slices, maps and boxed structs may
	// lie within each other.
	DefaultMaxDepth = 10_000
	// DefaultBufferMin is the length, in bytes, from which a []byte travels
	// beside the message when [WithBuffers] is given.
	DefaultBufferMin = 64 << 10

	// A goroutine's stack ends at 1 GB (250 MB where pointers are short), and
	// its end cannot be recovered from: deeper values need another shape.
	highestDepth = 100_000

	// What decoding may allocate unless WithMaxMemory says otherwise. The most
	// that an honest byte can stand for is an empty map (48 bytes), then a nil
	// slice (24); 64 leaves room and keeps a hostile megabyte a matter of
	// megabytes.
	memoryPerByte = 64
	memoryFloor   = 64 << 10
)

type config struct {
	handles  *Handles
	buffers  *Buffers
	size     int
	depth    int
	memory   int
	aliasing bool
	reuse    bool
	sorted   bool
	classes  []string // for Python
	raised   []string // those of them that are exceptions
}

// init sets what the options say on a config that holds no handles or buffers.
func (c *config) init(opts []Option) {
	c.size, c.depth, c.memory, c.aliasing, c.sorted, c.reuse = DefaultMaxSize, DefaultMaxDepth, 0, false, false, false
	c.classes, c.raised = nil, nil
	for _, o := range opts {
		if o != nil {
			o.apply(c)
		}
	}
}

type sizeOption int

func (o sizeOption) apply(c *config) { c.size = int(o) }

// WithMaxSize bounds a message to n bytes: encoding refuses to make a longer
// one, decoding refuses to look at one. The default is [DefaultMaxSize]. It
// panics unless n is positive.
func WithMaxSize(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("pickle: WithMaxSize(%d): a message has at least one byte", n))
	}
	return sizeOption(n)
}

type depthOption int

func (o depthOption) apply(c *config) { c.depth = int(o) }

// WithMaxDepth bounds how many pointers, slices, maps and boxed structs may lie
// within each other, when encoding and when decoding. The default is
// [DefaultMaxDepth]. It panics unless n lies between 1 and 100 000: deeper ones
// could end the stack, which no program survives. Python: the recursion limit.
func WithMaxDepth(n int) Option {
	if n < 1 || n > highestDepth {
		panic(fmt.Sprintf("pickle: WithMaxDepth(%d): the depth must lie between 1 and %d", n, highestDepth))
	}
	return depthOption(n)
}

type memoryOption int

func (o memoryOption) apply(c *config) { c.memory = int(o) }

// WithMaxMemory bounds the memory that decoding one message may ask for, in
// bytes; elements, keys and pointed-to variables are counted, the bookkeeping of
// Go's allocator is not. The default is 64 bytes for each byte of the message
// and its buffers, and 64 KiB: more than any value needs whose fields all
// travel. It panics unless n is positive.
func WithMaxMemory(n int) Option {
	if n < 1 {
		panic(fmt.Sprintf("pickle: WithMaxMemory(%d): decoding needs some memory", n))
	}
	return memoryOption(n)
}

type reuseOption struct{}

func (reuseOption) apply(c *config) { c.reuse = true }

// WithReuse lets [UnmarshalInto] write numbers and bools into the memory of the slice
// that the variable holds, as far as its capacity goes, where a message holds a slice of
// exactly its type. They may be changed then although the message turns out to be bad.
func WithReuse() Option { return reuseOption{} }

type aliasOption struct{}

func (aliasOption) apply(c *config) { c.aliasing = true }

// WithAliasing lets a decoded []byte of 4 KiB or more be a part of the message
// itself instead of a copy. The caller promises not to touch the message's
// memory again; it stays alive as long as such a part does. Receivers that read
// each message into fresh memory save a copy. Encoding ignores it.
func WithAliasing() Option { return aliasOption{} }

type sortOption struct{}

func (sortOption) apply(c *config) { c.sorted = true }

// WithSortedKeys writes a map's entries in the order of their keys, so that
// equal values give equal bytes: for replayable worlds, golden files and hashes.
// Keys that have no order of their own (pointers) keep a random one. Without it
// the order is random, as Go's maps are. Decoding ignores it.
func WithSortedKeys() Option { return sortOption{} }

// room returns how much memory decoding n bytes may ask for.
func (c *config) room(n int) int {
	switch {
	case c.memory > 0:
		return c.memory
	case n > (math.MaxInt-memoryFloor)/memoryPerByte:
		return math.MaxInt
	}
	return memoryFloor + n*memoryPerByte
}
