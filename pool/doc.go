// Package pool runs functions on workers: Python's concurrent.futures, and the pools of
// multiprocessing.
//
//	var square = process.Define("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })
//
//	p, err := pool.New(ctx, 4) // processes
//	out, err := pool.Map(ctx, p, square, []int{1, 2, 3}) // 1, 4, 9
//
//	ex := pool.NewThreadExecutor(t, 4) // threads
//	f := pool.Submit(t, ex, square, 7)
//	n, err := f.Result(t) // 49
//	err = ex.Shutdown(t)
//
// # What runs
//
// A [Function] is made by process.Define, which processes and threads can run, or by
// [Func] of any function, for threads only. Processes get copies of arguments through
// package pipe/pickle; threads get the arguments themselves.
//
// # Workers
//
// [ThreadExecutor] and the Pool of [NewThread] have threads of one interpreter, in the
// live world and on a Machine, under a GIL or without; an explorer sees all they do.
// [ProcessExecutor] and the Pool of [New] have processes, which are this program again:
// main must be process.Main's. On a Machine they are emulated processes, with the start
// method and the start cost of the machine's options. Workers are given tasks by their
// pool, each over a connection of its own, so a worker that dies takes nothing with it
// but its task.
//
// Executors start workers as tasks come, and take an idle one first. A Pool of processes
// starts all at once.
//
// # Futures
//
// [Submit] returns a [Future]; [Wait] and [AsCompleted] wait for several. [MapOn] is
// an executor's map, [Map], [MapAsync], [Apply], [ApplyAsync], [IMap], [IMapUnordered]
// and [Starmap] are a pool's; every verb works on every executor. Methods take who acts
// as a context: a *gil.Thread, whose GIL is given up while it waits, or any other.
//
// Tasks that travel together with others, because all are quick, count as running
// from when they are sent; an idle worker gets those that were not begun.
//
// # Errors
//
// The outcome of a task that failed is the error that its function returned: from a
// process as a [*RemoteError], for which errors.Is and errors.As answer as there. A
// panic is a [*PanicError] with its stack, or goes on in Result, WithRepanic. A result
// that cannot travel is an [*EncodingError], an argument that cannot is the codec's
// error; both are their own task's only.
//
// The task of a worker that dies is lost: in a Pool that is a [*WorkerError], which has
// the task, the exit code or signal, and the end of what the worker wrote to stderr.
// The worker is replaced. An executor is broken by it: what runs and what waits is a
// [*BrokenError], each its own, that matches ErrBroken. Results of the last millisecond
// that were on their way die with a worker. Nothing is run again, unless WithRetries
// says so. An initializer that fails, a worker that cannot be started, or five in
// succession that die before they are ready, break both.
//
// What is submitted too late is a future that has failed, with a text of Python's.
//
// # Ending tasks
//
// Cancel works until a worker has the task. WithTaskTimeout, and the end of the context
// that Submit, Apply or a map was given, end a task that runs in a process: with the
// process, which is replaced. A thread cannot be ended. A loop over results looks at its
// context when it is to yield the next one.
//
// Terminate ends a Pool with all its workers, TerminateWorkers and KillWorkers those of
// a ProcessExecutor: what has not begun is cancelled there, and what runs is broken.
//
// # Where this is not CPython
//
//   - Nothing hangs: a lost task fails, Terminate fails what was pending and always
//     returns, also in a callback.
//   - An imap takes no more of its input than a window, and goes on after the error of
//     a chunk. It has no time limit for a result, as next(timeout) is; its context ends
//     the loop.
//   - A chunk size of zero is an error everywhere, and threads get chunks, too.
//   - A MapAsync of nothing calls its callback.
//   - A future that was cancelled is done for Wait and AsCompleted at once.
//   - There are no helper threads: callbacks of processes run on goroutines that belong
//     to no interpreter, one after the other for each worker. They may wait for other
//     tasks, but not for the end of their executor: it waits for them. Who waits for the one task that a process has may read its
//     answer himself, and notices the end of his context up to 20 ms late then, as any
//     receiver of package pipe; a deadline he keeps. An answer that nobody waits for may
//     come half a millisecond later.
//   - Workers ignore SIGINT, and one that it ends before it can is replaced; ending the
//     pool is the parent's business.
//   - Workers are daemons and cannot have children of their own.
//
// # What an observer is told
//
// gil.EvSubmit when a task is accepted, with its number, from 1 for each executor, and
// gil.EvChunk after it if it is several items; gil.EvTaskBegin and gil.EvTaskEnd by
// threads that do it, and gil.EvResult when the result of a Submit is taken. The tasks of
// a real process are told of from here, in the name of a thread that stands for the
// worker: one begins when it is sent, or when the one before it was answered, and ends
// with its answer or its worker.
//
// # How fast it is
//
// The benchmarks compare with CPython; those of pool/peers, which is a module of its own,
// compare threads with errgroup, ants, pond and bare goroutines as well.
package pool
