package process

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/pygil/pygil/pipe"
)

// A hosted is an object as its manager holds it.
type hosted interface {
	// call does a method, or reports that it would have to wait for a change.
	call(from *guest, method string, args []any) (out []any, ready bool, err error)
}

// A mourner is a hosted that wants to know when a process is gone.
type mourner interface{ gone(from *guest) }

// A seat is where a manager holds one object.
type seat struct {
	mu      sync.Mutex
	v       hosted
	waiters int
	changed chan struct{} // closed when waiters should look again
	refs    int           // proxies; guarded by the host
}

// A host is the inside of a manager's process.
type host struct {
	mu     sync.Mutex
	seats  map[uint64]*seat
	last   uint64
	guests sync.WaitGroup
	end    context.CancelFunc

	// Of a SharedMemoryManager:
	keeps  bool
	blocks []*SharedMemory // it has one guest, who makes one after the other

	// In a virtual world:
	id        uint64 // the manager's
	in        thread // on which it all happens
	present   []*guest
	petitions []*petition
	over      bool
}

// A guest is a process that uses the manager, or will.
type guest struct {
	h *host
	w *wire

	mu      sync.Mutex
	kept    map[uint64]int // its proxies, by object
	pending map[uint64]context.CancelFunc
	calls   sync.WaitGroup
}

// serveManager is the main of a manager's process: it ends when it is told to, and
// when nobody uses it any more.
func serveManager(ctx context.Context, args managerArgs) error {
	if t := virtual(ctx); t != nil {
		h := &host{seats: map[uint64]*seat{}, keeps: args.Keeps}
		h.end = func() { h.over = true }
		return h.emulate(t, args)
	}
	// An interrupt is for those who use the manager.
	signal.Ignore(os.Interrupt)
	if args.Keeps {
		signal.Ignore(syscall.SIGTERM)
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	h := &host{seats: map[uint64]*seat{}, keeps: args.Keeps, end: end}
	h.welcome(ctx, newWire(args.Conn, args.Ring, 1), nil)
	alone := make(chan struct{})
	go func() {
		h.guests.Wait()
		close(alone)
	}()
	select {
	case <-alone:
	case <-ctx.Done():
	}
	if h.keeps {
		<-alone // it must not make another block now
		h.removeBlocks()
	}
	return nil
}

// welcome serves a connection, which has a proxy of an object already if there is
// one.
func (h *host) welcome(ctx context.Context, w *wire, object *uint64) {
	g := &guest{h: h, w: w, kept: map[uint64]int{}, pending: map[uint64]context.CancelFunc{}}
	if object != nil {
		g.kept[*object]++
	}
	if h.in != nil {
		h.present = append(h.present, g)
		return
	}
	h.guests.Go(func() { g.serve(ctx) })
}

// serve answers requests until the guest is gone.
func (g *guest) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	for {
		r, err := recv[managerCall](ctx, g.w)
		if err != nil {
			break
		}
		g.answer(ctx, r)
	}
	cancel()
	g.calls.Wait()
	g.w.close()
	g.h.forget(g)
}

// answer does what a request asks for, in the background if it has to wait.
func (g *guest) answer(ctx context.Context, r managerCall) {
	if g.manages(ctx, &r) {
		return
	}
	p := g.h.seat(r.Object)
	if p == nil {
		g.reply(ctx, managerReply{ID: r.ID, Err: errGoneObject()})
		return
	}
	out, ready, err := p.call(g, &r)
	if ready || err != nil || r.Wait == 0 {
		g.reply(ctx, managerReply{r.ID, ready, out, err})
		return
	}
	waiting, stop := context.WithCancel(ctx)
	if r.Wait > 0 {
		waiting, stop = context.WithTimeout(ctx, r.Wait)
	}
	g.mu.Lock()
	g.pending[r.ID] = stop
	g.mu.Unlock()
	g.calls.Go(func() {
		out, ready, err := p.await(waiting, g, &r)
		g.mu.Lock()
		delete(g.pending, r.ID)
		g.mu.Unlock()
		stop()
		g.reply(ctx, managerReply{r.ID, ready, out, err})
	})
}

// manages does and answers what is not a method of an object, and reports whether
// it was that.
func (g *guest) manages(ctx context.Context, r *managerCall) bool {
	if r.Object != 0 && r.Method != askKeep && r.Method != askDrop && r.Method != askGuest {
		return false
	}
	out, err := g.manage(ctx, r)
	if r.ID != 0 {
		g.reply(ctx, managerReply{r.ID, true, out, err})
	}
	if r.Method == askShutdown {
		g.h.end()
	}
	return true
}

func errGoneObject() error {
	return invalid("", "the object of a proxy is gone: the proxy was closed")
}

