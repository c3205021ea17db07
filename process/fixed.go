package process

import (
	"fmt"
	"reflect"
	"sync/atomic"
	"unsafe"
)

// fixed checks that values of a type can live in shared memory: they must be of a
// fixed size and hold no addresses, which mean nothing in another process.
func fixed(t reflect.Type) error { return fixedAt(t, t, t.String()) }

func fixedAt(whole, t reflect.Type, path string) error {
	switch t.Kind() {
	case reflect.Bool,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64, reflect.Complex64, reflect.Complex128:
		return nil
	case reflect.Array:
		return fixedAt(whole, t.Elem(), path+"[0]")
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.Name != "_" {
				if err := fixedAt(whole, f.Type, path+"."+f.Name); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return invalid("this type has no size", "%s cannot live in shared memory: %s is a %s, which holds an address; use numbers, and arrays and structs of them", whole, path, t.Kind())
}

// A Number is a type that [Add] and [AddAt] take.
type Number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uintptr |
		~float32 | ~float64
}

// whole reports whether a value at p is read and written in one piece, so that no
// lock is needed.
func whole[T any](p *T) bool {
	n := unsafe.Sizeof(*p)
	return n <= 8 && n&(n-1) == 0 && uintptr(unsafe.Pointer(p))%max(n, 1) == 0
}

// load reads a value that is whole.
func load[T any](p *T) (v T) {
	switch unsafe.Sizeof(v) {
	case 8:
		*(*uint64)(unsafe.Pointer(&v)) = atomic.LoadUint64((*uint64)(unsafe.Pointer(p)))
	case 4:
		*(*uint32)(unsafe.Pointer(&v)) = atomic.LoadUint32((*uint32)(unsafe.Pointer(p)))
	default:
		word, shift := wordOf(unsafe.Pointer(p))
		w := atomic.LoadUint32(word)
		v = *(*T)(unsafe.Add(unsafe.Pointer(&w), shift))
	}
	return v
}

// store writes a value that is whole.
func store[T any](p *T, v T) {
	switch unsafe.Sizeof(v) {
	case 8:
		atomic.StoreUint64((*uint64)(unsafe.Pointer(p)), *(*uint64)(unsafe.Pointer(&v)))
	case 4:
		atomic.StoreUint32((*uint32)(unsafe.Pointer(p)), *(*uint32)(unsafe.Pointer(&v)))
	default:
		for old := load(p); !compareAndSwap(p, old, v); old = load(p) {
		}
	}
}

// compareAndSwap compares the bytes of a value that is whole.
func compareAndSwap[T any](p *T, old, v T) bool {
	switch unsafe.Sizeof(v) {
	case 8:
		return atomic.CompareAndSwapUint64((*uint64)(unsafe.Pointer(p)), *(*uint64)(unsafe.Pointer(&old)), *(*uint64)(unsafe.Pointer(&v)))
	case 4:
		return atomic.CompareAndSwapUint32((*uint32)(unsafe.Pointer(p)), *(*uint32)(unsafe.Pointer(&old)), *(*uint32)(unsafe.Pointer(&v)))
	}
	// One or two bytes: swap the word around them, as long as they are old's.
	word, shift := wordOf(unsafe.Pointer(p))
	for {
		have := atomic.LoadUint32(word)
		want, next := have, have
		*(*T)(unsafe.Add(unsafe.Pointer(&want), shift)) = old
		if want != have {
			return false
		}
		*(*T)(unsafe.Add(unsafe.Pointer(&next), shift)) = v
		if atomic.CompareAndSwapUint32(word, have, next) {
			return true
		}
	}
}

// wordOf returns the aligned word that a byte lies in, and where.
func wordOf(p unsafe.Pointer) (word *uint32, shift uintptr) {
	shift = uintptr(p) % 4
	return (*uint32)(unsafe.Add(p, -int(shift))), shift
}

// addTo adds to a number in one piece and returns the sum. Integers wrap.
func addTo[N Number](p *N, d N) N {
	// An integer type turns 1/2 into 0.
	if integer := N(1)/2 == 0; integer {
		switch unsafe.Sizeof(d) {
		case 8:
			sum := atomic.AddUint64((*uint64)(unsafe.Pointer(p)), *(*uint64)(unsafe.Pointer(&d)))
			return *(*N)(unsafe.Pointer(&sum))
		case 4:
			sum := atomic.AddUint32((*uint32)(unsafe.Pointer(p)), *(*uint32)(unsafe.Pointer(&d)))
			return *(*N)(unsafe.Pointer(&sum))
		}
	}
	for {
		old := load(p)
		if sum := old + d; compareAndSwap(p, old, sum) {
			return sum
		}
	}
}

// typeText names a type in messages and in the names of registered types.
func typeText[T any]() string { return fmt.Sprint(reflect.TypeFor[T]()) }
