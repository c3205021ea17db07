package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A manager of a virtual world is an emulated process. What it holds, what is asked
// for and what is answered are the same as in the live world; the connections are
// emulated pipes, and who waits for a reply does so as the world knows it.

// wiresIn is wires in a virtual world.
func wiresIn(t thread) (mine *wire, its *pipe.Conn, err error) {
	a, b, err := pipe.New(t)
	if err != nil {
		return nil, nil, err
	}
	return &wire{conn: a, of: emulatedOf(t)}, b, nil
}

// belongs returns the thread that acts, of the process whose connection this is.
func (w *wire) belongs(ctx context.Context) (thread, error) {
	t := virtual(ctx)
	switch {
	case w.of == nil && t == nil:
		return nil, nil
	case w.of == nil:
		return nil, invalid("", "this manager belongs to the live world: make it with the thread as the context")
	case t == nil:
		return nil, invalid("", "this manager belongs to a virtual world: give the *gil.Thread that acts as the context")
	}
	if e := emulatedOf(t); e != w.of {
		return nil, invalid("", "this proxy belongs to %s and was used by thread %s of %s: give it to the process as an argument",
			w.of.current().Name(), t.Name(), e.current().Name())
	}
	return t, nil
}

// askIn is what call does in a virtual world, once there is a request. Of the threads
// that wait one receives for all.
func (c *client) askIn(ctx context.Context, t thread, q managerCall) (out []any, ready bool, err error) {
	a := &asker{}
	c.last++
	q.ID = c.last
	c.waiting[q.ID] = a
	if err := c.w.conn.Send(ctx, q); err != nil {
		delete(c.waiting, q.ID)
		if errors.Is(err, pipe.ErrBrokenPipe) || errors.Is(err, pipe.ErrClosed) {
			err = c.lost(err)
		}
		return nil, false, err
	}
	ended := c.awaitIn(ctx, t, q.ID, a)
	switch {
	case a.reply.Err != nil:
		return nil, false, a.reply.Err
	case !a.reply.Ready && ended != nil:
		return nil, false, ended
	}
	return a.reply.Values, a.reply.Ready, nil
}

// awaitIn is await in a virtual world.
func (c *client) awaitIn(ctx context.Context, t thread, id uint64, a *asker) (ended error) {
	for {
		_, err := await(ctx, t, &c.turn, opWait, "Manager", never, func() bool { return a.replied || !c.reading })
		if err == nil && !a.replied {
			err = c.readIn(ctx, t)
		}
		switch {
		case a.replied:
			delete(c.waiting, id)
			return ended
		case err != nil: // ctx has ended: the manager is told, and then answers at once
			ended, ctx = err, patient(t)
			_ = c.w.conn.Send(ctx, managerCall{Method: askCancel, Args: []any{id}})
		}
	}
}

// readIn receives one reply, for whomever it is. Its error is that of a context that
// has ended.
func (c *client) readIn(ctx context.Context, t thread) error {
	c.reading = true
	c.turn.Changed(nil, 0) // nobody else may now
	r, err := pipe.Recv[managerReply](ctx, c.w.conn)
	c.turn.Act(t, opNotify)
	c.reading = false
	defer c.turn.Changed(nil, all)
	switch a := c.waiting[r.ID]; {
	case err != nil && (errors.Is(err, io.EOF) || errors.Is(err, pipe.ErrClosed)):
		c.fail(err)
	case err != nil && errors.Is(err, pipe.ErrTimeout):
		return &expired{"Manager"}
	case err != nil && over(ctx, "Manager") != nil:
		return over(ctx, "Manager")
	case err != nil:
		c.fail(err)
	case a == nil:
	case a.then != nil:
		delete(c.waiting, r.ID)
		a.then()
	default:
		a.reply, a.replied = r, true
	}
	return nil
}

