package process

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// ErrBrokenBarrier is matched by the error of those who wait, or come to wait, at a
// [Barrier] that is broken. Python: threading.BrokenBarrierError.
var ErrBrokenBarrier = errors.New("process: the barrier is broken: call Reset when everybody knows")

// A brokenError says why the barrier broke under its caller.
type brokenError struct{ why error }

func (e *brokenError) Error() string   { return ErrBrokenBarrier.Error() + ": " + e.why.Error() }
func (e *brokenError) Unwrap() []error { return []error{ErrBrokenBarrier, e.why} }

// A Barrier lets a fixed number of parties, threads of any processes, wait for each
// other, again and again. It is made with [NewBarrier] and reaches other processes
// as, or inside, an argument or a message.
//
// The barrier breaks when one of those who wait gives up, when somebody aborts it,
// and when a process dies in which somebody waits: its place would never be taken.
// Nobody waits for the dead.
//
// Python: multiprocessing.Barrier.
type Barrier struct {
	*mutex // of what follows
	bar    *barrierMemory
	enter  futex.Room
	leave  futex.Room
}

type barrierMemory struct {
	_       mutexMemory // the lock, which is found by its place
	state   uint32      // a barrierState
	parties uint32
	rows    uint32
	entry   futex.Bell // for those who want to enter
	release futex.Bell // for those who wait inside
	row     [barrierRows]partiesInside
}

// A partiesInside says how many threads of one process are inside.
type partiesInside struct {
	owner uint32 // claim of the process
	count uint32
}

const (
	barrierRows = 512
	barrierSize = 12 + 12 + 16 + barrierRows*8
)

// The states are Python's.
const (
	filling   = iota // the next round gathers
	draining         // they were released, and leave
	resetting        // they were thrown out by Reset, and leave
	broken
)

// NewBarrier makes a barrier for n parties. It does not block. Python:
// multiprocessing.Barrier(n).
func NewBarrier(ctx context.Context, n int) (*Barrier, error) {
	if n < 1 || n > MaxSemaphore {
		return nil, invalid("parties must be > 0", "NewBarrier: %d parties cannot meet: give 1 or more", n)
	}
	s, err := makeShared(ctx, "Barrier", barrierSize, kindBarrier)
	if err != nil {
		return nil, err
	}
	b := barrierOf(s)
	b.bar.parties = uint32(n)
	return b, nil
}

func barrierOf(s *shared) *Barrier {
	return &Barrier{mutex: mutexOf(s), bar: at[barrierMemory](s, 0)}
}

// Parties returns how many parties the barrier is for. Python: barrier.parties.
func (b *Barrier) Parties() int {
	defer runtime.KeepAlive(b)
	return int(b.bar.parties)
}

// NWaiting returns how many wait for the others. Python: barrier.n_waiting.
func (b *Barrier) NWaiting(ctx context.Context) (n int) {
	_ = b.act(ctx, opPeek)
	_ = b.locking(func() {
		if b.state() == filling {
			n = b.inside()
		}
	})
	return n
}

// Broken reports whether the barrier is broken. Python: barrier.broken.
func (b *Barrier) Broken(ctx context.Context) bool {
	_ = b.act(ctx, opPeek)
	return b.state() == broken
}

// Wait waits until as many as there are parties wait, and returns a number from 0
// to Parties-1, a different one to each of them. Its error matches
// [ErrBrokenBarrier] when the barrier is or gets broken. The end of ctx breaks the
// barrier, and the error matches both. The GIL is given up while it waits. Python:
// barrier.wait().
func (b *Barrier) Wait(ctx context.Context) (index int, err error) {
	return b.meet(ctx, never, nil)
}

// WaitTimeout is Wait that breaks the barrier after d; the error matches
// [ErrTimeout] too then. Python: barrier.wait(d).
func (b *Barrier) WaitTimeout(ctx context.Context, d time.Duration) (index int, err error) {
	return b.meet(ctx, within(ctx, d), nil)
}

