package process

import (
	"context"
	"fmt"
	"slices"
	"unsafe"

	"github.com/pygil/pygil/internal/futex"
	"github.com/pygil/pygil/pipe/pickle"
)

// Emulated processes share memory of this process. What lies in it, and what it
// means, is the same as in that of real ones; only who has claimed it, and how one
// waits, is different.

// A region is the memory of one object.
type region struct {
	world  *emulatedWorld
	words  []uint64
	size   int
	kind   uint64
	common common
	claims []claim // by number, from 1 on
}

// A claim is a process's number in a region.
type claim struct {
	by     *emulated
	closed bool
}

// A piece is a process's handle of a region. It implements memory.
type piece struct {
	*region
	of     *emulated            // the process that made it, or in which it arrived
	number map[*emulated]uint32 // of it, and of those that were forked with it
	closed bool
}

// newRegion makes the memory of an object in t's world.
func newRegion(t thread, object string, size int, kind uint64) *piece {
	e := emulatedOf(t)
	r := &region{world: e.world, words: make([]uint64, (size+7)/8), size: size, kind: kind}
	r.common.Init(t, "a "+object)
	return r.handle(e)
}

func (r *region) handle(e *emulated) *piece {
	p := &piece{region: r, of: e, number: map[*emulated]uint32{}}
	p.stake(e)
	return p
}

// stake gives a process its number.
func (p *piece) stake(e *emulated) uint32 {
	p.claims = append(p.claims, claim{by: e})
	n := uint32(len(p.claims))
	p.number[e] = n
	return n
}

func (p *piece) Pointer() unsafe.Pointer {
	if len(p.words) == 0 {
		return nil
	}
	return unsafe.Pointer(&p.words[0])
}

func (p *piece) Size() int { return p.size }

// Alive reports whether the process with a number has neither died nor closed its
// handle.
func (p *piece) Alive(n uint32) bool {
	return n > 0 && int(n) <= len(p.claims) && !p.claims[n-1].closed && !p.claims[n-1].by.dead
}

func (p *piece) PID(n uint32) int {
	if n == 0 || int(n) > len(p.claims) {
		return 0
	}
	return p.claims[n-1].by.pid()
}

func (p *piece) Close() error {
	p.closed = true
	for _, n := range p.number {
		p.claims[n-1].closed = true
	}
	return nil
}

// claim is the number of the process that acts.
func (p *piece) claim() uint32 {
	e := p.of
	if t := e.acting(); t != nil {
		e = emulatedOf(t)
	}
	if n, ok := p.number[e]; ok {
		return n
	}
	return p.stake(e)
}

// act precedes an operation on the object, which does not wait. Its error is that
// of a closed object, or of one that is used where it does not belong.
func (s *shared) act(ctx context.Context, k opKind) error {
	if s.in != nil {
		t, err := s.thread(ctx)
		if err != nil {
			return err
		}
		s.in.common.Act(t, k)
	}
	return s.err()
}

// touch is act for an object that stays readable after Close; misuse is a panic.
func (s *shared) touch(ctx context.Context, k opKind) {
	if s.in == nil {
		return
	}
	t, err := s.thread(ctx)
	if err != nil {
		panic(err)
	}
	s.in.common.Act(t, k)
}

// thread returns the thread that acts on an object of a virtual world.
func (s *shared) thread(ctx context.Context) (thread, error) {
	t := virtual(ctx)
	if t == nil {
		return nil, invalid("", "this %s belongs to a virtual world: give the *gil.Thread that acts as the context", s.object)
	}
	e := emulatedOf(t)
	if e.world != s.in.world {
		return nil, invalid("", "this %s belongs to another run: make it inside the program", s.object)
	}
	if !e.has(s.in.of) {
		return nil, invalid("name is not defined", "this %s was made in process %s and used by thread %s of %s, which shares nothing with it: give it to the process as an argument",
			s.object, s.in.of.current().Name(), t.Name(), e.current().Name())
	}
	return t, nil
}

// twin is a copy of the handle for the object that is made of it.
func (s *shared) twin() shared {
	return shared{seg: s.seg, in: s.in, claim: s.claim, object: s.object}
}

// process is the one that acts.
func (s *shared) process() *Process {
	if s.in == nil {
		return current()
	}
	if t := s.in.of.acting(); t != nil {
		return emulatedOf(t).current()
	}
	return s.in.of.current()
}

// ring says that what others wait for by this bell has changed: up to n of them can
// go on.
func (s *shared) ring(b *futex.Bell, n int) {
	if s.in == nil {
		b.Ring(n)
		return
	}
	s.in.common.Changed(s.in.of.acting(), n)
}

// me is the number of the process that acts.
func (s *shared) me() uint32 {
	if s.in == nil {
		return s.claim
	}
	return s.in.claim()
}

// own tells reports of a virtual world who holds the object.
func (s *shared) own(holds bool) {
	if s.in == nil {
		return
	}
	if holds {
		s.in.common.SetOwner(s.in.of.acting())
	} else {
		s.in.common.SetOwner(nil)
	}
}

// A quest is what somebody waits for, in either world.
type quest struct {
	futex.Quest
	kind  opKind
	ready func() bool // whether Try would succeed; it changes nothing. nil: Try is like that
	until limit

	common *common
}

// await waits as wait does, for what is shared by emulated processes.
func (s *shared) await(ctx context.Context, op string, q *quest) (bool, error) {
	t, err := s.thread(ctx)
	if err != nil {
		return false, err
	}
	w := s.in.world
	q.common = &s.in.common
	w.waiting = append(w.waiting, q)
	defer func() {
		i := slices.Index(w.waiting, q)
		w.waiting = slices.Delete(w.waiting, i, i+1)
	}()
	if q.Check != nil {
		q.Check()
	}
	ready := q.ready
	if ready == nil {
		ready = q.Try
	}
	ok, err := await(ctx, t, q.common, q.kind, op, q.until, ready)
	if ok {
		q.Try()
		q.common.Changed(t, 0)
	}
	return ok, err
}

// reduceTo is reduce in a virtual world.
func (s *shared) reduceTo(h *pickle.Handles) (passing, error) {
	if err := s.err(); err != nil {
		return passing{}, err
	}
	return passing{h.Add(s.in.region)}, nil
}

// arrivingIn is arriving of an object of a virtual world.
func arrivingIn(h *pickle.Handles, r *region, object string, kind uint64, size int) (*shared, error) {
	t := carried(h)
	switch {
	case t == nil || emulatedOf(t).world != r.world:
		return nil, fmt.Errorf("process: a %s of a virtual world arrived outside it", object)
	case r.kind != kind:
		return nil, fmt.Errorf("process: a shared object of kind %#x arrived, want %#x", r.kind, kind)
	case r.size < size:
		return nil, fmt.Errorf("process: a %s arrived with %d bytes, want %d", object, r.size, size)
	}
	return sharedOf(object, r.handle(emulatedOf(t))), nil
}

// sharedOf makes the handle of an object of a virtual world.
func sharedOf(object string, p *piece) *shared {
	return &shared{seg: p, claim: p.number[p.of], object: object, in: p}
}
