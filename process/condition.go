package process

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// A Condition lets processes that hold a lock wait until another one that holds it
// notifies them. It is made with [NewCondition] and reaches other processes, with
// its lock, as, or inside, an argument or a message.
//
// Notify never waits for those it notifies. A waiter that died is never notified,
// and a notification whose receiver died before it had the lock again goes to
// another waiter, less than a tenth of a second later. CPython's notify waits for
// ever for a waiter that was killed.
//
// Python: multiprocessing.Condition.
type Condition struct {
	shared
	mem  *conditionMemory
	room futex.Room
	lock Locker
	own  bool // the lock is closed with the condition

	mu sync.Mutex
}

type conditionMemory struct {
	rows uint32 // how many are or were in use
	turn uint32 // where notify begins
	row  [conditionRows]sleepers
}

// conditionRows is how many processes can wait at the same time.
const conditionRows = 512

// A sleepers is what others need to know about those who wait in one process.
//
// Its parts change so that a death between any two instructions does no harm. How
// many wait without having been notified, and how many notifications there ever
// were, are one word: notifying, and giving up, take one waiter off exactly once.
// A notification is done when its receiver has the lock again, and counts as such
// then; if the process dies before that, the difference goes to others.
type sleepers struct {
	owner  uint32 // claim of the process; with the bit dead while it is emptied
	done   uint32 // notifications whose receivers had the lock again
	counts uint64 // waiting in the upper half, notifications in the lower
	bell   futex.Bell
	// Of the notifications, those that goroutines of the process have taken. Nobody
	// else looks.
	claimed uint32
	_       uint32
}

const conditionSize = 8 + conditionRows*32

// NewCondition makes a condition over a lock, which several conditions can share.
// The lock nil stands for a new one of the condition's own: an [RLock] when ctx is
// an owner (a *gil.Thread, or see [WithOwner]), otherwise a [Lock]. It does not
// block. Python: multiprocessing.Condition(lock).
func NewCondition(ctx context.Context, l Locker) (*Condition, error) {
	s, err := makeShared(ctx, "Condition", conditionSize, kindCondition)
	if err != nil {
		return nil, err
	}
	own := l == nil
	if own {
		if identity(ctx) != nil {
			l, err = NewRLock(ctx)
		} else {
			l, err = NewLock(ctx)
		}
		if err != nil {
			_ = s.close()
			return nil, err
		}
	}
	c := conditionOf(s, l)
	c.own = own
	return c, nil
}

func conditionOf(s *shared, l Locker) *Condition {
	return &Condition{
		shared: s.twin(), mem: at[conditionMemory](s, 0), lock: l,
	}
}

// Lock returns the condition's lock.
func (c *Condition) Lock() Locker { return c.lock }

// Acquire acquires the condition's lock; see [Lock.Acquire]. Python:
// condition.acquire().
func (c *Condition) Acquire(ctx context.Context) error { return c.lock.Acquire(ctx) }

// AcquireTimeout acquires the condition's lock; see [Lock.AcquireTimeout]. Python:
// condition.acquire(timeout=d).
func (c *Condition) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	return c.lock.AcquireTimeout(ctx, d)
}

// TryAcquire acquires the condition's lock; see [Lock.TryAcquire]. Python:
// condition.acquire(block=False).
func (c *Condition) TryAcquire(ctx context.Context) (acquired bool, err error) {
	return c.lock.TryAcquire(ctx)
}

// Release releases the condition's lock; see [Lock.Release]. Python:
// condition.release().
func (c *Condition) Release(ctx context.Context) error { return c.lock.Release(ctx) }

// Recover acquires the condition's lock although its owner died; see
// [Lock.Recover]. The condition itself needs no repair.
func (c *Condition) Recover(ctx context.Context) error { return c.lock.Recover(ctx) }

// With calls fn with the condition's lock held and releases it however fn ends.
// Python: with condition.
func (c *Condition) With(ctx context.Context, fn func()) error { return with(ctx, c.lock, fn) }

// Wait releases the lock, waits until it is notified, and acquires the lock again,
// as often as the caller had. The end of ctx ends the waiting but not the
// acquiring: the caller holds the lock whatever Wait returns, except with an
// [*OwnerDiedError] or [ErrClosed]. An [*AssertionError] says that the lock was not
// held to begin with. The GIL is given up while it waits. Python:
// condition.wait().
func (c *Condition) Wait(ctx context.Context) error {
	_, err := c.sleep(ctx, "Condition.Wait", never)
	return err
}

