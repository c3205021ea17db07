package bytecode

import "fmt"

// A Construct is a piece of Python that package gil offers, as one executed path: a Branch is
// taken or not, a loop is cut into what runs before, around and after its body. In the Python
// of the comments g, a and b are globals, everything else that is not a builtin is a local.
type Construct uint8

const (
	// Variables.

	Load      Construct = iota // v = g
	Store                      // g = v
	Add                        // g += 1
	Update                     // g = f(g), f a Python function, with its body in the middle
	Swap2                      // a, b = b, a
	LocalAdd                   // x += 1, which nobody else can see
	LocalCopy                  // x = y, the same
	AttrLoad                   // v = o.n
	AttrStore                  // o.n = v
	AttrAdd                    // o.n += 1

	// Items of a list or dict.

	Item     // v = c[k]
	SetItem  // c[k] = v
	DelItem  // del c[k]
	ItemAdd  // c[k] += n
	Contains // b = k in c

	// Calls of C functions and methods.

	CallMethod0       // c.pop()
	CallMethod1       // c.remove(v); for append see ListAppend
	CallMethod2       // c.setdefault(k, v)
	CallMethod0Result // v = c.pop()
	CallMethod1Result // v = c.get(k)
	CallMethod2Result // v = c.setdefault(k, w)
	ListAppend        // c.append(v): no check once specialised (3.11+)
	CallLen           // n = len(c): no check once specialised (3.11+)
	CallC             // f(1), f a C function in a local
	CallCResult       // v = f(1)
	ListOf            // v = list(c)
	ListItems         // v = list(c.items())
	Sleep             // time.sleep(d)
	Print             // print(v); two writes, and two opcodes on 2.7, where it is a statement

	// for i in range(n): Setup, then Head, body and Tail for each item, then End.

	RangeSetup
	RangeHead
	RangeTail
	RangeEnd

	// for x in c: the same, with each look at c a TouchRead.

	IterSetup
	IterHead
	IterTail
	IterEnd

	// while i < n: Head before the first body, Tail between two bodies, End after the last
	// one; Skip alone when there is no body at all.

	WhileHead
	WhileTail
	WhileEnd
	WhileSkip

	// f() of a Python function: Head, its body, Tail. Head ends with the entry of the frame,
	// Tail begins with the return of None.

	CallHead
	CallTail

	// if x: with x a local. Taken means that the jump is, so that the body is left out.

	BranchTaken
	BranchUntaken
	BoolBranchTaken   // the operand is exactly True or False
	BoolBranchUntaken // the same

	// Locks and blocks.

	LockAcquire // lock.acquire()
	LockTry     // ok = lock.acquire(False)
	LockRelease // lock.release()
	WithEnter   // with lock: up to the first opcode of the body
	WithExit    // the way out of it, without an exception
	TryEnter    // try: of a try … finally
	TryExit     // the end of the try block, around the finally block
	TryEnd      // after the finally block

	numConstructs = int(iota)
)

// String returns the name of the constant.
func (c Construct) String() string {
	if int(c) >= numConstructs {
		return "unknown construct"
	}
	return constructNames[c]
}

// Constructs returns every construct, in a slice of its own.
func Constructs() []Construct {
	all := make([]Construct, numConstructs)
	for i := range all {
		all[i] = Construct(i)
	}
	return all
}

// Sequence returns the opcodes that v executes for c, in order, with specialisation done: the
// steady state of code that has run a few times. The slice is shared; do not change it. It
// panics for an unknown version or construct.
func Sequence(v Version, c Construct) []Instr {
	known(v, c)
	return warm[c][v]
}

// ColdSequence returns the opcodes that v executes for c before it has specialised them, or
// when it never does (3.13t). Only [CallLen] and [ListAppend] differ, and only from 3.11 on:
// cold, they check after the call. The slice is shared; do not change it.
func ColdSequence(v Version, c Construct) []Instr {
	known(v, c)
	if seq := cold[c][v]; seq != nil {
		return seq
	}
	return warm[c][v]
}

func known(v Version, c Construct) {
	if int(v) >= numVersions {
		panic(fmt.Sprintf("bytecode: unknown version %d, the last is %v", uint8(v), Version(numVersions-1)))
	}
	if int(c) >= numConstructs {
		panic(fmt.Sprintf("bytecode: unknown construct %d, the last is %v", uint8(c), Construct(numConstructs-1)))
	}
}
