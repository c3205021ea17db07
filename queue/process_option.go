package queue

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// A ProcessOption changes a queue between processes as it is made. The With functions
// of this package make them.
type ProcessOption interface{ apply(c *config) }

type option func(c *config)

func (o option) apply(c *config) { o(c) }

type config struct {
	name   string
	ring   int
	flush  time.Duration
	feeder bool
	bad    error
}

const (
	defaultRing  = 256 << 10
	smallestRing = 4 << 10
	largestRing  = 1 << 30
	defaultFlush = 10 * time.Second

	maxItems = math.MaxInt32
)

// WithName names the queue for errors and observers, in all processes. Queues without
// a name are called after what they are and a number.
func WithName(name string) ProcessOption { return option(func(c *config) { c.name = name }) }

// WithRing says how many bytes of shared memory there are for messages, 256 KiB
// unless it is given; the next power of two is taken, from 4 KiB to 1 GiB. A message
// that is longer than a quarter of it does not go through the ring but has memory of
// its own. Emulated queues have no ring, but see [WithFeeder].
func WithRing(bytes int) ProcessOption {
	return option(func(c *config) {
		if bytes < 1 || bytes > largestRing {
			c.bad = badValue("", "WithRing(%d): a ring has from 1 to %d bytes", bytes, largestRing)
			return
		}
		c.ring = 1 << bits.Len(uint(max(bytes, smallestRing)-1))
	})
}

// WithFlushTimeout says how long a process that ends waits while nobody takes
// anything out of the queue and it has items for it, ten seconds unless it is given;
// then it ends and the items are lost. Python waits for ever.
func WithFlushTimeout(d time.Duration) ProcessOption {
	return option(func(c *config) {
		if d < 0 {
			c.bad = badValue("", "WithFlushTimeout(%v): the time must not be negative; zero does not wait", d)
			return
		}
		c.flush = d
	})
}

// WithFeeder gives an emulated queue feeders, as every queue has that is made by
// CPython's multiprocessing.Queue: Put leaves the item to a daemon thread of its
// process, and it arrives when that thread has run and there is room for it between
// the processes, for as many bytes as [WithRing] says. Then Empty can be true after a
// Put, a process that was killed loses what its feeder had, and one that ends by itself
// waits for it. An explorer finds each moment at which an item can arrive. Without it
// an item arrives with its Put, as between real processes while there is room.
//
// It changes nothing for real processes, whose feeders run when they have to, nor for
// a SimpleProcessQueue, which has none.
func WithFeeder() ProcessOption { return option(func(c *config) { c.feeder = true }) }

var made atomic.Uint32

// nameless is a name for a queue that has none. In a virtual world, which is the same
// each time, it is "a ProcessQueue": an article says that it is no name.
func nameless(ctx context.Context, kind string) string {
	if virtualOf(ctx) != nil {
		return "a " + kind
	}
	return fmt.Sprintf("%s-%d", kind, made.Add(1))
}
