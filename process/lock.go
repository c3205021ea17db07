package process

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// A Lock is held by at most one process, or goroutine, at a time. It is made with
// [NewLock] and reaches other processes as, or inside, an argument or a message.
// Each process has a handle of its own and closes it, or forgets it.
//
// Acquiring a free lock and releasing one that nobody waits for make no system
// call. Who waits is served in no promised order: a lock that was released can be
// taken by whoever comes first.
//
// As in Python any process and any thread may release it, and a second Acquire by
// its holder waits. When the process that acquired it dies, or closes its handle,
// the answer to everybody is an [*OwnerDiedError] until one of them calls
// [Lock.Recover].
//
// Python: multiprocessing.Lock.
type Lock struct {
	*mutex
}

// A Locker is a [*Lock] or an [*RLock]: what a [Condition] can be made over.
type Locker interface {
	// Acquire waits until it holds the lock.
	Acquire(ctx context.Context) error
	// AcquireTimeout waits for at most d.
	AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error)
	// TryAcquire does not wait.
	TryAcquire(ctx context.Context) (acquired bool, err error)
	// Release gives the lock up.
	Release(ctx context.Context) error
	// Recover acquires a lock whose owner died.
	Recover(ctx context.Context) error

	// held reports whether the caller holds it, as far as that can be known.
	held(ctx context.Context) bool
	// save gives it up, however often it was acquired; restore takes it back.
	save(ctx context.Context) (levels int, err error)
	restore(ctx context.Context, levels int) error
}

var _ Locker = (*Lock)(nil)

// A mutex is the robust lock that Lock and RLock are. In shared memory it is a
// word and a bell.
//
// The word is 0 when the lock is free and the claim of its holder otherwise, so
// that acquiring is one compare-and-swap from 0 and there is no moment at which
// it is held by nobody knows whom. Somebody who has waited for a while asks the
// kernel whether the claim is still held; if not he sets the bit dead in the
// word, if the word is still the same. That cannot hit anybody else: claims are
// never used twice, and the dead do not acquire. Recover is a compare-and-swap
// from that word to the own claim: one of many gets it.
//
// A holder that is killed between its release and the ring of the bell leaves a
// free lock and sleepers that nobody wakes; see package futex for why that is a
// delay and no hang.
type mutex struct {
	shared
	mem  *mutexMemory
	room futex.Room
	part bool // of a Value or an Array
}

type mutexMemory struct {
	word uint32
	bell futex.Bell
}

const mutexSize = 12

// dead is the bit of a word whose claim is that of a dead process.
const dead = 1 << 31

// NewLock makes a lock that is free. It does not block. Python:
// multiprocessing.Lock().
func NewLock(ctx context.Context) (*Lock, error) {
	m, err := newMutex(ctx, "Lock")
	if err != nil {
		return nil, err
	}
	return &Lock{m}, nil
}

func newMutex(ctx context.Context, object string) (*mutex, error) {
	s, err := makeShared(ctx, object, mutexSize, kindLock)
	if err != nil {
		return nil, err
	}
	return mutexOf(s), nil
}

func mutexOf(s *shared) *mutex {
	return &mutex{shared: s.twin(), mem: at[mutexMemory](s, 0)}
}

// take acquires a lock that is free.
func (m *mutex) take() bool {
	if !atomic.CompareAndSwapUint32(&m.mem.word, 0, m.me()) {
		return false
	}
	m.fence.pass()
	m.own(true)
	runtime.KeepAlive(m)
	return true
}

// Acquire waits until it holds the lock. Its error is an [*OwnerDiedError],
// [ErrClosed], or says that ctx ended; then it does not hold it. The GIL is given
// up while it waits. Python: lock.acquire().
func (l *Lock) Acquire(ctx context.Context) error {
	if l.in == nil && !l.shut.Load() && l.take() {
		return nil
	}
	_, err := l.acquire(ctx, "Acquire", never, false)
	return err
}

// AcquireTimeout is Acquire that waits for at most d, and reports whether it holds
// the lock. Zero and negative times do not wait. Python: lock.acquire(timeout=d).
func (l *Lock) AcquireTimeout(ctx context.Context, d time.Duration) (acquired bool, err error) {
	return l.acquire(ctx, "AcquireTimeout", within(ctx, d), false)
}

// TryAcquire acquires the lock if it is free, and reports whether it did. A holder
// that died is an [*OwnerDiedError]. It does not block. Python:
// lock.acquire(block=False).
func (l *Lock) TryAcquire(ctx context.Context) (acquired bool, err error) { return l.try(ctx) }

// Recover acquires the lock although its owner died, so that the caller can put
// right what the lock protects. While the lock is held by somebody alive, or free,
// it is Acquire: of several that call it at the same time each gets it in turn,
// and each must find out for itself what there is left to repair. The GIL is given
// up while it waits.
func (l *Lock) Recover(ctx context.Context) error {
	_, err := l.acquire(ctx, "Recover", never, true)
	return err
}

// Release frees the lock, whoever holds it. A [*ValueError] says that nobody does.
// It does not block. Python: lock.release().
func (l *Lock) Release(ctx context.Context) error { return l.release(ctx) }

// Locked reports whether the lock is held, if only by a dead process. Python:
// lock.locked(), from 3.14.
func (l *Lock) Locked(ctx context.Context) bool { return l.locked(ctx) }

// With calls fn with the lock held and releases it however fn ends. When the lock
// cannot be acquired, fn is not called and the error is Acquire's. Python: with
// lock.
func (l *Lock) With(ctx context.Context, fn func()) error {
	return with(ctx, l, fn)
}

