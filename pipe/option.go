package pipe

import (
	"fmt"
	"math"
	"net"
	"time"

	"github.com/pygil/pygil/pipe/pickle"
)

// The settings that hold when no [Option] says otherwise.
const (
	// DefaultMaxMessage is the longest message accepted, in bytes.
	DefaultMaxMessage = 1<<31 - 1
	// DefaultHandshakeTimeout bounds the authentication of one connection.
	DefaultHandshakeTimeout = 10 * time.Second
	// DefaultBacklog is how many connections of a [Listener] may be
	// authenticating or waiting for Accept.
	DefaultBacklog = 128
)

// An Option changes one setting of a constructor or of one call. Each With
// function says where it has a meaning; anywhere else it is refused with an
// error that says so. Nil options are skipped.
type Option interface {
	apply(c *config)
	// where returns the option's name and the calls it has a meaning for.
	where() (name string, sites site)
}

// A site is a set of calls that take options.
type site int

const (
	atNew site = 1 << iota
	atFromFd
	atFromConn
	atListen
	atDial
	atSendBytes
	atRecvBytes
	atRecvBytesInto

	atConn = atNew | atFromFd | atFromConn | atListen | atDial
)

func (s site) String() string {
	return map[site]string{
		atNew: "New", atFromFd: "FromFd", atFromConn: "FromConn", atListen: "Listen", atDial: "Dial",
		atSendBytes: "SendBytes", atRecvBytes: "RecvBytes", atRecvBytesInto: "RecvBytesInto",
	}[s]
}

type config struct {
	maxMessage uint64
	codec      pickle.Codec
	pickle     []pickle.Option
	ahead      bool
	torn       bool

	key       []byte // nil: no authentication
	legacy    bool   // MD5 counts
	handshake time.Duration
	backlog   int
	rejected  func(peer net.Addr, err error)

	maxLength    int // -1: none
	offset, size int // size -1: none
	bad          error
}

// configure applies opts, all of which must have a meaning at s.
func configure(s site, opts []Option) (config, error) {
	c := config{
		maxMessage: DefaultMaxMessage,
		codec:      pickle.Native,
		handshake:  DefaultHandshakeTimeout,
		backlog:    DefaultBacklog,
		maxLength:  -1,
		size:       -1,
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		name, sites := o.where()
		if sites&s == 0 {
			return c, invalidf("%s has no meaning for %s", name, s)
		}
		if o.apply(&c); c.bad != nil {
			return c, c.bad
		}
	}
	return c, nil
}

type setting struct {
	name  string
	sites site
	set   func(c *config)
}

func (o setting) apply(c *config)       { o.set(c) }
func (o setting) where() (string, site) { return o.name, o.sites }

// WithAuthKey makes [Listen] accept, and [Dial] connect to, only peers that
// prove to have the same key, and prove it to them, before any of their bytes
// is looked at. The empty key is a key; nil is refused, so that a key that
// failed to load does not turn authentication off. The key is copied.
// Python: the authkey argument of Listener and Client.
func WithAuthKey(key []byte) Option {
	if key != nil {
		key = append([]byte{}, key...)
	}
	return setting{"WithAuthKey", atListen | atDial, func(c *config) {
		if key == nil {
			c.bad = &ValueError{text: "WithAuthKey(nil): leave the option out for no authentication, or give []byte{} for the empty key", python: "authkey should be a byte string"}
		}
		c.key = key
	}}
}

// WithLegacyAuth lets the peer of [Listen] or [Dial] prove that it has the key with
// HMAC-MD5, which is all that Python up to 3.11 can do; without it only newer
// Pythons and Go programs are let in. The proof is still bound to a fresh question,
// but MD5 is no hash to rely on: give it where an old Python is the peer, and
// nowhere else.
func WithLegacyAuth() Option {
	return setting{"WithLegacyAuth", atListen | atDial, func(c *config) { c.legacy = true }}
}

// WithHandshakeTimeout bounds the authentication of each connection; the
// default is [DefaultHandshakeTimeout]. For [Listen] and [Dial] with
// [WithAuthKey]. A peer that takes longer is dropped. CPython waits for ever.
func WithHandshakeTimeout(d time.Duration) Option {
	return setting{"WithHandshakeTimeout", atListen | atDial, func(c *config) {
		if d <= 0 {
			c.bad = invalidf("WithHandshakeTimeout(%v): give a positive duration", d)
		}
		c.handshake = d
	}}
}

