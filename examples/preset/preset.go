// Package preset holds the workloads of the examples under names: so many tasks,
// each so many rounds of computing and waiting. The figures are those of texts
// that introduce Python's threads and processes; on a machine of four cores they
// give the times which those texts printed, exactly and at once.
package preset

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Cores is the number of cores of the machine all presets run on.
const Cores = 4

// ProcessStart is what starting a process takes its parent, unless a preset says
// otherwise.
const ProcessStart = 250 * time.Millisecond

// A Task is one piece of work: rounds of computing, then waiting.
type Task struct {
	Rounds int           // how often
	Hold   time.Duration // of each round: computing, with the GIL held
	Wait   time.Duration // of each round: then waiting, with the GIL given up
}

// Do does the task on thread t.
func (k Task) Do(t *gil.Thread) {
	for range k.Rounds {
		if k.Hold > 0 {
			t.Compute(k.Hold)
		}
		if k.Wait > 0 {
			t.IO(k.Wait)
		}
	}
}

// A Preset is a workload and the costs that go with it.
type Preset struct {
	Name   string        // in tables and titles
	Tasks  []Task        // what is to be done
	Start  time.Duration // starting a process
	Switch time.Duration // computed by a thread that takes the GIL over from another one
}

// Machine makes the machine the preset runs on. Options change it further.
func (p Preset) Machine(opts ...gil.Option) *gil.Machine {
	costs := []gil.Option{gil.WithStartCost(p.Start), gil.WithSwitchCost(p.Switch)}
	return gil.NewMachine(Cores, append(costs, opts...)...)
}

// The figures of CPU.
const (
	CPUTasks  = 4
	CPUTurns  = 387_420_489                             // 9 to the power of 9 turns of a loop
	CPUTask   = CPUTurns * 4944 * time.Nanosecond / 100 // 49.44 ns each: 19.154 s
	CPUSwitch = 5 * time.Microsecond
)

// CPU is work that only computes, "nb-cpu": four tasks of 9**9 loop turns.
func CPU() Preset {
	return Preset{Name: "nb-cpu", Tasks: equal(CPUTasks, Task{1, CPUTask, 0}), Start: ProcessStart, Switch: CPUSwitch}
}

// The figures of Write and of Wait.
const (
	WriteTasks   = 4
	WriteFlushes = 43_008                   // 16 777 216 writes of 21 bytes into a buffer of 8 KiB
	WriteHold    = 43_400 * time.Nanosecond // filling the buffer
	WriteWait    = 5_020 * time.Nanosecond  // the system call that empties it
)

// Write is work that looks like waiting and computes, "nb-write": each of four
// tasks writes 8**8 short texts to a file.
func Write() Preset {
	return Preset{Name: "nb-write", Tasks: equal(WriteTasks, Task{WriteFlushes, WriteHold, WriteWait}), Start: ProcessStart}
}

// Wait is Write with the same times and nothing to compute: what a task that
// waits for a disk or a network would be.
func Wait() Preset {
	wait := WriteFlushes * (WriteHold + WriteWait)
	return Preset{Name: "nb-wait", Tasks: equal(WriteTasks, Task{1, 0, wait}), Start: ProcessStart}
}

// The figures of CSV.
const (
	CSVFiles  = 3
	CSVChunks = 100
	CSVHold   = 17_267 * time.Microsecond // parsing a chunk
	CSVWait   = 6_867 * time.Microsecond  // reading it
)

// CSV is work of both kinds, "csv": three files are read and parsed in chunks.
func CSV() Preset {
	return Preset{Name: "csv", Tasks: equal(CSVFiles, Task{CSVChunks, CSVHold, CSVWait}), Start: ProcessStart}
}

// SleepStart is what starting a process takes in Sleeps: a fork.
const SleepStart = 8 * time.Millisecond

// Sleeps is work that only waits, each task for another time, "sleeps": 5, 2, 4,
// 1 and 5 seconds.
func Sleeps() Preset {
	p := Preset{Name: "sleeps", Start: SleepStart}
	for _, seconds := range []time.Duration{5, 2, 4, 1, 5} {
		p.Tasks = append(p.Tasks, Task{1, 0, seconds * time.Second})
	}
	return p
}

func equal(n int, k Task) []Task {
	tasks := make([]Task, n)
	for i := range tasks {
		tasks[i] = k
	}
	return tasks
}
