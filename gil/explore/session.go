package explore

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// Choice is a thread that has not ended, at a point of a Session: what it is about
// to do, where, and why it cannot if it cannot. Where the program draws a number, by
// gil.Thread.Choose, the choices are those that can be drawn.
type Choice struct {
	Thread    string // its name
	Path      string // its path of spawn indices, as schedules have it
	Op        string // what it is about to do: "read n", "acquire mu", "choose 2 of 3" of a draw
	Site      string // where, as file:line; empty when unknown
	BlockedBy string // why it cannot: "mu held by b", "end of a", "time"; empty if it can
}

// Session runs a program step by step, with somebody else choosing who performs the
// next operation: a tool, a game, a person. Every step back and every jump is made
// by running the program from its beginning again, so it must do the same thing
// whenever it is run in the same interleaving; when it does not, the step that
// differs is an error.
//
// A step is one operation, and under a real profile also those after it that no
// switch can come before; or one draw. Steps are counted from 0, at which nothing has happened.
// A Session is used by one goroutine at a time.
type Session struct {
	prog   func(t *gil.Thread)
	conf   *config
	names  map[kernel.ObjID]string
	past   []moment // the steps that were made, those after at included
	at     int      // steps that are done
	now    *snapshot
	closed bool
}

// track is the way to a point: the threads of all operations, and what was drawn, by
// thread.
type track struct {
	order []int32
	draws [][]int32
}

// begins reports whether the track begins like another one.
func (t track) begins(like track) bool {
	if len(t.order) < len(like.order) || !slices.Equal(t.order[:len(like.order)], like.order) {
		return false
	}
	for i, of := range like.draws {
		if len(of) > 0 && (i >= len(t.draws) || len(t.draws[i]) < len(of) || !slices.Equal(t.draws[i][:len(of)], of)) {
			return false
		}
	}
	return true
}

// drawing is the track with one number more.
func (t track) drawing(thread int, v int32) track {
	draws := make([][]int32, max(len(t.draws), thread+1))
	copy(draws, t.draws)
	draws[thread] = append(slices.Clone(draws[thread]), v)
	return track{t.order, draws}
}

// moment is one step.
type moment struct {
	track
	state uint64 // hash of the state after it
}

// NewSession begins a session of prog at step 0. WithProfile and WithSandbox apply;
// options of a search have no meaning. When the program cannot even begin, Result
// says why.
func NewSession(prog func(t *gil.Thread), opts ...Option) *Session {
	s := &Session{prog: prog, conf: collect(opts)}
	s.conf.unfair = true // everybody who can run may be chosen
	s.learn()
	s.now = s.perform(track{})
	return s
}

// learn finds out what objects are called. A name is only told when something has
// happened to its object, and a choice comes before that; so the program is run to
// its end once.
func (s *Session) learn() {
	const most = 20_000 // operations
	conf := *s.conf
	conf.maxSteps = min(conf.maxSteps, most)
	var a *account
	if conf.supervise(func() { a, _, _ = record(s.prog, &conf, newApplier(Schedule{})) }) != nil {
		return // the session itself will come across what is wrong
	}
	s.names = make(map[kernel.ObjID]string)
	for id, o := range a.objects {
		if o.target < 0 && o.name != nameless && o.name != namelessVariable {
			s.names[id] = o.name
		}
	}
}

// snapshot is the state at a point of a session.
type snapshot struct {
	state   State
	choices []Choice
	index   []int // of the choices: thread numbers
	draws   bool  // they are numbers that the thread of the first one can draw
	track
	schedule Schedule
	over     bool
	failure  *Failure
}

// perform runs the program along a track and as far as that goes, and on while there
// is nothing to choose.
func (s *Session) perform(way track) *snapshot {
	v := &viewer{sequence: sequence{order: way.order, draws: way.draws}, shot: &snapshot{}, hints: s.names}
	var err error
	var a *account
	var done *runner
	if stuck := s.conf.supervise(func() { a, done, err = record(s.prog, s.conf, v) }); stuck != nil {
		return &snapshot{over: true, failure: stuck, track: way, schedule: stuck.Schedule}
	}
	shot := v.shot
	if v.taken {
		return shot
	}
	shot.over = true
	shot.track = done.track()
	shot.schedule = done.schedule()
	shot.state = a.state(len(a.steps), done)
	if err != nil {
		shot.failure = done.failure(err, 0)
		shot.failure.Found = shot.schedule
		r := newRunner(s.prog, s.conf)
		defer r.close()
		shot.failure.explain(s.prog, s.conf, r)
		shot.schedule.Kind = shot.failure.Kind
	}
	return shot
}

// viewer is a sequence that looks around at its end.
type viewer struct {
	sequence
	shot  *snapshot
	taken bool
	hints map[kernel.ObjID]string
	a     func() *account
}

// Performed takes the snapshot just before the first operation that was not asked
// for and that others could come before, and then ends the run.
func (v *viewer) Performed(p *Point, thread int, _ Op) {
	r := p.r
	n := len(r.steps) - 1
	if v.taken || n < len(v.order) || r.steps[n].flags&pinned != 0 {
		return
	}
	v.taken = true
	shot, a := v.shot, v.a()
	last := r.steps[n]
	r.steps = r.steps[:n]
	shot.track = r.track()
	shot.schedule = r.schedule()
	shot.state = a.state(n, r)
	for blocked := range 2 {
		for i := range r.threads {
			if r.threads[i].over && i != thread || r.k.Enabled().Has(i) != (blocked == 0) {
				continue
			}
			shot.choices = append(shot.choices, a.choice(i, n, r, blocked == 1))
			shot.index = append(shot.index, i)
		}
	}
	r.steps = append(r.steps, last)
	v.end(r, thread)
}

