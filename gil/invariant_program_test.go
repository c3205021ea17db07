package gil_test

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// A chaos is a random program. What each of its threads does is drawn with a
// generator of its own, keyed by the thread's name, so the program is the same
// whatever the schedule. It cannot deadlock: locks do not nest, events are waited
// for with a timeout, and a thread waits only for threads that it started.
//
// The same program runs in both worlds.
type chaos struct {
	seed  uint64
	unit  time.Duration // the scale of durations
	ticks int           // the scale of tick counts
	depth int           // of threads that start threads
	steps int           // at most, per thread

	// One set per interpreter: primitives do not cross.
	mu      sync.Mutex
	sets    map[*gil.Interpreter]*chaosSet
	threads []*gil.Thread
	wrong   atomic.Int64 // times two threads were inside at once
	daemons atomic.Int64
}

// chaosSet is what the threads of one interpreter share.
type chaosSet struct {
	lock   gil.Gate
	sem    gil.Gate
	event  gil.Gate
	inside atomic.Int32 // threads that hold lock
	within atomic.Int32 // threads that hold a unit of sem
	n      int          // guarded by lock
	want   atomic.Int64 // what n must be in the end
	steps  int          // guarded by nothing but the GIL
	taken  atomic.Int64 // steps, counted atomically
	tokens gil.Gate     // opened from outside, see chaos.post
	got    atomic.Int64
	bound  atomic.Bool // tokens can be posted to
	v      *gil.Var[int]
}

const chaosUnits = 2 // of the semaphore

func newChaos(seed uint64, unit time.Duration) *chaos {
	return &chaos{seed: seed, unit: unit, ticks: 3000, depth: 3, steps: 9, sets: map[*gil.Interpreter]*chaosSet{}}
}

// set returns the shared objects of t's interpreter, usable by t.
func (c *chaos) set(t *gil.Thread) *chaosSet {
	c.mu.Lock()
	s := c.sets[t.Interpreter()]
	if s == nil {
		s = &chaosSet{v: gil.NewVar("v", 0)}
		c.sets[t.Interpreter()] = s
	}
	c.threads = append(c.threads, t)
	c.mu.Unlock()
	s.lock.Init(t, 1, "lock")
	s.sem.Init(t, chaosUnits, "sem")
	s.event.Init(t, 0, "event")
	s.tokens.Init(t, 0, "tokens")
	s.bound.Store(true)
	return s
}

func (c *chaos) rng(name string) *rand.Rand {
	h := fnv.New64a()
	io.WriteString(h, name)
	return rand.New(rand.NewPCG(c.seed, h.Sum64()))
}

// main is the program of the first process.
func (c *chaos) main(t *gil.Thread) {
	rng := c.rng("m")
	var children []*gil.Child
	if t.Machine() != nil && rng.IntN(2) == 0 {
		for n := range 1 + rng.IntN(3) {
			name := fmt.Sprintf("p%d", n)
			children = append(children, t.Emulate(name, func(m *gil.Thread) { c.body(m, name, 1) }))
		}
	}
	if rng.IntN(6) == 0 {
		_ = t.NewInterpreter(gil.WithName("sub")).Run(func(s *gil.Thread) { c.body(s, "s", c.depth-1) })
	}
	c.body(t, "m", 0)
	for _, p := range children {
		p.Join(t)
	}
}

