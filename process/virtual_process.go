package process

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"syscall"

	"github.com/pygil/pygil/internal/exits"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// emulate is launch in a virtual world: the child is an emulated process, with an
// interpreter of its own. Its argument goes through the codec as that of a real one
// does.
func (p *Process) emulate(t thread) (err error) {
	l := &luggage{ctx: t}
	sent := false
	defer func() {
		if !sent {
			l.done(false)
		}
	}()
	argument, err := p.encode(nil, l.options()...)
	if err != nil {
		return err
	}
	c := cargo{target: p.target, argument: argument}
	if p.reply {
		mine, theirs, err := pipe.New(t, pipe.WithMaxMessage(maxArguments))
		if err != nil {
			return fmt.Errorf("process: start: %w", err)
		}
		if c.answer, err = pickle.Marshal(theirs, l.options()...); err != nil {
			return err
		}
		if err := theirs.Close(); err != nil {
			return err
		}
		p.conn = mine
	}
	c.handles = l.handles.All()
	here := emulatedOf(t)
	e := &emulated{world: here.world, handle: p, done: p.done}
	e.relatives.profile = here.profile
	e.parent = &Process{role: parent, name: here.current().Name(), key: p.AuthKey(), stage: started, pid: here.pid(), done: here.done, emulated: here}
	e.child = newChild(p.Name(), func(t thread) { e.live(t, &c) })
	e.child.OnKill(e.die)
	e.child.OnEnd(e.end)
	e.child.OnStart(func(i *interpreter) {
		e.i = i
		e.begin(p.Name(), t)
		i.Annex(func() any { return e })
		i.Main().AfterFunc(c.lose)
		p.mu.Lock()
		e.self.identity, e.self.daemon, e.self.bound, e.self.key = p.identity, p.daemon, p.bound, p.authKey()
		p.pid, p.emulated, p.stage, p.encode = e.pid(), e, started, nil
		p.mu.Unlock()
		here.add(p)
		for _, fn := range l.after { // before the child can look
			fn(true)
		}
		sent = true
	})
	noteUse(p.target.name)
	return startChild(e.child, t)
}

// A cargo is what an emulated process is given.
type cargo struct {
	target   *target
	argument []byte
	answer   []byte // the connection for the result, if somebody waits for it
	handles  []any
}

// lose closes what a process was given that was killed before it had unpacked it: who
// has the other end of a connection learns that nobody has this one.
func (c *cargo) lose() {
	release(c.handles)
	c.handles = nil
}

// live is the life of an emulated process, on its main thread.
func (e *emulated) live(t thread, c *cargo) {
	t.Interpreter().AtExit(e.endChildren)
	l := &luggage{ctx: t}
	for _, h := range c.handles {
		l.handles.Add(h)
	}
	c.handles = nil
	call, err := c.target.load(c.argument, l.options()...)
	var answer *pipe.Conn
	if err == nil && c.answer != nil {
		err = pickle.UnmarshalInto(c.answer, &answer, l.options()...)
	}
	release(l.handles.Rest())
	e.code = 1 // unless it gets to its end
	var ctx context.Context = t
	if !c.target.threaded {
		i := interruptibleOf(t)
		defer i.end(nil)
		ctx, e.interrupt = i, i
	}
	if answer != nil {
		e.reply(ctx, t, answer, call, err)
		return
	}
	if err == nil {
		_, err = call(ctx)
	}
	switch {
	case err == nil:
		e.code = 0
	case interrupted(ctx, err):
	case t.Machine() != nil: // an explorer reports once, not per schedule
		complain(traceback(e.current().Name(), err))
	}
}

// reply runs the function of a Call and sends what it returned. A panic is the
// caller's.
func (e *emulated) reply(ctx context.Context, t thread, answer *pipe.Conn, call func(ctx context.Context) (any, error), err error) {
	var v any
	if err == nil {
		func() {
			defer func() {
				switch x := recover(); {
				case x == nil:
				case unwinding(x):
					panic(x)
				default:
					v, err = nil, &PanicError{Process: e.current().Name(), Value: fmt.Sprint(x), Stack: string(debug.Stack())}
				}
			}()
			v, err = call(ctx)
		}()
	}
	e.code = (&legacy{conn: answer}).answer(t, v, err)
	_ = answer.Close()
}

