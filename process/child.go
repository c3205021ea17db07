package process

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A legacy is what a child was born with.
type legacy struct {
	conn    *pipe.Conn // its lifeline
	handles unpacked
	release func() // the memory of the argument
}

// stray is set in a process that has the marker of a child and is none. It may be
// that somebody set the variable. It may be that something keeps children from
// their sockets here; then every child would be the program again, and start more.
var stray bool

// inherited is nil in a process that no Start has started.
var inherited = adopted()

// A reply is what Call gets instead of a value.
type reply struct{ Err error }

func init() { pickle.Register[reply]("process.reply") }

// live is the life of a child, from Main to its end: it does not return.
func (b *legacy) live() {
	code, returned := 1, false
	defer func() {
		if !returned { // the target's goroutine exits, by Exit or by runtime.Goexit
			code = requested(1)
		}
		leave(code)
	}()
	code = b.run()
	returned = true
}

// run does what the child was started for and returns its exit code.
func (b *legacy) run() int {
	r, t, argument, failed := b.instructions()
	if failed != "" {
		complain(failed)
		return 1
	}
	b.join(&r)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go watchParent(b.conn, family.parent, r.Bound)
	if !r.Aloof {
		watchInterrupt(cancel, t.threaded)
	}
	opts, rest := b.handles.options()
	call, err := t.load(argument, opts...)
	rest()
	if b.release != nil {
		b.release()
	}
	var v any
	if err == nil {
		v, err = perform(ctx, t, call)
	}
	if r.Reply {
		return b.answer(context.Background(), v, err)
	}
	if err == nil {
		return 0
	}
	if !interrupted(ctx, err) {
		complain(traceback(r.Name, err))
	}
	return 1
}

// instructions reads what the parent wrote. A child that cannot follow it says
// why.
func (b *legacy) instructions() (r record, t *target, argument []byte, failed string) {
	m, err := b.conn.RecvBytes(context.Background())
	if err != nil {
		return r, nil, nil, fmt.Sprintf("process: the parent ended before it said what to do: %v", err)
	}
	if len(m) < headSize {
		return r, nil, nil, "process: the parent's message is cut"
	}
	fixed, m := m[:headSize], m[headSize:]
	if theirs := fixed[len(magic)]; theirs != version {
		return r, nil, nil, fmt.Sprintf("process: this program was not built with the version of package process that started it (%d here, %d in the parent); build it again", version, theirs)
	}
	if theirs, ours := binary.BigEndian.Uint64(fixed[headSize-12:]), fingerprint(); theirs != ours {
		return r, nil, nil, fmt.Sprintf("process: this program is not the one that started it: its registered functions differ (%016x here, %016x in the parent); "+
			"build it again, and call Define in package variables only", ours, theirs)
	}
	size := binary.BigEndian.Uint32(fixed[headSize-4:])
	if uint64(size) > uint64(len(m)) { // an int of 32 bits would be negative
		return r, nil, nil, "process: the parent's message is cut"
	}
	if err := pickle.UnmarshalInto(m[:size], &r); err != nil {
		return r, nil, nil, fmt.Sprintf("process: the parent's message is not understood: %v", err)
	}
	if t = lookup(r.Target); t == nil {
		return r, nil, nil, fmt.Sprintf("process: no function %q is defined here", r.Target)
	}
	argument = m[size:]
	switch r.Place {
	case parked:
		file := b.handles.files[0].(*os.File)
		b.handles.files = b.handles.files[1:]
		if argument, b.release, err = unpark(file); err != nil {
			return r, nil, nil, fmt.Sprintf("process: the argument cannot be read: %v", err)
		}
	case apart:
		if argument, err = b.conn.RecvBytes(context.Background()); err != nil {
			return r, nil, nil, fmt.Sprintf("process: the parent ended before it had sent the argument: %v", err)
		}
	}
	return r, t, argument, ""
}

// join makes the process what the record says.
func (b *legacy) join(r *record) {
	family.mu.Lock()
	defer family.mu.Unlock()
	family.profile, family.aloof, family.bind = r.Profile, r.Aloof, r.Bind
	family.self = &Process{
		role: self, name: r.Name, identity: r.Identity, daemon: r.Daemon, bound: r.Bound, key: r.Key,
		stage: started, pid: os.Getpid(), done: make(chan struct{}),
	}
	up := &Process{role: parent, name: r.ParentName, key: r.Key, stage: started, pid: r.ParentPID, done: make(chan struct{})}
	up.sentinel.p = up
	family.parent = up
}

// answer sends what Call waits for. A caller that has gone needs none.
func (b *legacy) answer(ctx context.Context, v any, err error) int {
	if err == nil {
		if err = b.conn.Send(ctx, v); err == nil {
			return 0
		}
	}
	if err := b.conn.Send(ctx, reply{err}); err != nil {
		return 1
	}
	return 0
}

// traceback is how an error is reported that nobody else gets to see, headed as
// Python heads it.
func traceback(name string, err error) string {
	if p, ok := err.(*PanicError); ok {
		return fmt.Sprintf("Process %s:\npanic: %s\n\n%s", name, p.Value, p.Stack)
	}
	return fmt.Sprintf("Process %s:\n%v", name, err)
}
