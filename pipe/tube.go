package pipe

// What an emulated pipe holds, and how much of it is written at once: Linux's
// numbers for a pipe.
const (
	tubeCapacity = 64 << 10
	atomicWrite  = 4 << 10
)

// A tube is one direction of an emulated pipe: the bytes that were written and
// not read, who may still write and read, and what the writers that gave up have
// begun. It knows no threads; whoever uses it holds the lock of its pair.
type tube struct {
	data []byte // data[r:] was written and not read
	r    int

	written, read int64  // bytes since the beginning
	marks         []mark // handles on their way
	tails         []tail

	refs  [2]int // open copies of the receiving and of the sending end
	reset bool   // a reader is to be told that what it sent was not read
}

// A mark is what travels beside the byte before a place in the stream.
type mark struct {
	at      int64
	handles []any
}

// A tail is the rest of a message whose sender gave up. It goes on as readers make
// room.
type tail struct {
	of   *virtualStream
	m    *message
	done func()
}

func (b *tube) len() int  { return len(b.data) - b.r }
func (b *tube) free() int { return tubeCapacity - b.len() }

// possible reports whether a read, or a write that wants room for need bytes,
// would not wait.
func (b *tube) possible(d direction, need int) bool {
	if d == sending {
		return b.refs[receiving] == 0 || b.free() >= need
	}
	return b.len() > 0 || b.refs[sending] == 0 || b.reset
}

// put writes as much of p as there is room for.
func (b *tube) put(p []byte) int {
	n := min(len(p), b.free())
	if b.r > 0 && len(b.data)+n > cap(b.data) {
		b.data, b.r = b.data[:copy(b.data, b.data[b.r:])], 0
	}
	b.data = append(b.data, p[:n]...)
	b.written += int64(n)
	return n
}

// get reads into p what there is.
func (b *tube) get(p []byte) int {
	n := copy(p, b.data[b.r:])
	b.r += n
	b.read += int64(n)
	if b.r == len(b.data) {
		b.data, b.r = b.data[:0], 0
	}
	return n
}

// send writes of m what there is room for, at most limit bytes.
func (b *tube) send(m *message, limit int) {
	first := m.written == 0
	for limit > 0 && m.rest() > 0 && b.free() > 0 {
		p := m.head
		if len(p) == 0 {
			p = m.body
		}
		n := b.put(p[:min(len(p), limit)])
		m.advance(n)
		limit -= n
	}
	if first && m.written > 0 && len(m.handles) > 0 {
		b.marks = append(b.marks, mark{b.written - int64(m.written) + 1, m.handles})
	}
}

// pump moves what was begun into the room that there is, and returns the tails
// that came to their end.
func (b *tube) pump() (ended []tail) {
	for len(b.tails) > 0 && b.free() > 0 {
		x := b.tails[0]
		x.m.advance(b.put(x.m.head)) // a tail has no body
		if x.m.rest() > 0 {
			return ended
		}
		ended, b.tails = append(ended, x), b.tails[1:]
	}
	return ended
}

// arrived takes the handles that came with the bytes up to the given place.
func (b *tube) arrived(place int64) (handles []any) {
	for len(b.marks) > 0 && b.marks[0].at <= place {
		handles = append(handles, b.marks[0].handles...)
		b.marks = b.marks[1:]
	}
	return handles
}

// drain forgets everything: nobody will read it. It returns the handles that were
// on their way and the tails that will not come to their end.
func (b *tube) drain() (handles []any, cut []tail) {
	handles = b.arrived(b.written)
	cut, b.tails = b.tails, nil
	b.data, b.r = nil, 0
	return handles, cut
}

// drop removes the tails of a stream that is closed.
func (b *tube) drop(s *virtualStream) {
	rest := b.tails[:0]
	for _, x := range b.tails {
		if x.of != s {
			rest = append(rest, x)
		}
	}
	b.tails = rest
}
