package explore

import (
	"fmt"

	"github.com/pygil/pygil/internal/kernel"
)

// dpor is dynamic partial-order reduction with sleep sets and wake-up trees
// (Abdulla, Aronis, Jonsson, Sagonas: "Source sets: a foundation for optimal dynamic
// partial order reduction", Journal of the ACM, 2017).
//
// It walks through schedules depth first. Each node of the current schedule stands
// before a transition: an operation at which there may have been a choice, or that may
// wait, with the pinned operations that follow it (dpor_block.go). When a run has ended its transitions are
// searched for races, pairs of conflicting ones that nothing else orders
// (dpor_races.go), and for each of them the node before the first is told a sequence
// in which the second can come first (dpor_wakeup.go). A thread that has been tried
// sleeps below the node until something happens that conflicts with what it did.
type dpor struct {
	nodes    []dporNode
	sleepers []sleeper // of all nodes, those of a node after those of the one before
	prints   []foot    // footprints of sleepers, in the same way
	runs     int
	begun    int     // transitions of this run
	branch   int     // of them, those that the run before had too
	fresh    int     // the first whose races with others have not been found
	start    []int32 // the first step of each
	buf      []foot
	races    raceFinder
	spare    *wake
	blocked  bool // this run repeats an earlier one: all that could run were asleep
	repeated int  // runs that did
	done     bool
	observed bool
	diverged error
	root     outcome // of what is drawn before the first operation
	draws    bool    // the program has drawn numbers
	blocks   bool    // some blocks are of several transitions
	late     bool    // the program has performed operations after a draw that no switch can come before

	soon  bool // timers may fire early, see clock_dpor.go
	stuck int  // the transition at which this run was blocked

	awake    bool // the mutant that has no sleep sets
	lockless bool // the mutant that does not reverse races for locks
	glued    bool // the mutant in which nobody comes into the middle of a block
}

// dporNode is the choice before one transition of the current run.
type dporNode struct {
	thread  int32 // who performs it in this run
	head    int32 // where its block begins: there was no choice since
	parted  bool  // its block has to wait in its middle
	kind    kernel.OpKind
	obj     kernel.ObjID
	lo, hi  int32 // its sleepers
	prints  int32 // length of dpor.prints up to its own
	tried   int32 // threads tried, the current one included
	enabled bitset
	asleep  bitset // threads that need not be tried, some of them because they have been
	todo    *wake  // sequences that are to be tried
	then    *wake  // how the one goes on that is being tried
	whole   bool   // all threads are tried here
	asked   bool   // the earliest timer may fire before it
	fires   bool   // and does
	outcome
}

// sleeper is a thread that need not run at a node: what it would do has been
// explored, as long as nothing conflicts with its footprint.
type sleeper struct {
	thread, lo, hi int32
	named          bool // the first of its footprint is what it does first
	light          bool // wakes up at once: what it does depends on what it draws, not all of which is known
}

// DPOR covers all interleavings with as few schedules as there are
// happens-before classes: orders of operations that conflict. It ends when it has
// covered them all. Conflicting are two operations on one object of which one
// changes it; see the package's documentation for what that means of locks.
//
// It sees only what package gil announces: Go variables that threads share without
// a lock are invisible to it.
//
// With WithEarlyTimers a timer that fires conflicts with everything, for what a thread
// does may depend on what time it is. What lies between two such moments is covered with
// one schedule per class as well, but other schedules, often more of them, turn out on
// the way to be of a class that was had ([Report].Blocked). So do some where the fair
// filter holds a thread back.
func DPOR() Strategy { return &dpor{} }

// Name is what reports call it.
func (x *dpor) Name() string { return "dpor" }

// Start begins the next schedule.
func (x *dpor) Start(n int, _ uint64) bool {
	if n == 0 {
		x.restart()
	}
	x.begun, x.start, x.blocked = 0, x.start[:0], false
	x.root.at = 0
	return !x.done
}

func (x *dpor) restart() {
	for i := range x.nodes {
		x.drop(&x.nodes[i])
	}
	x.nodes, x.sleepers, x.prints = x.nodes[:0], x.sleepers[:0], x.prints[:0]
	x.branch, x.fresh, x.repeated, x.done, x.diverged = 0, 0, 0, false, nil
	x.root.reset(nil, true)
	x.runs = 0
}

