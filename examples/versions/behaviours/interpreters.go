package behaviours

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
)

// died is what a child says that was forked from a sub-interpreter.
const died = "the child: _PyInterpreterState_DeleteExceptMain: not main interpreter"

func interpreters() []Row {
	sub := func(question func(s *gil.Thread) string, opts ...gil.Option) func(p gil.Profile) string {
		return func(p gil.Profile) (answer string) {
			opts := append([]gil.Option{gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})}, opts...)
			m := gil.NewMachine(2, gil.Measured(), gil.WithStartMethod(gil.Fork))
			err := m.Run(p, func(t *gil.Thread) {
				_ = t.Interpreter().SetSwitchInterval(ms)
				if err := t.NewInterpreter(opts...).Run(func(s *gil.Thread) { answer = question(s) }); err != nil {
					panic(err)
				}
			})
			if err != nil && answer != died {
				panic(err)
			}
			return answer
		}
	}
	parallel := func(opts ...gil.Option) func(p gil.Profile) string {
		return func(p gil.Profile) string {
			return yes(run(p, func(t *gil.Thread) {
				work := func(t *gil.Thread) {
					if err := t.NewInterpreter(opts...).Run(func(s *gil.Thread) { s.Compute(20 * ms) }); err != nil {
						panic(err)
					}
				}
				gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
			}).Now() < 30*ms)
		}
	}
	intervalOf := func(s *gil.Thread) string {
		if d := s.Interpreter().SwitchInterval(); d > 0 {
			return d.String()
		}
		return "there is none"
	}
	daemon := func(s *gil.Thread) string {
		return text(func() { s.Go("d", func(*gil.Thread) {}, gil.WithDaemon(true)) })
	}
	forks := func(s *gil.Thread) string {
		var failure error
		says := text(func() {
			c := s.Emulate("child", func(*gil.Thread) {})
			c.Join(s)
			failure = c.Failure()
		})
		if failure != nil {
			return "the child: " + errorText(failure)
		}
		return says
	}
	return []Row{
		{
			"sub-gil", "Do two sub-interpreters compute at the same time?", by("no", 7, "yes", 5), parallel(),
		},
		{
			"sub-gil-shared", "The same, if they are made to share the GIL", by("no", 10, "yes", 2), parallel(gil.WithSharedGIL()),
		},
		{
			"sub-interval", "The interval of a sub-interpreter after sys.setswitchinterval(0.001) in the main one",
			by("there is none", 1, "1ms", 6, "5ms", 5), sub(intervalOf),
		},
		{
			"sub-interval-shared", "The same, if they share the GIL",
			by("there is none", 1, "1ms", 11), sub(intervalOf, gil.WithSharedGIL()),
		},
		{
			"sub-daemon", "A daemon thread in a sub-interpreter",
			by("fine", 7, "daemon threads are disabled in this (sub)interpreter", 5), sub(daemon),
		},
		{
			"sub-daemon-shared", "The same, if it shares the GIL", by("fine", 12), sub(daemon, gil.WithSharedGIL()),
		},
		{
			"sub-fork", "os.fork() in a sub-interpreter",
			by("fine", 3, "fork not supported for subinterpreters", 1, died, 3, "fork not supported for isolated subinterpreters", 5), sub(forks),
		},
		{
			"sub-fork-shared", "The same, if it shares the GIL",
			by("fine", 3, "fork not supported for subinterpreters", 1, died, 8), sub(forks, gil.WithSharedGIL()),
		},
		{
			"sub-spawn", "A process that is spawned in a sub-interpreter",
			by("fine", 12), sub(func(s *gil.Thread) string {
				return text(func() { s.Emulate("child", func(*gil.Thread) {}, gil.WithStartMethod(gil.Spawn)).Join(s) })
			}),
		},
	}
}

