package explore

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// account is one run written down with everything there is to say about it: what a
// search does not need and an explanation does. It is made by running a schedule
// once more.
type account struct {
	actors  []actor // as the kernel numbers them
	steps   []happening
	objects map[kernel.ObjID]*object
	order   []*object // as they first appeared
	choices []choice
}

// actor is a thread of an account.
type actor struct {
	name    string
	path    uint64
	parent  int // -1 for the main thread
	born    int // the step that started it
	daemon  bool
	ops     int // performed
	ended   bool
	pending kernel.Op // of a thread that has not ended: what it was about to do
	site    uintptr   // of that
	since   int       // the step after which it announced that
}

// happening is one operation performed.
type happening struct {
	actor  int
	number int // of the thread's operations, from 1
	kind   kernel.OpKind
	obj    *object // nil for none
	site   uintptr
	values []value
	text   string // label, printed text
	failed bool   // a try that found its object taken, a wait that ran out of time
}

// value is what an access read or wrote.
type value struct {
	wrote bool
	text  string
}

// object is what operations are about.
type object struct {
	id     kernel.ObjID
	name   string
	shared bool // a variable, list or dict; otherwise something that threads wait at
	target int  // the thread whose end it is, -1 for none
	alias  string
}

// choice is a point of the run at which somebody had to choose.
type choice struct {
	step    int // how many operations had been performed
	chosen  int
	last    int // who had performed the last one
	enabled []int
}

// title is what reports call an object. Objects of one name are numbered.
func (o *object) title() string {
	switch {
	case o == nil:
		return ""
	case o.alias != "":
		return o.alias
	case o.name != "":
		return o.name
	}
	return "?"
}

// entitle numbers the objects that share a name.
func (a *account) entitle() {
	count := make(map[string]int)
	for _, o := range a.order {
		if o.target >= 0 {
			o.name = "end of " + a.actors[o.target].name
		}
		if o.name == "" {
			if o.shared {
				o.name = "a variable"
			} else {
				o.name = "a primitive"
			}
		}
		count[o.name]++
	}
	next := make(map[string]int)
	for _, o := range a.order {
		if count[o.name] > 1 {
			next[o.name]++
			o.alias = fmt.Sprintf("%s#%d", o.name, next[o.name])
		}
	}
}

// owner is who holds an object after the given number of steps: -1 when nobody is
// known to, and otherwise the thread and the step at which it took it.
func (a *account) owner(o *object, upTo int) (actor, step int) {
	actor, step = -1, -1
	for i := range min(upTo, len(a.steps)) {
		s := &a.steps[i]
		if s.obj != o {
			continue
		}
		switch s.kind {
		case kernel.OpAcquire, kernel.OpTryAcquire:
			if !s.failed && actor < 0 {
				actor, step = s.actor, i
			}
		case kernel.OpRelease:
			actor, step = -1, -1
		}
	}
	return actor, step
}

// recording is an explorer that passes every choice on to another one and writes
// the run down. It is an observer too, for the names and the values.
type recording struct {
	inner  kernel.Explorer
	tell   kernel.Performer // inner, if it is one
	a      *account
	index  map[uint32]int // thread number → index
	peers  map[int]int    // by thread that joins: whom
	starts int            // threads that are known
	last   int            // step of the last OpStart
	by     int
}

func newRecording(inner kernel.Explorer) *recording {
	r := &recording{inner: inner, a: &account{objects: make(map[kernel.ObjID]*object)}, index: make(map[uint32]int), peers: make(map[int]int), by: -1}
	r.tell, _ = inner.(kernel.Performer)
	return r
}

// Choose has the other explorer choose.
func (r *recording) Choose(k *kernel.Explored, cur int, enabled *kernel.Set) int {
	r.meet(k)
	c := choice{step: k.Steps(), last: cur, chosen: r.inner.Choose(k, cur, enabled)}
	c.enabled = make([]int, enabled.Len())
	for i := range c.enabled {
		c.enabled[i] = enabled.Nth(i)
	}
	r.a.choices = append(r.a.choices, c)
	return c.chosen
}

