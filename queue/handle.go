package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/shm"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// Handle is one process's hold on a queue between processes, whatever the type of its
// items. It is what travels, in an argument or over a pipe.Conn, when a ProcessQueue,
// JoinableQueue or SimpleProcessQueue does.
type Handle struct {
	backend
	*traits

	once sync.Once // for known
	bad  error     // T cannot travel
}

// traits are what the handles of one queue have in common.
type traits struct {
	kind   string
	Name   string
	Max    int  // 0 is no limit
	Tasks  bool // it counts tasks
	Direct bool // Put waits for room instead of leaving that to a feeder
	Flush  time.Duration
	// Carries is whether there can be live objects in an item.
	Carries bool
}

// A backend is a queue of one of the worlds. Live queues are in shared memory,
// emulated ones in that of the machine.
type backend interface {
	put(ctx context.Context, m *message, p patience) error
	get(ctx context.Context, b *basket, most int, p patience) error
	size(ctx context.Context) int
	empty(ctx context.Context) (bool, error)
	stats(ctx context.Context) Stats
	isDown(ctx context.Context) bool
	unfinished(ctx context.Context) int
	taskDone(ctx context.Context) error
	join(ctx context.Context, p patience) error
	shutdown(ctx context.Context, atOnce bool) error
	close() error
	joinThread(ctx context.Context) error
	cancelJoinThread()
	// hand returns what stands for the queue beside a message, and its owner
	// releases: the queue, and the ends of its mailbox if it has one.
	hand() ([]any, error)
}

func newHandle[T any](ctx context.Context, tr traits, opts []ProcessOption) (*Handle, error) {
	c := config{ring: defaultRing, flush: defaultFlush}
	for _, o := range opts {
		if o != nil {
			o.apply(&c)
		}
	}
	if c.bad != nil {
		return nil, c.bad
	}
	if tr.Max > maxItems {
		return nil, badValue("Python int too large to convert to C int", "the maxsize %d is greater than %d", tr.Max, maxItems)
	}
	tr.Name, tr.Flush, tr.Carries = c.name, c.flush, carries(reflect.TypeFor[T]()) && (mostHandles > 0 || virtualOf(ctx) != nil)
	if tr.Name == "" {
		tr.Name = nameless(ctx, tr.kind)
	}
	h := &Handle{traits: &tr}
	if err := known[T](h); err != nil {
		return nil, err
	}
	var err error
	h.backend, err = open(ctx, h.traits, &c)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// open makes the queue, in the world of ctx.
func open(ctx context.Context, tr *traits, c *config) (backend, error) {
	if t := virtualOf(ctx); t != nil {
		return makeVirtual(t, tr, c), nil
	}
	return makeLive(tr, c)
}

// known makes T known to package pickle, in each process that uses the queue.
func known[T any](h *Handle) error {
	h.once.Do(func() {
		if reflect.TypeFor[T]().Kind() == reflect.Interface {
			return // it is the program that registers what it puts into it
		}
		defer func() {
			if x := recover(); x != nil {
				h.bad = badValue("", "%s: items of type %s cannot leave their process: %v", h.Name, reflect.TypeFor[T](), x)
			}
		}()
		pickle.Register[T]()
	})
	return h.bad
}

// A passing is what a message holds of a queue that travels in it.
type passing struct {
	Handle int
	Kind   string
	Name   string
	Max    int
	Tasks  bool
	Direct bool
	Flush  time.Duration
	// In and Out are the ends of the mailbox, if Carries.
	Carries bool
	In, Out int
}

// ReduceHandle lets the queue travel to another process, where it arrives as the same
// queue. It implements pickle.HandleReducer.
func (h *Handle) ReduceHandle(hs *pickle.Handles) (any, error) {
	grips, err := h.hand()
	if err != nil {
		return nil, err
	}
	p := passing{hs.Add(grips[0]), h.kind, h.Name, h.Max, h.Tasks, h.Direct, h.Flush, h.Carries, 0, 0}
	if len(grips) == 3 {
		p.In, p.Out = hs.Add(grips[1]), hs.Add(grips[2])
	}
	return p, nil
}

func init() {
	pickle.RegisterHandle(func(hs *pickle.Handles, p passing) (*Handle, error) {
		v, err := hs.Take(p.Handle)
		if err != nil {
			return nil, err
		}
		tr := &traits{p.Kind, p.Name, p.Max, p.Tasks, p.Direct, p.Flush, p.Carries}
		if e, ok := v.(*emulated); ok {
			return &Handle{backend: e.grip(hs, tr), traits: tr}, nil
		}
		file, ok := v.(*os.File)
		if !ok {
			return nil, fmt.Errorf("queue: %s came with a handle of type %T", p.Name, v)
		}
		seg, err := mapped(func() (*shm.Segment, error) { return shm.Open(file, kindQueue) })
		if err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("queue: %s: %w", p.Name, err)
		}
		box, err := p.mailbox(hs)
		if err != nil {
			_ = seg.Close()
			return nil, err
		}
		q, err := liveOf(seg, tr, box)
		if err != nil {
			return nil, err
		}
		return &Handle{backend: q, traits: tr}, nil
	}, "queue.Handle")
}

