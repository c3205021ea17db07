package rows

// words are the words and the hardware.
var words = []Row{
	row(1, "concurrency: several threads make progress", "begun and not ended = 3", "computing at one instant = 1", "each has a step before any has its last = true"),
	row(2, "parallelism: several compute at the same instant", "computing at one instant = 3", "part of the serial time = 0.333"),
	row(3, "concurrency is the wider notion", "what is parallel is concurrent = true", "what is concurrent is parallel = false"),
	row(4, "threads are swapped every few milliseconds", "ms of a contended slice, Ideal = 5.000", "ms, Measured, on average = 5.04"),
	row(5, "one core is enough for concurrency, not for parallelism", "computing at one instant, threads = 1", "computing at one instant, processes = 1", "part of the serial time, threads = 1.000", "part of the serial time, processes = 1.000"),
	row(6, "concurrency deals with many things, parallelism does them", "serial = 1/1", "threads = 4/1", "asyncio = 4/1", "processes = 4/4", "threads without a GIL = 4/4"),
	row(7, "what concurrency and what parallelism speeds up", "waiting, threads = 4.00", "computing, threads = 1.00", "computing, processes = 4.00"),
	row(8, "\"parallelism is deterministic\" is wrong", "processes print in more than one order under 20 seeds = true", "each seed gives one order = true"),
	row(9, "more cores, up to 28, for 28 tasks", "seconds of processes on 1, 2, 4, 6, 8, 28 cores = 28 14 7 5 4 1", "seconds of threads = 28 28 28 28 28 28"),
	row(10, "a core executes on its own", "times two were on one core = 0", "cores used = 4"),
	row(11, "4 cores of 2 hardware threads: 8 tasks at once, in theory", "seconds at yield 1.0 = 2.000", "seconds at yield 1.3 = 1.538", "seconds at yield 2.0 = 1.000"),
	row(12, "6 cores with hyperthreading are seen as 12", "cores seen = 12", "physical cores = 6", "seconds at yield 1.0 = 2.000", "seconds at yield 1.3 = 1.538", "seconds at yield 2.0 = 1.000"),
	row(13, "one core, one process at a time, and many over time", "computing at one instant = 1", "begun and not ended = 4"),
	row(14, "\"one tick is one bytecode\" is wrong", "bytecodes of a turn in 2.7 = 7", "ticks of it = 5", "nanoseconds = 21", "bytecodes of a turn in 3.13 = 7", "ticks of it = 0", "the same bytecodes take less time in PyPy = true"),
	row(15, "a process has memory, an interpreter and a GIL of its own", "processes = 3", "GILs = 3", "times one waited for another's GIL = 0"),
	row(16, "a process starts threads and processes", "the first thread is called = MainThread", "parent of the child process = 1", "children = 2", "threads = 3"),
	row(17, "a thread has its own locals and shares the globals", "locals = 1 2 3", "globals = 42 42 42"),
	row(18, "\"each thread has its own memory space\" is wrong", "others see what one appends = [1]"),
	row(19, "threads share all variables", "the parent sees = 42"),
	row(20, "processes share none", "the child printed = 42", "the parent sees = 0"),
	row(21, "the default is one process with one thread", "thread lanes = 1", "begun and not ended = 1", "computing at one instant = 1"),
	row(22, "an office: employees share a printer", "one printer, times one print = 3.000", "a printer each, times one print = 1.000"),
}

// theGIL is what the lock does.
var theGIL = []Row{
	row(23, "only one thread holds the GIL", "times two held it = 0", "held no longer than the run lasts = true"),
	row(24, "given up every 100 bytecodes: only up to 3.1", "Ticks(100), alone: checks = 10000", "releases = 0", "Ticks(100), two threads: hand-overs = 10000", "2.7 with another thread: releases = 9900", "2.7 without = 0", "3.13 alone: forced releases = 0"),
	row(25, "given up around I/O", "the other begins when the wait begins = true", "after the wait the GIL must be won back = true"),
	row(26, "given up by C code such as NumPy's", "seconds, released = 1.000", "seconds, kept = 4.000"),
	row(27, "\"no use of several cores at all\" is too strong", "cores in use, pure Python = 1.0", "cores in use, NumPy = 4.0"),
	row(28, "on one core the GIL was no problem", "2.7, one core, times serial = 1.0", "2.7, two cores, slower than serial = true", "failed wake-ups there = true", "3.13, two cores, times serial = 1.00"),
	row(29, "why a program runs slower with threads", "2.7, more than 1.2 times = true", "3.13, within 1.00 and 1.01 = true"),
	row(30, "without a lock reference counts break", "with the GIL always right = true", "plain counts without a lock go wrong = true", "atomic counts without a GIL are right = true"),
	row(31, "the GIL does not guard what the program means", "an update can be lost = true", "with a lock none is = true"),
	row(32, "a mutex that keeps threads from executing at once", "programs = 1000", "instants with two runners = 0"),
	row(33, "\"the others wait until the first is done\" is half true", "slices in turn = true", "times serial = 1.000", "share of a life spent waiting = 0.875"),
	row(34, "one GIL for threads, one each for processes", "GILs of four threads = 1", "GILs of four processes = 4"),
	row(35, "switching costs, so threads are a bit slower", "switches in 76.62 s = 15323", "seconds = 76.69"),
	row(36, "that they were measured faster is noise", "serial is inside the spread = true", "ratio of the medians = 1.01"),
	row(37, "the GIL is the fastest for one thread", "one thread without it, 3.13t = 1.40", "3.14t = 1.075"),
	row(38, "\"nobody removed it\" is outdated", "seconds of four threads, 3.13t = 26.82", "times a fourth of serial = 1.40"),
	row(39, "\"one GIL per process\" is outdated since 3.12", "GILs = 2", "processes = 1", "computing at one instant = 2"),
	row(40, "\"parallel only by processes\" is outdated", "threads, 3.11 = 1", "threads, 3.13t = 4", "sub-interpreters, 3.12 = 4", "processes, 3.11 = 4"),
	row(41, "bytecode is executed by the interpreter's loop, not by the CPU", "bytecodes executed are those listed, 2.7 = true", "3.9 = true", "3.13 = true"),
	row(42, "threads, but one at a time", "begun and not ended = 4", "computing at one instant = 1"),
	row(43, "released for I/O, so threads help there", "four waits on threads, part of serial = 0.250"),
	row(44, "Beazley's cases: two that compute, and one that answers beside one that computes", "ms for an answer beside one that computes = 5.0", "alone, below 0.1 ms = true"),
}

