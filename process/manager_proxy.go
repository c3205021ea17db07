package process

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A proxy stands for an object of a manager. The proxies of all kinds embed one.
type proxy struct {
	c      *client
	object uint64
	kind   string
	shut   atomic.Bool
	drop   func() // once
}

// newProxy makes the proxy of an object that the connection keeps for it, and that
// was counted as a user of c.
func newProxy(c *client, object uint64, kind string) *proxy {
	p := &proxy{c: c, object: object, kind: kind}
	p.drop = sync.OnceFunc(func() {
		c.post(object, askDrop)
		c.leave()
	})
	if c.w.of == nil {
		// A proxy that is forgotten must not keep its object alive. What the cleanup
		// does may block for a moment. A virtual world does not know when that is.
		runtime.AddCleanup(p, func(drop func()) { go drop() }, p.drop)
	}
	return p
}

// ask calls a method that need not wait.
func (p *proxy) ask(ctx context.Context, method string, args ...any) ([]any, error) {
	if p.shut.Load() {
		return nil, ErrClosed
	}
	out, _, err := p.c.call(ctx, p.object, method, 0, args...)
	runtime.KeepAlive(p)
	return out, err
}

// do calls a method that has no result.
func (p *proxy) do(ctx context.Context, method string, args ...any) error {
	_, err := p.ask(ctx, method, args...)
	return err
}

// await calls a method that may have to wait; a negative time is for ever.
func (p *proxy) await(ctx context.Context, wait time.Duration, method string, args ...any) (out []any, ready bool, err error) {
	if p.shut.Load() {
		return nil, false, ErrClosed
	}
	out, ready, err = p.c.call(ctx, p.object, method, wait, args...)
	runtime.KeepAlive(p)
	return out, ready, err
}

const forever = time.Duration(-1)

// Close gives the proxy up. The object goes with its last proxy. It may be called
// again, and need not be called at all.
func (p *proxy) Close() error {
	if !p.shut.Swap(true) {
		p.drop()
	}
	return nil
}

// String names the kind of object and its number.
func (p *proxy) String() string { return fmt.Sprintf("<%sProxy object at %#x>", p.kind, p.object) }

// proxyPassing is what a message holds of a proxy that travels in it. The
// connection is one that the manager has already accepted, and that keeps the
// object while the message is on its way.
type proxyPassing struct {
	Manager uint64
	Object  uint64
	Conn    *pipe.Conn
	Ring    *ringSegment
}

// ReduceHandle lets the proxy travel to another process, where it stands for the
// same object. It asks the manager, and may block for that long. It implements
// pickle.HandleReducer.
func (p *proxy) ReduceHandle(h *pickle.Handles) (any, error) {
	ctx := context.Background()
	if carrier, ok := h.Context.(pipe.Carrier); ok {
		ctx = carrier.Context()
	}
	t, err := p.c.w.belongs(ctx)
	if err != nil {
		return nil, err
	}
	mine, its, ring, err := wires(ctx)
	if err != nil {
		return nil, err
	}
	if t != nil && p.c.w.of.host != nil { // the manager does not talk to itself
		err = p.c.w.of.host.admit(t, &wire{conn: its, of: p.c.w.of}, p.object)
	} else {
		_, err = p.ask(ctx, askGuest, guestArgs(its, ring)...)
		_ = its.Close()
	}
	if err != nil {
		mine.close()
		return nil, err
	}
	if carrier, ok := h.Context.(pipe.Carrier); ok {
		carrier.AfterSend(func(bool) { mine.abandon() })
	} else {
		runtime.AddCleanup(h, func(w *wire) { w.abandon() }, mine)
	}
	return proxyPassing{p.c.id, p.object, mine.conn, ring}, nil
}

// arrivingProxy makes the proxy again. If this process has a connection to the
// manager already, the one that came keeps the object until that does. This cannot
// be waited for here: what receives the message may be what receives the answer.
func arrivingProxy(h *pickle.Handles, v proxyPassing, kind string) (*proxy, error) {
	if v.Conn != nil && v.Ring == nil && carried(h) != nil {
		return v.arrivingIn(h, kind)
	}
	if v.Conn == nil || v.Ring == nil {
		return nil, invalid("", "a %s arrived without its connection", kind)
	}
	w := newWire(v.Conn, v.Ring, 0)
	c := adopt(v.Manager, w)
	if c.w != w {
		c.join()
		go func() {
			// An error is the end of the manager, or of the proxy.
			_, _, _ = c.call(context.Background(), v.Object, askKeep, 0)
			w.close()
			c.leave()
		}()
	}
	return newProxy(c, v.Object, kind), nil
}

// registerProxy makes a kind of proxy known to package pickle.
func registerProxy[T pickle.HandleReducer](kind string, wrap func(p *proxy) T) {
	pickle.RegisterHandle(func(h *pickle.Handles, v proxyPassing) (T, error) {
		p, err := arrivingProxy(h, v, kind)
		if err != nil {
			var none T
			return none, err
		}
		return wrap(p), nil
	}, "process."+kind+"Proxy")
}
