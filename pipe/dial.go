package pipe

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// Dial connects to a [Listener], here or in a Python process; network and
// address are as for [Listen], and the address is not optional. With
// [WithAuthKey] both sides prove that they have the key before Dial returns. It
// waits with the GIL given up.
//
// Errors: an [*AuthenticationError]; the operating system's; the context's.
// Options: [WithAuthKey], [WithLegacyAuth], [WithHandshakeTimeout],
// [WithMaxMessage], [WithCodec], [WithPickle]. Python: Client(address, family, authkey).
func Dial(ctx context.Context, network, address string, opts ...Option) (*Conn, error) {
	cfg, err := configure(atDial, opts)
	if err != nil {
		return nil, err
	}
	if address == "" {
		return nil, &ValueError{text: "Dial needs an address: that of the Listener, Addr().String()", python: "address type of '' unrecognized"}
	}
	network, address, err = place(network, address)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ended(ctx, "dial")
	}
	var nc net.Conn
	blocking.Do(ctx, "pipe.dial", func() { nc, err = new(net.Dialer).DialContext(ctx, network, address) })
	if err != nil {
		if ctx.Err() != nil {
			return nil, ended(ctx, "dial")
		}
		return nil, fmt.Errorf("pipe: %w", err)
	}
	c := fromConn(nc, &cfg)
	if cfg.key != nil {
		limited, cancel := c.s.timeout(ctx, cfg.handshake)
		err := authenticate(limited, c, cfg.key, cfg.legacy, false)
		cancel()
		if err != nil {
			_ = c.Close()
			if ctx.Err() != nil {
				return nil, ended(ctx, "dial")
			}
			return nil, err
		}
	}
	return c, nil
}

// DialTimeout is [Dial] that takes at most d. Its error then matches
// [ErrTimeout].
func DialTimeout(ctx context.Context, d time.Duration, network, address string, opts ...Option) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return Dial(ctx, network, address, opts...)
}
