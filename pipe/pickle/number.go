package pickle

import (
	"encoding/binary"
	"math"
	"math/bits"
	"reflect"
	"unsafe"
)

// Slices and arrays of numbers are read and written through their memory, number
// by number but without a call for each: a named element type differs from the
// one that its kind names in nothing but the name.

func isBulk(k reflect.Kind) bool { return k >= reflect.Bool && k <= reflect.Complex128 }

// numbers writes n numbers of a kind that lie at p.
func (e *encoder) numbers(k reflect.Kind, p unsafe.Pointer, n int) {
	b := e.buf
	switch k {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		b = append(b, unsafe.Slice((*byte)(p), n)...)
	case reflect.Int:
		b = appendInts(b, unsafe.Slice((*int)(p), n))
	case reflect.Int16:
		b = appendInts(b, unsafe.Slice((*int16)(p), n))
	case reflect.Int32:
		b = appendInts(b, unsafe.Slice((*int32)(p), n))
	case reflect.Int64:
		b = appendInts(b, unsafe.Slice((*int64)(p), n))
	case reflect.Uint:
		b = appendUints(b, unsafe.Slice((*uint)(p), n))
	case reflect.Uint16:
		b = appendUints(b, unsafe.Slice((*uint16)(p), n))
	case reflect.Uint32:
		b = appendUints(b, unsafe.Slice((*uint32)(p), n))
	case reflect.Uint64:
		b = appendUints(b, unsafe.Slice((*uint64)(p), n))
	case reflect.Uintptr:
		b = appendUints(b, unsafe.Slice((*uintptr)(p), n))
	case reflect.Float32:
		b = appendBits32(b, unsafe.Slice((*uint32)(p), n))
	case reflect.Complex64:
		b = appendBits32(b, unsafe.Slice((*uint32)(p), 2*n))
	case reflect.Float64:
		b = appendBits64(b, unsafe.Slice((*float64)(p), n))
	case reflect.Complex128:
		b = appendBits64(b, unsafe.Slice((*float64)(p), 2*n))
	}
	e.buf = b
}

func appendInts[N int | int16 | int32 | int64](b []byte, ns []N) []byte {
	for _, n := range ns {
		b = appendUvarint(b, zigzag(int64(n)))
	}
	return b
}

func appendUints[N uint | uint16 | uint32 | uint64 | uintptr](b []byte, ns []N) []byte {
	for _, n := range ns {
		b = appendUvarint(b, uint64(n))
	}
	return b
}

func appendBits32(b []byte, ns []uint32) []byte {
	for _, n := range ns {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func appendBits64(b []byte, ns []float64) []byte {
	for _, n := range ns {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(n))
	}
	return b
}

// numbers reads n numbers of a kind into the memory at p.
func (d *decoder) numbers(k reflect.Kind, p unsafe.Pointer, n int) *Error {
	switch k {
	case reflect.Bool:
		b, err := d.take(n)
		if err != nil {
			return err
		}
		for i, to := range b {
			if to > 1 {
				return d.failAt(d.pos-n+i, boolType, "%d is no bool", to)
			}
		}
		copy(unsafe.Slice((*byte)(p), n), b)
	case reflect.Int8, reflect.Uint8:
		b, err := d.take(n)
		if err != nil {
			return err
		}
		copy(unsafe.Slice((*byte)(p), n), b)
	case reflect.Int:
		return readInts(d, unsafe.Slice((*int)(p), n))
	case reflect.Int16:
		return readInts(d, unsafe.Slice((*int16)(p), n))
	case reflect.Int32:
		return readInts(d, unsafe.Slice((*int32)(p), n))
	case reflect.Int64:
		return readInts(d, unsafe.Slice((*int64)(p), n))
	case reflect.Uint:
		return readInts(d, unsafe.Slice((*uint)(p), n))
	case reflect.Uint16:
		return readInts(d, unsafe.Slice((*uint16)(p), n))
	case reflect.Uint32:
		return readInts(d, unsafe.Slice((*uint32)(p), n))
	case reflect.Uint64:
		return readInts(d, unsafe.Slice((*uint64)(p), n))
	case reflect.Uintptr:
		return readInts(d, unsafe.Slice((*uintptr)(p), n))
	case reflect.Float32:
		return readBits32(d, unsafe.Slice((*uint32)(p), n))
	case reflect.Complex64:
		return readBits32(d, unsafe.Slice((*uint32)(p), 2*n))
	case reflect.Float64:
		return readBits64(d, unsafe.Slice((*float64)(p), n))
	case reflect.Complex128:
		return readBits64(d, unsafe.Slice((*float64)(p), 2*n))
	}
	return nil
}

var boolType = reflect.TypeFor[bool]()

// moreFollow are the bits of eight bytes that say that a number goes on behind them.
const moreFollow = 0x8080808080808080

// readInts reads numbers of several bytes at once: a loop would be as slow as they are
// many.
func readInts[N int | int16 | int32 | int64 | uint | uint16 | uint32 | uint64 | uintptr](d *decoder, ns []N) *Error {
	signed := N(0)-1 < 0
	for i := range ns {
		var n uint64
		var x, ends uint64 // the next bytes, and a bit for each that ends a number
		if d.left() >= 8 {
			x = binary.LittleEndian.Uint64(d.data[d.pos:])
			ends = ^x & moreFollow
		}
		switch {
		case ends&0x80 != 0:
			n = x & 0x7f
			d.pos++
		case ends != 0:
			n = gather(x & (ends ^ (ends - 1)))
			d.pos += bits.TrailingZeros64(ends)>>3 + 1
		default: // a long one, or one of the last
			var err *Error
			if n, err = d.uvarint(); err != nil {
				return err
			}
		}
		if signed {
			n = uint64(unzigzag(n))
		}
		if ns[i] = N(n); uint64(ns[i]) != n {
			if signed {
				return d.fail(reflect.TypeFor[N](), "%d does not fit", int64(n))
			}
			return d.fail(reflect.TypeFor[N](), "%d does not fit", n)
		}
	}
	return nil
}

// gather puts the low 7 bits of eight bytes together.
func gather(x uint64) uint64 {
	x = x&0x007f007f007f007f | x>>1&0x3f803f803f803f80
	x = x&0x00003fff00003fff | x>>2&0x0fffc0000fffc000
	return x&0x000000000fffffff | x>>4&0x00fffffff0000000
}

func readBits32(d *decoder, ns []uint32) *Error {
	b, err := d.take(4 * len(ns))
	if err != nil {
		return err
	}
	for i := range ns {
		ns[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return nil
}

func readBits64(d *decoder, ns []float64) *Error {
	b, err := d.take(8 * len(ns))
	if err != nil {
		return err
	}
	for i := range ns {
		ns[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return nil
}
