package kernel

import (
	"encoding/binary"
	"math"
	"sync/atomic"
)

// maxLimit makes every tick take its slow path.
const maxLimit = math.MaxInt32

// Task is one flow of control. The zero value is ready for [Kernel.Spawn] once
// Init was called. A Task belongs to one kernel; its fields are the kernel's,
// but for the tick budget, which the fast path of a tick uses directly.
type Task struct {
	// Budget is the number of ticks left before the slow path, Limit the value
	// below which the slow path is due. Normally Limit is 0; it is raised to its
	// maximum by a Poke. Tick is exactly:
	//
	//	if t.Budget -= n; t.Budget < int(t.Limit.Load()) { slow path }
	//
	// The word is 32 bits wide: 64-bit atomic loads are expensive on 386.
	Budget int
	Limit  atomic.Int32

	granted  int  // Budget as last renewed or settled
	negative bool // ticks ran backwards

	extra int   // bytecodes that cost time but are no ticks, not yet settled
	used  int64 // ticks executed and settled
	codes int64 // bytecodes executed and settled: ticks and others

	// Path is the hash of the spawn indices that lead to the task, Name what
	// reports call it, Domain the interpreter whose GIL it needs.
	Path   uint64
	Name   string
	Domain *Domain
	// Owner is what the layer above knows the task as.
	Owner any
	// Private ops of a free-threaded task are bounded by the core slice only.
	Free bool

	children uint64 // spawn indices given out
	draws    uint64 // numbers drawn
	objects  uint64 // objects named

	killed atomic.Bool
	// Label is the name that goes with the OpLabel announced last.
	Label string

	live    liveTask
	virtual virtualTask
}

// Init gives t its identity as a child of by (nil for the first task of a
// domain), which fixes its path whatever the schedule.
func (t *Task) Init(by *Task, d *Domain, name string) {
	t.Domain = d
	t.Name = name
	if d.timed {
		t.virtual.timedTask = new(timedTask)
	}
	if by == nil {
		d.roots++
		t.Path = mix(d.seed, d.roots)
		return
	}
	by.children++
	t.Path = mix(by.Path, by.children)
}

// NextObject names the next object that t creates or first uses.
func (t *Task) NextObject() ObjID {
	t.objects++
	return ObjID(mix(t.Path^0x9e3779b97f4a7c15, t.objects))
}

// Reset makes a task that has ended in an explored run as good as new.
func (t *Task) Reset() {
	t.Budget, t.granted, t.extra, t.used, t.codes = 0, 0, 0, 0, 0
	t.children, t.draws, t.objects = 0, 0, 0
	if t.killed.Load() { // a load is cheap, a store is not
		t.killed.Store(false)
	}
}

// Killed reports whether the task is to unwind.
func (t *Task) Killed() bool { return t.killed.Load() }

// Ticks is the number of ticks t has executed, including those not yet settled.
func (t *Task) Ticks() int64 { return t.used + int64(t.granted-t.Budget) }

// Cost adds n bytecodes that take time but are no ticks.
func (t *Task) Cost(n int) { t.extra += n }

// settle moves the ticks executed since the last call into the total and
// returns how many bytecodes' time they took.
func (t *Task) settle() (bytecodes int) {
	n := t.granted - t.Budget
	t.granted = t.Budget
	if n < 0 {
		t.negative, n = true, 0 // time does not run backwards
	}
	t.used += int64(n)
	n += t.extra
	t.extra = 0
	t.codes += int64(n)
	return n
}

// Renew gives t a new budget of n ticks. The ticks executed so far must have
// been settled by the kernel.
func (t *Task) Renew(n int) {
	t.Budget = n
	t.granted = n
}

// Restart settles the ticks of t, which have taken no time, gives it a budget of n more
// and returns how many it has executed.
func (t *Task) Restart(n int) (ticks int64) {
	t.settle()
	t.Renew(n)
	return t.used
}

// Overdrawn reports whether ticks ran backwards since it was asked last, which
// only a negative count can cause.
func (t *Task) Overdrawn() bool {
	was := t.negative || t.Budget > t.granted
	t.negative = false
	return was
}

// mix hashes a pair; it is a finaliser of the splitmix64 family (Steele, Lea,
// Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014).
func mix(a, b uint64) uint64 {
	z := a + 0x9e3779b97f4a7c15*(b+1)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// Hash mixes two words into one, for paths and keyed draws.
func Hash(a, b uint64) uint64 { return mix(a, b) }

// HashString is a hash of a name, the same in every process.
func HashString(s string) ObjID {
	h := uint64(len(s))
	for len(s) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64([]byte(s[:8])))
		s = s[8:]
	}
	var rest uint64
	for i := range len(s) {
		rest |= uint64(s[i]) << (8 * i)
	}
	return ObjID(mix(h, rest))
}

// below maps a hash to [0, n) without division bias worth noticing.
func below(h uint64, n int) int {
	hi := h >> 32
	return int((hi * uint64(n)) >> 32)
}

// Domain is a set of tasks that share one GIL: an interpreter. Tasks of one
// domain see each other's effects at once, tasks of different domains after the
// wake latency.
type Domain struct {
	ID    int
	timed bool // its tasks are those of a Timed
	seed  uint64

	roots uint64 // tasks made by nobody

	holder *Task // explored kernel: who comes before the others of the domain

	items  heap // pending items of this domain, timed kernel only
	slot   int  // index in the kernel's heap of domains
	queued int  // tasks of the domain that wait for a core
}
