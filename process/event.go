package process

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// An Event is a flag that processes wait for. It is made with [NewEvent], unset,
// and reaches other processes as, or inside, an argument or a message.
//
// Set never waits for anybody, dead or alive. Whoever was waiting when it was set
// is woken, also when it was cleared again before he looked: beside the flag there
// is a count of the times it was set. CPython's Wait can return False then.
// Python: multiprocessing.Event.
type Event struct {
	shared
	mem  *eventMemory
	room futex.Room
}

type eventMemory struct {
	word uint32 // how often it was set, and the flag as the lowest bit
	bell futex.Bell
}

const eventSize = 12

// NewEvent makes an event that is not set. It does not block. Python:
// multiprocessing.Event().
func NewEvent(ctx context.Context) (*Event, error) {
	s, err := makeShared(ctx, "Event", eventSize, kindEvent)
	if err != nil {
		return nil, err
	}
	return eventOf(s), nil
}

func eventOf(s *shared) *Event {
	return &Event{shared: s.twin(), mem: at[eventMemory](s, 0)}
}

// Set sets the flag and wakes everybody who waits. It does not block. Its only
// error is [ErrClosed]. Python: event.set().
func (e *Event) Set(ctx context.Context) error {
	if err := e.act(ctx, opSet); err != nil {
		return err
	}
	e.fence.pass()
	for {
		word := atomic.LoadUint32(&e.mem.word)
		if word&1 != 0 {
			return nil
		}
		// Adding 3 counts one more and sets the bit.
		if atomic.CompareAndSwapUint32(&e.mem.word, word, word+3) {
			e.ring(&e.mem.bell, futex.All)
			runtime.KeepAlive(e)
			return nil
		}
	}
}

// Clear resets the flag. It does not block. Its only error is [ErrClosed]. Python:
// event.clear().
func (e *Event) Clear(ctx context.Context) error {
	if err := e.act(ctx, opClear); err != nil {
		return err
	}
	for {
		word := atomic.LoadUint32(&e.mem.word)
		if word&1 == 0 || atomic.CompareAndSwapUint32(&e.mem.word, word, word-1) {
			runtime.KeepAlive(e)
			return nil
		}
	}
}

// IsSet reports whether the flag is set. Python: event.is_set().
func (e *Event) IsSet(ctx context.Context) bool {
	_ = e.act(ctx, opPeek)
	return e.set()
}

func (e *Event) set() bool {
	set := atomic.LoadUint32(&e.mem.word)&1 != 0
	if set {
		e.fence.pass()
	}
	runtime.KeepAlive(e)
	return set
}

// Wait waits until the flag is set, or was set while it waited. Its error is
// [ErrClosed] or says that ctx ended. The GIL is given up while it waits. Python:
// event.wait().
func (e *Event) Wait(ctx context.Context) error {
	_, err := e.await(ctx, "Event.Wait", never)
	return err
}

// WaitTimeout is Wait that waits for at most d, and reports whether the flag was
// set. Zero and negative times do not wait. Python: event.wait(d).
func (e *Event) WaitTimeout(ctx context.Context, d time.Duration) (set bool, err error) {
	return e.await(ctx, "Event.WaitTimeout", within(ctx, d))
}

func (e *Event) await(ctx context.Context, op string, until limit) (bool, error) {
	if err := e.err(); err != nil {
		return false, err
	}
	before := atomic.LoadUint32(&e.mem.word)
	if e.in == nil && before&1 != 0 {
		e.fence.pass()
		return true, nil
	}
	var failed error
	ok, err := e.wait(ctx, op, &e.room, &quest{
		Quest: futex.Quest{
			Bell: &e.mem.bell,
			Try: func() bool {
				failed = e.err()
				word := atomic.LoadUint32(&e.mem.word)
				return failed != nil || word&1 != 0 || word>>1 != before>>1
			},
		},
		kind:  opWait,
		until: until,
	})
	if failed != nil {
		return false, failed
	}
	e.fence.pass()
	return ok, err
}

// Close gives this process's handle up; what waits here returns [ErrClosed]. Other
// processes keep the event. It does not block, and may be called again.
func (e *Event) Close() error { return e.close(&e.mem.bell) }

// String shows the flag as Python's repr does.
func (e *Event) String() string {
	state := "unset"
	if e.set() {
		state = "set"
	}
	return fmt.Sprintf("<Event at %p %s>", e, state)
}

// ReduceHandle lets the event travel to another process, where it arrives as the
// same event. It implements pickle.HandleReducer.
func (e *Event) ReduceHandle(h *pickle.Handles) (any, error) { return e.reduce(h) }

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Event, error) {
		s, err := arriving(h, p, "Event", kindEvent, eventSize)
		if err != nil {
			return nil, err
		}
		return eventOf(s), nil
	}, "process.Event")
}
