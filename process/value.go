package process

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/pygil/pygil/pipe/pickle"
)

// A Value is a T in memory that processes share, with a lock. It is made with
// [NewValue] and reaches other processes as, or inside, an argument or a message.
//
// T is a number, a bool, or an array or struct of those. Load, Store, Swap,
// CompareAndSwap and [Add] of a T of 1, 2, 4 or 8 bytes are one atomic instruction
// and ignore the lock, which is for what takes several steps; of any other T they
// acquire it. CPython's v.value += 1 loses updates; Add does not.
//
// Python: multiprocessing.Value.
type Value[T any] struct {
	lock *Lock
	p    *T
}

// A RawValue is a T in memory that processes share, without a lock. It is made with
// [NewRawValue] and travels as a [Value] does. Python: multiprocessing.RawValue.
type RawValue[T any] struct {
	shared
	p *T
}

// dataAt is where the data begins, behind a lock.
const dataAt = 64

// NewValue makes a Value that holds v. It does not block. A [*ValueError] says that
// a T cannot live in shared memory. Python: multiprocessing.Value(type, v).
func NewValue[T any](ctx context.Context, v T) (*Value[T], error) {
	s, err := makeData[T](ctx, "Value", 1, kindValue)
	if err != nil {
		return nil, err
	}
	w := valueOf[T](s)
	*w.p = v
	return w, nil
}

// NewRawValue makes a RawValue that holds v; see NewValue. Python:
// multiprocessing.RawValue(type, v).
func NewRawValue[T any](ctx context.Context, v T) (*RawValue[T], error) {
	s, err := makeData[T](ctx, "RawValue", 1, kindValue)
	if err != nil {
		return nil, err
	}
	w := rawValueOf[T](s)
	*w.p = v
	return w, nil
}

func makeData[T any](ctx context.Context, object string, n int, kind uint64) (*shared, error) {
	if err := fixed(reflect.TypeFor[T]()); err != nil {
		return nil, err
	}
	return makeShared(ctx, object, dataAt+n*int(unsafe.Sizeof(*new(T))), kind)
}

func valueOf[T any](s *shared) *Value[T] {
	m := mutexOf(s)
	m.part = true
	return &Value[T]{lock: &Lock{m}, p: at[T](s, dataAt)}
}

func rawValueOf[T any](s *shared) *RawValue[T] {
	return &RawValue[T]{shared: s.twin(), p: at[T](s, dataAt)}
}

// Lock returns the lock that belongs to the value. It is closed with the value, and
// travels with it and not by itself. Python: value.get_lock().
func (v *Value[T]) Lock() *Lock { return v.lock }

// Load returns the value. Python: value.value.
func (v *Value[T]) Load(ctx context.Context) (x T, err error) {
	if err := v.lock.act(ctx, opRead); err != nil {
		return x, err
	}
	if whole(v.p) {
		x = load(v.p)
		runtime.KeepAlive(v)
		return x, nil
	}
	err = v.With(ctx, func(p *T) { x = *p })
	return x, err
}

// Store sets the value. Python: value.value = x.
func (v *Value[T]) Store(ctx context.Context, x T) error {
	if err := v.lock.act(ctx, opWrite); err != nil {
		return err
	}
	if whole(v.p) {
		store(v.p, x)
		runtime.KeepAlive(v)
		return nil
	}
	return v.With(ctx, func(p *T) { *p = x })
}

// Swap sets the value and returns the one before.
func (v *Value[T]) Swap(ctx context.Context, x T) (old T, err error) {
	if err := v.lock.act(ctx, opUpdate); err != nil {
		return old, err
	}
	if !whole(v.p) {
		err = v.With(ctx, func(p *T) { old, *p = *p, x })
		return old, err
	}
	for old = load(v.p); !compareAndSwap(v.p, old, x); old = load(v.p) {
	}
	runtime.KeepAlive(v)
	return old, nil
}

// CompareAndSwap sets the value to x if it is old, bit for bit, and reports whether
// it did.
func (v *Value[T]) CompareAndSwap(ctx context.Context, old, x T) (swapped bool, err error) {
	if err := v.lock.act(ctx, opUpdate); err != nil {
		return false, err
	}
	if whole(v.p) {
		swapped = compareAndSwap(v.p, old, x)
		runtime.KeepAlive(v)
		return swapped, nil
	}
	err = v.With(ctx, func(p *T) {
		if swapped = bytesOf(p) == bytesOf(&old); swapped {
			*p = x
		}
	})
	return swapped, err
}

// bytesOf is the memory of a value, for comparison.
func bytesOf[T any](p *T) string {
	return string(unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)))
}