// WaitTimeout is Wait that waits for at most d, not counting the time until it has
// the lock again, and reports whether it was notified. Python: condition.wait(d).
func (c *Condition) WaitTimeout(ctx context.Context, d time.Duration) (notified bool, err error) {
	return c.sleep(ctx, "Condition.WaitTimeout", within(ctx, d))
}

// WaitFor waits until pred, which is called with the lock held, returns true.
// Python: condition.wait_for(pred).
func (c *Condition) WaitFor(ctx context.Context, pred func() bool) error {
	for !pred() {
		if err := c.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// WaitForTimeout is WaitFor that waits for at most d, and returns what pred
// returned last. Python: condition.wait_for(pred, d).
func (c *Condition) WaitForTimeout(ctx context.Context, d time.Duration, pred func() bool) (bool, error) {
	until := within(ctx, d)
	for {
		if pred() {
			return true, nil
		}
		if until.over(ctx) {
			return false, nil
		}
		if _, err := c.sleep(ctx, "Condition.WaitForTimeout", until); err != nil {
			return false, err
		}
	}
}

func (c *Condition) sleep(ctx context.Context, op string, until limit) (notified bool, err error) {
	if err := c.err(); err != nil {
		return false, err
	}
	if !c.lock.held(ctx) {
		return false, asserted("must acquire() condition before using wait()", "%s: the lock is not held: call Acquire first", op)
	}
	row, err := c.row()
	if err != nil {
		return false, err
	}
	atomic.AddUint64(&row.counts, 1<<32)
	levels, err := c.lock.save(ctx)
	if err != nil {
		c.quit(row)
		return false, err
	}
	var failed error
	notified, err = c.wait(ctx, op, &c.room, &quest{
		Quest: futex.Quest{
			Bell: &row.bell,
			Try: func() bool {
				failed = c.err()
				return failed != nil || c.granted(row)
			},
			Check: c.look,
		},
		kind:  opWait,
		ready: func() bool { return c.err() != nil || row.claimed != uint32(atomic.LoadUint64(&row.counts)) },
		until: until,
	})
	if !notified || failed != nil {
		// Giving up, unless a notification has come that nobody here has taken.
		notified = c.quit(row)
		if notified {
			err = nil
		}
	}
	if failed != nil {
		return false, failed
	}
	if e := c.lock.restore(ctx, levels); e != nil {
		err = e
	}
	if notified {
		atomic.AddUint32(&row.done, 1)
	}
	runtime.KeepAlive(c)
	return notified, err
}

// granted takes one of the notifications that came for this process.
func (c *Condition) granted(row *sleepers) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if row.claimed == uint32(atomic.LoadUint64(&row.counts)) {
		return false
	}
	row.claimed++
	return true
}

// quit ends the waiting of somebody who was not granted a notification. If as many
// came as wait here, one of them is his, and it reports true.
func (c *Condition) quit(row *sleepers) (notified bool) {
	for {
		v := atomic.LoadUint64(&row.counts)
		if v>>32 == 0 {
			return c.granted(row)
		}
		if atomic.CompareAndSwapUint64(&row.counts, v, v-1<<32) {
			return false
		}
	}
}

// grant notifies up to n of those who wait in a row, and returns how many it did.
func (c *Condition) grant(row *sleepers, n int) int {
	for {
		v := atomic.LoadUint64(&row.counts)
		k := min(n, int(v>>32))
		if k == 0 {
			return 0
		}
		// The lower half wraps without touching the upper one.
		next := (v>>32-uint64(k))<<32 | uint64(uint32(v)+uint32(k))
		if atomic.CompareAndSwapUint64(&row.counts, v, next) {
			c.ring(&row.bell, futex.All)
			return k
		}
	}
}

// Notify wakes up to n of those who wait; they return when they have the lock. An
// [*AssertionError] says that the caller does not hold it. It does not block.
// Python: condition.notify(n).
func (c *Condition) Notify(ctx context.Context, n int) error {
	if err := c.act(ctx, opNotify); err != nil {
		return err
	}
	if !c.lock.held(ctx) {
		return asserted("lock is not owned", "Condition.Notify: the lock is not held: call Acquire first")
	}
	c.notify(n)
	return nil
}

// NotifyAll wakes all who wait; see Notify. Python: condition.notify_all().
func (c *Condition) NotifyAll(ctx context.Context) error { return c.Notify(ctx, int(^uint32(0)>>1)) }

// notify wakes up to n, beginning with another process each time.
func (c *Condition) notify(n int) {
	rows := c.rows()
	if rows == 0 {
		return
	}
	begin := atomic.AddUint32(&c.mem.turn, 1)
	for i := uint32(0); i < rows && n > 0; i++ {
		row := &c.mem.row[(begin+i)%rows]
		owner := atomic.LoadUint32(&row.owner)
		if owner == 0 || atomic.LoadUint64(&row.counts)>>32 == 0 {
			continue
		}
		if owner != c.me() && !c.seg.Alive(owner&^dead) {
			n += c.bury(row, owner)
			continue
		}
		n -= c.grant(row, n)
	}
	runtime.KeepAlive(c)
}

// look gives the notifications of the dead to those who live.
func (c *Condition) look() {
	orphaned := 0
	for i := range c.rows() {
		row := &c.mem.row[i]
		if owner := atomic.LoadUint32(&row.owner); owner != 0 && owner != c.me() && !c.seg.Alive(owner&^dead) {
			orphaned += c.bury(row, owner)
		}
	}
	if orphaned > 0 {
		c.notify(orphaned)
	}
}

func (c *Condition) rows() uint32 { return min(atomic.LoadUint32(&c.mem.rows), conditionRows) }

// bury empties the row of a dead process and returns how many notifications it had
// got that did no good.
func (c *Condition) bury(row *sleepers, owner uint32) (orphaned int) {
	if !atomic.CompareAndSwapUint32(&row.owner, owner, c.me()|dead) {
		return 0 // somebody else is at it
	}
	orphaned = int(uint32(atomic.LoadUint64(&row.counts)) - atomic.LoadUint32(&row.done))
	atomic.StoreUint64(&row.counts, 0)
	atomic.StoreUint32(&row.done, 0)
	atomic.StoreUint32(&row.claimed, 0)
	atomic.StoreUint32(&row.owner, 0)
	return max(orphaned, 0)
}

// mine finds the row of the process that acts, nil when it has none.
func (c *Condition) mine() *sleepers {
	me := c.me()
	for i := range c.rows() {
		if row := &c.mem.row[i]; atomic.LoadUint32(&row.owner) == me {
			return row
		}
	}
	return nil
}

// row returns this process's row. It is called with the condition's lock held.
func (c *Condition) row() (*sleepers, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if row := c.mine(); row != nil {
		return row, nil
	}
	for i := range uint32(conditionRows) {
		row := &c.mem.row[i]
		owner := atomic.LoadUint32(&row.owner)
		if owner != 0 {
			if c.seg.Alive(owner &^ dead) {
				continue
			}
			if orphaned := c.bury(row, owner); orphaned > 0 {
				c.notify(orphaned)
			}
		}
		if atomic.CompareAndSwapUint32(&row.owner, 0, c.me()) {
			for rows := c.rows(); rows <= i; rows = c.rows() {
				atomic.CompareAndSwapUint32(&c.mem.rows, rows, i+1)
			}
			return row, nil
		}
	}
	return nil, invalid("", "Condition: more than %d processes wait", conditionRows)
}

// Close gives this process's handle up, and that of a lock that [NewCondition]
// made; what waits here returns [ErrClosed]. It does not block, and may be called
// again.
func (c *Condition) Close() error {
	row := c.mine()
	var bells []*futex.Bell
	if row != nil {
		bells = append(bells, &row.bell)
	}
	err := c.close(bells...)
	if l, ok := c.lock.(interface{ Close() error }); ok && c.own {
		err = errors.Join(err, l.Close())
	}
	return err
}

// conditionPassing is what a message holds of a Condition that travels in it.
type conditionPassing struct {
	Handle int
	Lock   Locker
}

// ReduceHandle lets the condition travel to another process together with its
// lock. It implements pickle.HandleReducer.
func (c *Condition) ReduceHandle(h *pickle.Handles) (any, error) {
	p, err := c.reduce(h)
	return conditionPassing{p.Handle, c.lock}, err
}

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p conditionPassing) (*Condition, error) {
		if p.Lock == nil {
			return nil, invalid("", "a Condition arrived without its lock")
		}
		s, err := arriving(h, passing{p.Handle}, "Condition", kindCondition, conditionSize)
		if err != nil {
			return nil, err
		}
		return conditionOf(s, p.Lock), nil
	}, "process.Condition")
}