func (c *chaos) body(t *gil.Thread, name string, depth int) {
	s := c.set(t)
	rng := c.rng(name)
	d := func() time.Duration { return time.Duration(rng.Int64N(int64(c.unit))) + 1 }
	var mine []*gil.Thread
	steps := 2 + rng.IntN(c.steps)
	if depth == 0 {
		steps += 4
	}
	for range steps {
		if t.Interpreter().GIL() != nil {
			s.steps++
			s.taken.Add(1)
		}
		switch rng.IntN(23) {
		case 0, 1:
			t.Tick(rng.IntN(c.ticks))
		case 2:
			for range gil.Range(t, rng.IntN(c.ticks/20)) {
				gil.Add(t, s.v, 1)
			}
		case 3, 4, 5:
			t.Compute(d())
		case 6:
			t.Held(d() / 2)
		case 7:
			t.IO(d())
		case 8:
			t.Sleep(d())
		case 9:
			if rng.IntN(2) == 0 {
				t.Sleep(0)
			} else {
				t.Yield()
			}
		case 10:
			t.Released(d()/2, 1+rng.IntN(3))
		case 11, 12:
			until := gil.Forever
			switch rng.IntN(4) {
			case 0:
				until = 0
			case 1:
				until = t.Now() + d()
			}
			if s.lock.Pass(t, gil.OpAcquire, until) == gil.Passed {
				c.locked(t, s, rng, d)
			}
		case 13:
			if s.sem.Pass(t, gil.OpAcquire, t.Now()+d()) == gil.Passed {
				if s.within.Add(1) > chaosUnits {
					c.wrong.Add(1)
				}
				t.Compute(d() / 4)
				s.within.Add(-1)
				s.sem.Open(t, gil.OpRelease, 1)
			}
		case 14:
			s.event.Pass(t, gil.OpWait, t.Now()+d())
		case 15:
			s.event.Open(t, gil.OpSet, gil.All)
		case 16:
			s.event.Shut(t, gil.OpClear)
		case 17, 18:
			if depth >= c.depth {
				break
			}
			child := fmt.Sprintf("%s.%d", name, len(mine))
			daemon := depth > 0 && rng.IntN(5) == 0 && t.Interpreter().Name() != "sub"
			if daemon {
				c.daemons.Add(1)
			}
			w := t.NewThread(child, func(w *gil.Thread) { c.body(w, child, depth+1) }, gil.WithDaemon(daemon))
			if start(t, w) {
				mine = append(mine, w)
			}
		case 19:
			if len(mine) > 0 {
				mine[rng.IntN(len(mine))].JoinTimeout(t, d())
			}
		case 20:
			t.Block(func() {})
			t.GC(d() / 8)
		case 21:
			t.Label("here")
			t.Print(name)
			t.Call(func() { t.Branch(true) })
		case 22:
			if s.tokens.Pass(t, gil.OpGet, t.Now()+d()) == gil.Passed {
				s.got.Add(1)
			}
		}
	}
	if rng.IntN(2) == 0 {
		for _, u := range mine {
			if !u.Daemon() {
				u.Join(t)
			}
		}
	}
}

// start starts w and reports whether it could: in 3.12 no thread starts once main
// has ended.
func start(t, w *gil.Thread) (ok bool) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *gil.RuntimeError:
			if v.PythonText() != "can't create new thread at interpreter shutdown" {
				panic(v)
			}
		default:
			panic(v)
		}
	}()
	w.Start(t)
	return true
}

// locked is what a thread does with the lock: nobody else may be there.
func (c *chaos) locked(t *gil.Thread, s *chaosSet, rng *rand.Rand, d func() time.Duration) {
	if s.inside.Add(1) != 1 {
		c.wrong.Add(1)
	}
	n := s.n
	switch rng.IntN(3) {
	case 0:
		t.Compute(d() / 2)
	case 1:
		t.Sleep(d() / 4)
	case 2:
		t.Tick(rng.IntN(c.ticks))
	}
	s.n = n + 1
	s.want.Add(1)
	s.inside.Add(-1)
	s.lock.Open(t, gil.OpRelease, 1)
}

// check returns what went wrong.
func (c *chaos) check() error {
	if n := c.wrong.Load(); n > 0 {
		return fmt.Errorf("%d times too many threads were inside", n)
	}
	for _, s := range c.sets {
		if s.n != int(s.want.Load()) {
			return fmt.Errorf("a counter under a lock is %d, want %d", s.n, s.want.Load())
		}
		if s.steps != int(s.taken.Load()) {
			return fmt.Errorf("a counter under the GIL is %d, want %d", s.steps, s.taken.Load())
		}
	}
	return nil
}
