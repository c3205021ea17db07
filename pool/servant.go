package pool

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

// This file is what runs in a worker process.

// An assignment is what a worker is started with.
type assignment struct {
	Conn *pipe.Conn
	// Stderr is where its last words go, nil where that cannot be.
	Stderr *pipe.Conn
	// Claims counts the jobs of the current message that the worker has begun. Adding
	// taken to it takes the others back. Nil when jobs travel alone.
	Claims *process.RawValue[int64]
	Init   string
	Arg    any
	// Object is what an observer knows the pool by. If it is not 0, every job has its
	// number behind its name.
	Object uint64
}

// taken is more than any number of jobs in a message, and an int where that has 32 bits.
const taken = 1 << 30

func init() { pickle.Register[assignment]("pool.assignment") }

// worker is the program of every worker process.
var worker = process.DefineTarget("github.com/pygil/pygil/pool.worker", serve)

// A servant is a worker process as it sees itself.
type servant struct {
	conn   *pipe.Conn
	object uint64
	claims *int64
	known  map[string]process.Target
	target process.Target // of the last job
	name   string

	spare []byte // memory for the next answer

	mu     sync.Mutex // guards what follows
	out    []byte     // answers that were not sent, after room for what goes before them
	start  int        // where they begin
	held   int        // how many
	busy   time.Duration
	flush  *time.Timer
	failed error
}

// flushAfter is how long an answer may wait for the next ones.
const flushAfter = time.Millisecond

// serve does jobs until the pool has gone.
func serve(t *gil.Thread, a assignment) error {
	if a.Stderr != nil {
		redirect(a.Stderr)
	}
	if virtual(t) == nil {
		signal.Ignore(os.Interrupt) // Ctrl-C is the pool's business
	}
	s := &servant{conn: a.Conn, object: a.Object, known: map[string]process.Target{}}
	if a.Claims != nil {
		s.claims = a.Claims.Pointer()
	}
	if a.Init != "" {
		if err := initialize(t, a); err != nil {
			return s.conn.SendBytes(t, s.notice(err))
		}
	}
	if err := s.conn.SendBytes(t, s.notice(nil)); err != nil {
		return nil // the pool has gone
	}
	for {
		m, err := s.hear(t)
		if err != nil {
			return nil // the same
		}
		if err := s.perform(t, m); err != nil {
			return err
		}
	}
}

// hear waits for the next message. Mostly it is not there yet: a real worker gives the
// GIL up before it looks.
func (s *servant) hear(t *gil.Thread) (m []byte, err error) {
	if virtual(t) != nil {
		return s.conn.RecvBytes(t)
	}
	t.Block(func() { m, err = s.conn.RecvBytes(context.Background()) })
	return m, err
}

// notice is the first message to the pool: ready, or how the initializer failed.
func (s *servant) notice(err error) []byte {
	m := binary.AppendUvarint(nil, 0)
	if err == nil {
		return append(m, byte(good))
	}
	return appendFailure(m, err)
}

// initialize runs the initializer. Live objects in its argument stay what they are.
func initialize(t *gil.Thread, a assignment) error {
	return protect(func() error {
		target, err := process.Lookup(a.Init)
		if err != nil {
			return err
		}
		h := new(pickle.Handles)
		data, err := pickle.Marshal(a.Arg, pickle.WithHandles(h))
		if err != nil {
			return err
		}
		if virtual(t) != nil {
			h.Context = bearer{t} // what lives in its world arrives by it
		}
		call, err := target.Load(data, pickle.WithHandles(h))
		if err != nil {
			return err
		}
		_, err = call(t)
		return err
	})
}

// A bearer says by whom live objects arrive.
type bearer struct{ t *gil.Thread }

func (b bearer) Context() context.Context { return b.t }

// perform does the jobs of one message.
func (s *servant) perform(t *gil.Thread, m []byte) error {
	count, m, err := cutNumber(m)
	if err != nil {
		return err
	}
	began := now(t)
	for i := range count {
		if len(m) == 0 {
			return errCut
		}
		form := form(m[0])
		if m = m[1:]; form&renamed != 0 {
			var name []byte
			if name, m, err = cutBytes(m); err != nil {
				return err
			}
			if s.name, form = string(name), form&^renamed; s.name != "" {
				s.target, err = s.lookup(s.name)
			}
		}
		number := uint64(0)
		if s.object != 0 {
			var cut error
			if number, m, cut = cutNumber(m); cut != nil {
				return cut
			}
		}
		argument, rest, cut := cutBytes(m)
		if cut != nil {
			return cut
		}
		m = rest
		if s.claims != nil && atomic.AddInt64(s.claims, 1) > int64(count) {
			break // the pool has taken the rest back
		}
		s.tell(t, gil.Event{Kind: gil.EvTaskBegin, A: int64(number), Name: s.name})
		answer := s.answer(t, form, argument, err)
		s.tell(t, gil.Event{Kind: gil.EvTaskEnd, A: int64(number), B: int64(min(answer[answerRoom], 1))})
		s.add(t, answer, count-i > 1)
	}
	s.mu.Lock()
	s.busy = now(t) - began
	s.mu.Unlock()
	return s.send(t, true)
}

// tell tells the observer of an emulated world.
func (s *servant) tell(t *gil.Thread, e gil.Event) {
	if s.object != 0 {
		e.Obj = s.object
		t.Emit(e)
	}
}

// now is the time of the worker's world.
func now(t *gil.Thread) time.Duration { return t.Now() }

func (s *servant) lookup(name string) (process.Target, error) {
	if target, ok := s.known[name]; ok {
		return target, nil
	}
	target, err := process.Lookup(name)
	if err == nil {
		s.known[name] = target
	}
	return target, err
}

