package pipe

import (
	"context"
	"sync"
)

// A course is one direction of a connection, as observers know it: the two ends of
// [New] have it in common as long as both are in this process.
type course struct {
	mu    sync.Mutex
	obj   uint64   // 0: nobody has used it in an observed world
	moved [2]int64 // messages seen at its ends
}

// tell tells the observer of t's world of a message that t has put into the course,
// or taken out of it.
func (c *course) tell(t actor, d direction, bytes int) {
	obj := c.object(t)
	c.mu.Lock()
	c.moved[d]++
	n := c.moved[d]
	c.mu.Unlock()
	emitMoved(t, d, obj, n, bytes)
}

// object is the number by which observers know the course, of which t may be the first
// to tell.
func (c *course) object(t actor) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.obj == 0 {
		c.obj = t.NextObject()
	}
	return c.obj
}

// coursesOf returns those of the two ends of a new connection, a's and b's.
func coursesOf(c *[2]course) (a, b [2]*course) {
	return [2]*course{&c[0], &c[1]}, [2]*course{&c[1], &c[0]}
}

// coursesOfEnd returns those of an end whose other end is not known here, unless it is
// that of an emulated pipe, which knows.
func coursesOfEnd(s stream) (own [2]*course) {
	v, emulated := s.(*virtualStream)
	for d := range own {
		switch {
		case !emulated:
			own[d] = new(course)
		case v.lines[d] != nil:
			own[d] = &v.lines[d].course
		}
	}
	return own
}

// tellMoved tells whoever observes the thread behind ctx that a message of so many bytes
// was moved. A message in an emulated pipe is told of by the pipe, in the moment in
// which it is whole.
func (c *Conn) tellMoved(ctx context.Context, d direction, bytes int) {
	if t := observed(ctx); t != nil {
		c.courses[d].tell(t, d, bytes)
	}
}

// tellCorrupt tells whoever observes the thread behind ctx that a message has come that
// cannot be what was sent.
func (c *Conn) tellCorrupt(ctx context.Context, err error) {
	if t := observed(ctx); t != nil {
		emitCorrupt(t, c.courses[receiving].object(t), err)
	}
}