func with(ctx context.Context, l Locker, fn func()) (err error) {
	if err := l.Acquire(ctx); err != nil {
		return err
	}
	defer func() { err = l.Release(ctx) }()
	fn()
	return nil
}

// Close gives this process's handle up: what waits here returns [ErrClosed], and
// others who see this process as the holder get an [*OwnerDiedError]. Other
// processes keep the lock. It does not block, and may be called again.
func (l *Lock) Close() error { return l.close(&l.mem.bell) }

// String says who holds the lock, as Python's repr does.
func (l *Lock) String() string { return "<Lock(owner=" + l.owner() + ")>" }

func (l *Lock) held(context.Context) bool {
	defer runtime.KeepAlive(l)
	return atomic.LoadUint32(&l.mem.word) == l.me()
}

func (l *Lock) save(ctx context.Context) (int, error) { return 1, l.release(ctx) }

func (l *Lock) restore(ctx context.Context, _ int) error { return l.Acquire(patient(ctx)) }

// ReduceHandle lets the lock travel to another process, where it arrives as the
// same lock. It implements pickle.HandleReducer.
func (l *Lock) ReduceHandle(h *pickle.Handles) (any, error) {
	if l.part {
		return nil, invalid("", "the lock of a Value or an Array travels with it, not by itself: send the %s", l.object)
	}
	return l.reduce(h)
}

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Lock, error) {
		m, err := arrivingMutex(h, p, "Lock")
		if err != nil {
			return nil, err
		}
		return &Lock{m}, nil
	}, "process.Lock")
}

func arrivingMutex(h *pickle.Handles, p passing, object string) (*mutex, error) {
	s, err := arriving(h, p, object, kindLock, mutexSize)
	if err != nil {
		return nil, err
	}
	return mutexOf(s), nil
}

// try is one attempt, which does not wait.
func (m *mutex) try(ctx context.Context) (bool, error) {
	if err := m.act(ctx, opTryAcquire); err != nil {
		return false, err
	}
	if m.take() {
		return true, nil
	}
	m.look()
	done, err := m.attempt(false)
	return done && err == nil, err
}

// acquire waits for the lock until a moment. With repair it takes it from the
// dead.
func (m *mutex) acquire(ctx context.Context, op string, until limit, repair bool) (bool, error) {
	var failed error
	ok, err := m.wait(ctx, m.object+"."+op, &m.room, &quest{
		Quest: futex.Quest{
			Bell: &m.mem.bell,
			Try: func() (done bool) {
				done, failed = m.attempt(repair)
				return done
			},
			Check: m.look,
		},
		kind:  opAcquire,
		ready: func() bool { return m.err() != nil || m.free() },
		until: until,
	})
	if failed != nil {
		return false, failed
	}
	return ok, err
}

// attempt acquires the lock if it can be had, and reports whether there is nothing
// to wait for.
func (m *mutex) attempt(repair bool) (done bool, err error) {
	defer runtime.KeepAlive(m)
	if err := m.err(); err != nil {
		return true, err
	}
	for {
		word := atomic.LoadUint32(&m.mem.word)
		switch {
		case word != 0 && word&dead == 0:
			return false, nil
		case word != 0 && !repair:
			return true, &OwnerDiedError{Object: m.object, PID: m.seg.PID(word &^ dead)}
		case atomic.CompareAndSwapUint32(&m.mem.word, word, m.me()):
			m.fence.pass()
			m.own(true)
			return true, nil
		}
	}
}

// free reports whether nobody alive holds the lock.
func (m *mutex) free() bool {
	word := atomic.LoadUint32(&m.mem.word)
	return word == 0 || word&dead != 0
}

// look finds out whether the holder has died.
func (m *mutex) look() {
	word := atomic.LoadUint32(&m.mem.word)
	if word == 0 || word&dead != 0 || m.seg.Alive(word) {
		return
	}
	if atomic.CompareAndSwapUint32(&m.mem.word, word, word|dead) {
		if m.in == nil {
			m.mem.bell.Poke(futex.All)
		}
	}
}

func (m *mutex) release(ctx context.Context) error {
	if err := m.act(ctx, opRelease); err != nil {
		return err
	}
	m.fence.pass()
	for {
		word := atomic.LoadUint32(&m.mem.word)
		switch {
		case word == 0:
			return invalid(releasedTooOften, "%s: release of a lock that nobody holds", m.object)
		case word&dead != 0:
			return &OwnerDiedError{Object: m.object, PID: m.seg.PID(word &^ dead)}
		case atomic.CompareAndSwapUint32(&m.mem.word, word, 0):
			m.own(false)
			m.ring(&m.mem.bell, 1)
			runtime.KeepAlive(m)
			return nil
		}
	}
}

const releasedTooOften = "semaphore or lock released too many times"

func (m *mutex) locked(ctx context.Context) bool {
	_ = m.act(ctx, opPeek)
	return m.taken()
}

func (m *mutex) taken() bool {
	defer runtime.KeepAlive(m)
	return atomic.LoadUint32(&m.mem.word) != 0
}

// owner is what Python's repr says of the holder.
func (m *mutex) owner() string {
	defer runtime.KeepAlive(m)
	switch word := atomic.LoadUint32(&m.mem.word); {
	case word == 0:
		return "None"
	case word == m.me():
		return m.process().Name()
	default:
		return "SomeOtherProcess"
	}
}
