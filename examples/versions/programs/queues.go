package programs

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/pygil/pygil/gil"
)

// queueSize is how many items the queue holds, few enough to be full now and then.
const queueSize = 2

// withQueue gives the states of the script a queue and has them shown with it. Its
// mutex is S.m, so that a signal handler that needs it can see that it is taken. There
// is no word "def" in here, because the script counts those.
const withQueue = `import __main__ as M
try: import queue as Q
except ImportError: import Queue as Q
Empty, Full = Q.Empty, Q.Full
if not hasattr(M, 'plain'):
 M.plain = M.State
 M.give = lambda S: S.__dict__.update(q=Q.Queue(2)) or S.__dict__.update(m=S.q.mutex) or S
 M.State = lambda n: M.give(M.plain(n))
 M.what = lambda S: (S.x, S.y, tuple(S.q.queue) + ('u%d' % S.q.unfinished_tasks,), (), tuple(S.e))
`

// queuePython is a statement about the queue in Python.
func (s Stmt) queuePython() string {
	try := func(what, otherwise, name string) string {
		return fmt.Sprintf("try: %s\n except %s: S.%s += %d", what, otherwise, name, s.N)
	}
	switch s.Kind {
	case PutNowait:
		return try(fmt.Sprintf("S.q.put_nowait(%d)", s.N), "Full", "x")
	case GetNowait:
		return try("r = S.q.get_nowait()", "Empty", "x")
	case PutTimeout:
		return try(fmt.Sprintf("S.q.put(%d, True, 0)", s.N), "Full", "x")
	case GetTimeout:
		return try("r = S.q.get(True, 0)", "Empty", "x")
	case Size:
		return fmt.Sprintf("S.%s = S.q.qsize()", s.A)
	case IfAny:
		return fmt.Sprintf("if not S.q.empty(): S.%s += %d", s.A, s.N)
	case IfFull:
		return fmt.Sprintf("if S.q.full(): S.%s += %d", s.A, s.N)
	case Done:
		return try("S.q.task_done()", "ValueError", "y")
	}
	return "?"
}

// RandomQueue is the program of a number among those with a queue: half of the
// statements are about it.
func RandomQueue(number int) Program {
	rng := rand.New(rand.NewPCG(uint64(number), 4))
	kinds := []Kind{
		PutNowait, PutNowait, PutTimeout, GetNowait, GetTimeout, Size, IfAny, IfFull, Done,
		Increment, Read, Write, Write, AddCall, Copy,
	}
	threads, most := 2, 3
	if number%5 == 4 {
		threads, most = 3, 2
	}
	names := []string{"x", "y"}
	p := Program{Queue: true}
	for range threads {
		var stmts []Stmt
		for range most - 1 + rng.IntN(2) {
			stmts = append(stmts, Stmt{Kind: kinds[rng.IntN(len(kinds))], A: names[rng.IntN(2)], B: names[rng.IntN(2)], N: 1 + rng.IntN(3)})
		}
		p.Threads = append(p.Threads, stmts)
	}
	return p
}

// performQueue executes a statement about the queue.
func (s *state) performQueue(t *gil.Thread, c Stmt, r *int) {
	a, instead := s.number(c.A), s.x
	var err error
	switch c.Kind {
	case PutNowait:
		err = s.q.TryPut(t, c.N)
	case PutTimeout:
		err = s.q.PutTimeout(t, c.N, 0)
	case GetNowait, GetTimeout:
		get := s.q.TryGet
		if c.Kind == GetTimeout {
			get = func(t *gil.Thread) (int, error) { return s.q.GetTimeout(t, 0) }
		}
		var v int
		if v, err = get(t); err == nil {
			*r = v
		}
	case Size:
		a.Store(t, s.q.QSize(t))
	case IfAny:
		if !s.q.Empty(t) {
			gil.Add(t, a, c.N)
		}
	case IfFull:
		if s.q.Full(t) {
			gil.Add(t, a, c.N)
		}
	case Done:
		err, instead = s.q.TaskDone(t), s.y
	}
	if err != nil {
		gil.Add(t, instead, c.N)
	}
}

// drain takes what is left in the queue out of it, when all threads have ended.
func (s *state) drain(t *gil.Thread) {
	if s.q == nil {
		return
	}
	var b strings.Builder
	unfinished := s.q.Unfinished(t)
	for v, err := s.q.TryGet(t); err == nil; v, err = s.q.TryGet(t) {
		fmt.Fprintf(&b, " %d", v)
	}
	fmt.Fprintf(&b, " u%d", unfinished)
	s.left = b.String()
}
