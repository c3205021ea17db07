// Package line has the one list that waiting needs: those who wait stand in line in
// the order in which they came, whoever is first can be taken out, and so can anybody
// who gives up, in constant time and without an allocation.
//
// It knows nothing of waiting itself: no locks, no channels. Whoever keeps a line
// guards it.
package line

// Line is a line of waiters. The zero value is empty. It must not be copied while
// anybody is in it.
type Line[W any] struct {
	first, last *Place[W]
	n           int
}

// Place is where somebody stands, part of whatever stands for the waiter. The zero
// value is in no line. It must not be copied while it is in one.
type Place[W any] struct {
	prev, next *Place[W]
	who        W
	in         bool
}

// Join puts who at the end of the line, at place p, which must be in no line.
func (l *Line[W]) Join(p *Place[W], who W) {
	p.prev, p.next, p.who, p.in = l.last, nil, who, true
	if l.last != nil {
		l.last.next = p
	} else {
		l.first = p
	}
	l.last = p
	l.n++
}

// Leave takes p out of the line and reports whether it was in it; it is never in
// another one.
func (l *Line[W]) Leave(p *Place[W]) bool {
	if !p.in {
		return false
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		l.first = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	} else {
		l.last = p.prev
	}
	var nobody W
	p.prev, p.next, p.who, p.in = nil, nil, nobody, false
	l.n--
	return true
}

// Pop takes out who came first; ok is false when nobody is in line.
func (l *Line[W]) Pop() (who W, ok bool) {
	if l.first == nil {
		return who, false
	}
	who = l.first.who
	l.Leave(l.first)
	return who, true
}

// First returns who came first, without taking it out; ok is false when nobody is in
// line.
func (l *Line[W]) First() (who W, ok bool) {
	if l.first == nil {
		return who, false
	}
	return l.first.who, true
}

// All returns those in line, in order. The one that was yielded last may leave.
func (l *Line[W]) All() func(yield func(W) bool) {
	return func(yield func(W) bool) {
		for p := l.first; p != nil; {
			next := p.next
			if !yield(p.who) {
				return
			}
			p = next
		}
	}
}

// Len is how many are in line.
func (l *Line[W]) Len() int { return l.n }

// In reports whether p is in a line.
func (p *Place[W]) In() bool { return p.in }
