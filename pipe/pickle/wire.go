package pickle

import (
	"encoding/binary"
	"math/big"
	"reflect"
	"time"
)

// The bytes of a message, all in one place:
//
//	message    = layout1 value
//	value      = type, then the type's value; tagNil alone for a nil interface
//	type       = tag of a basic type
//	           | tagPointer type | tagSlice type | tagMap type type
//	           | tagArray length type
//	           | tagNamed name structure(4 bytes)
//	           | tagSeen number          the n-th type above, in order of completion
//	           | tagSentinel name        not a type: the registered error itself
//
// A number is a base-128 varint, signed ones zigzag; one-byte integers and
// floats are themselves. A string is its length and its bytes. A struct is its
// fields, an array its elements. What has an identity starts with a code:
//
//	nil | seen number | part … | new (pointers) | new+length (slices, maps)
//
// and each new one gets the next number, counted from zero on both sides.
const layout1 = 0xE1 // no pickle of CPython starts with it, nor does JSON

const (
	tagNil byte = iota
	tagBool
	tagInt
	tagInt8
	tagInt16
	tagInt32
	tagInt64
	tagUint
	tagUint8
	tagUint16
	tagUint32
	tagUint64
	tagUintptr
	tagFloat32
	tagFloat64
	tagComplex64
	tagComplex128
	tagString
	tagAny
	tagError
	tagTime
	tagBigInt
	tagBigRat
	tagBigFloat
	tagBytes
	tagList
	tagDict
	tagUnit
	tagBasicEnd // the tags below stand for one type each

	tagPointer = iota
	tagSlice
	tagArray
	tagMap
	tagNamed
	tagSeen
	tagSentinel
)

// The codes of values that have an identity.
const (
	codeNil    = iota // no value
	codeSeen          // the n-th value with an identity, again
	codePart          // a part of another value: its container, then the way in
	codeBuffer        // a []byte that travels beside the message
	codeNew           // a new value; slices and maps add their length
)

// builtinTags are the types that need no name.
var builtinTags = map[reflect.Type]byte{
	reflect.TypeFor[bool]():           tagBool,
	reflect.TypeFor[int]():            tagInt,
	reflect.TypeFor[int8]():           tagInt8,
	reflect.TypeFor[int16]():          tagInt16,
	reflect.TypeFor[int32]():          tagInt32,
	reflect.TypeFor[int64]():          tagInt64,
	reflect.TypeFor[uint]():           tagUint,
	reflect.TypeFor[uint8]():          tagUint8,
	reflect.TypeFor[uint16]():         tagUint16,
	reflect.TypeFor[uint32]():         tagUint32,
	reflect.TypeFor[uint64]():         tagUint64,
	reflect.TypeFor[uintptr]():        tagUintptr,
	reflect.TypeFor[float32]():        tagFloat32,
	reflect.TypeFor[float64]():        tagFloat64,
	reflect.TypeFor[complex64]():      tagComplex64,
	reflect.TypeFor[complex128]():     tagComplex128,
	reflect.TypeFor[string]():         tagString,
	reflect.TypeFor[any]():            tagAny,
	reflect.TypeFor[error]():          tagError,
	reflect.TypeFor[time.Time]():      tagTime,
	reflect.TypeFor[big.Int]():        tagBigInt,
	reflect.TypeFor[big.Rat]():        tagBigRat,
	reflect.TypeFor[big.Float]():      tagBigFloat,
	reflect.TypeFor[[]byte]():         tagBytes,
	reflect.TypeFor[[]any]():          tagList,
	reflect.TypeFor[map[string]any](): tagDict,
	reflect.TypeFor[struct{}]():       tagUnit,
}

func zigzag(n int64) uint64 { return uint64(n<<1) ^ uint64(n>>63) }

func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func appendUvarint(b []byte, n uint64) []byte {
	if n < 0x80 {
		return append(b, byte(n))
	}
	return binary.AppendUvarint(b, n)
}

func appendVarint(b []byte, n int64) []byte { return appendUvarint(b, zigzag(n)) }

func appendString(b []byte, s string) []byte {
	return append(appendUvarint(b, uint64(len(s))), s...)
}
