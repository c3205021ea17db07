// Package models holds the ways in which a Python program does several tasks: one
// after the other, on threads, as coroutines of one thread, in processes.
package models

import (
	"sync"

	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// A Model does the tasks; on is told the number of each when it has begun and when
// it has ended.
type Model func(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool))

// The models: one task after the other; a thread for each; a process for each, with
// a GIL of its own; a coroutine for each, all of them on one thread.
var (
	Serial     Model = serial
	Threads    Model = threads
	Processes  Model = processes
	Coroutines Model = coroutines
)

// Of is the program that does the tasks in this way.
func (m Model) Of(tasks []preset.Task) func(t *gil.Thread) {
	return func(t *gil.Thread) { m(t, tasks, func(int, bool) {}) }
}

// serial does one task after the other.
func serial(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool)) {
	for i, task := range tasks {
		on(i, false)
		task.Do(t)
		on(i, true)
	}
}

// threads gives each task a thread.
func threads(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool)) {
	var all []*gil.Thread
	for i, task := range tasks {
		all = append(all, t.Go("", func(t *gil.Thread) {
			on(i, false)
			task.Do(t)
			on(i, true)
		}))
	}
	gil.JoinAll(t, all...)
}

// processes gives each task a process, which has a GIL of its own.
func processes(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool)) {
	var all []*gil.Child
	for i, task := range tasks {
		all = append(all, t.Emulate("task", func(t *gil.Thread) {
			on(i, false)
			task.Do(t)
			on(i, true)
		}))
	}
	for _, c := range all {
		c.Join(t)
	}
}

// coroutines makes each task a coroutine. All of them are on one thread.
func coroutines(t *gil.Thread, tasks []preset.Task, on func(i int, ended bool)) {
	var all []func(co *asyncio.Co) error
	for i, task := range tasks {
		all = append(all, func(co *asyncio.Co) error {
			on(i, false)
			defer on(i, true)
			for range task.Rounds {
				if task.Hold > 0 {
					co.Compute(task.Hold)
				}
				if task.Wait > 0 {
					if err := co.Sleep(task.Wait); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) { return nil, asyncio.GatherAll(co, all...) })
	if err != nil {
		panic(err)
	}
}

// A Counter counts how many tasks have begun and not ended; its On is for a Model.
type Counter struct {
	mu        sync.Mutex
	now, most int
}

// On notes that a task has begun or ended.
func (c *Counter) On(_ int, ended bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ended {
		c.now--
		return
	}
	c.now++
	c.most = max(c.most, c.now)
}

// Most is the greatest number at one instant.
func (c *Counter) Most() int { return c.most }
