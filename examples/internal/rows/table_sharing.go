package rows

// sharing is queues, pipes, locks, events and races.
var sharing = []Row{
	row(80, "a queue from a child to its parent", "got = [42, None, 'hello']"),
	row(81, "queues are safe", "distinct items = 4000", "each producer's order kept = true"),
	row(82, "two classes called Queue", "queue.Queue in an argument = refused", "a copy by fork: items in the child = 1", "in the parent = 0", "the process queue carries = true"),
	row(83, "a pipe has two ends and two directions", "got = [42, None, 'hello']", "and back = True", "one way, the wrong way = refused"),
	row(84, "two writers at one end corrupt what is sent", "unlocked, what is read = corrupt whole", "with a lock = whole", "own ends = whole"),
	row(85, "closing is the end of file", "the other end reads = EOF"),
	row(86, "multiprocessing mirrors threading", "primitives of threading that the checks pass = 7", "of multiprocessing = 7", "the same ones = true"),
	row(87, "a lock: one process prints at a time", "whole lines = 10", "orders under 20 seeds, more than one = true", "orders of three processes, by all interleavings = 6"),
	row(88, "without it output gets mixed up", "screens of two processes, unbuffered = 4", "of which lines are mixed in = 2", "with all written at the end = 2", "mixed = 0"),
	row(89, "TwoTwo", "the printed outcome can happen = true", "different outputs of three threads, text and newline apart = 5", "written at once = 1"),
	row(90, "a race: the result depends on the order", "least of 2 × 100 = 2", "most = 200"),
	row(91, "check, then act", "both passed the check = true", "balance = -100"),
	row(92, "a lock: others wait", "small: wrong in some interleaving = false", "all interleavings seen = true", "2 × 1000 = 2000"),
	row(93, "processes need locks for what they share", "without a lock updates are lost = true", "with it = 2"),
	row(94, "starvation", "times passed over, readers first = 10", "a fair lock: times passed over = 0"),
	row(95, "deadlock", "found = deadlock", "threads named = a b", "locks named = first second", "seconds when time stops = 0.001"),
	row(96, "waiting for ever and waiting long are two things", "ABBA = deadlock", "a thread that never gets its turn = starvation"),
	row(97, "avoid locks that depend on each other", "in one order: deadlock = false", "try and back off: deadlock = false"),
	row(98, "livelock", "polite threads = livelock", "with a random wait they end = true"),
	row(99, "an event controls all workers", "workers that left after Clear = 3"),
	row(100, "get(timeout=2), and again", "seconds at which an idle worker woke = 2 4 6", "left within 2 s of Clear = true"),
	row(101, "the worker pool's trace", "first batch = 0:1 2:1 3:3 1:4 4:5 6:5 8:7 5:8 7:9 10:9 9:10 11:11 13:11 12:14 14:15", "second, after T = 100:3 102:4 101:6 103:9 104:10 105:11 107:12 108:14 106:15"),
	row(102, "shutting down while some are busy", "workers that said so = 3", "tasks left = 4"),
	row(103, "daemon=True", "daemons: finished = 0", "others: finished = 3"),
	row(104, "results come in the order of completion", "order = 3 1 2 0 4"),
}

// coroutines are asyncio.
var coroutines = []Row{
	row(105, "one thread, cooperative", "thread lanes = 1", "switches elsewhere than at an await = 0"),
	row(106, "count, as coroutines", "printed = One One One Two Two Two", "seconds = 1.00"),
	row(107, "count, one after the other", "printed = One Two One Two One Two", "seconds = 3.00"),
	row(108, "count, on threads", "printed = One One One Two Two Two", "seconds = 1.00"),
	row(109, "a slip in the seed: it calls count, and async_count is what it defines", "what Python says = name 'count' is not defined", "what Go says = undefined: count", "the defined one printed = One One One Two Two Two"),
	row(110, "24 chess boards", "one after the other, s = 43200", "all at once, her time, s = 3600", "the last answer, s = 3655", "seconds a round = 120"),
	row(111, "a function that blocks keeps the others out", "seconds = 3.00", "debug mode: warnings = 3"),
	row(112, "a coroutine suspends and keeps its locals", "trace = 1 a 1 b 2 a 2 b 3 a 3 b"),
	row(113, "two requests, one after the other", "seconds = 7.00"),
	row(114, "two requests on threads", "seconds = 4.00", "order = call1 call2 finish2 finish1"),
	row(115, "two requests as coroutines", "seconds = 4.00", "order = call1 call2 finish2 finish1", "threads = 1"),
	row(116, "coroutines are a little ahead of threads", "ms by which three tasks start sooner than three threads = 0.294"),
	row(117, "await at the top level is for notebooks: Run", "Run where a loop runs = asyncio.run() cannot be called from a running event loop"),
	row(118, "cancellation, timeouts and locks in asyncio", "cancelled = true", "timed out = true", "the lock lets one in = 1"),
}

