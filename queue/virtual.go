package queue

import (
	"context"
	"fmt"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// An emulated is a queue between the emulated processes of a virtual world: what they
// share. Nothing is switched between a Common's turn and the end of an operation, so
// there is no lock. Items are copied through the codec, as between real processes. A
// put takes no time, and what was put is there at once, unless the queue was made
// [WithFeeder].
type emulated struct {
	common    gil.Common
	obj       uint64 // what observers know the queue by
	items     []arrival
	bytes     int    // in items
	room      int    // for bytes, 0 if there are no feeders
	puts      uint32 // the number of the last item put
	taken     int
	done      int // unfinished tasks that were done
	discarded int
	lost      int
	widows    int // processes that ended with tasks
	parties   []*party
	down      bool
}

// A grasp is one process's handle of an emulated queue.
type grasp struct {
	*traits
	*emulated
	of     *gil.Interpreter // the process; nil until one uses it
	closed bool
}

// virtualOf returns the thread behind ctx if its world is virtual.
func virtualOf(ctx context.Context) *gil.Thread {
	if t, ok := gil.Current(ctx); ok && (t.Explored() || t.Machine() != nil) {
		return t
	}
	return nil
}

func makeVirtual(t *gil.Thread, tr *traits, c *config) *grasp {
	e := new(emulated)
	if c.feeder && !tr.Direct {
		e.room = c.ring
	}
	e.common.Init(t, tr.Name)
	if t.Observed() {
		n := observed.Get(t) + 1
		observed.Set(t, n)
		e.obj = 1<<62 | t.Ident()<<24 | uint64(n)
	}
	return &grasp{traits: tr, emulated: e, of: t.Interpreter().Process()}
}

// hand implements backend. The queue itself is what stands for it.
func (g *grasp) hand() ([]any, error) {
	if g.closed {
		return nil, g.errClosed()
	}
	return []any{g.emulated}, nil
}

// grip makes a handle of what hand returned, for the process that it arrives in.
func (e *emulated) grip(hs *pickle.Handles, tr *traits) *grasp {
	g := &grasp{traits: tr, emulated: e}
	if c, ok := hs.Context.(pipe.Carrier); ok {
		if t := virtualOf(c.Context()); t != nil {
			g.of = t.Interpreter().Process()
		}
	}
	return g
}

// enter finds the thread that acts, and checks that the handle is its process's.
func (g *grasp) enter(ctx context.Context) (*gil.Thread, error) {
	t := virtualOf(ctx)
	if t == nil {
		return nil, misuse("%s is between emulated processes: give the *gil.Thread that acts as the context", g.Name)
	}
	switch i := t.Interpreter().Process(); {
	case g.of == nil:
		g.of = i
	case g.of != i:
		return nil, misuse("this handle of %s belongs to process %s and was used by thread %s of %s: give it to the process as an argument",
			g.Name, g.of.Name(), t.Name(), i.Name())
	}
	if g.closed {
		return nil, g.errClosed()
	}
	return t, nil
}

const joiningThread = "join_thread"

// await waits until ready holds; then it is t's turn.
func (g *grasp) await(ctx context.Context, t *gil.Thread, k gil.OpKind, op string, p patience, sorry error, ready func() bool) error {
	closed := func() bool { return g.closed && op != joiningThread }
	free := func() bool { return ready() || closed() || ctx.Err() != nil }
	due := gil.Forever
	switch {
	case p.try:
		due = 0
	case p.limited() && p.limit <= 0:
		due = 0
	case p.limited():
		due = until(t, p.limit)
	}
	ends, err := gil.UntilOf(ctx)
	if err != nil {
		return fmt.Errorf("queue: %s: %w", op, err)
	}
	if ends != gil.Forever && (due == gil.Forever || ends < due) {
		due = max(ends, 0)
	}
	stop, err := onEnd(ctx, t, func() { g.common.Changed(t.Interpreter().Acting(), gil.All) })
	if err != nil {
		return err
	}
	defer stop()
	if t.Observed() && due != 0 {
		if !t.Explored() {
			g.common.Act(t, k)
		}
		if !free() {
			g.tell(t, gil.Event{Kind: gil.EvQueueWait, Why: gil.WhyQueue, B: int64(len(g.items))})
		}
	}
	g.common.Await(t, k, due, free)
	switch {
	case closed():
		return g.errClosed()
	case ready():
		return nil
	case p.try:
		return sorry
	case ctx.Err() == context.Canceled:
		return fmt.Errorf("queue: %s: %w", op, ctx.Err())
	case ends != gil.Forever && ends <= t.Now():
		return &timeoutError{sorry, -1}
	}
	return &timeoutError{sorry, p.limit}
}

// onEnd has wake called, by whichever thread cancels ctx.
func onEnd(ctx context.Context, t *gil.Thread, wake func()) (stop func() bool, err error) {
	none := func() bool { return true }
	if ctx == context.Context(t) {
		return none, nil // it unwinds when it is ended
	}
	if c, ok := ctx.(interface{ AfterFunc(func()) func() bool }); ok {
		return c.AfterFunc(wake), nil
	}
	if done := ctx.Done(); done == nil || done == t.Done() {
		return none, nil
	}
	return nil, misuse("a wait in a virtual world cannot be ended by a %T, whose end is told on another goroutine: use gil.WithCancel or gil.WithTimeout", ctx)
}

func (g *grasp) vacant() bool { return g.Max == 0 || g.count() < g.Max }

func (g *grasp) put(ctx context.Context, m *message, p patience) error {
	t, err := g.enter(ctx)
	if err != nil {
		return err
	}
	if g.Max == 0 {
		g.common.Act(t, gil.OpPut)
	} else if err := g.await(ctx, t, gil.OpPut, "put", p, ErrFull, func() bool { return g.down || g.vacant() }); err != nil {
		return err
	}
	if g.down {
		return ErrShutDown
	}
	g.puts++
	data := append(append(make([]byte, 0, m.size()), m.head...), m.body...)
	a := arrival{data: data, fresh: true, n: g.puts, handles: m.handles}
	m.handles = nil
	if g.room > 0 {
		p := g.party(t)
		g.tell(t, gil.Event{Kind: gil.EvQueuePut, A: int64(g.puts), B: int64(g.count() + 1)})
		p.unsent = append(p.unsent, a)
		g.common.Changed(t, gil.All)
		p.wake(t)
		return nil
	}
	g.items, g.bytes = append(g.items, a), g.bytes+len(data)
	g.tell(t, gil.Event{Kind: gil.EvQueuePut, A: int64(g.puts), B: int64(len(g.items))})
	g.common.Changed(t, 1)
	return nil
}

func (g *grasp) get(ctx context.Context, b *basket, most int, p patience) error {
	t, err := g.enter(ctx)
	if err != nil {
		return err
	}
	if err := g.await(ctx, t, gil.OpGet, "get", p, ErrEmpty, func() bool { return len(g.items) > 0 || g.down && g.waiting() == 0 }); err != nil {
		return err
	}
	n := min(most, len(g.items))
	if n == 0 {
		return ErrShutDown
	}
	b.items = append(b.items, g.items[:n]...)
	g.items = append([]arrival(nil), g.items[n:]...)
	g.taken += n
	g.relieve(t)
	if g.Tasks {
		g.party(t).held += n
	}
	for i, a := range b.items {
		g.bytes -= len(a.data)
		g.tell(t, gil.Event{Kind: gil.EvQueueGet, A: int64(a.n), B: int64(g.count() + n - 1 - i)})
	}
	if g.room > 0 {
		n = gil.All // a feeder may send several
	}
	g.common.Changed(t, n)
	return nil
}

// tell tells the observer of something that t did.
func (g *grasp) tell(t *gil.Thread, e gil.Event) {
	if t.Observed() {
		e.Obj, e.Name = g.obj, g.Name
		t.Emit(e)
	}
}

// look precedes a look at the queue. Outside its world it is only a look.
func (g *grasp) look(ctx context.Context) {
	if t := virtualOf(ctx); t != nil {
		g.common.Act(t, gil.OpPeek)
	}
}

func (g *grasp) size(ctx context.Context) int {
	g.look(ctx)
	return g.count()
}

func (g *grasp) empty(ctx context.Context) (bool, error) {
	if g.closed {
		return false, g.errEmpty()
	}
	g.look(ctx)
	return len(g.items) == 0, nil
}

func (g *grasp) stats(ctx context.Context) Stats {
	g.look(ctx)
	return Stats{Items: g.count(), Unsent: g.waiting(), Lost: g.lost, Discarded: g.discarded}
}

func (g *grasp) left() int { return int(g.puts) - g.done - g.discarded - g.lost }

func (g *grasp) unfinished(ctx context.Context) int {
	g.look(ctx)
	return g.left()
}

func (g *grasp) isDown(ctx context.Context) bool {
	g.look(ctx)
	return g.down
}

func (g *grasp) taskDone(ctx context.Context) error {
	t, err := g.enter(ctx)
	if err != nil {
		return err
	}
	g.common.Act(t, gil.OpSet)
	if g.left() == 0 {
		return errTooOften()
	}
	g.done++
	g.party(t).held--
	g.common.Changed(t, gil.All)
	return nil
}

func (g *grasp) join(ctx context.Context, p patience) error {
	t, err := g.enter(ctx)
	if err != nil {
		return err
	}
	err = g.await(ctx, t, gil.OpWait, "join", p, ErrUnfinished, func() bool { return g.left() == 0 || g.abandoned() > 0 })
	if n := g.abandoned(); err == nil && n > 0 {
		return &AbandonedError{Queue: g.Name, Tasks: n}
	}
	return err
}

func (g *grasp) shutdown(ctx context.Context, atOnce bool) error {
	t, err := g.enter(ctx)
	if err != nil {
		return err
	}
	g.common.Act(t, gil.OpSet)
	g.down = true
	if atOnce {
		g.discarded += g.count()
		lose(g.items)
		g.items, g.bytes = nil, 0
		for _, p := range g.parties {
			lose(p.unsent)
			p.unsent = nil
		}
	}
	g.common.Changed(t, gil.All)
	return nil
}

func (g *grasp) close() error {
	if g.closed {
		return nil
	}
	g.closed = true
	if g.of != nil {
		if t := g.of.Acting(); t != nil {
			g.common.Changed(t, gil.All)
		}
	}
	return nil
}

func (g *grasp) joinThread(ctx context.Context) error {
	if !g.closed {
		return g.errOpen()
	}
	t := virtualOf(ctx)
	if t == nil || g.room == 0 {
		return nil // nothing is left behind
	}
	p := g.party(t)
	return g.await(ctx, t, gil.OpWait, joiningThread, patience{}, nil, func() bool { return len(p.unsent) == 0 })
}

func (g *grasp) cancelJoinThread() {
	if g.of == nil {
		return
	}
	if t := g.of.Acting(); t != nil {
		g.party(g.of.Main()).hurried = true
	}
}
