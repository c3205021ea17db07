package pipe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// A Listener waits for connections. Close it when no more are wanted.
// Python: multiprocessing.connection.Listener.
type Listener struct {
	ln   net.Listener
	cfg  config
	dir  string // private directory of the socket, removed by Close
	done chan struct{}
	ctx  context.Context // of the handshakes; ends with Close
	stop context.CancelFunc
	wg   sync.WaitGroup // the acceptor and the handshakes
	once sync.Once

	slots chan struct{}   // one for every connection not yet accepted
	queue chan connection // ready to be accepted

	rejected atomic.Uint64

	mu      sync.Mutex
	last    net.Addr
	watches map[*func()]struct{}
}

// A connection is what Accept gets: a Conn, or why there is none.
type connection struct {
	c    *Conn
	peer net.Addr
	err  error
	seen chan struct{} // closed by who takes an error
}

// Listen announces an address. The network is "unix" (also for "") or "tcp",
// "tcp4", "tcp6". No unix address means a fresh socket in a private directory; an
// address that starts with "@" or a zero byte is in Linux's abstract namespace. A
// tcp address without a host is on the loopback interface, and without a port
// on a free one: to be reachable from elsewhere name the host, "0.0.0.0:6000",
// and give [WithAuthKey]. [Listener.Addr] is the address that was taken.
//
// The context bounds only the call. The socket file is removed by Close.
// Options: [WithAuthKey], [WithLegacyAuth], [WithHandshakeTimeout], [WithBacklog], [WithRejected],
// [WithMaxMessage], [WithCodec], [WithPickle]. Python: Listener(address, family, authkey=…).
func Listen(ctx context.Context, network, address string, opts ...Option) (*Listener, error) {
	cfg, err := configure(atListen, opts)
	if err != nil {
		return nil, err
	}
	network, address, err = place(network, address)
	if err != nil {
		return nil, err
	}
	dir := ""
	if address == "" {
		if dir, err = os.MkdirTemp("", "pymp-"); err != nil {
			return nil, fmt.Errorf("pipe: Listen: %w", err)
		}
		address = filepath.Join(dir, "listener-0")
	}
	ln, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		if dir != "" {
			_ = os.RemoveAll(dir)
		}
		return nil, fmt.Errorf("pipe: Listen: %w", err)
	}
	l := &Listener{
		ln:    ln,
		cfg:   cfg,
		dir:   dir,
		done:  make(chan struct{}),
		slots: make(chan struct{}, cfg.backlog),
		queue: make(chan connection, cfg.backlog),
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.wg.Add(1)
	go l.accept()
	return l, nil
}

// place says where an address is; an empty unix address stays empty.
func place(network, address string) (string, string, error) {
	switch network {
	case "", "unix":
		if len(address) > 0 && address[0] == 0 {
			address = "@" + address[1:]
		}
		return "unix", address, nil
	case "tcp", "tcp4", "tcp6":
		if address == "" {
			address = ":0"
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return "", "", &ValueError{text: fmt.Sprintf("address %q of network %s: %v: give host:port", address, network, err), python: fmt.Sprintf("address type of %s unrecognized", address)}
		}
		if host == "" {
			if host = "127.0.0.1"; network == "tcp6" {
				host = "::1"
			}
		}
		return network, net.JoinHostPort(host, port), nil
	case "AF_PIPE":
		return "", "", &ValueError{text: `network "AF_PIPE": give "unix", which Windows has too`, python: "Family AF_PIPE is not recognized."}
	}
	return "", "", &ValueError{text: fmt.Sprintf(`network %q: give "unix" or "tcp"`, network), python: "unrecognized family"}
}

// Addr returns the address that is listened on, with the port filled in. To
// [Dial] it, give its Network() and its String(). Python: Listener.address.
func (l *Listener) Addr() net.Addr { return l.ln.Addr() }

// Fd returns the descriptor of the listening socket. It does not tell whether
// Accept would wait: connections are taken off the socket to be authenticated.
// Ask [Listener.Ready], or [Wait].
func (l *Listener) Fd() uintptr {
	fd := noFd
	if file, ok := l.ln.(syscall.Conn); ok {
		if raw, err := file.SyscallConn(); err == nil {
			_ = raw.Control(func(x uintptr) { fd = x })
		}
	}
	return fd
}

