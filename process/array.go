package process

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/pygil/pygil/pipe/pickle"
)

// An Array is a fixed number of T in memory that processes share, with a lock. It
// is made with [NewArray] or [NewArrayOf] and reaches other processes as, or
// inside, an argument or a message. What T can be, and which operations need the
// lock, is as for a [Value]: an element of 1, 2, 4 or 8 bytes is read and written in
// one piece. Python: multiprocessing.Array.
type Array[T any] struct {
	lock *Lock
	data []T
}

// A RawArray is an Array without a lock. Python: multiprocessing.RawArray.
type RawArray[T any] struct {
	shared
	data []T
}

// NewArray makes an array of n zeros. It does not block. Python:
// multiprocessing.Array(type, n).
func NewArray[T any](ctx context.Context, n int) (*Array[T], error) {
	s, err := makeArray[T](ctx, "Array", n)
	if err != nil {
		return nil, err
	}
	return arrayOf[T](s), nil
}

// NewArrayOf makes an array that holds a copy of values. Python:
// multiprocessing.Array(type, values).
func NewArrayOf[T any](ctx context.Context, values []T) (*Array[T], error) {
	a, err := NewArray[T](ctx, len(values))
	if err == nil {
		copy(a.data, values)
	}
	return a, err
}

// NewRawArray makes a raw array of n zeros. Python:
// multiprocessing.RawArray(type, n).
func NewRawArray[T any](ctx context.Context, n int) (*RawArray[T], error) {
	s, err := makeArray[T](ctx, "RawArray", n)
	if err != nil {
		return nil, err
	}
	return rawArrayOf[T](s), nil
}

func makeArray[T any](ctx context.Context, object string, n int) (*shared, error) {
	const most = (math.MaxInt - 1<<20) // bytes, with room for what else a segment has
	if n < 0 || uint64(n) > most/uint64(max(unsafe.Sizeof(*new(T)), 1)) {
		return nil, invalid(fmt.Sprintf("Array length must be >= 0, not %d", n), "New%s: the length %d cannot be", object, n)
	}
	return makeData[T](ctx, object, n, kindArray)
}

func elements[T any](s *shared) []T {
	size := int(unsafe.Sizeof(*new(T)))
	if size == 0 {
		return nil
	}
	return unsafe.Slice(at[T](s, dataAt), (s.seg.Size()-dataAt)/size)
}

func arrayOf[T any](s *shared) *Array[T] {
	m := mutexOf(s)
	m.part = true
	return &Array[T]{lock: &Lock{m}, data: elements[T](s)}
}

func rawArrayOf[T any](s *shared) *RawArray[T] {
	return &RawArray[T]{shared: s.twin(), data: elements[T](s)}
}

// Len returns the number of elements. Python: len(array).
func (a *Array[T]) Len() int { return len(a.data) }

// Lock returns the lock that belongs to the array. It is closed with the array, and
// travels with it and not by itself. Python: array.get_lock().
func (a *Array[T]) Lock() *Lock { return a.lock }

// element checks an index; negative ones count from the end.
func (a *Array[T]) element(ctx context.Context, i int, k opKind) (*T, error) {
	if err := a.lock.act(ctx, k); err != nil {
		return nil, err
	}
	if i < 0 {
		i += len(a.data)
	}
	if i < 0 || i >= len(a.data) {
		return nil, invalid("invalid index", "Array: index out of the range of %d elements", len(a.data))
	}
	return &a.data[i], nil
}

// Load returns element i, from the end if i is negative. Python: array[i].
func (a *Array[T]) Load(ctx context.Context, i int) (x T, err error) {
	p, err := a.element(ctx, i, opRead)
	if err != nil {
		return x, err
	}
	if whole(p) {
		x = load(p)
		runtime.KeepAlive(a)
		return x, nil
	}
	err = a.With(ctx, func([]T) { x = *p })
	return x, err
}