// Choose returns the thread of the node, which it makes if it is new.
func (x *dpor) Choose(p *Point) int {
	if x.begun == len(x.nodes) {
		x.grow(p.r, len(p.r.steps))
	}
	n := &x.nodes[x.begun]
	if t := int(n.thread); t >= 0 {
		if p.set.Has(t) {
			return t
		}
		x.diverge(p.r, fmt.Sprintf("thread %s cannot run where it could before", p.r.pathOf(t)))
		return p.base
	}
	n.enabled = append(n.enabled[:0], p.set.Word(0))
	for i := 1; i<<6 < len(p.r.threads); i++ {
		n.enabled = append(n.enabled, p.set.Word(i))
	}
	if x.follows(n) {
		x.take(n)
		return int(n.thread)
	}
	t := p.base
	if n.asleep.has(t) {
		if t = n.enabled.firstWithout(n.asleep); t < 0 {
			x.block()
			t = p.base
		}
	}
	n.thread = int32(t)
	return t
}

// Performed takes notice of the beginning of a transition.
func (x *dpor) Performed(p *Point, thread int, _ Op) { x.performed(p.r, thread) }

func (x *dpor) performed(r *runner, thread int) {
	last := len(r.steps) - 1
	s := &r.steps[last]
	head := int32(x.begun)
	if s.flags&pinned != 0 && x.begun > 0 {
		if !passes(s.kind) {
			return
		}
		head, x.blocks = x.nodes[x.begun-1].head, true
	}
	if x.begun == len(x.nodes) {
		x.grow(r, last)
	}
	n := &x.nodes[x.begun]
	n.head = head
	switch {
	case x.begun < x.branch && n.kind != kernel.OpNone:
		if n.kind != s.kind || n.obj != s.obj || n.thread != s.thread {
			x.diverge(r, fmt.Sprintf("thread %s performed %v where thread %s performed %v before", r.pathOf(thread), s.kind, r.pathOf(int(n.thread)), n.kind))
		}
	case n.thread < 0: // nobody else could run
		n.enabled = n.enabled[:0]
		n.enabled.add(thread)
		if int(head) != x.begun {
			n.then, n.todo = n.todo, nil // sequences are of blocks
		}
		if n.todo != nil && x.follows(n) {
			x.take(n)
		}
		n.thread = int32(thread)
		if n.asleep.has(thread) {
			x.block()
		}
		fallthrough
	default:
		n.kind, n.obj = s.kind, s.obj
	}
	x.start = append(x.start, int32(last))
	x.begun++
	n.at = 0
}

func (x *dpor) diverge(r *runner, what string) {
	if x.diverged == nil {
		x.diverged = fmt.Errorf("explore: step %d of a repeated schedule was another one: %s; "+
			"a program must do the same thing in the same schedule (does it use map order, time, goroutines or select?)", len(r.steps), what)
	}
}

// grow makes the next node; steps are the run's so far. Whoever slept at the node
// before goes on sleeping if the transition in between does not concern it.
func (x *dpor) grow(r *runner, steps int) *dporNode {
	if len(x.nodes) < cap(x.nodes) {
		x.nodes = x.nodes[:len(x.nodes)+1]
	} else {
		x.nodes = append(x.nodes, dporNode{})
	}
	d := len(x.nodes) - 1
	n := &x.nodes[d]
	n.asleep, n.todo, n.then = n.asleep[:0], nil, nil
	n.thread, n.tried, n.kind = -1, 1, kernel.OpNone
	n.whole, n.asked, n.fires, n.parted = false, false, false, false
	n.reset(nil, true)
	n.lo = int32(len(x.sleepers))
	if d > 0 {
		before := &x.nodes[d-1]
		n.todo, before.then = before.then, nil
		if before.lo != before.hi && !x.awake {
			feet := x.feetOf(r, int(x.start[d-1]), steps)
			if x.nodes[before.head].parted {
				feet = append(feet, x.looksAt(r, int(before.thread))...)
			}
			for i := before.lo; i < before.hi; i++ {
				s := x.sleepers[i]
				if s.thread != before.thread && !s.light && independent(x.asNow(r, s), feet) {
					x.sleepers = append(x.sleepers, s)
					n.asleep.add(int(s.thread))
				}
			}
		}
	}
	n.hi, n.prints = int32(len(x.sleepers)), int32(len(x.prints))
	return n
}

// asNow is the footprint of a sleeper. An object may have another name in the run in
// which it was left than in this one, where somebody else may have used it first,
// but the sleeper is about to do the same thing.
func (x *dpor) asNow(r *runner, s sleeper) []foot {
	feet := x.prints[s.lo:s.hi]
	if s.named {
		if op := r.k.Pending(int(s.thread)); op.Obj != 0 && op.Kind != kernel.OpExit {
			feet[0].obj = op.Obj
		}
	}
	return feet
}