// mailbox makes the queue's mailbox again.
func (p passing) mailbox(hs *pickle.Handles) (*mailbox, error) {
	if p.In == 0 {
		return nil, nil // number 0 is that of a queue
	}
	in, err := hs.Take(p.In)
	if err != nil {
		return nil, err
	}
	out, err := hs.Take(p.Out)
	defer release([]any{in, out})
	if err != nil {
		return nil, err
	}
	return openMailbox(in, out)
}

// Close gives the handle up, as that of the queue does.
func (h *Handle) Close() error { return h.close() }

// hand implements backend.
func (q *live) hand() (all []any, err error) {
	if err := q.enter(); err != nil {
		return nil, err
	}
	defer q.leave()
	if q.box != nil {
		if all, err = q.box.files(); err != nil {
			return nil, err
		}
	}
	file, err := q.seg.File()
	if errors.Is(err, shm.ErrClosed) {
		err = q.errClosed()
	}
	if err != nil {
		release(all)
		return nil, err
	}
	return append([]any{file}, all...), nil
}

// repr is Python's repr, as far as there is one.
func (tr *traits) repr() string { return fmt.Sprintf("<%s %s>", tr.kind, tr.Name) }

// errClosed is what Python answers with after close.
func (tr *traits) errClosed() error {
	if tr.Direct {
		return errSimpleClosed
	}
	return &closedError{badValue("Queue "+tr.repr()+" is closed", "%s is closed in this process", tr.Name)}
}

// errOpen is what Python answers with when a queue is not closed that should be.
func (tr *traits) errOpen() error {
	return misuseAs("Queue "+tr.repr()+" not closed", "JoinThread of %s, which is not closed: call Close first", tr.Name)
}

// errEmpty is what Python answers empty with after close.
func (tr *traits) errEmpty() error {
	if tr.Direct {
		return errSimpleClosed
	}
	return errEmptyClosed
}

func errTooOften() error {
	return badValue("task_done() called too many times", "TaskDone called too many times; call it once for each item taken")
}

// A closedError is a *gil.ValueError that matches pipe.ErrClosed too.
type closedError struct{ *gil.ValueError }

func (e *closedError) Unwrap() []error { return []error{e.ValueError, pipe.ErrClosed} }

// errHandle is Python's OSError of a closed pipe.
type errHandle struct{ text string }

func (e *errHandle) Error() string { return e.text }

// PythonText is the text of Python's OSError.
func (e *errHandle) PythonText() string { return "handle is closed" }

func (e *errHandle) Unwrap() error { return pipe.ErrClosed }

var (
	errSimpleClosed error = &errHandle{"queue: the SimpleProcessQueue is closed in this process"}
	errEmptyClosed  error = &errHandle{"queue: Empty of a queue that is closed in this process"}
)
