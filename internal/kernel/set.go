package kernel

import "math/bits"

// Set is a set of task indices.
type Set struct {
	words []uint64
	n     int
}

func (s *Set) clear() {
	clear(s.words)
	s.words = s.words[:0]
	s.n = 0
}

func (s *Set) add(i int) {
	for i>>6 >= len(s.words) {
		s.words = append(s.words, 0)
	}
	if w, bit := &s.words[i>>6], uint64(1)<<(i&63); *w&bit == 0 {
		*w |= bit
		s.n++
	}
}

func (s *Set) remove(i int) {
	if s.has(i) {
		s.words[i>>6] &^= 1 << (i & 63)
		s.n--
	}
}

func (s *Set) has(i int) bool {
	w := uint(i) >> 6
	return w < uint(len(s.words)) && s.words[w]>>(uint(i)&63)&1 != 0
}

// Has reports whether index i is in the set.
func (s *Set) Has(i int) bool { return s.has(i) }

// Word is the members from 64·i on, as bits.
func (s *Set) Word(i int) uint64 {
	if i >= len(s.words) {
		return 0
	}
	return s.words[i]
}

// Len is the size of the set.
func (s *Set) Len() int { return s.n }

// first is the least member of a set that is not empty.
func (s *Set) first() int {
	for w, x := range s.words {
		if x != 0 {
			return w<<6 + bits.TrailingZeros64(x)
		}
	}
	return -1
}

// Nth returns the n-th least member, counting from 0.
func (s *Set) Nth(n int) int {
	for w, x := range s.words {
		if c := bits.OnesCount64(x); n >= c {
			n -= c
			continue
		}
		for ; n > 3; n -= 3 {
			x &= x - 1
			x &= x - 1
			x &= x - 1
		}
		// The n of a random choice is what no processor predicts: no branch depends on
		// it where few are chosen from.
		y := x & (x - 1)
		z := y & (y - 1)
		if n > 0 {
			x = y
		}
		if n > 1 {
			x = z
		}
		if n > 2 {
			x = z & (z - 1)
		}
		return w<<6 + bits.TrailingZeros64(x)
	}
	return -1
}

// Add puts index i into the set.
func (s *Set) Add(i int) { s.add(i) }

// Remove takes index i out of the set.
func (s *Set) Remove(i int) { s.remove(i) }

// CopyFrom makes s equal to o.
func (s *Set) CopyFrom(o *Set) {
	s.words = append(s.words[:0], o.words...)
	s.n = o.n
}

// Next is the least member that is at least i, -1 when there is none.
func (s *Set) Next(i int) int {
	w := i >> 6
	if w >= len(s.words) {
		return -1
	}
	x := s.words[w] >> (i & 63) << (i & 63)
	for x == 0 {
		if w++; w == len(s.words) {
			return -1
		}
		x = s.words[w]
	}
	return w<<6 + bits.TrailingZeros64(x)
}
