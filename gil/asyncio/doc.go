// Package asyncio is the event loop of CPython: coroutines, tasks and futures
// that take turns on one thread.
package asyncio