// arrivingIn makes a proxy that came to a process of a virtual world. If that has a
// connection to the manager already, the one that came keeps the object until the
// manager has answered that that one does; nobody waits for the answer here.
func (v proxyPassing) arrivingIn(h *pickle.Handles, kind string) (*proxy, error) {
	t := carried(h)
	if t == nil {
		return nil, fmt.Errorf("process: a %s of a virtual world arrived outside it", kind)
	}
	e := emulatedOf(t)
	w := &wire{conn: v.Conn, of: e}
	c := adopt(v.Manager, w)
	if c.w != w && e.host == nil { // the manager does not talk to itself
		c.join()
		c.last++
		c.waiting[c.last] = &asker{then: func() {
			w.close()
			c.leave()
		}}
		if err := c.w.conn.Send(t, managerCall{ID: c.last, Object: v.Object, Method: askKeep}); err != nil {
			return nil, c.lost(err)
		}
	}
	return newProxy(c, v.Object, kind), nil
}

// carried is the thread that sends or receives the message, nil outside virtual
// worlds.
func carried(h *pickle.Handles) thread {
	if c, ok := h.Context.(interface{ Context() context.Context }); ok {
		return virtual(c.Context())
	}
	return nil
}

// A petition is a request that could not be answered at once.
type petition struct {
	from   *guest
	r      managerCall
	due    time.Duration
	cancel bool
}

// emulate serves everybody, on the one thread that a manager has in a virtual world:
// what has to wait is looked at again whenever something was done.
func (h *host) emulate(t thread, args managerArgs) error {
	e := emulatedOf(t)
	h.id, h.in, e.host = args.ID, t, h
	defer h.removeBlocks() // which one that was killed does in vain
	h.welcome(t, &wire{conn: args.Conn, of: e}, nil)
	for len(h.present) > 0 && !h.over {
		ready, err := h.listen(t)
		if err != nil {
			return err
		}
		for _, g := range slices.Clone(h.present) {
			if slices.Contains(ready, pipe.Waitable(g.w.conn)) {
				h.serveIn(t, g)
			}
		}
		h.grant(t)
	}
	return nil
}

// listen waits until somebody asks or leaves, or the time of a petition is over.
func (h *host) listen(t thread) ([]pipe.Waitable, error) {
	conns := make([]pipe.Waitable, len(h.present))
	for i, g := range h.present {
		conns[i] = g.w.conn
	}
	due := never.due
	for _, p := range h.petitions {
		if p.due >= 0 && (due < 0 || p.due < due) {
			due = p.due
		}
	}
	if due < 0 {
		return pipe.Wait(t, conns...)
	}
	return pipe.WaitTimeout(t, max(due-t.Now(), 0), conns...)
}

// serveIn takes one request of a guest, or notes that it has gone.
func (h *host) serveIn(t thread, g *guest) {
	r, err := pipe.Recv[managerCall](t, g.w.conn)
	if err != nil {
		g.w.close()
		h.present = slices.DeleteFunc(h.present, func(x *guest) bool { return x == g })
		h.petitions = slices.DeleteFunc(h.petitions, func(p *petition) bool { return p.from == g })
		h.forget(g)
		return
	}
	p := &petition{from: g, r: r, due: never.due}
	switch {
	case g.manages(t, &p.r):
		return
	case r.Wait >= 0:
		p.due = t.Now() + r.Wait
	}
	if !h.attempt(t, p) {
		g.pending[r.ID] = func() { p.cancel = true }
		h.petitions = append(h.petitions, p)
	}
}

// attempt does what is asked for if it need not wait any longer.
func (h *host) attempt(t thread, p *petition) (done bool) {
	s := h.seat(p.r.Object)
	if s == nil {
		p.from.reply(t, managerReply{ID: p.r.ID, Err: errGoneObject()})
		return true
	}
	out, ready, err := s.call(p.from, &p.r)
	if !ready && err == nil && !p.cancel && (p.due < 0 || p.due > t.Now()) {
		return false
	}
	p.from.reply(t, managerReply{p.r.ID, ready, out, err})
	return true
}

// grant answers the petitions that can be, the oldest first.
func (h *host) grant(t thread) {
	for again := true; again; {
		again = false
		for i, p := range h.petitions {
			if h.attempt(t, p) {
				delete(p.from.pending, p.r.ID)
				h.petitions = slices.Delete(h.petitions, i, i+1)
				again = true
				break
			}
		}
	}
}
