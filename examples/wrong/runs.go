package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/models"
	"github.com/pygil/pygil/examples/preset"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// runs show what is wrong with each claim.
var runs = []func(s *cli.Show) string{
	func(s *cli.Show) string {
		return fmt.Sprintf("two times n += 1 is one of %v; with 3.9 of %v", added(s.Python), added(gil.CPython39))
	},
	func(s *cli.Show) string { return fmt.Sprintf("the loop counts %d bytecodes of 1000", counted(s)) },
	func(s *cli.Show) string { return "one appends, another one sees " + appended(s) },
	func(s *cli.Show) string { return fmt.Sprintf("they hold the GIL for %.1f %% of their time", held(s)) },
	func(s *cli.Show) string {
		return fmt.Sprintf("of eight threads of 100 ms each the first one ends after %.0f ms", firstEnd(s).Seconds()*1000)
	},
	func(s *cli.Show) string {
		visited, par := visits(s)
		return fmt.Sprintf("%d cores are visited, by %d at a time", visited, par)
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("two interpreters of 3.12 in one process: par %d", interpreters(s.Under(gil.CPython312)))
	},
	func(s *cli.Show) string { return fmt.Sprintf("four calls of NumPy: par %d", released(s)) },
	func(s *cli.Show) string {
		return fmt.Sprintf("four threads: %v; with 3.13t: %v", threads(s), threads(s.Under(gil.CPython313T)))
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("a child that writes to a tenth of it has %.0f %%", private(s))
	},
	func(s *cli.Show) string {
		later := s.Under(gil.CPython314)
		return fmt.Sprintf("Python %v starts workers by %v: %s; %v by %v: %s", s.Python, s.Python.StartMethod(), global(s), later.Python, later.Python.StartMethod(), global(later))
	},
	func(s *cli.Show) string { return fmt.Sprintf("queue.Queue can leave its process: %v", leaves()) },
	func(s *cli.Show) string {
		return fmt.Sprintf("20 seeds, %d orders of three processes", len(orders(s, false)))
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("two threads on two cores, times serial: %.2f; 2.7: %.2f", ratio(s), ratio(s.Under(gil.CPython27)))
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("20 seeds, %d orders of three processes with a lock", len(orders(s, true)))
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("the year is %d, and there is IronPython %s", year, ironPython)
	},
	func(s *cli.Show) string {
		return fmt.Sprintf("two that add 1 to shared memory leave one of %v", shared())
	},
	func(s *cli.Show) string { return fmt.Sprintf("it goes on %.1f ms late", late(s).Seconds()*1000) },
}

// History: CPython's first release, and what IronPython has come to.
const (
	year       = 1991
	ironPython = "3.4"
)

