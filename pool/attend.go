package pool

import (
	"context"
	"io"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
)

// attend reads what a worker answers until it ends, and sees to what it leaves behind.
func (m *member) attend(ctx context.Context) {
	for m.post.standBy() {
		b, err := m.hear(ctx)
		if err != nil || !m.answers(ctx, b) {
			break
		}
	}
	m.bury(ctx)
}

// hear receives a message. A real worker's end of the connection is closed when it dies;
// an emulated one may die before it has that end.
func (m *member) hear(ctx context.Context) ([]byte, error) {
	if virtual(ctx) != nil {
		ready, err := pipe.Wait(ctx, m.conn, m.p.Sentinel())
		if err != nil {
			return nil, err
		}
		if ready[0] != pipe.Waitable(m.conn) {
			return nil, io.EOF
		}
	}
	return m.conn.RecvBytes(ctx)
}

// answers takes a message of the worker's. It reports false if it is not understood,
// or when the worker has nothing more to say.
func (m *member) answers(ctx context.Context, b []byte) bool {
	count, b, err := cutNumber(b)
	if err != nil || len(b) == 0 {
		return false
	}
	if count == 0 {
		return m.notice(ctx, b)
	}
	count--
	last := b[0] == 1
	busy, b, err := cutNumber(b[1:])
	if err != nil {
		return false
	}
	f := m.f
	f.lock(ctx, gil.OpGet)
	if count > uint64(len(m.batch)-m.answered) {
		f.unlock()
		return false
	}
	jobs := m.batch[m.answered : m.answered+int(count)]
	if m.claims != nil && count == 1 && len(m.batch) == 1 && jobs[0].awaited() {
		m.post.retire() // from now on he who waits next may read
	}
	m.answered += int(count)
	m.done += int(count)
	f.running -= int(count)
	if last {
		if n := len(m.batch); n > 0 && n == m.answered {
			f.learn(time.Duration(busy) / time.Duration(n))
		}
		if m.limit != nil && !m.leaving {
			m.limit.Stop()
			m.limit = nil
		}
		m.batch, m.answered = nil, 0
		if m.verdict == nil { // otherwise it has been killed
			m.rest()
		}
	}
	var next job
	if m.answered < len(m.batch) {
		next = m.batch[m.answered]
	}
	f.unlock()
	if m.lane != nil {
		m.narrate(jobs, next, b)
	}
	if last {
		f.dispatch(ctx) // the worker goes on while the answers are decoded
	}
	failed := 0
	for _, j := range jobs {
		var one []byte
		if one, b, err = cutBytes(b); err != nil {
			j.fail(ctx, errCut)
		} else {
			j.settle(ctx, one)
		}
		if j.head().failed {
			failed++
		}
		f.free(ctx, j)
	}
	f.mu.Lock()
	f.counts.Completed += len(jobs)
	f.counts.Failed += failed
	f.unlock()
	return err == nil
}

// narrate tells an observer of the jobs that were answered, and of the one that the worker
// has come to.
func (m *member) narrate(jobs []job, next job, answers []byte) {
	for _, j := range jobs {
		one, rest, err := cutBytes(answers)
		answers = rest
		if m.lane.began != j {
			m.lane.begin(j)
		}
		m.lane.end(j, err != nil || len(one) == 0 || status(one[0]) != good)
	}
	if m.lane.began = next; next != nil {
		m.lane.begin(next)
	}
}

// learn estimates how long a job takes, rather too long. The lock is held.
func (f *fleet) learn(took time.Duration) {
	took = max(took, 1)
	if f.quick == 0 || took > f.quick {
		f.quick = took
		return
	}
	f.quick = (3*f.quick + took) / 4
}

// notice takes the first message: the worker is ready, or its initializer has failed.
func (m *member) notice(ctx context.Context, b []byte) bool {
	f := m.f
	if status(b[0]) == good {
		f.mu.Lock()
		m.ready, f.still = true, 0
		var first job // it was given before the worker was ready
		if len(m.batch) > 0 {
			first = m.batch[0]
			m.bound()
		}
		f.unlock()
		if first != nil {
			m.boundVirtual(ctx, first)
		}
		return true
	}
	err := error(errCut)
	if len(b) > 1 {
		err = decodeFailure(b)
	}
	f.ruin(ctx, &BrokenError{Kind: f.kind, Initializer: true, Cause: err})
	return false
}

