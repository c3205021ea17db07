package rows

import "fmt"

// A Claim is something that texts about Python say and that is wrong or outdated.
type Claim struct {
	Number int    // 5 for W5
	Says   string // what is said
	Truth  string // what is going on, in a sentence
	Facts  []Fact
}

func claim(number int, says, truth string, facts ...string) Claim {
	return Claim{number, says, truth, row(0, "", facts...).Facts}
}

// Claims returns the wrong claims, W1 to W18.
func Claims() []Claim { return claims }

var claims = []Claim{
	claim(1, "the GIL is taken again every 100 bytecodes", "That was up to 3.1; from 3.2 on a waiter asks after 5 ms, and from 3.10 on a switch comes at calls and jumps back only.", "two times n += 1, 3.9 = [1 2]", "3.13 = [2]", "3.13t = [1 2]"),
	claim(2, "the processor executes bytecode", "The interpreter's loop does, one after the other: that is what can be counted and interrupted.", "bytecodes counted of 1000 = 1000"),
	claim(3, "each thread has its own memory", "It has its own stack; objects are everybody's.", "others see what one appends = [1]"),
	claim(4, "many small writes are I/O", "They go into a buffer, which is computing with the GIL held.", "time with the GIL, % = 89.6"),
	claim(5, "the first thread runs and the others wait until it is done", "They take turns every 5 ms, so that all end at about the same time.", "of eight threads of 0.1 s the first one ends before 0.5 s = false"),
	claim(6, "the threads used all cores", "One thread runs at a time, on one core after the other.", "cores visited = 3", "computing at one instant = 1"),
	claim(7, "one GIL for each process, so only processes run in parallel", "From 3.12 on a sub-interpreter has a GIL of its own.", "computing at one instant, 3.11 = 1", "3.12 = 2"),
	claim(8, "Python cannot use several cores at all", "C code and I/O give the GIL up, and run beside everything else.", "computing at one instant = 4"),
	claim(9, "nobody has removed the GIL", "Free-threaded builds have none: 3.13 as an experiment, 3.14 for good.", "threads computing at one instant, 3.13 = 1", "3.13t = 4"),
	claim(10, "a process is a full copy of memory", "fork copies the pages that are written to, and no others.", "private to a child that writes to a tenth, % = 10"),
	claim(11, "a global event is known to the workers", "Only by fork, which Linux had up to 3.13; macOS spawns since 3.8, Windows always has, and from 3.14 on it is the fork server: all these start without the parent's variables.", "a worker that uses the global, 3.13 = works", "3.14 = NameError"),
	claim(12, "the Queue module shares between threads and processes", "queue.Queue is for threads, multiprocessing.Queue is for processes.", "queue.Queue can leave its process = false"),
	claim(13, "parallelism is deterministic", "Neither it nor concurrency is.", "orders of three processes under 20 seeds, more than one = true"),
	claim(14, "threads make computing slower, or faster", "From 3.2 on they make no difference; the old GIL was slower on several cores.", "times serial on two cores, 2.7: more than 1.2 = true", "3.13 = 1.01"),
	claim(15, "a lock makes the output come in order", "It keeps lines whole; their order stays free.", "orders with a lock, more than one = true"),
	claim(16, "CPython appeared in 1990, and Jython and IronPython are for 2.7 only", "It was 1991, and there is an IronPython for 3.4.", "year = 1991", "newest IronPython = 3.4"),
	claim(17, "processes need no locks", "What they share needs one: memory, files, pipes, the screen.", "two processes add 1 = [1 2]"),
	claim(18, "a thread that waits lets others run, and that is all", "Afterwards it has to win the GIL back, which takes up to 5 ms beside one that computes.", "ms late = 5.0"),
}

// CheckClaim is Check for a wrong claim.
func CheckClaim(tb TB, number int, got ...any) {
	tb.Helper()
	if number < 1 || number > len(claims) {
		tb.Errorf("rows: there is no claim W%d", number)
		return
	}
	note(-number)
	compare(tb, fmt.Sprint("W", number), claims[number-1].Facts, got)
}