// computing is work that computes.
var computing = []Row{
	row(45, "cpu_bound(3) is 27 wherever it runs", "serial = 27", "thread = 27", "process = 27"),
	row(46, "four processes: 20.17 s measured", "seconds = 20.15", "part of serial = 0.263"),
	row(47, "a pool of four: 21.96 s measured", "results = [387420489, 387420489, 387420489, 387420489]", "part of serial within 0.263 and 0.30 = true"),
	row(48, "one after the other: 76.62 s measured", "seconds = 76.62"),
	row(49, "four threads: 74.95 s measured", "seconds = 76.69", "times serial = 1.00"),
	row(50, "who is faster", "ranking = processes < serial <= threads"),
	row(51, "threads do not help work that computes", "threads are no faster than serial = true"),
	row(52, "processes help, up to the cores", "speed-up of 1, 2, 4, 8 processes on 4 cores = 1.0 2.0 4.0 4.0"),
	row(53, "tiny tasks do not pay for their processes", "ms of a task at which four processes break even = 10.67", "speed-up of 10 s tasks = 3.987"),
	row(54, "the number of cores is the limit", "rounds of 8 processes on 4 cores = 2"),
	row(55, "cleaning data: a pool of processes", "chunks = 100", "part of serial, without start and pickling = 0.250"),
	row(56, "processes for I/O: slower than threads, faster than serial", "threads = 1.556", "processes = 1.90", "serial = 6.00"),
	row(57, "Python does not use several cores by itself", "part of four cores in use, % = 25"),
}

// waiting is work that waits.
var waiting = []Row{
	row(58, "threads let waits overlap", "serial = 8.33", "threads = 2.08"),
	row(59, "\"threads beat processes for I/O\": not for these writes", "threads = 7.47", "processes = 3.08", "GIL held, % = 100.0", "real waits: threads = 2.08", "real waits: processes = 3.08", "real waits: processes by fork = 2.11"),
	row(60, "\"8**8 small writes are I/O\" is wrong", "flushes = 43008", "time with the GIL, % = 89.6"),
	row(61, "one after the other the processor idles during waits", "busy during the waits, % = 0.0"),
	row(62, "80 images: 6 s to 1.5 s", "serial = 6.00", "threads = 1.556", "limit = 1.50"),
	row(63, "\"all cores were used\" is misread", "of three cores are visited = 3", "computing at one instant = 1"),
	row(64, "three files: 7.24 s to 5.18 s", "serial = 7.24", "threads = 5.187", "share with the GIL, % = 71.5"),
	row(65, "the text and its output disagree", "ratio of the text = 0.607", "ratio of the output = 0.715"),
	row(66, "I/O happens outside the GIL", "ms for which 10 ms of I/O hold it = 0.0"),
	row(67, "threads hand results over, processes pickle them", "bytes copied by threads = 0", "by processes grow with the result = true", "ms that 1 kB, 1 MB and 100 MB take from a thread = 0 0 0", "from a process = 0.00 0.12 12.00"),
	row(68, "I/O: threads; computing: processes", "computing, the winner = processes", "waiting, the winner = asyncio", "mixed, the winner = processes"),
}

// costs are those of starting, memory, pickling and switching.
var costs = []Row{
	row(69, "a process costs more to start than a thread", "order = thread < fork < forkserver < spawn", "ms, fork = 2.4", "ms, forkserver = 22.0", "ms, spawn = 74.0"),
	row(70, "switching processes is slower than switching threads", "10000 switches at 5 µs, s = 0.050", "at 20 µs, s = 0.200"),
	row(71, "processes need more memory", "threads = 1 × base", "spawn = 5 × base", "fork = 1 × base", "fork, each writes to a quarter of it = 2 × base"),
	row(72, "\"memory is copied for each child\": fork copies on write", "private, fork, % = 10", "private, spawn, % = 100"),
	row(73, "enough memory for all copies", "spawn: the child that does not fit = 4", "what it says = gil: out of memory: 1073741824 bytes wanted, 4294967296 of 4294967296 used; see WithMemoryLimit", "fork, read only = <nil>"),
	row(74, "pickle copies", "steps in the trace = dump send receive load", "a list of 1000000 arrives equal = true", "the sender sees a change = false"),
	row(75, "what cannot be pickled", "a function = true", "a channel = true"),
	row(76, "concurrency is cheaper than parallelism", "waits, CPU seconds of processes above those of threads = true", "same wait = true"),
	row(77, "threads need less memory", "four more threads, bytes in the ledger = 0"),
	row(78, "if __name__ == \"__main__\"", "a start outside Main = RuntimeError: An attempt has been made to start a new process before the current process has finished its bootstrapping phase.", "a function nobody defined is refused = true"),
	row(79, "the event reaches the workers by fork only", "fork = works", "spawn = NameError", "forkserver = NameError", "3.13 by default = works", "3.14 by default = NameError"),
}
