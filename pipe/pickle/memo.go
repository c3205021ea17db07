package pickle

import "unsafe"

// Identity. Python's pickler remembers every object it has written and writes a
// reference when it meets the object again; that is what keeps shared objects
// shared and makes cycles finite. In Go a pointer, a map and a slice have an
// identity: where their memory is, how much of it (slices) and of what shape.
// The shape ignores the names of types: one map seen through two named map
// types is one map.

// An identity keeps its object alive: an object made by a Reduce method could
// otherwise be freed and its address be given to another while the message is
// still being written, and the two would become one.
type identity struct {
	ptr   unsafe.Pointer
	len   int
	shape *plan
}

// A memo numbers identities in the order in which they come.
type memo struct {
	known []identity
	// Above memoLinear entries, the numbers in an open-addressed table of a
	// power-of-two size, one more than the number, 0 for an empty slot.
	table []uint32
}

const (
	memoLinear = 12      // up to here a scan is faster than a hash
	memoKept   = 1 << 16 // a pooled encoder does not hold on to more
)

// find returns the number of an identity that was added.
func (m *memo) find(id identity) (int, bool) {
	if len(m.known) <= memoLinear {
		for i := range m.known {
			if m.known[i] == id {
				return i, true
			}
		}
		return 0, false
	}
	mask := uintptr(len(m.table) - 1)
	for i := id.hash() & mask; ; i = (i + 1) & mask {
		n := m.table[i]
		if n == 0 {
			return 0, false
		}
		if m.known[n-1] == id {
			return int(n - 1), true
		}
	}
}

// add gives the next number to an identity that find does not know.
func (m *memo) add(id identity) int {
	n := len(m.known)
	m.known = append(m.known, id)
	switch {
	case n < memoLinear:
	case n == memoLinear || 2*(n+1) > len(m.table):
		m.rehash()
	default:
		m.insert(n)
	}
	return n
}

func (m *memo) insert(n int) {
	mask := uintptr(len(m.table) - 1)
	i := m.known[n].hash() & mask
	for m.table[i] != 0 {
		i = (i + 1) & mask
	}
	m.table[i] = uint32(n + 1)
}

func (m *memo) rehash() {
	size := 64
	for size < 4*len(m.known) {
		size *= 2
	}
	if cap(m.table) >= size {
		m.table = m.table[:size]
		clear(m.table)
	} else {
		m.table = make([]uint32, size)
	}
	for n := range m.known {
		m.insert(n)
	}
}

// hash spreads addresses, whose low bits are zero and whose high bits are equal.
func (id identity) hash() uintptr {
	h := uint64(uintptr(id.ptr)) ^ uint64(uint(id.len))<<32
	h *= 0x9E3779B97F4A7C15
	return uintptr(h >> 24)
}

// reset forgets everything, so that a pooled encoder keeps nothing alive.
func (m *memo) reset() {
	if cap(m.known) > memoKept {
		*m = memo{}
		return
	}
	clear(m.known)
	m.known, m.table = m.known[:0], m.table[:0]
}
