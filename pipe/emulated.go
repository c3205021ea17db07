package pipe

import (
	"context"
	"io"
	"slices"
	"sync"

	"github.com/pygil/pygil/internal/frame"
)

// A pair is an emulated pipe. Its lock is never held while a thread may be
// switched away.
type pair struct {
	mu    sync.Mutex
	world world
	torn  bool // see WithTornWrites
}

// A line is one direction of a pair: a tube, and the streams that are open at its
// ends. Every use of it is announced as an operation on its state.
type line struct {
	tube
	course
	state landmark
	ends  [2][]*virtualStream // that receive from it, and that send into it
}

// A virtualStream is one copy of one end of an emulated pipe, and belongs to one
// emulated process. Its operations take no time; a thread that waits is woken as
// at any other gate.
type virtualStream struct {
	*pair
	lines  [2]*line // by direction; nil: not in this one
	proc   *emulated
	closed bool // from here on guarded by mu
	held   [2]bool
	fresh  [2]bool // the holder has announced an operation and not performed it
	asleep [2][]*sleeper
}

// openVirtual makes the ends of an emulated pipe when ctx is a thread of a virtual
// world; otherwise both are nil. Unless duplex, a only receives and b only sends.
func openVirtual(ctx context.Context, duplex, torn bool) (a, b stream, err error) {
	t := virtualActor(ctx)
	if t == nil {
		if torn {
			err = invalidf("WithTornWrites shows what Python does, in a virtual world: give a thread of a gil.Machine or of an explored program as the context")
		}
		return nil, nil, err
	}
	p := &pair{world: worldOf(t), torn: torn}
	x, y := &virtualStream{pair: p}, &virtualStream{pair: p}
	connect := func(to, from *virtualStream) {
		l := new(line)
		l.state.init(t)
		to.lines[receiving], from.lines[sending] = l, l
	}
	connect(x, y)
	if duplex {
		connect(y, x)
	}
	for _, s := range []*virtualStream{x, y} {
		s.attach()
		if err := s.bind(t); err != nil {
			return nil, nil, err
		}
	}
	return x, y, nil
}

// attach counts the stream as open; mu is held, or nobody else knows the pair.
func (s *virtualStream) attach() {
	for d, l := range s.lines {
		if l != nil {
			l.ends[d] = append(l.ends[d], s)
			l.refs[d]++
		}
	}
}

// free reports whether somebody who takes direction d can go on; mu is held.
func (s *virtualStream) free(d direction) bool {
	return s.closed || !s.taken(d) && s.lines[d].possible(d, 1)
}

func (s *virtualStream) taken(d direction) bool { return s.held[d] && !(s.torn && d == sending) }

func (s *virtualStream) lock(ctx context.Context, d direction, wait bool) error {
	t, err := s.thread(ctx)
	if err != nil {
		return err
	}
	for {
		// Who would have to wait does so before his operation is announced: a blocked
		// attempt is no step of an exploration.
		if wait {
			if err := s.until(ctx, t, d, func() bool { return s.free(d) }); err != nil {
				return err
			}
		}
		s.lines[d].state.announce(t, d)
		s.mu.Lock()
		closed, taken := s.closed, s.taken(d)
		if !closed && !taken {
			s.held[d], s.fresh[d] = true, true
		}
		s.mu.Unlock()
		switch {
		case closed:
			return ErrClosed
		case !taken:
			return nil
		case !wait:
			return ErrWouldBlock
		}
	}
}

func (s *virtualStream) unlock(ctx context.Context, d direction) {
	s.mu.Lock()
	s.held[d], s.fresh[d] = false, false
	due := s.due(d)
	s.mu.Unlock()
	ringAll(actorOf(ctx), due)
}

// perform does op, an operation of the holder of direction d, as soon as the line
// or the end of the stream allows it.
func (s *virtualStream) perform(ctx context.Context, d direction, wait bool, need int, op func(l *line) error) error {
	t, err := s.thread(ctx)
	if err != nil {
		return err
	}
	l := s.lines[d]
	ready := func() bool { return s.closed || l.possible(d, need) }
	for {
		s.mu.Lock()
		fresh := s.fresh[d]
		s.fresh[d] = false
		s.mu.Unlock()
		if !fresh {
			if wait {
				if err := s.until(ctx, t, d, ready); err != nil {
					return err
				}
			}
			l.state.announce(t, d)
		}
		s.mu.Lock()
		done, due := ready(), []*bell(nil)
		switch {
		case s.closed:
			err = ErrClosed
		case done:
			err = op(l)
			due = l.changed()
		}
		s.mu.Unlock()
		ringAll(t, due)
		if done {
			return err
		}
		if !wait {
			return ErrWouldBlock
		}
	}
}

func (s *virtualStream) read(ctx context.Context, p []byte, wait bool) (n int, err error) {
	err = s.perform(ctx, receiving, wait, 1, func(l *line) error {
		if n = l.get(p); n > 0 {
			return nil
		}
		if l.reset {
			l.reset = false
			return errReset
		}
		return io.EOF
	})
	return n, err
}

