// Package queue has the queues of Python's queue module, [Queue], [LifoQueue],
// [PriorityQueue] and [SimpleQueue], which hand items from threads to threads, and those
// of multiprocessing, [ProcessQueue], [JoinableQueue] and [SimpleProcessQueue], which
// hand them from processes to processes.
//
// # Between threads
//
// The first three are one thing with three orders. They are made of a threading.Lock
// and three threading.Conditions over it, as in Python, so that the same code runs in
// the live world, on a gil.Machine and under an explorer, which sees every step.
//
//	jobs := queue.New[int](10)
//	err := jobs.Put(t, 42) // waits while there are ten
//	job, err := jobs.Get(t)
//
// Every method takes the thread that acts, t. The zero Queue and SimpleQueue are ready
// and have no limit; a LifoQueue's zero value is too, a PriorityQueue must be made by
// NewPriority. None may be copied after first use. A field Name, set before first use,
// is what reports call the queue.
//
// Put and Get wait for ever, PutTimeout and GetTimeout for at most some time of the
// world's clock, TryPut and TryGet not at all. An error means that nothing was put or
// taken. A maxsize of zero or less is no limit.
//
// A queue belongs to the interpreter that first uses it. Another one that uses it while
// that one runs gets a *gil.RuntimeError; when its world has ended the queue begins
// anew, empty and not shut down. One that outlives a run of an explored program makes
// the next run fail, which names it.
//
// # When the GIL is given up
//
// While a thread waits: for an item, for room, for the end of all tasks, or for another
// thread that is inside the same queue. Up to 3.1 taking the queue's lock always gives
// it up. A SimpleQueue gives it up only in a Get that has to wait for an item. And where
// the interpreter looks whether to switch: after the call of a method in every version,
// and for a Queue, whose methods are written in Python, before it; up to 3.9 before that
// of a SimpleQueue too.
//
// # Who is next
//
// Each item wakes the thread that has waited longest for one, but a thread that comes
// in between may take it; then the woken one waits again, behind the others. A
// SimpleQueue hands the item to the one that has waited longest, as it does in Python
// since 3.13, and nobody can come in between.
//
// # Tasks
//
// Every item put is a task until somebody calls TaskDone for it; Join waits until there
// are none. A SimpleQueue has no tasks and no limit and cannot be shut down.
//
// # Shutting down
//
// After Shutdown every Put fails with ErrShutDown, also one that waits. Get hands out
// what is left and then fails with it, without waiting. An immediate Shutdown throws the
// items away and counts each as done; what had been taken before still has to be done.
//
// # Errors
//
// ErrEmpty, ErrFull and ErrShutDown are what can normally happen. Where time ran out
// the error matches context.DeadlineExceeded as well. Misuse is returned, as a
// *gil.ValueError or a *gil.RuntimeError, by methods that return an error; the others
// panic with it. PythonText is what Python's exception says.
//
// An item that cannot be compared with the others of a PriorityQueue is refused with a
// *CompareError and changes nothing. Python leaves such an item in the queue, at a place
// where it does not belong, does not count its task and wakes nobody.
//
// # Differences between versions
//
// None. SimpleQueue is there under profiles before 3.7, and Shutdown before 3.13, as in
// the first version that has them.
//
// # Between processes
//
//	results, err := queue.NewProcess[int](ctx, 0)
//	p, err := worker.Start(ctx, task{Results: results}) // the child has a handle of its own
//	n, err := results.Get(ctx)
//
// A queue travels in the argument of a process or over a pipe.Conn. Items are encoded by
// package pickle when they are put: one that cannot travel is an error of that Put. They
// go through a ring in shared memory; one that is long ([WithRing]) has memory of its own
// beside it. Nobody copies through a pipe, and who waits sleeps on a futex.
//
// Live objects can be items, or in items: locks and the like of package process,
// connections, queues. Their descriptors wait in a mailbox, a pair of sockets that a
// queue has whose items can hold any, until the item is taken; they stay with it whoever
// dies. That is so on Linux and in virtual worlds. Elsewhere they are refused as CPython
// refuses all but connections: Lock objects should only be shared between processes
// through inheritance.
//
// Put waits only for a slot, if there is a maxsize. When there is no room in shared
// memory, a feeder keeps the item in the memory of its process and sends it later, in
// order. A SimpleProcessQueue has no feeder: its Put waits for room. QSize counts what
// feeders have; [ProcessQueue.Stats] tells it apart.
//
// The limit of a call, its own or its context's, is for all of it. A negative limit is
// zero, as in multiprocessing.
//
// Deaths. A message is published by one atomic store, and taken by one. A process that is
// killed, at whatever instruction, has put an item or not, and taken one or not; nobody
// finds half of one, or finds one twice, or waits for the dead. What was published is
// delivered. What was in a feeder, and had not been published, is lost; [Stats] counts
// it, its slots are free again, and it is no unfinished task. What a process had taken
// when it died is gone with it; if those were tasks of a JoinableQueue, Join says so
// instead of waiting for ever, see [AbandonedError].
//
// Ends. A process that ends by itself first sends what its feeders have. It goes on as
// long as somebody takes; when nobody does for a second, whoever joins it gets an
// [UndrainedError] that names the queue, and when nobody does for ten
// ([WithFlushTimeout]), the rest is lost. [ProcessQueue.CancelJoinThread] does without.
//
// Virtual worlds. An emulated queue publishes an item with its Put, which takes no time:
// that is what a real Put here does while there is room, and it keeps small the number of
// schedules that an explorer has to look at. A queue that is made [WithFeeder] has
// CPython's feeders instead. Processes may be killed there at every step, by
// explore.WithKillPoints; what was said of deaths and ends holds, in virtual time.
//
// Where this is not CPython: Put reports what cannot be encoded, which there a thread
// prints later; an item is what it was when it was put; QSize is there on all systems;
// Shutdown, GetMany, All, contexts and Join's timeout; Join looks again when it is woken;
// and none of Python's locks that the dead keep.
//
// Everything about processes returns an error that matches errors.ErrUnsupported on
// Windows.
//
// # What an observer is told
//
// gil.EvQueuePut and gil.EvQueueGet with the number of the item, from 1 for each queue,
// and how many there are after that, and gil.EvQueueWait before a thread begins to wait
// for an item or for room; beside them, what the queue's lock and conditions tell.
package queue
