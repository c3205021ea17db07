// Package queue has the queues of Python's queue module: Queue, LifoQueue,
// PriorityQueue and SimpleQueue, which hand items from threads to threads. Those that
// hand them from processes to processes are not there yet.
//
// The first three are one thing with three orders. They are made of a threading.Lock
// and three threading.Conditions over it, as in Python, so that the same code runs in
// the live world, on a gil.Machine and under an explorer, which sees every step.
//
//	jobs := queue.New[int](10)
//	err := jobs.Put(t, 42) // waits while there are ten
//	job, err := jobs.Get(t)
//
// # Rules
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
// it up. A SimpleQueue gives it up only in a Get that has to wait for an item.
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
// # What an observer is told
//
// gil.EvQueuePut and gil.EvQueueGet with the number of the item, from 1 for each queue,
// and how many there are after that, and gil.EvQueueWait before a thread begins to wait
// for an item or for room; beside them, what the queue's lock and conditions tell.
package queue
