// Package programs compares what random programs can come to here and in Python: two
// threads, or three, with a few statements each on shared variables, a list, a dict and a lock,
// kept as data; and others with a queue. A program is performed here by the explorer, which goes through all
// interleavings that a profile allows, and by a real Python, many times, with the
// smallest interval there is between two switches. Whatever Python comes to must be
// among what is possible here. The other way round is a matter of luck and time: Python
// shows a part of what is possible, and how large a part is counted.
package programs

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A Stmt is a statement of a thread. S is the object that holds what is shared: the
// numbers x and y, the list l, the dict d and the lock m; r is the thread's own.
type Stmt struct {
	Kind Kind   // decides which of the others matter
	A, B string // names of numbers
	K, N int    // a key or an index; a number
	Body []Stmt // of a With
}

// Kind says what a statement does.
type Kind uint8

// The kinds of statements.
const (
	Increment Kind = iota // S.A += N
	Assign                // S.A = N
	Copy                  // S.A = S.B
	Read                  // r = S.A
	Write                 // S.A = r + N
	AddCall               // S.A = S.A + f()
	CallAdd               // S.A = f() + S.A
	Swap                  // S.x, S.y = S.y, S.x
	IfEqual               // if S.A == N: S.B += 1
	Append                // S.l.append(N)
	IfPop                 // if S.l: S.l.pop()
	AddItem               // S.l[0] += N
	SetKey                // S.d[K] = N
	AddKey                // S.d[K] += N
	GetKey                // S.d[K] = S.d.get(K, 0) + N
	IfMissing             // if K not in S.d: S.d[K] = N
	Call                  // f()
	With                  // with S.m: Body

	numKinds = int(iota) // those above, of which Random makes programs
)

// The kinds of statements about the queue S.q, which holds two items at most.
const (
	PutNowait  Kind = iota + With + 1 // S.q.put_nowait(N); if it is full S.x += N
	GetNowait                         // r = S.q.get_nowait(); if it is empty S.x += N
	PutTimeout                        // S.q.put(N, True, 0); if it is full S.x += N
	GetTimeout                        // r = S.q.get(True, 0); if it is empty S.x += N
	Size                              // S.A = S.q.qsize()
	IfAny                             // if not S.q.empty(): S.A += N
	IfFull                            // if S.q.full(): S.A += N
	Done                              // S.q.task_done(); if it is too often S.y += N
)

// Python is the statement in Python.
func (s Stmt) Python() string {
	switch s.Kind {
	case Increment:
		return fmt.Sprintf("S.%s += %d", s.A, s.N)
	case Assign:
		return fmt.Sprintf("S.%s = %d", s.A, s.N)
	case Copy:
		return fmt.Sprintf("S.%s = S.%s", s.A, s.B)
	case Read:
		return "r = S." + s.A
	case Write:
		return fmt.Sprintf("S.%s = r + %d", s.A, s.N)
	case AddCall:
		return fmt.Sprintf("S.%s = S.%s + f()", s.A, s.A)
	case CallAdd:
		return fmt.Sprintf("S.%s = f() + S.%s", s.A, s.A)
	case Swap:
		return "S.x, S.y = S.y, S.x"
	case IfEqual:
		return fmt.Sprintf("if S.%s == %d: S.%s += 1", s.A, s.N, s.B)
	case Append:
		return fmt.Sprintf("S.l.append(%d)", s.N)
	case IfPop:
		return "if S.l: S.l.pop()"
	case AddItem:
		return fmt.Sprintf("S.l[0] += %d", s.N)
	case SetKey:
		return fmt.Sprintf("S.d[%d] = %d", s.K, s.N)
	case AddKey:
		return fmt.Sprintf("S.d[%d] += %d", s.K, s.N)
	case GetKey:
		return fmt.Sprintf("S.d[%d] = S.d.get(%d, 0) + %d", s.K, s.K, s.N)
	case IfMissing:
		return fmt.Sprintf("if %d not in S.d: S.d[%d] = %d", s.K, s.K, s.N)
	case Call:
		return "f()"
	case With:
		return "with S.m:"
	}
	return s.queuePython()
}

// Program is a list of threads, each a list of statements.
type Program struct {
	Threads [][]Stmt
	Queue   bool // the statements are also about S.q
}

// Random is the program of a number.
func Random(number int) Program {
	rng := rand.New(rand.NewPCG(uint64(number), 3))
	threads, most := 2, 3
	if number%5 == 4 {
		threads, most = 3, 2
	}
	var p Program
	for range threads {
		p.Threads = append(p.Threads, block(rng, most-1+rng.IntN(2), true))
	}
	return p
}

func block(rng *rand.Rand, n int, locks bool) []Stmt {
	names := []string{"x", "x", "y"}
	stmts := make([]Stmt, 0, n)
	for range n {
		kinds := numKinds
		if !locks {
			kinds = int(With)
		}
		s := Stmt{Kind: Kind(rng.IntN(kinds)), A: names[rng.IntN(3)], B: names[rng.IntN(3)], K: 1 + rng.IntN(2), N: 1 + rng.IntN(3)}
		if s.Kind == With {
			s.Body = block(rng, 1+rng.IntN(2), false)
		}
		stmts = append(stmts, s)
	}
	return stmts
}

// Python is the threads of the program as functions t0, t1 … of S.
func (p Program) Python() string {
	var b strings.Builder
	first := " r = 0\n"
	if p.Queue {
		b.WriteString(withQueue)
		first = " r = 0 # with the lock of the queue\n"
	}
	for i, thread := range p.Threads {
		fmt.Fprintf(&b, "def t%d(S):\n%s", i, first)
		for _, s := range thread {
			fmt.Fprintf(&b, " %s\n", s.Python())
			for _, inner := range s.Body {
				fmt.Fprintf(&b, "  %s\n", inner.Python())
			}
		}
	}
	return b.String()
}