// reply sends an answer; one that cannot travel is an error instead.
func (g *guest) reply(ctx context.Context, r managerReply) {
	ctx = patient(ctx)
	if err := send(ctx, g.w, r); err != nil {
		_ = send(ctx, g.w, managerReply{ID: r.ID, Err: invalid("", "the result cannot travel: %v", err)})
	}
}

// manage does what is not a method of an object.
func (g *guest) manage(ctx context.Context, r *managerCall) (out []any, err error) {
	h := g.h
	switch r.Method {
	case askCreate:
		v, err := newHosted(r.Args)
		if err != nil {
			return nil, err
		}
		h.mu.Lock()
		h.last++
		id := h.last
		h.seats[id] = &seat{v: v, changed: make(chan struct{}), refs: 1}
		h.mu.Unlock()
		g.count(id, 1)
		return []any{id}, nil
	case askKeep:
		return nil, h.refer(g, r.Object, 1)
	case askDrop:
		return nil, h.refer(g, r.Object, -1)
	case askGuest:
		w, err := h.guestWire(r.Args)
		if err != nil {
			return nil, err
		}
		return nil, h.admit(ctx, w, r.Object)
	case askCancel:
		g.mu.Lock()
		defer g.mu.Unlock()
		if stop := g.pending[r.Args[0].(uint64)]; stop != nil {
			stop()
		}
	case askBlock:
		name, err := h.makeBlock(ctx, r.Args[0].(int))
		return []any{name}, err
	case askCount:
		h.mu.Lock()
		defer h.mu.Unlock()
		return []any{len(h.seats)}, nil
	}
	return nil, nil
}

// guestArgs are the arguments of askGuest.
func guestArgs(conn *pipe.Conn, ring *ringSegment) []any {
	if ring == nil {
		return []any{conn}
	}
	return []any{conn, ring}
}

// guestWire makes the wire of what came with askGuest.
func (h *host) guestWire(args []any) (*wire, error) {
	if len(args) > 0 {
		conn, ok := args[0].(*pipe.Conn)
		if ok && h.in != nil {
			return &wire{conn: conn, of: emulatedOf(h.in)}, nil
		}
		if ok && len(args) > 1 {
			if ring, ok := args[1].(*ringSegment); ok {
				return newWire(conn, ring, 1), nil
			}
		}
	}
	return nil, fmt.Errorf("process: a manager's guest came without a connection")
}

// admit serves a connection that comes with a proxy of an object.
func (h *host) admit(ctx context.Context, w *wire, object uint64) error {
	if err := h.refer(nil, object, 1); err != nil {
		w.close()
		return err
	}
	h.welcome(ctx, w, &object)
	return nil
}

func (g *guest) count(object uint64, n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.kept[object] += n; g.kept[object] == 0 {
		delete(g.kept, object)
	}
}

// refer changes how many proxies of an object there are, by a guest's if it is
// known.
func (h *host) refer(g *guest, object uint64, n int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.seats[object]
	if p == nil {
		return errGoneObject()
	}
	if g != nil {
		g.count(object, n)
	}
	if p.refs += n; p.refs == 0 {
		delete(h.seats, object)
	}
	return nil
}

func (h *host) seat(object uint64) *seat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[object]
}

// forget drops the proxies of a guest that is gone, and tells the objects.
func (h *host) forget(g *guest) {
	h.mu.Lock()
	for object, n := range g.kept {
		if p := h.seats[object]; p != nil {
			if p.refs -= n; p.refs == 0 {
				delete(h.seats, object)
			}
		}
	}
	var all []*seat
	for _, p := range h.seats {
		all = append(all, p)
	}
	h.mu.Unlock()
	for _, p := range all {
		p.mu.Lock()
		if m, ok := p.v.(mourner); ok {
			m.gone(g)
			p.announce()
		}
		p.mu.Unlock()
	}
}

// call does a method if it need not wait.
func (p *seat) call(g *guest, r *managerCall) (out []any, ready bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, ready, err = p.v.call(g, r.Method, r.Args)
	if ready {
		p.announce()
	}
	return out, ready, err
}

// announce tells those who wait to look again. Called with the lock held.
func (p *seat) announce() {
	if p.waiters > 0 {
		close(p.changed)
		p.changed, p.waiters = make(chan struct{}), 0
	}
}

// await does a method when it can be done.
func (p *seat) await(ctx context.Context, g *guest, r *managerCall) (out []any, ready bool, err error) {
	for {
		p.mu.Lock()
		out, ready, err = p.v.call(g, r.Method, r.Args)
		if ready {
			p.announce()
		}
		changed := p.changed
		p.waiters++
		p.mu.Unlock()
		if ready || err != nil {
			return out, ready, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, false, nil
		}
	}
}