// bury waits for the end of a worker, settles what it was doing, gives back what it
// had not begun, and sees to it that another one is started if it is missing.
func (m *member) bury(ctx context.Context) {
	f := m.f
	f.mu.Lock()
	wanted := m.leaving
	f.unlock()
	_ = m.conn.Close()
	if !wanted {
		if ended, _ := m.p.JoinTimeout(ctx, mercy); !ended {
			_ = m.p.Kill() // it has closed its connection, and lives
		}
	}
	_ = m.p.Join(ctx)
	death := &WorkerError{Worker: m.name, PID: m.p.PID(), LastWords: m.lastWords()}
	death.Code, _ = m.p.ExitCode()

	f.lock(ctx, gil.OpClear)
	m.dead = true // from here on nobody gives it jobs
	// Ctrl-C, which is none of a worker's business, came before it could say so.
	startled := !m.ready && !m.leaving && m.verdict == nil && death.Code == -int(syscall.SIGINT)
	for _, timer := range []*time.Timer{m.limit, m.mercy} {
		if timer != nil {
			timer.Stop()
		}
	}
	f.members, f.parting, f.idle = without(f.members, m), without(f.parting, m), without(f.idle, m)
	begun := len(m.batch)
	if m.claims != nil {
		begun = int(min(taken, atomic.LoadInt64(m.claims.Pointer())))
	}
	for i, j := range m.batch {
		if j == m.victim { // it may not have begun, and shall not
			begun = max(begun, i+1)
		}
	}
	if startled {
		begun = 0
	}
	f.giveBack(m, max(begun, m.answered))
	lost := m.batch[m.answered:]
	m.batch, m.answered = nil, 0
	f.running -= len(lost)
	died := !m.leaving && m.verdict == nil && !startled
	if died && !m.ready {
		f.still++
	}
	lane := m.lane
	var cut job // of which an observer thinks that it runs
	if lane != nil {
		cut, lane.began = lane.began, nil
		f.unused = append(f.unused, lane)
	}
	hopeless := f.still >= stillborn
	over := f.over
	if over == nil && (died || startled || m.verdict != nil) {
		f.counts.Replaced++
	}
	f.unlock()
	if cut != nil {
		lane.end(cut, true)
	}
	if m.claims != nil {
		_ = m.claims.Close()
	}
	_ = m.p.Close()

	saved := f.mourn(ctx, lost, death, m)
	switch {
	case over != nil:
		f.ruin(ctx, over) // also what it had not begun
	case died && (hopeless || f.breaks && (!saved || len(lost) == 0)):
		f.ruin(ctx, &BrokenError{Kind: f.kind, Cause: death})
	}
	f.dispatch(ctx)
	if !f.breaks {
		f.fill(ctx)
	}
	f.forget()
}

// mourn settles the jobs that a worker had begun and not answered when it ended. It
// reports whether all of them will be done again.
func (f *fleet) mourn(ctx context.Context, lost []job, death *WorkerError, m *member) (saved bool) {
	saved = true
	for _, j := range lost {
		h := j.head()
		f.mu.Lock()
		over := f.over
		again := over == nil && j != m.victim && h.retries > 0
		if again {
			h.retries--
			f.counts.Retried++
			f.again(j)
		} else {
			f.counts.Completed++
			f.counts.Failed++
		}
		f.unlock()
		if again {
			continue
		}
		saved = false
		mine := *death
		mine.Task, mine.Number = h.name, h.number
		err := error(&mine)
		switch {
		case j == m.victim:
			err = m.verdict
		case over != nil && !forced(over):
			err = own(over)
		case f.breaks && m.victim == nil:
			err = &BrokenError{Kind: f.kind, Cause: err}
		}
		j.fail(ctx, err)
		f.free(ctx, j)
	}
	return saved
}

// lastWords waits until all that the worker wrote to stderr has been heard, unless
// somebody else holds its stderr open, or nobody reads what is passed on.
func (m *member) lastWords() string {
	if m.ear == nil {
		return ""
	}
	timer := time.NewTimer(deafAfter)
	defer timer.Stop()
	select {
	case <-m.ear.done:
		return m.ear.words()
	case <-timer.C:
	}
	_ = m.ear.r.Close()
	timer.Reset(deafAfter)
	select {
	case <-m.ear.done:
	case <-timer.C:
	}
	return m.ear.words()
}

// deafAfter is how long the stderr of a worker that has ended is listened to: a child
// of its own may have it too.
const deafAfter = 500 * time.Millisecond