// answerRoom is how much room there is before an answer.
const answerRoom = headRoom + lengthRoom

// answer does one job and returns its answer, after room for what may go before it.
func (s *servant) answer(t *gil.Thread, form form, argument []byte, err error) []byte {
	before := append(s.spare[:0], make([]byte, answerRoom)...)
	s.spare = nil
	if err != nil {
		return appendFailure(before, err)
	}
	answer := append(before, byte(good))
	err = protect(func() (err error) {
		switch form {
		case single:
			answer, err = s.one(t, answer, argument)
		case slice:
			var results any
			if results, _, err = s.target.Many(t, argument); err == nil {
				answer, err = encodeResult(answer, results)
			}
		case pieces:
			answer, err = s.pieces(t, answer, argument)
		default:
			err = errCut
		}
		return err
	})
	if err != nil {
		return appendFailure(answer[:answerRoom], err)
	}
	return answer
}

// pieces calls the function with the items of all pieces and appends their results.
func (s *servant) pieces(t *gil.Thread, dst, argument []byte) ([]byte, error) {
	first := true
	for len(argument) > 0 {
		piece, rest, err := cutBytes(argument)
		if err != nil {
			return dst, err
		}
		results, _, err := s.target.Many(t, piece)
		if err != nil {
			return dst, err
		}
		mark := len(dst)
		if dst, err = appendSized(dst, func(dst []byte) ([]byte, error) { return encodeResult(dst, results) }); err != nil {
			return dst, err
		}
		if first { // the others will be about as long
			dst = slices.Grow(dst, (len(dst)-mark)*9/8*(len(rest)/len(piece)+1))
			first = false
		}
		argument = rest
	}
	return dst, nil
}

// one calls the function with one argument and appends the result.
func (s *servant) one(t *gil.Thread, dst, argument []byte) ([]byte, error) {
	call, err := s.target.Load(argument)
	if err != nil {
		return dst, err
	}
	v, err := call(t)
	if err != nil {
		return dst, err
	}
	return encodeResult(dst, v)
}

// An unsendable is a result that cannot travel.
type unsendable struct {
	value string
	err   error
}

func (u *unsendable) Error() string { return u.err.Error() }

func encodeResult(dst []byte, v any) ([]byte, error) {
	out, err := pickle.Append(dst, v)
	if err != nil {
		return dst, &unsendable{describe(v), err}
	}
	return out, nil
}

// describe shows a value, not all of a long one.
func describe(v any) string {
	text := fmt.Sprintf("%T(%+v)", v, v)
	if len(text) > 200 {
		text = text[:200] + "…"
	}
	return text
}

// appendFailure appends the answer of a job that failed. What of the error cannot
// travel stays behind; its text always can.
func appendFailure(dst []byte, err error) []byte {
	f := failure{Type: fmt.Sprintf("%T", err), Text: textOf(err), Err: err}
	kind := bad
	var u *unsendable
	var p *PanicError
	switch {
	case errors.As(err, &u):
		kind, f = unsent, failure{Type: fmt.Sprintf("%T", u.err), Text: u.err.Error(), Value: u.value, Err: u.err}
	case errors.As(err, &p):
		f.Panic, f.Text, f.Stack, f.Err = true, fmt.Sprint(p.Value), p.Stack, nil
	default:
		f.Stack = string(debug.Stack())
	}
	mark := len(dst)
	dst = append(dst, byte(kind))
	out, failed := pickle.Append(dst, f)
	if failed != nil {
		f.Err = nil
		if out, failed = pickle.Append(dst, f); failed != nil {
			return append(dst[:mark], byte(bad))
		}
	}
	return out
}

// textOf is the text of an error, also of one whose method fails, as that of a nil pointer
// in an error may.
func textOf(err error) (text string) {
	failed := protect(func() error {
		text = err.Error()
		return nil
	})
	if failed != nil {
		text = fmt.Sprintf("a %T, whose text cannot be had: %v", err, failed.(*PanicError).Value)
	}
	return text
}

// add keeps an answer for the next message, for a moment if more will come.
func (s *servant) add(t *gil.Thread, answer []byte, more bool) {
	s.mu.Lock()
	n := uint64(len(answer) - answerRoom)
	start := answerRoom - len(binary.AppendUvarint(make([]byte, 0, lengthRoom), n))
	binary.PutUvarint(answer[start:], n)
	if s.held == 0 {
		s.spare, s.out, s.start = s.out, answer, start
	} else {
		s.out, s.spare = append(s.out, answer[start:]...), answer
	}
	if cap(s.spare) > 1<<20 {
		s.spare = nil
	}
	s.held++
	long := len(s.out) > 32<<10
	if more && !long && s.held == 1 && virtual(t) == nil {
		// The next job may take for ever; this one is done.
		s.flush = time.AfterFunc(flushAfter, func() { _ = s.send(context.Background(), false) })
	}
	s.mu.Unlock()
	if more && long {
		_ = s.send(t, false)
	}
}

// send sends the answers that there are.
func (s *servant) send(ctx context.Context, last bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flush != nil {
		s.flush.Stop()
		s.flush = nil
	}
	if s.held == 0 && !last || s.failed != nil {
		return s.failed
	}
	if s.held == 0 {
		s.out, s.start = append(s.out[:0], make([]byte, headRoom)...), headRoom
	}
	head := binary.AppendUvarint(make([]byte, 0, headRoom), uint64(s.held)+1)
	head = append(head, 0)
	if last {
		head[len(head)-1] = 1
	}
	head = binary.AppendUvarint(head, uint64(s.busy))
	message := s.out[s.start-len(head):]
	copy(message, head)
	s.failed = s.conn.SendBytes(ctx, message)
	s.held = 0
	return s.failed
}
