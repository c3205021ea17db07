package explore

import "github.com/pygil/pygil/internal/kernel"

// profile is what one run tells about a program: how many operations its threads
// perform and which objects they share. Threads are known by the hashes of their
// paths, so that it holds for every schedule.
type profile struct {
	choices int // places at which two or more threads could run
	threads map[uint64]*threadProfile
	shared  []sharedObject // worth looking at
}

// threadProfile counts operations of one thread and its descendants.
type threadProfile struct {
	all int
	of  map[kernel.ObjID]int
}

// sharedObject is an object that several threads use and at least one changes.
type sharedObject struct {
	id      kernel.ObjID
	threads int
}

// happens reports whether the operation is one whose order with others matters: not
// the start and the end of a thread, nor one that touches nothing.
func happens(k kernel.OpKind, obj kernel.ObjID) bool {
	switch k {
	case kernel.OpStart, kernel.OpExit, kernel.OpJoin:
		return false
	}
	return obj != 0
}

// counts reports whether the operation is one of those that make the order on its
// object: an access of a variable, or taking a permit. Giving one back is not.
func counts(k kernel.OpKind, obj kernel.ObjID) bool {
	return happens(k, obj) && k != kernel.OpRelease
}

// profileOf is the profile of the run that r has just done.
func profileOf(r *runner) *profile {
	p := &profile{threads: make(map[uint64]*threadProfile, len(r.threads))}
	type use struct {
		threads map[int32]bool
		written bool
	}
	uses := map[kernel.ObjID]*use{}
	var order []kernel.ObjID
	own := make([]*threadProfile, len(r.threads))
	for i := range r.threads {
		own[i] = &threadProfile{of: map[kernel.ObjID]int{}}
		p.threads[r.threads[i].path] = own[i]
	}
	for i := range r.steps {
		s := &r.steps[i]
		if s.flags&chosen != 0 {
			p.choices++
		}
		if !happens(s.kind, s.obj) {
			continue
		}
		own[s.thread].all++
		if s.kind == kernel.OpRelease {
			continue
		}
		own[s.thread].of[s.obj]++
		u := uses[s.obj]
		if u == nil {
			u = &use{threads: map[int32]bool{}}
			uses[s.obj] = u
			order = append(order, s.obj)
		}
		u.threads[s.thread] = true
		u.written = u.written || s.kind.Writes()
	}
	for i := len(r.threads) - 1; i > 0; i-- { // children come after their parents
		if parent := r.threads[i].parent; parent >= 0 {
			own[parent].all += own[i].all
			for id, n := range own[i].of {
				own[parent].of[id] += n
			}
		}
	}
	for _, least := range []int{max(2, (len(r.threads)-1)/2), 2} {
		for _, id := range order {
			if u := uses[id]; u.written && len(u.threads) >= least {
				p.shared = append(p.shared, sharedObject{id, len(u.threads)})
			}
		}
		if len(p.shared) > 0 {
			break
		}
	}
	return p
}

// events is how many operations are left to the threads of a run, their descendants
// included: of all, or those on one object.
type events struct {
	profile *profile
	object  kernel.ObjID // 0 for all
	left    []int32
}

func (e *events) reset(p *profile, object kernel.ObjID) {
	e.profile, e.object, e.left = p, object, e.left[:0]
}

// expected is how many the profile has of a thread.
func (e *events) expected(r *runner, t int) int32 {
	if e.profile == nil {
		return 1
	}
	tp := e.profile.threads[r.threads[t].path]
	switch {
	case tp == nil:
		return 1
	case e.object != 0:
		return int32(tp.of[e.object])
	}
	return int32(tp.all)
}

// grow takes notice of threads that have been started: what they will do is no
// longer expected of their parents. It calls born with how many of what is left to
// the parent are the child's.
func (e *events) grow(r *runner, born func(parent, child int, n, left int32)) {
	for t := len(e.left); t < len(r.threads); t++ {
		n := e.expected(r, t)
		if parent := r.threads[t].parent; parent >= 0 {
			if born != nil {
				born(int(parent), t, n, e.left[parent])
			}
			e.left[parent] = max(0, e.left[parent]-n)
		}
		e.left = append(e.left, n)
	}
}

// done counts one of thread t.
func (e *events) done(t int) { e.left[t] = max(0, e.left[t]-1) }
