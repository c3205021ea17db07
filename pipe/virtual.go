package pipe

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// This file is all that emulated pipes know of package gil.

// An actor is the thread that performs an operation.
type actor = *gil.Thread

// actorOf returns the thread behind ctx, nil when there is none.
func actorOf(ctx context.Context) actor {
	t, _ := gil.Current(ctx)
	return t
}

// virtualActor returns the thread behind ctx if its world is virtual.
func virtualActor(ctx context.Context) actor {
	if t := actorOf(ctx); t != nil && (t.Explored() || t.Machine() != nil) {
		return t
	}
	return nil
}

// observed returns the thread behind ctx if its world has an observer.
func observed(ctx context.Context) actor {
	if !gil.Observing() {
		return nil
	}
	if t := actorOf(ctx); t != nil && t.Observed() {
		return t
	}
	return nil
}

func emitMoved(t actor, d direction, obj uint64, n int64, bytes int) {
	k := gil.EvPipeSend
	if d == receiving {
		k = gil.EvPipeRecv
	}
	t.Emit(gil.Event{Kind: k, Obj: obj, A: n, B: int64(bytes)})
}

func emitCorrupt(t actor, obj uint64, err error) {
	t.Emit(gil.Event{Kind: gil.EvCorrupt, Obj: obj, Name: err.Error()})
}

// emitPickling frames the encoding or decoding of a message.
func emitPickling(t actor) (done func(bytes int)) {
	t.Emit(gil.Event{Kind: gil.EvPickleBegin})
	return func(bytes int) { t.Emit(gil.Event{Kind: gil.EvPickleEnd, B: int64(bytes)}) }
}

// misuse is an error in how the program is built.
func misuse(format string, args ...any) error {
	return &gil.RuntimeError{Text: "pipe: " + fmt.Sprintf(format, args...)}
}

// thread returns the thread that acts, and checks that the stream is its
// process's.
func (s *virtualStream) thread(ctx context.Context) (actor, error) {
	t := actorOf(ctx)
	if t == nil {
		return nil, errNoActor
	}
	return t, s.bind(t)
}

var errNoActor = misuse("this Conn is an emulated pipe: give the *gil.Thread that acts as the context")

// order returns when no thread of another process comes before t any more: a line
// is seen from several processes, which no GIL orders. To get there t looks
// whether it was asked for the GIL, as Python does when it enters send or recv.
func order(t actor) {
	if t.Machine() == nil {
		return
	}
	for at := time.Duration(-1); at != t.Now(); {
		at = t.Now()
		t.Compute(0)
	}
}

// A landmark is what the operations on a line are announced by.
type landmark struct{ gate gil.Gate }

func (l *landmark) init(t actor) { l.gate.Init(t, 0, "a pipe") }

// announce tells the explorer what t is about to do. On a Machine it returns when
// it is t's turn.
func (l *landmark) announce(t actor, d direction) {
	order(t)
	l.gate.Peek(t, kindOf(d))
}

func kindOf(d direction) gil.OpKind {
	if d == sending {
		return gil.OpSend
	}
	return gil.OpRecv
}

// A bell wakes one thread.
type bell struct {
	gate gil.Gate
	rung atomic.Bool
}

// ring wakes the thread; ringing again before it looked does nothing more.
func (b *bell) ring(t actor) {
	if !b.rung.Swap(true) {
		b.gate.OpenUpTo(t, gil.OpNotify, 1, 1)
	}
}

// ringAll is ring for several. Without a thread nobody is left to wake. What
// happened to the line has happened also if t is killed here: what it leaves undone
// is for the end of its process.
func ringAll(t actor, bells []*bell) {
	if t == nil || len(bells) == 0 {
		return
	}
	defer func() {
		if len(bells) > 0 {
			processes.Lock()
			defer processes.Unlock()
			if p := processes.all[t.Interpreter().Main()]; p != nil {
				p.owed = append(p.owed, bells...)
			}
		}
	}()
	for ; len(bells) > 0; bells = bells[1:] {
		bells[0].ring(t)
	}
}