// Update sets the value to what f returns for it, with the lock held, and returns
// that. Python: with value.get_lock(): value.value = f(value.value).
func (v *Value[T]) Update(ctx context.Context, f func(T) T) (x T, err error) {
	err = v.With(ctx, func(p *T) {
		if whole(p) {
			x = f(load(p))
			store(p, x)
			return
		}
		x = f(*p)
		*p = x
	})
	return x, err
}

// With calls fn with the shared memory itself and the lock held. The pointer must
// not be used after fn. The GIL is given up while it waits for the lock. Python:
// with value.get_lock().
func (v *Value[T]) With(ctx context.Context, fn func(p *T)) error {
	if err := v.lock.Acquire(ctx); err != nil {
		return err
	}
	defer func() { _ = v.lock.Release(ctx) }()
	fn(v.p)
	return nil
}

// Add adds d to a value in one atomic instruction, without its lock, and returns the
// sum. Integers wrap. Python: with value.get_lock(): value.value += d.
func Add[N Number](ctx context.Context, v *Value[N], d N) (sum N, err error) {
	if v.lock.in != nil {
		if err := v.lock.act(ctx, opUpdate); err != nil {
			return sum, err
		}
	}
	if v.lock.shut.Load() {
		return sum, ErrClosed
	}
	sum = addTo(v.p, d)
	runtime.KeepAlive(v)
	return sum, nil
}

// Close gives this process's handle up; see [Lock.Close].
func (v *Value[T]) Close() error { return v.lock.Close() }

// String shows the type and the value, as far as that can be read without the lock.
func (v *Value[T]) String() string {
	if !whole(v.p) {
		return fmt.Sprintf("<Synchronized wrapper for %s>", typeText[T]())
	}
	defer runtime.KeepAlive(v)
	return fmt.Sprintf("<Synchronized wrapper for %s(%v)>", typeText[T](), load(v.p))
}

// ReduceHandle lets the value travel to another process, where it arrives as the
// same value. It implements pickle.HandleReducer. The types that [RegisterValue]
// names can travel, and those that it is called for.
func (v *Value[T]) ReduceHandle(h *pickle.Handles) (any, error) { return v.lock.reduce(h) }

// Load returns the value, in one piece if it has 1, 2, 4 or 8 bytes. Python:
// rawvalue.value.
func (v *RawValue[T]) Load(ctx context.Context) T {
	defer runtime.KeepAlive(v)
	v.touch(ctx, opRead)
	if whole(v.p) {
		return load(v.p)
	}
	return *v.p
}

// Store sets the value, in one piece if it has 1, 2, 4 or 8 bytes. Python:
// rawvalue.value = x.
func (v *RawValue[T]) Store(ctx context.Context, x T) {
	defer runtime.KeepAlive(v)
	v.touch(ctx, opWrite)
	if whole(v.p) {
		store(v.p, x)
		return
	}
	*v.p = x
}

// Pointer returns the shared memory itself. It is valid as long as v is reachable.
func (v *RawValue[T]) Pointer() *T { return v.p }

// Close gives this process's handle up. The memory stays readable as long as v is
// reachable. It may be called again.
func (v *RawValue[T]) Close() error { return v.close() }

// ReduceHandle lets the value travel to another process; see [Value.ReduceHandle].
func (v *RawValue[T]) ReduceHandle(h *pickle.Handles) (any, error) { return v.reduce(h) }

// RegisterValue lets a *Value[T], *RawValue[T], *Array[T] and *RawArray[T] travel,
// as an argument or in a message, for a T that is not a bool or a number type of
// the language: those are registered already. It is called, like pickle.Register,
// before main, in both programs, and panics on a T that cannot live in shared
// memory.
func RegisterValue[T any]() {
	if err := fixed(reflect.TypeFor[T]()); err != nil {
		panic(err)
	}
	size := int(unsafe.Sizeof(*new(T)))
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*Value[T], error) {
		s, err := arriving(h, p, "Value", kindValue, dataAt+size)
		if err != nil {
			return nil, err
		}
		return valueOf[T](s), nil
	}, "process.Value["+typeText[T]()+"]")
	pickle.RegisterHandle(func(h *pickle.Handles, p passing) (*RawValue[T], error) {
		s, err := arriving(h, p, "RawValue", kindValue, dataAt+size)
		if err != nil {
			return nil, err
		}
		return rawValueOf[T](s), nil
	}, "process.RawValue["+typeText[T]()+"]")
	registerArray[T]()
}

func init() {
	RegisterValue[bool]()
	RegisterValue[int]()
	RegisterValue[int8]()
	RegisterValue[int16]()
	RegisterValue[int32]()
	RegisterValue[int64]()
	RegisterValue[uint]()
	RegisterValue[uint8]()
	RegisterValue[uint16]()
	RegisterValue[uint32]()
	RegisterValue[uint64]()
	RegisterValue[float32]()
	RegisterValue[float64]()
}
