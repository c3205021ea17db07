package explore

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// strays finds goroutines that act as a thread that is not theirs: a program that
// says go where it should say Thread.Go, or hands its thread to code that does.
// Which goroutine acts takes a microsecond to find out, so only the first runs of a
// search are watched.
type strays struct {
	mu     sync.Mutex
	of     []string // the goroutine of each thread of this run
	found  error
	any    atomic.Bool // something was found
	closed atomic.Bool // the runner is not used any more
	runs   int
	ops    atomic.Int32
	since  time.Time

	goroutines int // at the beginning of the run
	waits      int // milliseconds spent on goroutines that runs have left behind
	threads    int // most that a run has had: each has left a goroutine behind, to be used again
}

// A search is watched for so many runs and so much real time, because a stray
// goroutine runs when Go lets it, but for no more than so many operations. What is
// found does not depend on it, unless there is a stray.
const (
	watchedRuns = 20
	watchedTime = 10 * time.Millisecond
	watchedOps  = 5000
	strayWaits  = 50
)

// watch begins a run. It is called by the goroutine that drives the runs.
func (s *strays) watch(r *runner) {
	switch {
	case s.runs < 0:
		return
	case s.runs == 0:
		if r.k.Announced != nil || r.conf.guard == nil || r.conf.guard.watched.Load() {
			s.runs = -1 // somebody else wants to know, or it has been done
			return
		}
		s.since = time.Now()
		r.k.Announced = s.announced
		r.box.Lent = s.lent
	case s.ops.Load() >= watchedOps || s.runs >= watchedRuns && time.Since(s.since) > watchedTime:
		s.runs = -1
		r.k.Announced, r.box.Lent = nil, nil
		r.conf.guard.watched.Store(true)
		return
	}
	s.runs++
	s.goroutines = runtime.NumGoroutine()
	s.mu.Lock()
	s.of = s.of[:0]
	s.mu.Unlock()
}

// announced is called by whoever acts as thread t, at the beginning of every
// operation. A goroutine that has no business there ends here, before it can do any
// harm.
func (s *strays) announced(t *kernel.Task, _ kernel.Op) uintptr {
	if s.ops.Add(1) >= watchedOps {
		return 0
	}
	id, i := goroutine(), t.Index()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grow(i)
	switch {
	case s.of[i] == id:
	case s.of[i] == "" && kernel.OnTask():
		s.of[i] = id
	default:
		s.complains(t.Name)
		runtime.Goexit()
	}
	return 0
}

// lent is called by a coroutine that acts for thread t until it gives it back.
func (s *strays) lent(t *kernel.Task) (back func()) {
	id, i := goroutine(), t.Index()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grow(i)
	was := s.of[i]
	s.of[i] = id
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i < len(s.of) { // otherwise it comes too late, in another run
			s.of[i] = was
		}
	}
}

// grow makes place for the goroutine of the thread with index i.
func (s *strays) grow(i int) {
	for len(s.of) <= i {
		s.of = append(s.of, "")
	}
}

// complain notes that a goroutine acts as a thread that is not its own. It calls it.
// Once the runner is not used any more there is nobody to tell.
func (s *strays) complain(t *gil.Thread) (ends bool) {
	if s.closed.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complains(t.Name())
	return true
}

func (s *strays) complains(thread string) {
	if s.any.CompareAndSwap(false, true) {
		s.found = &Diagnosis{Kind: Nondeterminism, bound: true, Threads: []string{thread}, Text: fmt.Sprintf(
			"thread %s is used from a goroutine that is not its own%s; start threads with Thread.Go, not with go", thread, at(site.Caller()))}
	}
}

// verdict is what was found in the run just done. A run that has left goroutines
// behind waits a moment for what they do.
func (s *strays) verdict(threads int) error {
	if s.runs < 0 {
		return s.complaint()
	}
	more := max(0, threads-s.threads)
	s.threads += more
	for ; s.waits < strayWaits && runtime.NumGoroutine() > s.goroutines+more; s.waits++ {
		time.Sleep(time.Millisecond)
	}
	return s.complaint()
}

// complaint is what was found so far.
func (s *strays) complaint() error {
	if !s.any.Load() {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found
}