// WithBacklog bounds how many connections of a [Listen]er may be authenticating
// or waiting for Accept; further ones wait in the operating system's queue. The
// default is [DefaultBacklog]. Python: the backlog argument of Listener.
func WithBacklog(n int) Option {
	return setting{"WithBacklog", atListen, func(c *config) {
		if n < 1 {
			c.bad = invalidf("WithBacklog(%d): give at least 1", n)
		}
		c.backlog = n
	}}
}

// WithRejected has fn called for every connection a [Listen]er turned away, with
// the peer's address and the reason, which mostly is an
// [*AuthenticationError]. It is called on the goroutine that authenticated the
// connection, with no locks held; several calls may run at once. Without it
// rejections are only counted, see [Listener.Rejected].
func WithRejected(fn func(peer net.Addr, err error)) Option {
	return setting{"WithRejected", atListen, func(c *config) { c.rejected = fn }}
}

// WithMaxMessage refuses messages longer than n bytes with a [*LengthError]
// before anything is allocated for them; the default is [DefaultMaxMessage]. For
// everything that makes a [Conn].
func WithMaxMessage(n int64) Option {
	return setting{"WithMaxMessage", atConn, func(c *config) {
		if n < 0 {
			c.bad = invalidf("WithMaxMessage(%d): give a number of bytes", n)
		}
		c.maxMessage = min(uint64(n), math.MaxInt-16)
	}}
}

// WithPickle passes options to package pickle for every value that the [Conn]
// sends and receives, such as its bounds. For everything that makes a Conn.
func WithPickle(opts ...pickle.Option) Option {
	return setting{"WithPickle", atConn, func(c *config) { c.pickle = append(c.pickle, opts...) }}
}

// WithCodec makes the [Conn] encode and decode values with another codec than
// pickle.Native, such as pickle.Python when the peer is a Python process; both ends
// have to use the same. For everything that makes a Conn.
func WithCodec(codec pickle.Codec) Option {
	return setting{"WithCodec", atConn, func(c *config) {
		if codec == nil {
			c.bad = invalidf("WithCodec(nil): give a codec, such as pickle.Native")
		}
		c.codec = codec
	}}
}

// WithReadAhead lets a [Conn] made by [FromFd] fetch several messages with one
// system call. Use it where no other process, and nothing else in this one, ever
// reads from the same descriptor: what was fetched ahead is theirs no more. A
// Conn of New, OneWay, Dial, Accept and FromConn reads ahead until it is sent
// to another process or its descriptor is asked for.
func WithReadAhead() Option {
	return setting{"WithReadAhead", atFromFd, func(c *config) { c.ahead = true }}
}

// WithTornWrites lets the senders at one end of an emulated pipe take no turns, so
// that a program in a virtual world shows what Python's connections do when two
// threads share an end: the bytes of two messages that are not both short mix, and
// the receiver gets an error or a value that nobody sent. For [New] and [OneWay]
// on a thread of a virtual world, where an explorer finds the interleaving.
func WithTornWrites() Option {
	return setting{"WithTornWrites", atNew, func(c *config) { c.torn = true }}
}

// WithMaxLength bounds one message of [Conn.RecvBytes]; a longer one is a
// [*LengthError], with its consequences.
// Python: the maxlength argument of recv_bytes.
func WithMaxLength(n int) Option {
	return setting{"WithMaxLength", atRecvBytes, func(c *config) {
		if n < 0 {
			c.bad = &ValueError{text: fmt.Sprintf("negative maxlength %d", n), python: "negative maxlength"}
		}
		c.maxLength = n
	}}
}

// WithOffset starts at byte n of the slice given to [Conn.SendBytes] or
// [Conn.RecvBytesInto]. Slicing the slice does the same; the option exists for
// programs that compute the offset and want an error instead of a panic.
// Python: the offset argument.
func WithOffset(n int) Option {
	return setting{"WithOffset", atSendBytes | atRecvBytesInto, func(c *config) { c.offset = n }}
}

// WithSize sends only n bytes of the slice given to [Conn.SendBytes], from the
// offset on. Python: the size argument.
func WithSize(n int) Option {
	return setting{"WithSize", atSendBytes, func(c *config) {
		if n < 0 {
			c.bad = &ValueError{text: fmt.Sprintf("size is negative: %d", n), python: "size is negative"}
		}
		c.size = n
	}}
}