// added are all values of n after two threads did n += 1.
func added(python gil.Profile) (all []int) {
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { gil.Add(t, n, 1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		return n.Peek()
	}, explore.WithProfile(python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func counted(s *cli.Show) (n int64) {
	ticks := func(t *gil.Thread) int64 { return t.Interpreter().Stats().Threads[0].Ticks }
	s.Run(func(t *gil.Thread) {
		t.Sleep(0)
		before := ticks(t)
		t.Tick(1000)
		t.Sleep(0)
		n = ticks(t) - before
	})
	return n
}

func appended(s *cli.Show) (seen string) {
	s.Run(func(t *gil.Thread) {
		list := gil.NewList[int]("list")
		t.Go("", func(t *gil.Thread) { list.Append(t, 1) }).Join(t)
		t.Go("", func(t *gil.Thread) { seen = gil.Repr(list.Snapshot(t)) }).Join(t)
	})
	return seen
}

func held(s *cli.Show) float64 {
	a := s.Under(gil.CPython313).Run(func(t *gil.Thread) { preset.Write().Tasks[0].Do(t) })
	return 100 * a.Stats.Held.Seconds() / a.Took.Seconds()
}

func equal(n int, k preset.Task) []preset.Task {
	all := make([]preset.Task, n)
	for i := range all {
		all[i] = k
	}
	return all
}

func firstEnd(s *cli.Show) (first time.Duration) {
	s.Run(func(t *gil.Thread) {
		var all []*gil.Thread
		for range 8 {
			all = append(all, t.Go("", func(t *gil.Thread) {
				t.Compute(100 * time.Millisecond)
				if first == 0 {
					first = t.Now()
				}
			}))
		}
		gil.JoinAll(t, all...)
	})
	return first
}

func visits(s *cli.Show) (visited, par int) {
	a := s.Under(gil.CPython313).On(3).Watch(models.Threads.Of(equal(8, preset.Task{Rounds: 10, Hold: 18_750 * time.Microsecond, Wait: 56_250 * time.Microsecond})))
	for _, c := range a.Timeline.Metrics().Cores {
		if c.Busy > 0 {
			visited++
		}
	}
	return visited, a.Par
}

func interpreters(s *cli.Show) int {
	return s.Run(func(t *gil.Thread) {
		run := func(t *gil.Thread) {
			s.Check(t.NewInterpreter().Run(func(t *gil.Thread) { t.Compute(100 * time.Millisecond) }))
		}
		gil.JoinAll(t, t.Go("", run), t.Go("", run))
	}).Par
}

func released(s *cli.Show) int {
	return s.On(4).Run(func(t *gil.Thread) {
		for range 4 {
			t.Go("", func(t *gil.Thread) { t.Released(time.Second, 1) })
		}
	}).Par
}

func threads(s *cli.Show) cli.Account {
	return s.On(4).Run(models.Threads.Of(equal(4, preset.Task{Rounds: 1, Hold: 100 * time.Millisecond})))
}

func private(s *cli.Show) (percent float64) {
	const data = 1000 << 20
	s.Run(func(t *gil.Thread) {
		t.Alloc(data)
		child := t.Emulate("child", func(t *gil.Thread) { t.Touch(data / 10) })
		child.Join(t)
		for _, p := range t.Machine().Memory().Processes {
			if p.PID == child.PID() {
				percent = 100 * float64(p.Private) / data
			}
		}
	}, gil.WithStartMethod(gil.Fork), gil.WithMemory(0))
	return percent
}

// event is a global of the program; seen is what a worker finds that was not given it.
var (
	event *process.Event
	see   = process.Define("wrong.see", func(t *gil.Thread, _ process.None) (string, error) {
		err := event.Wait(t)
		var unknown *process.ValueError
		if errors.As(err, &unknown) {
			return "NameError", nil
		}
		return "works", err
	})
)

// global has a worker wait for the program's event, started as this Python does.
func global(s *cli.Show) (seen string) {
	s.Run(func(t *gil.Thread) {
		var err error
		event, err = process.NewEvent(t)
		s.Check(err)
		s.Check(event.Set(t))
		seen, err = see.Call(t, process.None{})
		s.Check(err)
	}, gil.WithStartMethod(s.Python.StartMethod()))
	return seen
}

func leaves() bool {
	_, err := pickle.Marshal(queue.New[int](0))
	return err == nil
}

// A line is what a process that prints gets.
type line struct {
	Go     *process.Event
	Lock   *process.Lock
	Number int
}

// printed is the order of this run; all processes of a simulated computer are here.
var printed []string

var say = process.DefineTarget("wrong.say", func(t *gil.Thread, in line) error {
	if err := in.Go.Wait(t); err != nil {
		return err
	}
	t.Compute(time.Millisecond)
	if in.Lock != nil {
		if err := in.Lock.Acquire(t); err != nil {
			return err
		}
		defer func() { _ = in.Lock.Release(t) }()
	}
	t.IO(time.Microsecond)
	printed = append(printed, fmt.Sprint(in.Number))
	return nil
})

// orders are those in which three processes print under 20 seeds.
func orders(s *cli.Show, locked bool) map[string]bool {
	all := map[string]bool{}
	for seed := range uint64(20) {
		printed = nil
		s.Seeded(seed).Run(func(t *gil.Thread) {
			in := line{}
			var err error
			in.Go, err = process.NewEvent(t)
			s.Check(err)
			if locked {
				in.Lock, err = process.NewLock(t)
				s.Check(err)
			}
			for i := range 3 {
				in.Number = i
				_, err := say.Start(t, in)
				s.Check(err)
			}
			t.Sleep(time.Second)
			s.Check(in.Go.Set(t))
		}, gil.Measured())
		all[strings.Join(printed, " ")] = true
	}
	return all
}

func ratio(s *cli.Show) float64 {
	two := equal(2, preset.Task{Rounds: 1, Hold: 200 * time.Millisecond})
	s = s.On(2)
	return s.Run(models.Threads.Of(two), gil.Measured()).Took.Seconds() / s.Run(models.Serial.Of(two), gil.Measured()).Took.Seconds()
}

// add1 is a process that adds 1 without a lock.
var add1 = process.DefineTarget("wrong.add", func(t *gil.Thread, v *process.Value[int]) error {
	n, err := v.Load(t)
	if err != nil {
		return err
	}
	return v.Store(t, n+1)
})

func shared() (all []int) {
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	for _, o := range explore.Outcomes(func(t *gil.Thread) int {
		v, err := process.NewValue(t, 0)
		check(err)
		p, err := add1.Start(t, v)
		check(err)
		q, err := add1.Start(t, v)
		check(err)
		check(p.Join(t))
		check(q.Join(t))
		n, err := v.Load(t)
		check(err)
		return n
	}, explore.WithMaxSchedules(300)) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

func late(s *cli.Show) (most time.Duration) {
	s.Run(func(t *gil.Thread) {
		t.Go("computes", func(t *gil.Thread) { t.Compute(time.Second) }, gil.WithDaemon(true))
		for range 20 {
			arrives := t.Now() + 10*time.Millisecond
			t.IO(10 * time.Millisecond)
			most = max(most, t.Now()-arrives)
		}
	})
	return most
}
