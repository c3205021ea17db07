// Package peers holds package pool's threads against the goroutine pools of others: the same
// tasks, in the same run, with every result checked.
//
// It is a module of its own, so that whoever uses package pool does not get ants and pond
// with it, and "go test ./..." at the top of the repository needs neither. Its commands are
// given in this folder:
//
//	go test ./...
//	go test -run '^$' -bench Submit
//
// # Who runs
//
// Everybody has two workers and stays alive between rounds, except errgroup, whose groups
// are used once. A task squares a number; its submitter gets the square.
//
//   - pool: a ThreadExecutor, under the GIL of CPython 3.13 (BenchmarkSubmit) or without
//     one as 3.13t (BenchmarkSubmitFree); a future for each task
//   - errgroup: a Group with SetLimit; a closure that stores the square
//   - ants: a Pool; the same, with a WaitGroup
//   - pond: a ResultPool; a Task for each task, which is its future
//   - pond-go: a Pool and its method Go, which makes no future; with a WaitGroup
//   - goroutines: two of them that call the closures they receive from a buffered channel,
//     with a WaitGroup
//   - goroutines-future: the same, with a channel for each result
//   - cpython: ThreadPoolExecutor, if there is a python3; it runs after the others, by
//     itself
//
// # What is measured
//
// A round is 2000 tasks submitted, and then all their results taken. The contestants take
// turns, each round begun by the next of them, so that all have the same machine and the
// same heap. Everybody's figure is that of his middle round. Reported are tasks/s,
// <peer>-tasks/s, and pool's time for a task in terms of the peer's, x-of-<peer>: 0.5 is
// half the time. x-of-fastest compares with whichever peer was the fastest.
//
// On two cores pool took less than half of the time of errgroup and ants, and a third of
// pond's. It took twice as long as pond-go and goroutines-future, and 2.7 times as long as
// goroutines, which do nothing for a task but to call it.
package peers
