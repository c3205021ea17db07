package programs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/queue"
)

// state is what the threads of a program share.
type state struct {
	x, y   *gil.Var[int]
	l      *gil.List[int]
	d      *gil.Dict[int, int]
	m      threading.Lock
	q      *queue.Queue[int] // or nil
	left   string            // of q, at the end
	raised [3]string
}

func newState(p Program) *state {
	s := &state{
		x: gil.NewVar("x", 0), y: gil.NewVar("y", 1), l: gil.NewList("l", 1),
		d: gil.NewDict("d", gil.Item[int, int]{Key: 1, Value: 1}), m: threading.Lock{Name: "m"},
	}
	if p.Queue {
		s.q = queue.New[int](queueSize)
	}
	return s
}

// String is the state as the script writes it.
func (s *state) String() string {
	items := s.d.Peek()
	slices.SortFunc(items, func(a, b gil.Item[int, int]) int { return a.Key - b.Key })
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d", s.x.Peek(), s.y.Peek())
	if s.q != nil {
		b.WriteString(s.left)
		return b.String()
	}
	for _, v := range s.l.Peek() {
		fmt.Fprintf(&b, " %d", v)
	}
	for _, it := range items {
		fmt.Fprintf(&b, " %d:%d", it.Key, it.Value)
	}
	for i, e := range s.raised {
		if e != "" {
			fmt.Fprintf(&b, " %d%s", i, e)
		}
	}
	return b.String()
}

func (s *state) number(name string) *gil.Var[int] {
	if name == "x" {
		return s.x
	}
	return s.y
}

// items and keys are the loads S.l and S.d, after which Pythons up to 3.9 may switch: a
// statement that names a container twice can be torn there.
func (s *state) items(t *gil.Thread) *gil.List[int] {
	t.Op(gil.OpLoadAttr)
	return s.l
}

func (s *state) keys(t *gil.Thread) *gil.Dict[int, int] {
	t.Op(gil.OpLoadAttr)
	return s.d
}

func nothing() {}

// perform executes statements; the error is Python's exception.
func (s *state) perform(t *gil.Thread, stmts []Stmt, r *int) (err error) {
	for _, c := range stmts {
		switch a := s.number(c.A); c.Kind {
		case Increment:
			gil.Add(t, a, c.N)
		case Assign:
			a.Store(t, c.N)
		case Copy:
			a.Store(t, s.number(c.B).Load(t))
		case Read:
			*r = a.Load(t)
		case Write:
			t.Op(gil.OpBinaryAdd)
			a.Store(t, *r+c.N)
		case AddCall:
			a.Update(t, func(v int) int { return v + 1 })
		case CallAdd:
			t.Call(nothing)
			v := a.Load(t)
			t.Op(gil.OpBinaryAdd)
			a.Store(t, v+1)
		case Swap:
			y, x := s.y.Load(t), s.x.Load(t)
			t.Op(gil.OpRotTwo)
			s.x.Store(t, y)
			s.y.Store(t, x)
		case IfEqual:
			v := a.Load(t)
			t.Op(gil.OpCompare)
			if v == c.N {
				gil.Add(t, s.number(c.B), 1)
			} else {
				t.Op(gil.OpBoolPopJumpIfFalse)
			}
		case Append:
			s.items(t).Append(t, c.N)
		case IfPop:
			if s.items(t).Truth(t) {
				_, err = s.items(t).Pop(t)
			}
		case AddItem:
			err = gil.AddAt(t, s.items(t), 0, c.N)
		case SetKey:
			s.keys(t).Set(t, c.K, c.N)
		case AddKey:
			err = gil.AddTo(t, s.keys(t), c.K, c.N)
		case GetKey:
			v := s.keys(t).GetDefault(t, c.K, 0)
			t.Op(gil.OpBinaryAdd)
			s.keys(t).Set(t, c.K, v+c.N)
		case IfMissing:
			if s.keys(t).Contains(t, c.K) {
				t.Op(gil.OpBoolPopJumpIfFalse)
			} else {
				s.keys(t).Set(t, c.K, c.N)
			}
		case Call:
			t.Call(nothing)
		case With:
			t.Op(gil.OpLoadAttr)
			s.m.With(t, func() { err = s.perform(t, c.Body, r) })
		default:
			s.performQueue(t, c, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// thread is a thread of the program.
func (s *state) thread(t *gil.Thread, n int, stmts []Stmt) {
	r := 0
	switch err := s.perform(t, stmts, &r); {
	case errors.Is(err, gil.ErrIndex):
		s.raised[n] = "I"
	case errors.Is(err, gil.ErrKey):
		s.raised[n] = "K"
	}
}

// Outcomes are all states that a program can end with under p, in order, and whether
// all interleavings were looked at.
func (p Program) Outcomes(profile gil.Profile) (outcomes []string, all bool) {
	each, all := Outcomes([]Program{p}, profile)
	return each[0], all
}

// Outcomes are those of each of some programs. They are one search, which draws a
// program first: to begin a search costs as much as to explore some programs.
func Outcomes(programs []Program, profile gil.Profile) (outcomes [][]string, all bool) {
	found := make([]map[string]bool, len(programs))
	for i := range found {
		found[i] = map[string]bool{}
	}
	r := explore.Run(func(t *gil.Thread) {
		i := 0
		if len(programs) > 1 {
			i = t.Choose(len(programs))
		}
		p := programs[i]
		s := newState(p)
		ts := make([]*gil.Thread, len(p.Threads))
		for k, stmts := range p.Threads {
			ts[k] = t.Go(fmt.Sprint(k), func(t *gil.Thread) { s.thread(t, k, stmts) })
		}
		gil.JoinAll(t, ts...)
		s.drain(t)
		found[i][s.String()] = true
	}, explore.WithProfile(profile), explore.WithStrategy(explore.DPOR()),
		explore.WithMaxSchedules(20_000*len(programs)), explore.WithWorkers(1))
	for _, f := range found {
		outcomes = append(outcomes, slices.Sorted(maps.Keys(f)))
	}
	return outcomes, r.Exhausted
}

// Serial are the states that a program ends with when one thread follows the other.
func (p Program) Serial() (outcomes []string) {
	orders := [][]int{{0, 1}, {1, 0}}
	if len(p.Threads) == 3 {
		orders = [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}
	}
	for _, order := range orders {
		s := newState(p)
		if err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
			for _, i := range order {
				s.thread(t, i, p.Threads[i])
			}
			s.drain(t)
		}); err != nil {
			panic(err)
		}
		if o := s.String(); !slices.Contains(outcomes, o) {
			outcomes = append(outcomes, o)
		}
	}
	return outcomes
}