// WaitDo is Wait for parties that have something done once per round: the last to
// arrive calls action before anybody is released. If action returns an error, or
// panics, the barrier breaks, and it is what that call returns. Python:
// Barrier(n, action).
func (b *Barrier) WaitDo(ctx context.Context, action func() error) (index int, err error) {
	return b.meet(ctx, never, action)
}

// Abort breaks the barrier: whoever waits, or comes to wait, gets an error that
// matches [ErrBrokenBarrier] until somebody calls Reset. Python: barrier.abort().
func (b *Barrier) Abort(ctx context.Context) error {
	if err := b.act(ctx, opSet); err != nil {
		return err
	}
	return b.locking(func() { b.become(broken) })
}

// Reset makes the barrier whole and empty; whoever waits gets an error that matches
// [ErrBrokenBarrier]. Python: barrier.reset().
func (b *Barrier) Reset(ctx context.Context) error {
	if err := b.act(ctx, opClear); err != nil {
		return err
	}
	return b.locking(func() {
		switch {
		case b.inside() == 0:
			b.become(filling)
		case b.state() != draining:
			b.become(resetting)
		}
	})
}

func (b *Barrier) state() uint32 {
	defer runtime.KeepAlive(b)
	return atomic.LoadUint32(&b.bar.state)
}

// become changes the state. It is called with the lock held.
func (b *Barrier) become(state uint32) {
	b.fence.pass()
	atomic.StoreUint32(&b.bar.state, state)
	b.ring(&b.bar.release, futex.All)
	b.ring(&b.bar.entry, futex.All)
}

// locking calls fn with the lock held. Nobody holds it for long, and the state is
// one word, so that a death in the middle leaves nothing worse than a count of
// the dead, whom sweep finds.
func (b *Barrier) locking(fn func()) error {
	if err := b.err(); err != nil {
		return err
	}
	if b.in != nil { // nothing comes between two operations that are announced
		fn()
		return nil
	}
	if !b.take() {
		if _, err := b.acquire(context.Background(), "locking", never, true); err != nil {
			return err
		}
	}
	fn()
	return b.mutex.release(context.Background())
}

// inside counts who is inside. Called with the lock held.
func (b *Barrier) inside() (n int) {
	for i := range b.bar.rows {
		if row := &b.bar.row[i]; row.owner != 0 {
			n += int(row.count)
		}
	}
	return n
}

// sweep removes the dead. Called with the lock held. The barrier breaks before they
// are removed: whoever comes after one that dies here must find either.
func (b *Barrier) sweep() {
	gone := func(row *partiesInside) bool {
		return row.owner != 0 && row.owner != b.me() && !b.seg.Alive(row.owner)
	}
	rows := b.bar.row[:b.bar.rows]
	for i := range rows {
		if b.state() == filling && rows[i].count > 0 && gone(&rows[i]) {
			b.become(broken)
		}
	}
	for i := range rows {
		if gone(&rows[i]) {
			rows[i].owner = 0
		}
	}
	b.drained()
}

// drained begins a new round when the last one has left. Called with the lock held.
func (b *Barrier) drained() {
	if state := b.state(); (state == draining || state == resetting) && b.inside() == 0 {
		b.become(filling)
	}
}

// look is what those who wait do now and then.
func (b *Barrier) look() {
	b.mutex.look()
	_ = b.locking(b.sweep)
}

// row returns this process's row. Called with the lock held.
func (b *Barrier) row() (*partiesInside, error) {
	free := -1
	for i := range b.bar.rows {
		switch b.bar.row[i].owner {
		case b.me():
			return &b.bar.row[i], nil
		case 0:
			free = int(i)
		}
	}
	if free < 0 {
		if free = int(b.bar.rows); free == barrierRows {
			return nil, invalid("", "Barrier: more than %d processes wait", barrierRows)
		}
		b.bar.rows++
	}
	row := &b.bar.row[free]
	row.count, row.owner = 0, b.me()
	return row, nil
}

