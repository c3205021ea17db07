package explore

import (
	"slices"

	"github.com/pygil/pygil/internal/kernel"
	"github.com/pygil/pygil/internal/site"
)

// State is what a program is like at a step of a Session.
type State struct {
	Operations int             // performed so far
	Last       string          // the last one: "a: write n ← 1"
	Threads    []ThreadState   // in the order in which they were started
	Variables  []VariableState // in the order of their first use
	Locks      []LockState     // whatever threads wait at, in the order of its first use
	Output     []string        // what was printed
}

// ThreadState is a thread of a State.
type ThreadState struct {
	Name       string // as the program calls it
	Path       string // its path of spawn indices, as schedules have it
	Ended      bool   // has performed its last operation
	Operations int    // performed so far
	Next       string // what it is about to do, empty when it has ended
	Site       string // where, as file:line; empty when unknown
}

// VariableState is a variable, list or dict of a State.
type VariableState struct {
	Name  string // as the program calls it
	Value string // Python's repr of the value read or written last, of a list or a dict that of the item; empty when unknown
}

// LockState is something that threads wait at: a lock, an event, a condition.
type LockState struct {
	Name   string   // as the program calls it
	Holder string   // the thread that holds it, empty for none, and for what is not held
	Queue  []string // the threads that wait for it
}

func (s State) clone() State {
	s.Threads, s.Variables, s.Locks, s.Output = slices.Clone(s.Threads), slices.Clone(s.Variables), slices.Clone(s.Locks), slices.Clone(s.Output)
	for i := range s.Locks {
		s.Locks[i].Queue = slices.Clone(s.Locks[i].Queue)
	}
	return s
}

// state describes the program after n operations of the run that r is in.
func (a *account) state(n int, r *runner) State {
	a.entitle()
	st := State{Operations: n}
	if n > 0 {
		s := &a.steps[n-1]
		st.Last = a.actors[s.actor].name + ": " + a.cell(s)
	}
	count := make([]int, len(a.actors))
	values := make(map[*object]string)
	for i := range n {
		s := &a.steps[i]
		count[s.actor]++
		for _, v := range s.values {
			values[s.obj] = v.text
		}
		if s.kind == kernel.OpPrint {
			st.Output = append(st.Output, s.text)
		}
	}
	queues := make(map[*object][]string)
	for i := range a.actors {
		t := ThreadState{Name: a.actors[i].name, Path: r.pathOf(i), Operations: count[i]}
		over := false
		for j := n - 1; j >= 0; j-- {
			if a.steps[j].actor == i {
				over = a.steps[j].kind == kernel.OpExit
				break
			}
		}
		if t.Ended = over; !over {
			op := r.k.Pending(i)
			o := a.objects[op.Obj]
			t.Next = a.cell(&happening{actor: i, kind: op.Kind, obj: o, text: r.threads[i].task.Label})
			t.Site = site.Line(op.Site)
			if o != nil && !o.shared && !r.k.Enabled().Has(i) {
				queues[o] = append(queues[o], t.Name)
			}
		}
		st.Threads = append(st.Threads, t)
	}
	for _, o := range a.order {
		switch {
		case o.shared:
			st.Variables = append(st.Variables, VariableState{Name: o.title(), Value: values[o]})
		case o.target >= 0:
		default:
			l := LockState{Name: o.title(), Queue: queues[o]}
			if h, _ := a.owner(o, n); h >= 0 {
				l.Holder = a.actors[h].name
			}
			st.Locks = append(st.Locks, l)
		}
	}
	return st
}