// stories are the analogies.
var stories = []Row{
	row(119, "ten meals", "one cook, blocking = 500", "one cook, boiling overlaps = 212", "two cooks = 122", "2, 3, 4, 10 cooks without overlap = 250 200 150 50"),
	row(120, "can I parallelise it, in 180 minutes", "cooks with overlap = 2", "without = 4"),
	row(121, "chess", "hours, one after the other = 12.0", "all at once = 1.0"),
	row(122, "long jobs while you go on working", "seconds that putting 15 tasks takes = 0.0", "second at which the last one is done = 15"),
}

// bypassing is how to get around the GIL, and other interpreters.
var bypassing = []Row{
	row(123, "concurrent.futures", "processes, part of serial without their start = 0.250", "as completed = 3 1 2 0 4"),
	row(124, "builds without a GIL", "threads computing at one instant, 3.13t = 4", "3.14t = 4"),
	row(125, "pypy-stm and PyParallel were attempts", "in the glossary = true"),
	row(126, "Jython and IronPython have no GIL", "computing at one instant, jvm = 4"),
	row(127, "NumPy uses cores by itself", "threads = 1", "cores busy = 4"),
	row(128, "a C extension may forget to give the GIL up", "seconds, released = 1.000", "seconds, kept = 4.000", "longest wait, s = 1.000"),
	row(129, "Cython: with nogil", "seconds, nogil = 1.000", "seconds, without = 4.000"),
	row(130, "ctypes", "seconds, CDLL = 1.000", "seconds, PyDLL = 4.000"),
	row(131, "PyPy is faster and has a GIL", "one thread is faster = true", "four threads, times serial = 1.00"),
	row(132, "Java has no GIL", "ranking of eight threads on eight cores = jvm < pypy < cpython"),
	row(133, "compiled and interpreted", "in the glossary = true"),
	row(134, "MicroPython", "in the glossary = true"),
	row(135, "sub-interpreters with their own GIL", "computing at one instant in one process, 3.11 = 1", "3.12 = 2"),
	row(136, "reference counts and a collector", "the pause is in the trace = true", "others run in it = false"),
}

// demands are on the API, and what is left.
var demands = []Row{
	row(137, "threads and processes look the same", "a call = 25", "a thread = 25", "a process = 25", "a coroutine = 25", "a coroutine's thread = 25", "a pool of threads = 25", "a pool of processes = 25", "an executor of threads = 25", "an executor of processes = 25"),
	row(138, "a pool does what one can do by hand", "by hand = [0, 1, 4, 9]", "the pool = [0, 1, 4, 9]"),
	row(139, "join, map, await: three orders", "join = 0 1 2 3 4", "map = 0 1 2 3 4", "as completed = 3 1 2 0 4"),
	row(140, "C code has costs: kept, given up, on several cores", "seconds, kept = 4.000", "given up = 1.000", "given up, four cores = 4.000"),
	row(141, "your numbers will vary: each example prints its setting", "first line = example: Python 3.9, 2 cores, seed 7, simulated time"),
	row(142, "for real: the clock on the wall", "computing at one instant, with a GIL = 1", "without one, on two cores or more = true"),
	row(143, "not everything can be parallelised", "speed-up by 28 of 0, 10, 50 % serial work = 28.00 7.57 1.93"),
	row(144, "threads live in a process, and die with it", "steps of the killed process's threads after its death = 0", "it was killed in the middle = true", "the peer of its pipe reads = EOF", "its lock says that its owner is dead = true", "steps of the other process = 150"),
	row(145, "spawn imports the main module again", "module level ran, spawn = 4", "fork = 1"),
	row(146, "the words", "terms missing in the glossary = 0"),
}
