package pool

import (
	"context"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// A member is a worker process as its fleet sees it. Its fields are under the fleet's
// lock, but for those that only who attends it uses, or who assigns it jobs: that is
// one at a time, since jobs are assigned to idle workers.
type member struct {
	f      *fleet
	name   string
	p      *process.Process
	conn   *pipe.Conn
	claims *process.RawValue[int64] // nil in a virtual world
	ear    *listener

	batch    []job // in the order in which they were sent
	answered int   // how many of them
	spare    []job // memory for the next batch
	sent     time.Time
	done     int
	ready    bool
	leaving  bool   // it has been told to go
	verdict  error  // why it was killed
	victim   job    // whose error that is; nil for all
	handed   []job  // jobs that are on their way into the batch
	doomed   func() // ends one of these, whose end was wanted meanwhile
	dead     bool
	limit    *time.Timer // of the job that it runs
	mercy    *time.Timer // until it is killed
	buf      []byte

	post   post // who reads its answers
	herald herald

	lane     *lane // for an observer of a live world
	numbered bool  // jobs are sent with their numbers, for an observer
}

// newMember starts a worker process.
func newMember(ctx context.Context, f *fleet, name string) (*member, error) {
	mine, theirs, err := pipe.New(ctx)
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	m := &member{f: f, name: name, conn: mine, post: newPost()}
	a := assignment{Conn: theirs}
	if t := virtual(ctx); t == nil {
		if m.claims, err = process.NewRawValue[int64](ctx, 0); err != nil {
			_ = mine.Close()
			return nil, err
		}
		a.Claims = m.claims
		if m.ear, a.Stderr = listen(); a.Stderr != nil {
			defer a.Stderr.Close()
		}
	} else if t.Observed() {
		m.numbered, a.Object = true, f.place.object(t)
	}
	if i := f.cfg.initialize; i != nil {
		a.Init, a.Arg = i.name, i.arg
	}
	if m.p, err = worker.Start(context.WithoutCancel(ctx), a, process.WithName(name), process.WithDaemon(), process.WithoutSignals()); err != nil {
		_ = mine.Close()
		if m.claims != nil {
			_ = m.claims.Close()
		}
		if m.ear != nil {
			_ = m.ear.r.Close()
		}
		return nil, err
	}
	if m.ear != nil {
		m.ear.start()
	}
	return m, nil
}

// assign sends jobs to an idle worker. Those that were cancelled, or cannot be
// encoded, are settled here; if none is left the worker is idle again.
func (m *member) assign(ctx context.Context, jobs []job) {
	body := append(m.buf[:0], make([]byte, headRoom)...)
	kept := jobs[:0]
	name := ""
	for i, j := range jobs {
		if len(body) > batchBytes { // the others wait for the next batch
			m.f.mu.Lock()
			for k := len(jobs) - 1; k >= i; k-- {
				m.f.waiting.back(jobs[k])
				m.f.running--
			}
			m.f.unlock()
			break
		}
		if !j.begin(ctx) {
			m.f.settled(ctx, j, false)
			continue
		}
		h := j.head()
		mark := len(body)
		form := h.form
		if h.name != name {
			body = appendBytes(append(body, byte(form|renamed)), []byte(h.name))
		} else {
			body = append(body, byte(form))
		}
		if m.numbered {
			body = binary.AppendUvarint(body, uint64(h.number))
		}
		var err error
		if body, err = appendSized(body, j.encode); err != nil {
			body = body[:mark]
			j.fail(ctx, err)
			m.f.settled(ctx, j, true)
			continue
		}
		if s := j.future(); s != nil {
			s.worker.Store(m)
		}
		name = h.name
		kept = append(kept, j)
	}
	m.buf = body
	if len(body) > long {
		m.buf = nil // it is the message's
	}
	if len(kept) == 0 {
		m.f.mu.Lock()
		m.spare, m.handed, m.doomed = kept, nil, nil
		if !m.dead {
			m.rest()
		}
		m.f.unlock()
		return
	}
	var head [headRoom]byte
	n := binary.PutUvarint(head[:], uint64(len(kept)))
	message := body[headRoom-n:]
	copy(message, head[:n])
	if m.buf != nil {
		message = slices.Clone(message) // the buffer may be in use again before it is sent
	}
	m.f.mu.Lock()
	if m.dead {
		m.f.unlock()
		m.f.unassign(ctx, kept)
		return
	}
	m.batch, m.answered, m.sent = kept, 0, time.Now()
	if m.f.running > 1 || !kept[0].firsthand() {
		m.post.call() // nobody waits for all of these, or somebody for more than the future
	}
	if n := len(m.f.unused); n > 0 && m.lane == nil {
		m.lane, m.f.unused = m.f.unused[n-1], m.f.unused[:n-1]
	}
	lane := m.lane
	if lane != nil {
		lane.began = kept[0]
	}
	doomed := m.doomed
	m.handed, m.doomed = nil, nil
	if m.claims != nil {
		atomic.StoreInt64(m.claims.Pointer(), 0)
	}
	counts := m.ready // otherwise the time limit is that of what the worker does when it is
	if counts {
		m.bound()
	}
	m.f.unlock()
	if lane != nil {
		lane.begin(kept[0])
	}
	m.send(ctx, message) // from here on the worker may be done, and somebody else assign to it
	if counts {
		m.boundVirtual(ctx, kept[0])
	}
	if doomed != nil {
		doomed()
	}
}

// bound begins the time of the task that the worker has, if that has a limit. The lock is
// held.
func (m *member) bound() {
	if m.claims == nil || len(m.batch) == 0 {
		return
	}
	first := m.batch[0]
	if limit := first.head().limit; limit > 0 {
		m.limit = time.AfterFunc(limit, func() { m.f.stop(m, first, &expired{op: "the task"}) })
	}
}

// boundVirtual is bound in a virtual world, and does nothing in another one.
func (m *member) boundVirtual(ctx context.Context, first job) {
	t, limit := virtual(ctx), first.head().limit
	if t == nil || limit == 0 {
		return
	}
	t.Go(m.name+" (time limit)", func(t *gil.Thread) {
		t.Sleep(limit)
		m.f.stop(m, first, &expired{op: "the task"})
	}, gil.WithDaemon(true))
}

// send sends a message, which is lost if the worker is dead: who attends to it finds
// that out. A long one is sent on the side; in a virtual world, right here.
func (m *member) send(ctx context.Context, message []byte) {
	if virtual(ctx) != nil {
		_ = m.conn.SendBytes(ctx, message)
		return
	}
	ctx = context.Background()
	if len(message) <= long && m.conn.TrySendBytes(ctx, message) != pipe.ErrWouldBlock {
		return
	}
	m.f.crew.Go(func() { _ = m.conn.SendBytes(ctx, message) })
}

// long is from where on a message is not copied.
const long = 64 << 10

// unassign puts jobs back that were to go to a worker that has just died.
func (f *fleet) unassign(ctx context.Context, jobs []job) {
	f.mu.Lock()
	f.running -= len(jobs)
	over := f.over
	if over == nil {
		for i := len(jobs) - 1; i >= 0; i-- {
			f.again(jobs[i])
		}
	}
	f.unlock()
	if over != nil {
		for _, j := range jobs {
			j.fail(ctx, own(over))
			f.free(ctx, j)
		}
	}
}

// rest makes the worker idle, or lets it go. The lock is held.
func (m *member) rest() {
	f := m.f
	switch {
	case f.over != nil:
		m.end(f.over)
	case len(f.members) > f.max:
		m.part()
	case f.cfg.maxTasks > 0 && m.done >= f.cfg.maxTasks:
		f.counts.Replaced++
		m.part()
	default:
		f.idle = append(f.idle, m)
	}
}

// untouched is how many jobs the worker has not begun. The lock is held.
func (m *member) untouched() int {
	if len(m.batch) < 2 || m.claims == nil {
		return 0
	}
	return max(0, len(m.batch)-int(min(taken, atomic.LoadInt64(m.claims.Pointer()))))
}

// dismiss has the worker end when it has nothing to do. The lock is held.
func (m *member) dismiss() {
	if !m.leaving {
		m.leaving = true
		m.f.after = append(m.f.after, func() { _ = m.conn.Close() })
	}
}

// part has the worker go, and another one may come. The lock is held.
func (m *member) part() {
	f := m.f
	f.members, f.parting = without(f.members, m), append(f.parting, m)
	m.dismiss()
}

// mercy is how long a worker may take to end after SIGTERM.
const mercy = time.Second

// end ends the worker now; what it runs fails with err. The lock is held.
func (m *member) end(err error) {
	if m.verdict == nil {
		m.verdict = err
	}
	if m.mercy != nil || m.dead {
		return
	}
	if m.claims == nil && len(m.batch) == 0 && len(m.handed) == 0 {
		m.dismiss() // an idle one, in a virtual world, ends in no time
		return
	}
	m.leaving = true
	m.f.after = append(m.f.after, func() { _ = m.p.Terminate() }) // it runs, or has just ended
	if m.claims != nil {
		m.mercy = time.AfterFunc(mercy, func() { _ = m.p.Kill() })
	}
}

// settled counts a job that has ended before a worker had it.
func (f *fleet) settled(ctx context.Context, j job, failed bool) {
	f.mu.Lock()
	f.running--
	if failed {
		f.counts.Completed++
		f.counts.Failed++
	} else {
		f.counts.Cancelled++
	}
	f.unlock()
	f.free(ctx, j)
}

// stop ends the worker that runs j, which fails with err.
func (f *fleet) stop(m *member, j job, err error) {
	f.mu.Lock()
	defer f.unlock()
	if m.verdict != nil || m.answered >= len(m.batch) || m.batch[m.answered] != j {
		return
	}
	m.sentence(err, j)
}

// sentence kills the worker; its job fails with err. The lock is held.
func (m *member) sentence(err error, victim job) {
	m.verdict, m.victim = err, victim
	m.f.after = append(m.f.after, func() { _ = m.p.Kill() })
}

func (f *fleet) abort(ctx context.Context, group *state, err error) {
	f.end(group, err)
	f.dispatch(ctx)
}

// end ends the workers that run jobs of a group.
func (f *fleet) end(group *state, err error) {
	f.mu.Lock()
	defer f.unlock()
	for _, m := range f.members {
		for _, j := range m.handed {
			if j.head().group == group {
				m.doomed = func() { f.abort(context.Background(), group, err) }
			}
		}
		if m.answered >= len(m.batch) || m.verdict != nil {
			continue
		}
		if m.untouched() > 0 {
			f.recall(m)
		}
		if len(m.batch) == 0 {
			continue // it had begun nothing
		}
		// What is answered only by those behind it would be lost with them: it is the
		// last one begun that runs.
		last := m.batch[len(m.batch)-1]
		if last.head().group != group {
			continue
		}
		if len(m.batch)-m.answered == 1 {
			m.sentence(err, last)
			continue
		}
		time.AfterFunc(3*flushAfter, func() { f.stop(m, last, err) })
	}
}
