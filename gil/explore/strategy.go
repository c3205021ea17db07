package explore

import "github.com/pygil/pygil/internal/kernel"

// Op is an operation of a thread: its kind, such as a write, and the object it is
// about. Obj is the same for the same object in every schedule.
type Op = kernel.Op

// Strategy decides which thread performs the next operation. Write one to search
// in a way of your own; WithStrategy takes it.
//
// A Strategy that also is a Stepper is told of every operation. One that has a
// method Clone() Strategy can be used by several workers.
type Strategy interface {
	// Name is what reports call the strategy.
	Name() string
	// Start begins schedule number n, counted from 0; what it draws it draws from
	// seed. It reports false when there is no further schedule.
	Start(n int, seed uint64) bool
	// Choose returns the thread that performs its pending operation next: one of
	// those that p says are enabled, or the search panics. It is asked only where
	// there are two or more.
	Choose(p *Point) (thread int)
}

// Stepper is a Strategy that wants to know of every operation, forced ones
// included.
type Stepper interface {
	Strategy
	// Performed is called for an operation of a thread just before it happens.
	Performed(p *Point, thread int, op Op)
}

// cloner is a Strategy that can be used by several workers: what it does in a
// schedule depends on the number and the seed only.
type cloner interface{ Clone() Strategy }

// learner is a Strategy that is better when it knows what the program does: it is
// given the profile of the first schedule, which then is a random walk.
type learner interface{ learn(*profile) }

// covering is a Strategy that covers the whole space in the end.
type covering interface {
	// ended is called after each schedule with the runner that has run it.
	ended(r *runner)
	// covered reports whether the whole space has been explored; if not, estimate
	// is how large a part of it has, between 0 and 1.
	covered() (all bool, part float64)
}

// Point is a place at which a choice is taken. It is valid during the call that it
// is given to. Threads have numbers, in the order in which they were started in
// this run; the main thread is 0.
type Point struct {
	r    *runner
	set  *kernel.Set
	cur  int
	base int
}

// Len is the number of enabled threads.
func (p *Point) Len() int { return p.set.Len() }

// Nth is the enabled thread with the n-th least number, counted from 0.
func (p *Point) Nth(n int) (thread int) { return p.set.Nth(n) }

// Enabled reports whether the thread can perform its pending operation.
func (p *Point) Enabled(thread int) bool { return p.set.Has(thread) }

// Current is the thread that performed the last operation. It need not be enabled.
func (p *Point) Current() (thread int) { return p.cur }

// Base is the thread that the base order runs: the current one while it is
// enabled, otherwise the enabled one that was started first.
func (p *Point) Base() (thread int) { return p.base }

// Threads is the number of threads started so far.
func (p *Point) Threads() int { return len(p.r.threads) }

// Pending is the operation that an enabled thread is about to perform.
func (p *Point) Pending(thread int) Op { return p.r.k.Pending(thread) }

// Done is the number of operations that the thread has performed.
func (p *Point) Done(thread int) int { return int(p.r.threads[thread].ops) }

// Steps is the number of operations of the run so far.
func (p *Point) Steps() int { return len(p.r.steps) }

// Path is the path of spawn indices that leads to the thread, the same in every
// schedule: 0 is the main thread, 2 its second child, 2.1 the first child of that.
func (p *Point) Path(thread int) string { return p.r.pathOf(thread) }

// Name is what the program calls the thread.
func (p *Point) Name(thread int) string { return p.r.nameOf(thread) }
