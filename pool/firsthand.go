package pool

import (
	"context"

	"github.com/pygil/pygil/internal/blocking"
)

// Who waits for the one task that a worker has reads the answer himself: the other way,
// from who attends to the worker to him, leads over the scheduler and often over another
// thread, which takes as long as the answer's own way. See post for who reads when.

// help reads the answer to the task of s, if its worker has no other and nobody reads.
// It returns when the future has ended, or when it is to be waited for in another way.
func (s *state) help(ctx context.Context) {
	if m := s.worker.Load(); m != nil && !s.isFollowed() && !m.post.isAttended() {
		blocking.Do(ctx, "pool.result", func() { m.help(ctx, s) })
	}
}

func (m *member) help(ctx context.Context, s *state) {
	if !m.post.take() {
		return
	}
	broken := false // it is the attendant's then, who finds out what there is
	defer func() { m.post.give(broken || m.owes()) }()
	w := newWaiter(context.Background())
	w.reader = true
	if !m.hasOnly(s) || !s.enlist(w) {
		return
	}
	defer s.dismiss(w)
	r, done := m.post.reading(ctx)
	defer done()
	w.reads.Store(r) // whoever ends the future from here on ends this
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, r.cancel)()
	}
	for !s.isOver() {
		b, err := m.conn.RecvBytes(r.ctx)
		if err != nil {
			broken = true
			return
		}
		w.reads.Store(nil) // not for what this does
		if !m.answers(hearer{context.Background(), m}, b) {
			m.post.spoil()
			return
		}
		if s.isOver() || !m.hasOnly(s) {
			return
		}
		w.reads.Store(r)
	}
}

// hurry has the answer read by who attends to the worker: there is somebody who is told of
// it and does not read.
func (s *state) hurry() {
	if m := s.worker.Load(); m != nil {
		m.post.call()
	}
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
