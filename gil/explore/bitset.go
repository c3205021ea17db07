package explore

import "math/bits"

// bitset is a set of thread numbers.
type bitset []uint64

func (b bitset) has(i int) bool { return i>>6 < len(b) && b[i>>6]&(1<<(i&63)) != 0 }

func (b *bitset) add(i int) {
	for i>>6 >= len(*b) {
		*b = append(*b, 0)
	}
	(*b)[i>>6] |= 1 << (i & 63)
}

// firstWithout is the least member that is not in o, -1 if there is none.
func (b bitset) firstWithout(o bitset) int {
	for w, x := range b {
		if w < len(o) {
			x &^= o[w]
		}
		if x != 0 {
			return w<<6 + bits.TrailingZeros64(x)
		}
	}
	return -1
}

// firstFrom is the least member that is at least i, -1 if there is none.
func (b bitset) firstFrom(i int) int {
	w := i >> 6
	if w >= len(b) {
		return -1
	}
	x := b[w] >> (i & 63) << (i & 63)
	for x == 0 {
		if w++; w == len(b) {
			return -1
		}
		x = b[w]
	}
	return w<<6 + bits.TrailingZeros64(x)
}