// feetOf is what the steps from one to another do.
func (x *dpor) feetOf(r *runner, from, to int) []foot {
	x.buf = x.buf[:0]
	for i := from; i < to; i++ {
		x.buf = r.feet(x.buf, i)
	}
	return x.buf
}

// end is the step after the last one of transition d.
func (x *dpor) end(r *runner, d int) int {
	if d+1 < x.begun {
		return int(x.start[d+1])
	}
	return len(r.steps)
}

// names reports whether the first of the feet is that of the operation that transition d
// begins with. One that has no step was not performed, but is the only one.
func (x *dpor) names(feet []foot, d int) bool {
	return len(feet) > 0 && (feet[0].step < 0 || feet[0].step == x.start[d])
}

// learns reports whether the run has shown something that changes what conflicts.
func (x *dpor) learns(r *runner) bool {
	observed, late := x.observed, x.late
	x.observed = r.observed
	x.late = late || x.drawsEarly(r)
	return x.observed != observed || x.late != late
}

// ended finds the races of the run and goes back to the deepest node at which
// something is left to be tried.
func (x *dpor) ended(r *runner) {
	if x.learns(r) && x.runs > 0 {
		// What conflicts has changed: everything so far may have missed something.
		x.restart()
		return
	}
	x.runs++
	if x.blocked {
		x.repeated++
	}
	if x.diverged != nil {
		x.done = true
		return
	}
	for i := x.begun; i < len(x.nodes); i++ {
		x.drop(&x.nodes[i])
	}
	x.nodes = x.nodes[:x.begun] // a run that was cut short has fewer transitions
	if x.soon {
		x.tryAll()
	} else {
		x.races.find(x, r)
	}
	for d := len(x.nodes) - 1; d >= 0; d-- {
		n := &x.nodes[d]
		if n.then != nil {
			x.free(n.then)
			n.then = nil
		}
		if n.todo == nil && !n.asked && len(n.values) == 0 {
			continue // as most are
		}
		if n.advance() {
			x.goBack(d)
			return
		}
		was := int(n.thread)
		n.asleep.add(was) // it has been tried
		if n.todo == nil || !x.follows(n) {
			if n.asked && !n.fires {
				x.fire(n)
				x.goBack(d)
				return
			}
			continue
		}
		x.sleep(r, n, d)
		n.tried++
		x.take(n)
		x.goBack(d)
		return
	}
	x.nodes, x.branch, x.fresh, x.done = x.nodes[:0], 0, 0, !x.root.advance()
}

// goBack makes transition d the next one that is not what it was. Races between
// those before it have been found, but in a program that draws the sequences that
// come of them have numbers in them, and all of them must come.
func (x *dpor) goBack(d int) {
	x.nodes, x.branch, x.fresh = x.nodes[:d+1], d, d
	if x.draws {
		x.fresh = 0
	}
}

// block notes that the run repeats an earlier one from here on.
func (x *dpor) block() {
	if !x.blocked {
		x.blocked, x.stuck = true, x.begun
	}
}

// sleep puts the thread of a node to sleep.
func (x *dpor) sleep(r *runner, n *dporNode, d int) {
	for i := n.lo; i < n.hi; i++ {
		if x.sleepers[i].thread == n.thread {
			return // with other draws
		}
	}
	lo := int(n.prints)
	last := x.last(d)
	x.prints = append(x.prints[:lo], x.feetOf(r, int(x.start[d]), x.end(r, last))...)
	n.prints = int32(len(x.prints))
	light := false
	for i := d; i <= last && x.late; i++ {
		light = light || len(x.nodes[i].values) > 0
	}
	x.sleepers = append(x.sleepers[:n.hi], sleeper{n.thread, int32(lo), n.prints, x.names(x.prints[lo:], d), light})
	n.hi++
}

// covered weighs what is to be tried at each node equally.
func (x *dpor) covered() (bool, float64) {
	if x.done {
		return x.diverged == nil, 1
	}
	part, weight := x.root.covered(0, 1)
	for i := range x.nodes {
		n := &x.nodes[i]
		left := 0
		for w := n.todo; w != nil; w = w.next {
			left++
		}
		if n.asked {
			weight /= 2
			if n.fires {
				part += weight
			}
		}
		weight /= float64(int(n.tried) + left)
		part += weight * float64(n.tried-1)
		part, weight = n.outcome.covered(part, weight)
	}
	return false, part
}