// meet takes notice of threads that were started since.
func (r *recording) meet(k *kernel.Explored) {
	for ts := k.Tasks(); r.starts < len(ts); r.starts++ {
		t := ts[r.starts]
		who := actor{name: t.Name, path: t.Path, parent: r.by, born: r.last}
		if th, ok := t.Owner.(*gil.Thread); ok {
			who.daemon = th.Daemon()
		}
		r.a.actors = append(r.a.actors, who)
	}
}

// Performs writes an operation down.
func (r *recording) Performs(k *kernel.Explored, t *kernel.Task, op kernel.Op) {
	r.meet(k)
	i := t.Index()
	who := &r.a.actors[i]
	who.ops++
	s := happening{actor: i, number: who.ops, kind: op.Kind, obj: r.object(op, i), site: op.Site}
	if s.site == 0 && op.Kind != kernel.OpExit {
		s.site = callSite()
	}
	switch op.Kind {
	case kernel.OpExit:
		who.ended = true
	case kernel.OpStart:
		r.last, r.by = len(r.a.steps), i
	case kernel.OpTryAcquire:
		holder, _ := r.a.owner(s.obj, len(r.a.steps))
		s.failed = holder >= 0
	}
	r.a.steps = append(r.a.steps, s)
	if r.tell != nil {
		r.tell.Performs(k, t, op)
	}
}

func (r *recording) object(op kernel.Op, by int) *object {
	if op.Obj == 0 || op.Kind == kernel.OpLabel || op.Kind == kernel.OpExit || op.Kind == kernel.OpStart {
		return nil
	}
	o := r.a.objects[op.Obj]
	if o == nil {
		o = &object{id: op.Obj, target: -1}
		r.a.objects[op.Obj] = o
		r.a.order = append(r.a.order, o)
	}
	switch op.Kind {
	case kernel.OpRead, kernel.OpWrite, kernel.OpUpdate:
		o.shared = true
	case kernel.OpJoin:
		if peer, ok := r.peers[by]; ok {
			o.target = peer
		}
	}
	return o
}

// Observe learns names.
func (r *recording) Observe(e gil.Event) {
	switch e.Kind {
	case gil.EvThreadStart:
		r.index[e.TID] = len(r.index)
		return
	case gil.EvJoinBegin:
		if by, ok := r.index[e.TID]; ok {
			if peer, ok := r.index[e.Peer]; ok {
				r.peers[by] = peer
			} else {
				delete(r.peers, by)
			}
		}
		return
	}
	by, ok := r.index[e.TID]
	if !ok {
		return
	}
	if e.Obj != 0 && e.Name != "" {
		if o := r.a.objects[kernel.ObjID(e.Obj)]; o != nil && o.name == "" {
			o.name = e.Name
		}
	}
	last := r.latest(by)
	if last == nil {
		return
	}
	switch e.Kind {
	case gil.EvLabel, gil.EvPrint:
		last.text = e.Name
	case gil.EvLockTimeout:
		last.failed = true
	}
}

// ObserveValue learns values.
func (r *recording) ObserveValue(e gil.Event, v any) {
	by, ok := r.index[e.TID]
	if !ok {
		return
	}
	if s := r.latest(by); s != nil {
		s.values = append(s.values, value{e.Kind == gil.EvWrite, brief(v)})
	}
}

// latest is the last operation of a thread.
func (r *recording) latest(by int) *happening {
	for i := len(r.a.steps) - 1; i >= 0; i-- {
		if r.a.steps[i].actor == by {
			return &r.a.steps[i]
		}
	}
	return nil
}

// finish adds what the threads that are left were about to do.
func (r *recording) finish(k *kernel.Explored) *account {
	r.meet(k)
	for i := range r.a.actors {
		who := &r.a.actors[i]
		if who.ended {
			continue
		}
		who.pending = k.Pending(i)
		who.site = who.pending.Site
		r.object(who.pending, i)
	}
	r.a.entitle()
	return r.a
}

// brief is a value on one short line.
func brief(v any) string {
	const most = 24
	s := strings.ReplaceAll(gil.Repr(v), "\n", " ")
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}