// LastAccepted returns the address of the peer of the connection that Accept
// returned last, nil before the first. Python: Listener.last_accepted.
func (l *Listener) LastAccepted() net.Addr {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Rejected returns how many connections were turned away because they did not
// authenticate themselves; see [WithRejected].
func (l *Listener) Rejected() uint64 { return l.rejected.Load() }

// Accept returns the next connection, authenticated if the Listener has a key.
// It waits for one with the GIL given up. A peer that is silent, has no key or
// the wrong one never holds it up and is never its error.
//
// Errors: [ErrListenerClosed]; the operating system's, such as too many open
// files, after which Accept may be called again; the context's.
// Python: Listener.accept.
func (l *Listener) Accept(ctx context.Context) (*Conn, error) { return l.take(ctx, true) }

// AcceptTimeout is Accept that waits at most d. Its error then matches
// [ErrTimeout].
func (l *Listener) AcceptTimeout(ctx context.Context, d time.Duration) (*Conn, error) {
	if d <= 0 {
		c, err := l.take(ctx, false)
		if err == ErrWouldBlock {
			err = &expired{"accept"}
		}
		return c, err
	}
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return l.take(ctx, true)
}

// TryAccept is Accept that never waits: without a connection that is ready it
// returns [ErrWouldBlock].
func (l *Listener) TryAccept(ctx context.Context) (*Conn, error) { return l.take(ctx, false) }

func (l *Listener) take(ctx context.Context, wait bool) (c *Conn, err error) {
	if over(l.done) {
		return nil, ErrListenerClosed
	}
	if ctx.Err() != nil {
		return nil, ended(ctx, "accept")
	}
	var x connection
	select {
	case x = <-l.queue:
	default:
		if !wait {
			return nil, ErrWouldBlock
		}
		blocking.Do(ctx, "pipe.accept", func() {
			select {
			case x = <-l.queue:
			case <-l.done:
				err = ErrListenerClosed
			case <-ctx.Done():
				err = ended(ctx, "accept")
			}
		})
		if err != nil {
			return nil, err
		}
	}
	<-l.slots
	if x.err != nil {
		close(x.seen)
		return nil, x.err
	}
	l.mu.Lock()
	l.last = x.peer
	l.mu.Unlock()
	return x.c, nil
}

// Ready reports whether Accept would return at once. It implements [Notifier].
func (l *Listener) Ready() bool { return len(l.queue) > 0 || over(l.done) }

// Notify implements [Notifier].
func (l *Listener) Notify(wake func()) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watches == nil {
		l.watches = make(map[*func()]struct{})
	}
	l.watches[&wake] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.watches, &wake)
	}
}

func (l *Listener) notify() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for wake := range l.watches {
		(*wake)()
	}
}

// Close stops listening: waiting calls of Accept return [ErrListenerClosed],
// connections that nobody accepted are closed, the socket file is removed.
// Closing again does nothing. Python: Listener.close.
func (l *Listener) Close() (err error) {
	l.once.Do(func() {
		close(l.done)
		l.stop()
		err = l.ln.Close()
		l.notify()
		l.wg.Wait()
		for len(l.queue) > 0 {
			if x := <-l.queue; x.c != nil {
				_ = x.c.Close()
			}
		}
		if l.dir != "" {
			err = errors.Join(err, os.RemoveAll(l.dir))
		}
		if err != nil {
			err = fmt.Errorf("pipe: Close: %w", err)
		}
	})
	return err
}

// accept takes connections off the socket as long as there are free slots, and
// has each authenticated on a goroutine of its own.
func (l *Listener) accept() {
	defer l.wg.Done()
	for {
		select {
		case l.slots <- struct{}{}:
		case <-l.done:
			return
		}
		nc, err := l.ln.Accept()
		if over(l.done) {
			if err == nil {
				_ = nc.Close()
			}
			return
		}
		if err == nil {
			l.wg.Add(1)
			go l.admit(nc)
			continue
		}
		// Too many open files, most likely: nothing is accepted before somebody
		// has seen it.
		seen := make(chan struct{})
		l.push(connection{err: fmt.Errorf("pipe: accept: %w", err), seen: seen})
		select {
		case <-seen:
		case <-l.done:
			return
		}
	}
}

// push queues x; its slot makes sure that there is room.
func (l *Listener) push(x connection) {
	l.queue <- x
	l.notify()
}

// admit authenticates one connection and queues it, or turns it away.
func (l *Listener) admit(nc net.Conn) {
	defer l.wg.Done()
	cfg := l.cfg
	c, peer := fromConn(nc, &cfg), nc.RemoteAddr()
	if l.cfg.key != nil {
		ctx, cancel := context.WithTimeout(l.ctx, l.cfg.handshake)
		err := authenticate(ctx, c, l.cfg.key, l.cfg.legacy, true)
		cancel()
		if err != nil {
			_ = c.Close()
			<-l.slots
			if over(l.done) {
				return
			}
			l.rejected.Add(1)
			if l.cfg.rejected != nil {
				l.cfg.rejected(peer, err)
			}
			return
		}
	}
	l.push(connection{c: c, peer: peer})
}