// Store sets element i, from the end if i is negative. Python: array[i] = x.
func (a *Array[T]) Store(ctx context.Context, i int, x T) error {
	p, err := a.element(ctx, i, opWrite)
	if err != nil {
		return err
	}
	if whole(p) {
		store(p, x)
		runtime.KeepAlive(a)
		return nil
	}
	return a.With(ctx, func([]T) { *p = x })
}

// AddAt adds d to element i in one atomic instruction, without the array's lock, and
// returns the sum. Integers wrap. Python: with array.get_lock(): array[i] += d.
func AddAt[N Number](ctx context.Context, a *Array[N], i int, d N) (sum N, err error) {
	p, err := a.element(ctx, i, opUpdate)
	if err != nil {
		return sum, err
	}
	sum = addTo(p, d)
	runtime.KeepAlive(a)
	return sum, nil
}

// Slice returns a copy of the elements from lo up to hi, made with the lock held;
// both are cut to the array as Python cuts them. Python: array[lo:hi].
func (a *Array[T]) Slice(ctx context.Context, lo, hi int) (part []T, err error) {
	err = a.With(ctx, func(all []T) {
		lo, hi := cut(lo, hi, len(all))
		part = append([]T{}, all[lo:hi]...)
	})
	return part, err
}

// SetSlice sets the elements from lo up to hi, with the lock held. A [*ValueError]
// says that there are not as many values. Python: array[lo:hi] = values.
func (a *Array[T]) SetSlice(ctx context.Context, lo, hi int, values []T) error {
	lo, hi = cut(lo, hi, len(a.data))
	if hi-lo != len(values) {
		return invalid("Can only assign sequence of same size", "Array: %d values for %d elements", len(values), hi-lo)
	}
	return a.With(ctx, func(all []T) { copy(all[lo:hi], values) })
}

// cut turns a slice's bounds into indices as Python does.
func cut(lo, hi, n int) (int, int) {
	at := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	lo, hi = at(lo), at(hi)
	return lo, max(lo, hi)
}

// With calls fn with the shared memory itself and the lock held. The slice must not
// be used after fn. The GIL is given up while it waits for the lock. Python: with
// array.get_lock().
func (a *Array[T]) With(ctx context.Context, fn func(all []T)) error {
	if err := a.lock.Acquire(ctx); err != nil {
		return err
	}
	defer func() { _ = a.lock.Release(ctx) }()
	fn(a.data)
	return nil
}

// Close gives this process's handle up; see [Lock.Close].
func (a *Array[T]) Close() error { return a.lock.Close() }

// String shows the type and the length.
func (a *Array[T]) String() string {
	return fmt.Sprintf("<SynchronizedArray wrapper for %s_Array_%d>", typeText[T](), len(a.data))
}

// ReduceHandle lets the array travel to another process; see [Value.ReduceHandle].
func (a *Array[T]) ReduceHandle(h *pickle.Handles) (any, error) { return a.lock.reduce(h) }

// Len returns the number of elements. Python: len(rawarray).
func (a *RawArray[T]) Len() int { return len(a.data) }

// Data returns the shared memory itself. It is valid as long as a is reachable.
func (a *RawArray[T]) Data() []T { return a.data }

// Close gives this process's handle up. The memory stays readable as long as a is
// reachable. It may be called again.
func (a *RawArray[T]) Close() error { return a.close() }

// ReduceHandle lets the array travel to another process; see [Value.ReduceHandle].
func (a *RawArray[T]) ReduceHandle(h *pickle.Handles) (any, error) { return a.reduce(h) }

func registerArray[T any]() {
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Array[T], error) {
		s, err := arriving(h, p, "Array", kindArray, dataAt)
		if err != nil {
			return nil, err
		}
		return arrayOf[T](s), nil
	}, "process.Array["+typeText[T]()+"]")
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*RawArray[T], error) {
		s, err := arriving(h, p, "RawArray", kindArray, dataAt)
		if err != nil {
			return nil, err
		}
		return rawArrayOf[T](s), nil
	}, "process.RawArray["+typeText[T]()+"]")
}