// end ends the run in which a thread is doing something.
func (v *viewer) end(r *runner, thread int) {
	for i := range r.threads {
		if t := &r.threads[i]; !t.over || i == thread {
			r.k.Kill(nil, t.task)
		}
	}
}

// Draw takes the snapshot just before the first draw that was not asked for.
func (v *viewer) Draw(p *Point, thread, n int) int {
	value, ok := v.drawNext(thread, n)
	if ok || v.taken || p.Steps() < len(v.order) {
		return value
	}
	v.taken = true
	r, shot, a := p.r, v.shot, v.a()
	shot.track = r.track()
	shot.schedule = r.schedule()
	shot.state = a.state(len(r.steps), r)
	shot.state.Threads[thread].Next = "choose of " + strconv.Itoa(n)
	shot.draws = true
	line := site.Line(site.Caller())
	shot.state.Threads[thread].Site = line
	for i := range n {
		d := draw{value: i, of: n}
		shot.choices = append(shot.choices, Choice{Thread: r.nameOf(thread), Path: r.pathOf(thread), Op: d.String(), Site: line})
		shot.index = append(shot.index, thread)
	}
	v.end(r, thread)
	return 0
}

// track is the way that the run just done has gone.
func (r *runner) track() track { return track{r.order(), r.draws()} }

// choice describes what a thread is about to do.
func (a *account) choice(i, n int, r *runner, blocked bool) Choice {
	op := r.k.Pending(i)
	o := a.objects[op.Obj]
	s := happening{actor: i, kind: op.Kind, obj: o, text: r.threads[i].task.Label}
	c := Choice{Thread: r.nameOf(i), Path: r.pathOf(i), Op: a.cell(&s), Site: site.Line(op.Site)}
	if !blocked {
		return c
	}
	switch {
	case o == nil:
		c.BlockedBy = "time"
	case o.target >= 0:
		c.BlockedBy = "end of " + a.actors[o.target].name
	default:
		c.BlockedBy = o.title()
		if h, _ := a.owner(o, n); h >= 0 {
			c.BlockedBy += " held by " + a.actors[h].name
		}
	}
	return c
}

// Step is the number of steps done.
func (s *Session) Step() int { return s.at }

// Steps is the number of steps known: those done, and those that were taken back or
// jumped over, which Goto can go to.
func (s *Session) Steps() int { return len(s.past) }

// Enabled is the threads that have not ended: first those that can perform their
// next operation, in the order in which they were started, then the others, with
// what blocks them. Where a thread is about to draw a number it is the numbers. It is empty when the program has ended.
func (s *Session) Enabled() []Choice { return slices.Clone(s.now.choices) }

// Choose has the i-th thread of Enabled perform its next operation, or draw i. It forgets the
// steps that were taken back. The error says why the thread cannot, that there is no
// such one, or that the program is not deterministic.
func (s *Session) Choose(i int) error {
	switch {
	case s.closed:
		return fmt.Errorf("explore: the session is closed; make a new one")
	case i < 0 || i >= len(s.now.choices):
		return fmt.Errorf("explore: there is no choice %d of %d at step %d", i, len(s.now.choices), s.at)
	case s.now.choices[i].BlockedBy != "":
		c := &s.now.choices[i]
		return fmt.Errorf("explore: thread %s cannot run at step %d, blocked by %s; choose another one", c.Thread, s.at, c.BlockedBy)
	}
	way := s.now.track
	if s.now.draws {
		way = way.drawing(s.now.index[i], int32(i))
	} else {
		way.order = append(slices.Clone(way.order), int32(s.now.index[i]))
	}
	shot := s.perform(way)
	if !shot.begins(way) {
		return s.broken(s.at + 1)
	}
	s.past = append(s.past[:s.at], moment{shot.track, shot.hash()})
	s.at++
	s.now = shot
	return nil
}

// Undo takes the last step back. The error says that there is none, or that the
// program is not deterministic.
func (s *Session) Undo() error {
	if s.at == 0 {
		return fmt.Errorf("explore: nothing to undo at step 0")
	}
	return s.Goto(s.at - 1)
}

// Goto goes to a step, back or forward: from 0 to Steps. The state is the one that
// was there at the first visit, or there is an error.
func (s *Session) Goto(step int) error {
	switch {
	case s.closed:
		return fmt.Errorf("explore: the session is closed; make a new one")
	case step < 0 || step > len(s.past):
		return fmt.Errorf("explore: there is no step %d; steps 0 to %d are known", step, len(s.past))
	}
	var way track
	if step > 0 {
		way = s.past[step-1].track
	}
	shot := s.perform(way)
	if step > 0 && (len(shot.order) != len(way.order) || !shot.begins(way) || shot.hash() != s.past[step-1].state) {
		return s.broken(step)
	}
	s.at, s.now = step, shot
	return nil
}

func (s *Session) broken(step int) error {
	return &Diagnosis{Kind: Nondeterminism, Text: fmt.Sprintf(
		"the program is not deterministic: at step %d it was not where it had been; what it does may depend on the interleaving only", step)}
}

// State is what the program's threads and objects are like at this step.
func (s *Session) State() State { return s.now.state.clone() }

// Schedule is the steps done as a schedule, which Replay takes.
func (s *Session) Schedule() Schedule { return s.now.schedule }

// Result reports whether the program has ended, and how it failed, nil if it did
// not. A deadlock is an end.
func (s *Session) Result() (f *Failure, ended bool) { return s.now.failure, s.now.over }

// Close ends the session.
func (s *Session) Close() { s.closed = true }

// hash is what must be the same whenever a step is visited.
func (s *snapshot) hash() uint64 {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v %+v %v", s.state, s.choices, s.over)
	return uint64(kernel.HashString(b.String()))
}
