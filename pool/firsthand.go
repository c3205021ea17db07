package pool

import (
	"context"
	"runtime"
	"time"

	"github.com/pygil/pygil/internal/blocking"
)

// Who waits for the one task that a worker has reads the answer himself: the other way,
// from who attends to the worker to him, leads over the scheduler and often over another
// thread, which takes as long as the answer's own way.
//
// One at a time reads a worker's connection: whoever has its turn. It is with who attends
// to the worker, until a task has been answered that somebody waited for. From then on he
// stands by, in expectation of more of these, until nobody has read for a patrol's time,
// or he is called, because somebody is to be told of an answer and does not read it.

// patrol is how often who stands by looks whether he is needed. An answer that nobody
// is told of, and a worker's death, may be found as late as that.
const patrol = 500 * time.Microsecond

// A reading is what a caller that reads can be interrupted by.
type reading struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// A guest is the context of a caller that reads for a fleet. Callbacks are not his to
// call: he would wait for them.
type guest struct {
	context.Context
	f *fleet
}

// serve reads one message and takes it. It reports false at the end of the worker.
func (m *member) serve(ctx context.Context) bool {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	if m.spoiled {
		return false
	}
	b, err := m.hear(ctx)
	return err == nil && m.answers(ctx, b)
}

// standBy returns when who attends to the worker is to read again.
func (m *member) standBy() {
	if !m.awaited {
		return
	}
	defer m.standing.Store(false)
	timer := time.NewTimer(patrol)
	defer timer.Stop()
	for {
		before := m.helped.Load()
		select {
		case <-m.calls:
			return
		case <-timer.C:
			if m.helped.Load() == before {
				return
			}
			timer.Reset(patrol)
		}
	}
}

// call ends standing by.
func (m *member) call() {
	select {
	case m.calls <- struct{}{}:
	default: // he has been called
	}
}

// help reads the answer to the task of s, if its worker has no other and nobody reads.
// It returns when the future has ended, or when it is to be waited for in another way.
func (s *state) help(ctx context.Context) {
	m := s.worker.Load()
	if m == nil || !m.standing.Load() || s.first != nil {
		return
	}
	blocking.Do(ctx, "pool.result", func() { m.help(ctx, s) })
}

func (m *member) help(ctx context.Context, s *state) {
	if !m.tryTurn() {
		return
	}
	defer func() {
		<-m.turn
		if m.owes() {
			m.call()
		}
	}()
	m.helped.Add(1)
	w := newWaiter(context.Background())
	w.reader = true
	if !m.hasOnly(s) || !s.enlist(w) {
		return
	}
	defer s.dismiss(w)
	if m.open == nil || m.open.ctx.Err() != nil {
		m.open = new(reading)
		m.open.ctx, m.open.cancel = context.WithCancel(context.Background())
	}
	w.reads.Store(m.open) // whoever ends the future from here on ends this
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, m.open.cancel)()
	}
	for !s.isOver() {
		b, err := m.conn.RecvBytes(m.open.ctx)
		if err != nil {
			m.call()
			return
		}
		w.reads.Store(nil) // not for what this does
		if !m.answers(guest{context.Background(), m.f}, b) {
			m.spoiled = true
			m.call()
			return
		}
		if s.isOver() || !m.hasOnly(s) {
			return
		}
		w.reads.Store(m.open)
	}
}

// hurry has the answer read by who attends to the worker: there is somebody who is told of
// it and does not read.
func (s *state) hurry() {
	if m := s.worker.Load(); m != nil && m.standing.Load() {
		m.call()
	}
}

// tryTurn takes the turn, if it is free in a moment: who has just told of the last answer
// is about to give it up.
func (m *member) tryTurn() bool {
	for range 50 {
		select {
		case m.turn <- struct{}{}:
			return true
		default:
			runtime.Gosched()
		}
	}
	return false
}

// hasOnly reports whether the task of s is all that the worker has to do.
func (m *member) hasOnly(s *state) bool {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.answered+1 == len(m.batch) && m.batch[m.answered].future() == s
}

// owes reports whether the worker has something to answer.
func (m *member) owes() bool {
	m.f.mu.Lock()
	defer m.f.mu.Unlock()
	return m.answered < len(m.batch)
}
