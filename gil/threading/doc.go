// Package threading has the primitives of Python's threading module: Lock, RLock,
// Condition, Semaphore, BoundedSemaphore, Event, Barrier, Timer and Local.
package threading