func (b *Barrier) meet(ctx context.Context, until limit, action func() error) (index int, err error) {
	var (
		entered, last bool
		row           *partiesInside
		failed        error
	)
	if err := b.act(ctx, opWait); err != nil {
		return 0, err
	}
	me := b.me()
	// First in: not before the last round has left.
	for !entered {
		if err := b.locking(func() {
			switch b.state() {
			case broken:
				failed = ErrBrokenBarrier
			case filling:
				if row, failed = b.row(); failed != nil {
					return
				}
				index = b.inside()
				row.count++
				entered, last = true, index+1 >= int(b.bar.parties)
				if last && action == nil {
					b.become(draining)
				}
			}
		}); err != nil {
			return 0, err
		}
		if failed != nil {
			return 0, failed
		}
		if !entered {
			if _, err := b.until(ctx, until, &b.enter, &b.bar.entry, func(state uint32) bool {
				return state == filling || state == broken
			}); err != nil {
				return 0, err // who is not inside breaks nothing
			}
		}
	}
	defer func() {
		if e := b.locking(func() {
			if row.owner == me { // not if the handle was closed meanwhile
				row.count--
			}
			b.drained()
		}); err == nil {
			err = e
		}
	}()
	switch {
	case !last:
		err = b.gather(ctx, until)
	case action != nil:
		err = b.run(action)
	}
	if err != nil {
		return 0, err
	}
	// Nobody else changes a state that is not filling before all have left,
	// except to broken and resetting, which are worse.
	if b.state() != draining {
		return 0, ErrBrokenBarrier
	}
	return index, nil
}

// run calls the last one's action and releases the others.
func (b *Barrier) run(action func() error) (err error) {
	done := false
	defer func() {
		// Also when action panicked.
		e := b.locking(func() {
			switch {
			case !done || err != nil:
				b.become(broken)
			case b.state() == filling:
				b.become(draining)
			}
		})
		if err == nil {
			err = e
		}
	}()
	err = action()
	done = true
	return err
}

// gather waits inside for the others. Giving up breaks the barrier, unless it is
// too late for that.
func (b *Barrier) gather(ctx context.Context, end limit) error {
	closed, err := b.until(ctx, end, &b.leave, &b.bar.release, func(state uint32) bool { return state != filling })
	if err == nil || closed {
		return err
	}
	late := false
	if e := b.locking(func() {
		if late = b.state() != filling; !late {
			b.become(broken)
		}
	}); e != nil {
		return e
	}
	if late {
		return nil
	}
	return &brokenError{err}
}

// until waits in one of the rooms for a state.
func (b *Barrier) until(ctx context.Context, end limit, room *futex.Room, bell *futex.Bell, good func(state uint32) bool) (closed bool, err error) {
	var failed error
	ok, err := b.mutex.wait(ctx, "Barrier.Wait", room, &quest{
		Quest: futex.Quest{
			Bell: bell,
			Try: func() bool {
				failed = b.err()
				return failed != nil || good(b.state())
			},
			Check: b.look,
		},
		kind:  opWait,
		until: end,
	})
	switch {
	case failed != nil:
		return true, failed
	case !ok && err == nil:
		err = &expired{"Barrier.Wait"}
	}
	return false, err
}

// Close gives this process's handle up; what waits here returns [ErrClosed], and
// breaks the barrier for the others. It does not block, and may be called again.
func (b *Barrier) Close() error {
	return b.close(&b.bar.entry, &b.bar.release, &b.mem.bell)
}

// String shows the state.
func (b *Barrier) String() string {
	state := [...]string{"filling", "draining", "resetting", "broken"}[b.state()]
	return fmt.Sprintf("<Barrier parties=%d %s>", b.bar.parties, state)
}

// ReduceHandle lets the barrier travel to another process, where it arrives as the
// same barrier. It implements pickle.HandleReducer.
func (b *Barrier) ReduceHandle(h *pickle.Handles) (any, error) { return b.reduce(h) }

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Barrier, error) {
		s, err := arriving(h, p, "Barrier", kindBarrier, barrierSize)
		if err != nil {
			return nil, err
		}
		if atomic.LoadUint32(&at[barrierMemory](s, 0).parties) == 0 {
			_ = s.close()
			return nil, invalid("", "a Barrier arrived that is for nobody")
		}
		return barrierOf(s), nil
	}, "process.Barrier")
	pickle.RegisterError("process.ErrBrokenBarrier", ErrBrokenBarrier)
}