// endChildren ends the process's children when it ends: managers of shared memory are
// shut down, daemons are terminated, the others joined.
func (e *emulated) endChildren(t thread) {
	e.endKeepers(t)
	for _, p := range e.active() {
		if p.Daemon() {
			_ = p.Terminate()
		}
	}
	for _, daemons := range []bool{true, false} {
		for _, p := range e.active() {
			if p.Daemon() == daemons {
				_ = p.Join(t)
			}
		}
	}
}

// die is what happens at the moment at which the process is killed: from then on it
// is dead for everybody.
func (e *emulated) die() {
	e.dead = true
	e.world.died()
	e.desert()
}

// desert ends the children that end with their parent.
func (e *emulated) desert() {
	for _, p := range e.active() {
		if p.bound && !p.emulated.dead {
			p.emulated.orphan = true
			p.emulated.child.Die()
		}
	}
}

// end is the last thing that the main thread does, also when it was killed.
func (e *emulated) end(t thread) {
	defer e.report(t) // also if it is killed in this very moment
	if !e.dead {
		e.gone.Act(t, opExit)
		e.die()
	}
}

// report tells everybody that the process has ended.
func (e *emulated) report(t thread) {
	if p := e.handle; p != nil {
		code := e.code
		switch {
		case e.orphan:
			code = OrphanCode
		case e.signal == int(syscall.SIGINT):
			code = interruptCode
		case e.signal != 0:
			code = -e.signal
		case e.child.Killed():
			code = -int(syscall.SIGKILL)
		case t.Failure() != nil:
			code = 1
		}
		p.ending(code)
	} else {
		close(e.done)
	}
	e.gone.Changed(t, all)
}

// kill ends an emulated process by a signal.
func (e *emulated) kill(sig syscall.Signal) error {
	t := e.acting()
	if t == nil || e.dead {
		return nil
	}
	e.gone.Act(t, opExit)
	if e.dead {
		return nil
	}
	if sig == syscall.SIGTERM && e.host != nil && e.host.keeps {
		return nil // it ends with its maker
	}
	if sig == syscall.SIGINT {
		switch i := e.interrupt; {
		case e.host != nil:
			return nil // an interrupt is for those who use the manager
		case i == nil: // its end is one that it performs itself: daemons go first
			for _, p := range e.active() {
				if p.Daemon() {
					_ = p.Terminate()
				}
			}
		case i.Err() == nil:
			i.end(ErrInterrupted)
			return nil
		}
	}
	e.signal, e.held = int(sig), nil
	e.child.Kill(t)
	return nil
}

// join waits for the end of an emulated process.
func (e *emulated) join(ctx context.Context, until limit) (ended bool, err error) {
	t := virtual(ctx)
	if t == nil {
		return false, e.foreign()
	}
	ready, err := await(ctx, t, &e.gone, opWait, "join", until, func() bool { return hasClosed(e.done) || e.held != nil })
	switch {
	case err != nil || !ready:
		return false, err
	case hasClosed(e.done):
		return true, nil
	}
	return false, e.held
}

func init() {
	exits.OnHold(func(t, by any, err error) {
		e := emulatedOf(t.(thread))
		e.held = err
		e.gone.Changed(by.(thread), all)
	})
}

// look precedes a look at whether the process has ended.
func (e *emulated) look(ctx context.Context) {
	if t := virtual(ctx); t != nil {
		e.gone.Act(t, opPeek)
	}
}

func (e *emulated) foreign() error {
	return invalid("", "process %s is emulated: only threads of its world can wait for it", e.current().Name())
}

func hasClosed(done chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// release closes handles that nobody owns.
func release(handles []any) {
	for _, handle := range handles {
		if c, ok := handle.(io.Closer); ok {
			_ = c.Close()
		}
	}
}