func (s *virtualStream) await(ctx context.Context, wait bool) error {
	return s.perform(ctx, receiving, wait, 1, func(*line) error { return nil })
}

func (s *virtualStream) write(ctx context.Context, m *message, wait bool) (err error) {
	if m.handles, err = copies(m.handles); err != nil {
		return err
	}
	defer func() {
		if m.written == 0 {
			release(m.handles)
		}
	}()
	for m.rest() > 0 {
		if m.written > 0 {
			actorOf(ctx).Yield() // CPython's second system call releases the GIL like every one
		}
		size := m.rest()
		if head := frame.HeaderSize(uint64(size)); s.torn && m.written == 0 && size > joined+head {
			size = head // CPython writes the header of a long message alone
		}
		// What fits into an atomic write is written whole or not at all.
		need := 1
		if size <= atomicWrite {
			need = size
		}
		for end := m.written + size; m.written < end; need = 1 {
			err := s.perform(ctx, sending, wait, need, func(l *line) error {
				if l.refs[receiving] == 0 {
					return ErrBrokenPipe
				}
				l.send(m, end-m.written)
				if t := observed(ctx); t != nil && m.rest() == 0 {
					l.tell(t, sending, frame.BodySize(m.size))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// finish leaves the rest of m to the line: readers make it go on.
func (s *virtualStream) finish(ctx context.Context, m *message, done func()) {
	s.mu.Lock()
	l := s.lines[sending]
	if !s.closed && l.refs[receiving] > 0 {
		l.tails = append(l.tails, tail{s, m, done})
	}
	due := l.changed()
	s.mu.Unlock()
	ringAll(actorOf(ctx), due)
}

// changed lets what was begun go on and returns who has to look again; mu is held.
func (l *line) changed() (due []*bell) {
	for _, x := range l.pump() {
		x.done()
		x.of.held[sending] = false
	}
	for d, ends := range l.ends {
		for _, s := range ends {
			due = append(due, s.due(direction(d))...)
		}
	}
	return due
}

func (s *virtualStream) arrived(unread int) ([]any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[receiving]
	return l.arrived(l.read - int64(unread)), nil
}

func (s *virtualStream) carries() bool { return true }

// A grip is a copy of an end on its way to another process.
type grip struct{ s *virtualStream }

func (s *virtualStream) handle() (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	x := &virtualStream{pair: s.pair, lines: s.lines}
	x.attach()
	return grip{x}, nil
}

// Close gives the copy up.
func (g grip) Close() error {
	g.s.shut(g.s.world.acting)
	return nil
}

// copies returns handles of the receiver's own.
func copies(handles []any) (all []any, err error) {
	for _, h := range handles {
		switch x := h.(type) {
		case grip:
			h, err = x.s.handle()
		case io.Closer:
			err = invalidf("a handle of type %T cannot travel over an emulated pipe: it belongs to the live world", h)
		}
		if err != nil {
			release(all)
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// openGrip makes a stream of what handle returned, for the process of the thread
// behind ctx, or for whichever uses it first. It returns nil for other handles.
func openGrip(ctx context.Context, handle any) (s stream, torn bool, err error) {
	g, ok := handle.(grip)
	if !ok {
		return nil, false, nil
	}
	if t := virtualActor(ctx); t != nil {
		err = g.s.bind(t)
	}
	return g.s, g.s.torn, err
}

func (s *virtualStream) fd(bool) uintptr { return noFd }

func (s *virtualStream) closing() {
	if t := s.world.acting(); t != nil {
		for d, l := range s.lines {
			if l != nil {
				l.state.announce(t, direction(d))
			}
		}
	}
}

func (s *virtualStream) close() error {
	s.shut(s.world.acting)
	return nil
}

// shut ends the stream. The thread that acting returns wakes whoever waited for
// that.
func (s *virtualStream) shut(acting func() actor) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	var due []*bell
	var handles []any
	for d, l := range s.lines {
		if l == nil {
			continue
		}
		d := direction(d)
		l.ends[d] = slices.DeleteFunc(l.ends[d], func(x *virtualStream) bool { return x == s })
		l.refs[d]--
		l.drop(s)
		if d == receiving && l.refs[d] == 0 {
			if back := s.lines[sending]; back != nil && l.len() > 0 {
				back.reset = true
			}
			lost, cut := l.drain()
			handles = append(handles, lost...)
			for _, x := range cut {
				x.of.held[sending] = false
			}
		}
		due = append(append(due, s.due(d)...), l.changed()...)
	}
	s.mu.Unlock()
	s.leave()
	if len(due) > 0 {
		ringAll(acting(), due)
	}
	for _, h := range handles {
		if g, ok := h.(grip); ok {
			g.s.shut(acting)
		}
	}
}
