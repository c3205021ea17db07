// Package frame is the wire format of a connection: a length, then as many
// bytes, exactly as CPython's multiprocessing.connection writes them.
//
// A message of n <= 0x7fffffff bytes is a 4-byte big-endian signed length
// followed by the bytes. A longer one is the 4 bytes ff ff ff ff (-1), an
// 8-byte big-endian unsigned length, and the bytes. A reader takes the long
// form for any length; other negative lengths are errors.
//
// The package knows no descriptors and no contexts. A [Reader] is driven by
// whoever owns the stream, may be interrupted between any two bytes and goes on
// where it stopped, so that a read with a deadline loses nothing.
package frame

import "encoding/binary"

const (
	// ShortHeader and LongHeader are the sizes of the two forms of a header.
	ShortHeader = 4
	LongHeader  = 12

	// MaxShort is the longest message that has a short header.
	MaxShort = 0x7fffffff
)

// HeaderSize returns the size of the header of a message of n bytes.
func HeaderSize(n uint64) int {
	if n > MaxShort {
		return LongHeader
	}
	return ShortHeader
}

// BodySize returns the number of bytes of a message whose frame, header and body, has
// size bytes.
func BodySize(size int) int {
	if size-ShortHeader > MaxShort {
		return size - LongHeader
	}
	return size - ShortHeader
}

// AppendHeader appends the header of a message of n bytes to dst.
func AppendHeader(dst []byte, n uint64) []byte {
	if n > MaxShort {
		dst = append(dst, 0xff, 0xff, 0xff, 0xff)
		return binary.BigEndian.AppendUint64(dst, n)
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// parse reads the header at the start of b. It returns the length of the
// message and the size of the header, or need > len(b) when b is too short to
// tell. A length that is negative and not -1 comes back as ok == false with
// claim set to it.
func parse(b []byte) (claim uint64, size, need int, ok bool) {
	if len(b) < ShortHeader {
		return 0, 0, ShortHeader, true
	}
	n := int32(binary.BigEndian.Uint32(b))
	if n >= 0 {
		return uint64(n), ShortHeader, ShortHeader, true
	}
	if n != -1 {
		return uint64(int64(n)), 0, ShortHeader, false
	}
	if len(b) < LongHeader {
		return 0, 0, LongHeader, true
	}
	return binary.BigEndian.Uint64(b[ShortHeader:]), LongHeader, LongHeader, true
}