// A sleeper waits at a direction of a stream until it is worth another look.
type sleeper struct {
	*bell
	s     *virtualStream
	d     direction
	ready func() bool // called with the pair's lock held
}

// due returns the bells of who waits for what is the case now; mu is held.
func (s *virtualStream) due(d direction) (bells []*bell) {
	for _, w := range s.asleep[d] {
		if !w.rung.Load() && w.ready() {
			bells = append(bells, w.bell)
		}
	}
	return bells
}

// until waits, with t's GIL given up, until ready holds; it is called with mu held.
func (s *virtualStream) until(ctx context.Context, t actor, d direction, ready func() bool) error {
	return park(ctx, t, d, d.op(), []*sleeper{{s: s, d: d, ready: ready}}, nil)
}

// park waits until one of the sleepers or notifiers is ready.
func park(ctx context.Context, t actor, d direction, op string, sleepers []*sleeper, notes []Notifier) error {
	look := func() bool {
		return slices.ContainsFunc(sleepers, func(w *sleeper) bool {
			w.s.mu.Lock()
			defer w.s.mu.Unlock()
			return w.ready()
		}) || slices.ContainsFunc(notes, Notifier.Ready)
	}
	order(t)
	if look() {
		return nil
	}
	due, err := deadline(ctx)
	if err != nil {
		return fmt.Errorf("pipe: %s: %w", op, err)
	}
	b := new(bell)
	b.gate.Init(t, 0, "a pipe to "+op)
	wake := func() {
		if t := worldOf(t).acting(); t != nil {
			ringAll(t, []*bell{b})
		}
	}
	stop, err := onEnd(ctx, t, func() {
		if ctx.Err() != context.DeadlineExceeded { // nobody acts when a time is over: due is for that
			wake()
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	for _, n := range notes {
		defer n.Notify(wake)()
	}
	for _, w := range sleepers {
		w.bell = b
		defer w.lieDown()()
	}
	for {
		if ctx.Err() != nil {
			return ended(ctx, op)
		}
		if due != gil.Forever && due <= t.Now() || b.gate.Pass(t, kindOf(d), due) == gil.TimedOut {
			return &expired{op}
		}
		b.rung.Store(false)
		if order(t); look() {
			return nil
		}
	}
}

// lieDown puts a sleeper on the list of its direction; the returned function takes
// it off.
func (w *sleeper) lieDown() (getUp func()) {
	list := &w.s.asleep[w.d]
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	*list = append(*list, w)
	return func() {
		w.s.mu.Lock()
		defer w.s.mu.Unlock()
		*list = slices.DeleteFunc(*list, func(x *sleeper) bool { return x == w })
	}
}

// limited is a context with a limit on the clock of a virtual world. Whoever waits
// with it asks for that; the context itself does not end.
type limited struct {
	context.Context
	due time.Duration
}

type limitKey struct{}

func (l limited) Value(key any) any {
	if key == (limitKey{}) {
		return l.due
	}
	return l.Context.Value(key)
}

// limit is context.WithTimeout on the clock of t's world.
func limit(ctx context.Context, t actor, d time.Duration) context.Context {
	due := t.Now() + d
	if old, ok := ctx.Value(limitKey{}).(time.Duration); ok {
		due = min(due, old)
	}
	if due < 0 {
		return ctx // for ever
	}
	return limited{ctx, due}
}

func (s *virtualStream) timeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if t := actorOf(ctx); t != nil {
		ctx = limit(ctx, t, d)
	}
	return ctx, func() {}
}

// deadline is when ctx ends on the clock of its world.
func deadline(ctx context.Context) (time.Duration, error) {
	due, err := gil.UntilOf(ctx)
	if l, ok := ctx.Value(limitKey{}).(time.Duration); ok && (due == gil.Forever || l < due) {
		due = l
	}
	return due, err
}

// onEnd has wake called, by whichever thread cancels ctx.
func onEnd(ctx context.Context, t actor, wake func()) (stop func() bool, err error) {
	for l, ok := ctx.(limited); ok; l, ok = ctx.(limited) {
		ctx = l.Context
	}
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

// A world finds its running thread for operations that are given none.
type world struct{ i *gil.Interpreter }

func worldOf(t actor) world { return world{t.Interpreter()} }

// acting returns the thread that runs, nil when the world has ended.
func (w world) acting() actor { return w.i.Acting() }

// An emulated is a process with the streams that it has open.
type emulated struct {
	main    actor
	name    string
	ended   bool // guarded by processes
	streams []*virtualStream
	owed    []*bell // that its threads were killed over
}

// processes are the emulated processes that have streams, by their main threads.
var processes = struct {
	sync.Mutex
	all map[actor]*emulated
}{all: map[actor]*emulated{}}

// bind makes the stream t's process's if it is nobody's yet, and checks that it is
// otherwise.
func (s *virtualStream) bind(t actor) error {
	i := t.Interpreter()
	processes.Lock()
	defer processes.Unlock()
	if p := s.proc; p != nil {
		switch {
		case p.ended:
			return misuse("this Conn was closed when its process %s ended and was used by thread %s: make one per run", p.name, t.Name())
		case p.main != i.Main():
			return misuse("this Conn belongs to process %s and was used by thread %s of %s: send it there over another Conn, or give it to the process as an argument",
				p.name, t.Name(), i.Name())
		}
		return nil
	}
	p := processes.all[i.Main()]
	if p == nil {
		p = &emulated{main: i.Main(), name: i.Name()}
		processes.all[p.main] = p
		p.main.AfterFunc(p.end)
	}
	s.proc, p.streams = p, append(p.streams, s)
	return nil
}

// end closes what the process has open, in the order in which it got it. It runs
// on its main thread, after all others.
func (p *emulated) end() {
	processes.Lock()
	p.ended = true
	delete(processes.all, p.main)
	streams, owed := p.streams, p.owed
	processes.Unlock()
	for _, b := range owed {
		b.rung.Store(true)
		b.gate.OpenUpTo(p.main, gil.OpNotify, 1, 1)
	}
	for _, s := range streams {
		s.shut(func() actor { return p.main })
	}
}

// leave takes a stream that was closed off the list of its process.
func (s *virtualStream) leave() {
	processes.Lock()
	defer processes.Unlock()
	if p := s.proc; p != nil && !p.ended {
		p.streams = slices.DeleteFunc(p.streams, func(x *virtualStream) bool { return x == s })
	}
}

// virtualWait reports whether a Wait is one of a virtual world: its first Conn is
// of one, or there is no Conn and the thread is.
func virtualWait(ctx context.Context, items []Waitable) (t actor, yes bool) {
	for _, item := range items {
		if c, ok := item.(*Conn); ok && c != nil {
			_, yes = c.s.(*virtualStream)
			return actorOf(ctx), yes
		}
	}
	t = virtualActor(ctx)
	return t, t != nil
}

// waitVirtual waits as waitFor does.
func waitVirtual(ctx context.Context, t actor, entries []entry, block bool) ([]Waitable, error) {
	if t == nil {
		return nil, errNoActor
	}
	var sleepers []*sleeper
	var notes []Notifier
	for i, e := range entries {
		if e.note != nil {
			notes = append(notes, e.note)
			continue
		}
		s, ok := (*virtualStream)(nil), false
		if e.conn != nil {
			s, ok = e.conn.s.(*virtualStream)
		}
		if !ok {
			return nil, misuse("item %d of Wait is of the live world: a thread of a virtual one cannot wait for it", i)
		}
		if err := s.bind(t); err != nil {
			return nil, err
		}
		sleepers = append(sleepers, &sleeper{s: s, d: receiving, ready: func() bool { return s.free(receiving) }})
	}
	for {
		if block {
			if err := park(ctx, t, receiving, "wait", sleepers, notes); err != nil {
				return nil, err
			}
		}
		ready, err := collect(ctx, entries)
		if err != nil || len(ready) > 0 || !block {
			return ready, err
		}
	}
}
