package explore

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
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
	draws   []draw
	hints   map[kernel.ObjID]string // names learnt in another run
}

// actor is a thread of an account.
type actor struct {
	name    string
	parent  int // -1 for the main thread
	born    int // the step that started it
	ended   bool
	pending kernel.Op // of a thread that has not ended: what it was about to do
	site    uintptr   // of that
}

// happening is one operation performed.
type happening struct {
	actor  int
	kind   kernel.OpKind
	obj    *object // nil for none
	site   uintptr
	item   string // which one of the object
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

// draw is a number that a thread drew.
type draw struct {
	step      int // how many operations had been performed
	actor     int
	value, of int
	site      uintptr
	fatal     bool // it is whether a process dies
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

// What nameless objects are called.
const (
	nameless         = "a primitive"
	namelessVariable = "a variable"
)

// entitle numbers the objects that share a name.
func (a *account) entitle() {
	count := make(map[string]int)
	for _, o := range a.order {
		if o.target >= 0 {
			o.name = "end of " + a.actors[o.target].name
		}
		if o.name == "" {
			o.name = a.hints[o.id]
		}
		if o.name == "" {
			if o.name = nameless; o.shared {
				o.name = namelessVariable
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

// recording is a strategy that has another one choose and writes the run down. It
// is an observer too, for the names and the values.
type recording struct {
	inner Strategy
	tell  Stepper // inner, if it is one
	r     *runner
	a     *account
	index map[uint32]int // thread number → index
	print map[int]string // by thread: what it prints next
}

func newRecording(inner Strategy) *recording {
	w := &recording{inner: inner}
	w.tell, _ = inner.(Stepper)
	return w
}

// record performs the program once more under s, on a runner of its own, and
// returns the account of the run and its error.
func record(prog func(*gil.Thread), c *config, s Strategy) (*account, *runner, error) {
	w := newRecording(s)
	conf := *c
	conf.sandbox = append(conf.sandbox[:len(conf.sandbox):len(conf.sandbox)], gil.WithObserver(w))
	r := newRunner(prog, &conf)
	defer r.close()
	r.k.Announced = func(*kernel.Task, kernel.Op) uintptr { return site.Caller() }
	w.Start(0, 0)
	w.r = r
	if v, ok := s.(*viewer); ok {
		v.a = func() *account { return w.a }
		w.a.hints = v.hints
	}
	err := r.run(w)
	w.finish()
	return w.a, r, err
}

func (w *recording) Name() string { return w.inner.Name() }

func (w *recording) Start(n int, seed uint64) bool {
	w.a = &account{objects: make(map[kernel.ObjID]*object)}
	w.index, w.print = make(map[uint32]int), make(map[int]string)
	return w.inner.Start(n, seed)
}

// Choose has the other strategy choose.
func (w *recording) Choose(p *Point) int {
	if t := p.r.k.Current(); t != nil && t.Killed() {
		return w.inner.Choose(p) // the run is over, threads unwind
	}
	w.meet(p.r)
	c := choice{step: len(w.a.steps), last: p.cur, chosen: w.inner.Choose(p)}
	for i := p.set.Next(0); i >= 0; i = p.set.Next(i + 1) {
		c.enabled = append(c.enabled, i)
	}
	w.a.choices = append(w.a.choices, c)
	return c.chosen
}

// Draw has the other strategy draw and writes that down.
func (w *recording) Draw(p *Point, thread, n int) int {
	w.meet(p.r)
	v := p.r.drawFor(w.inner, thread, n)
	w.a.draws = append(w.a.draws, draw{len(w.a.steps), thread, v, n, site.Caller(), p.r.fatal})
	return v
}

// early and fires have the other strategy decide when timers fire.
func (w *recording) early() bool {
	f, ok := w.inner.(firer)
	return ok && f.early()
}

func (w *recording) fires(p *Point) bool { return w.inner.(firer).fires(p) }

// meet takes notice of threads that were started since.
func (w *recording) meet(r *runner) {
	for i := len(w.a.actors); i < len(r.threads); i++ {
		t := &r.threads[i]
		w.a.actors = append(w.a.actors, actor{name: r.nameOf(i), parent: int(t.parent), born: len(w.a.steps) - 1})
		if o := w.object(t.end, kernel.OpJoin); o != nil {
			o.target = i
		}
	}
}

// Performed writes an operation down.
func (w *recording) Performed(p *Point, thread int, op Op) {
	w.meet(p.r)
	st := &p.r.steps[len(p.r.steps)-1]
	who := &w.a.actors[thread]
	s := happening{actor: thread, kind: op.Kind, site: op.Site, failed: st.flags&refused != 0}
	if op.Kind != kernel.OpLabel && op.Kind != kernel.OpExit && op.Kind != kernel.OpStart {
		s.obj = w.object(op.Obj, op.Kind)
	}
	switch op.Kind {
	case kernel.OpExit:
		who.ended = true
		s.site = 0
	case kernel.OpPrint:
		s.text = w.print[thread]
	case kernel.OpLabel:
		s.text = p.r.threads[thread].task.Label
	}
	w.a.steps = append(w.a.steps, s)
	if w.tell != nil {
		w.tell.Performed(p, thread, op)
	}
}

func (w *recording) object(id kernel.ObjID, k kernel.OpKind) *object {
	if id == 0 {
		return nil
	}
	o := w.a.objects[id]
	if o == nil {
		o = &object{id: id, target: -1}
		w.a.objects[id] = o
		w.a.order = append(w.a.order, o)
	}
	switch k {
	case kernel.OpRead, kernel.OpWrite, kernel.OpUpdate:
		o.shared = true
	}
	return o
}

// Observe learns names.
func (w *recording) Observe(e gil.Event) {
	if e.Kind == gil.EvThreadStart {
		w.index[e.TID] = len(w.index) // threads begin in the order in which they were started
		return
	}
	by, ok := w.index[e.TID]
	if !ok {
		return
	}
	if e.Obj != 0 && e.Name != "" {
		if o := w.a.objects[kernel.ObjID(e.Obj)]; o != nil && o.name == "" {
			o.name = e.Name
		} else if o == nil && e.Kind == gil.EvLockRequest {
			w.object(kernel.ObjID(e.Obj), kernel.OpAcquire).name = e.Name
		}
	}
	if e.Kind == gil.EvPrint { // comes before the operation
		w.print[by] = e.Name
	}
}

// ObserveValue learns values.
func (w *recording) ObserveValue(e gil.Event, v any) {
	by, ok := w.index[e.TID]
	if !ok {
		return
	}
	if s := w.latest(by); s != nil {
		s.values = append(s.values, value{e.Kind == gil.EvWrite, brief(v)})
	}
}

// ObserveItem learns which items operations are about.
func (w *recording) ObserveItem(e gil.Event, at any) {
	by, ok := w.index[e.TID]
	if !ok {
		return
	}
	if s := w.latest(by); s != nil {
		s.item = "[" + brief(at) + "]"
	}
}

// latest is the last operation of a thread.
func (w *recording) latest(by int) *happening {
	for i := len(w.a.steps) - 1; i >= 0; i-- {
		if w.a.steps[i].actor == by {
			return &w.a.steps[i]
		}
	}
	return nil
}

// finish adds what the threads that are left were about to do.
func (w *recording) finish() {
	w.meet(w.r)
	for i := range w.a.actors {
		who := &w.a.actors[i]
		if who.ended {
			continue
		}
		who.pending = w.r.k.Pending(i)
		who.site = who.pending.Site
		w.object(who.pending.Obj, who.pending.Kind)
	}
	w.a.entitle()
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
