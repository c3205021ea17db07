package explore

// seen is a set of classes that does not grow without limit. Classes are hashes
// already, so it is a table with open addressing and no hash of its own: a look at it
// is a part of every schedule.
type seen struct {
	table  []uint64 // a power of two, at most half full; 0 is nobody
	n      int
	zero   bool // class 0 was seen
	capped bool
}

// seenLimit is how many classes are counted.
const seenLimit = 1 << 20

// add reports whether class h is new.
func (s *seen) add(h uint64) bool {
	if h == 0 {
		if s.zero || s.full() {
			return false
		}
		s.zero = true
		s.n++
		return true
	}
	if 2*s.n >= len(s.table) && s.n < seenLimit {
		s.grow()
	}
	if at := s.place(h); *at == 0 && !s.full() {
		*at = h
		s.n++
		return true
	}
	return false
}

// full reports whether no other class is counted, and remembers that one was left out.
func (s *seen) full() bool {
	s.capped = s.capped || s.n >= seenLimit
	return s.n >= seenLimit
}

// place is where class h is, or would be.
func (s *seen) place(h uint64) *uint64 {
	mask := uint64(len(s.table) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		if at := &s.table[i]; *at == h || *at == 0 {
			return at
		}
	}
}

func (s *seen) grow() {
	old := s.table
	s.table = make([]uint64, max(64, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			*s.place(h) = h
		}
	}
}