func free() []Row {
	return []Row{
		{
			"parallel", "Do two threads compute at the same time?",
			by("no", 10, "yes", 2), func(p gil.Profile) string {
				return yes(run(p, func(t *gil.Thread) {
					work := func(t *gil.Thread) { t.Compute(20 * ms) }
					gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
				}).Now() < 30*ms)
			},
		},
		{
			"container-calls", "Do l.append() and d.update() lose items?",
			by("no", 12), func(p gil.Profile) string {
				l, d := gil.NewList[int]("l"), gil.NewDict[int, int]("d")
				run(p, func(t *gil.Thread) {
					work := func(from int) func(t *gil.Thread) {
						return func(t *gil.Thread) {
							for i := range 200 {
								l.Append(t, i)
								d.Update(t, gil.Item[int, int]{Key: from + i})
							}
						}
					}
					gil.JoinAll(t, t.Go("a", work(0)), t.Go("b", work(1000)))
				}, gil.WithTickCost(time.Microsecond))
				return yes(len(l.Peek()) != 400 || len(d.Peek()) != 400)
			},
		},
		{
			"lock", "Does with lock: keep everybody else out?",
			by("yes", 12), func(p gil.Profile) string {
				n, m := gil.NewVar("n", 0), new(threading.Lock)
				run(p, func(t *gil.Thread) {
					work := func(t *gil.Thread) {
						for range 200 {
							m.With(t, func() { gil.Add(t, n, 1) })
						}
					}
					gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
				}, gil.WithTickCost(time.Microsecond))
				return yes(n.Peek() == 400)
			},
		},
	}
}

// calls asks which calls of C functions let another thread run meanwhile.
func calls() []Row {
	var rows []Row
	add := func(w gil.Work, size int, cells []string) {
		rows = append(rows, Row{w.Name(), "Does another thread run during " + w.Python() + sized(w, size) + "?", cells, func(p gil.Profile) string {
			return runs(p, w, size)
		}})
	}
	always, never := by("yes", 12), by("no", 10, "yes", 2)
	add(gil.WorkZlibCompress, 1_000_000, always)
	add(gil.WorkBZ2Compress, 100_000, always)
	add(gil.WorkLZMACompress, 100_000, always)
	add(gil.WorkCRC32, 50_000_000, by("no", 1, "yes", 11))
	add(gil.WorkSHA256, 20_000_000, always)
	add(gil.WorkPBKDF2, 50_000, always)
	add(gil.WorkNumPy, 10_000_000, always)
	add(gil.WorkSort, 50_000, never)
	add(gil.WorkSortKey, 100_000, by("for some time", 10, "yes", 2))
	add(gil.WorkSum, 2_000_000, never)
	add(gil.WorkMinMap, 400_000, never)
	add(gil.WorkRegexp, 500_000, never)
	add(gil.WorkJSON, 20_000, never)
	add(gil.WorkPickle, 60_000, never)
	add(gil.WorkListRange, 300_000, never)
	add(gil.WorkFactorial, 30_000, never)
	add(gil.WorkGCCollect, 100_000, never)
	add(gil.WorkSleepTwo, 1, always)
	return rows
}

func sized(w gil.Work, size int) string {
	if w.Unit() == "call" {
		return ""
	}
	return " of many " + w.Unit() + "s"
}

// runs says whether another thread gets on while a call is made, by how long it
// stands still.
func runs(p gil.Profile, w gil.Work, size int) string {
	var stall, call time.Duration
	run(p, func(t *gil.Thread) {
		done := false
		other := t.Go("other", func(t *gil.Thread) {
			for last := t.Now(); !done; {
				t.Compute(10 * time.Microsecond)
				stall = max(stall, t.Now()-last)
				last = t.Now()
			}
		})
		t.Sleep(20 * ms)
		stall = 0
		t.Perform(w, size)
		held, free := w.Cost(p, size)
		call = held + free
		done = true
		other.Join(t)
	})
	switch {
	case stall > call*19/20:
		return "no"
	case stall < call/4:
		return "yes"
	}
	return "for some time"
}
