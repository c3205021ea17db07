package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("coroutines", story)
	// Output:
	// coroutines: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Three times: One, a pause of 1 s, Two
	// serial              3.00 s  One Two One Two One Two  (par 1, conc 1)
	// threads             1.00 s  One One One Two Two Two  (par 1, conc 3)
	// asyncio             1.00 s  One One One Two Two Two  (par 1, conc 3)
	// asyncio, blocking   3.00 s  One Two One Two One Two  (par 1, conc 1)
	//
	// Two requests, of 4 s and of 3 s
	// serial              7.00 s  call1 finish1 call2 finish2
	// threads             4.00 s  call1 call2 finish2 finish1
	// asyncio             4.00 s  call1 call2 finish2 finish1
	//
	// 24 games of chess: 12 h one after the other; going from board to board she has
	// made her last move after 3600 s, and the last answer comes after 3655 s.
}

var show = cli.New(io.Discard)

// While a coroutine computes and does not await, no other one says anything.
func TestCooperative(t *testing.T) {
	var said []int
	a := show.Watch(func(t *gil.Thread) {
		one := func(n int) func(co *asyncio.Co) error {
			return func(co *asyncio.Co) error {
				for range 3 {
					for range 10 {
						said = append(said, n)
						co.Compute(20 * time.Millisecond)
					}
					if err := co.Sleep(0); err != nil {
						return err
					}
				}
				return nil
			}
		}
		gather(show, t, one(1), one(2), one(3))
	})
	elsewhere := 0
	for i := range said {
		if i%10 != 0 && said[i] != said[i-1] {
			elsewhere++
		}
	}
	rows.Check(t, 105, len(a.Timeline.Lanes), elsewhere)
}

func TestCount(t *testing.T) {
	said, a := count(show, "asyncio")
	rows.Check(t, 106, said, a.Took)
	said, a = count(show, "serial")
	rows.Check(t, 107, said, a.Took)
	said, a = count(show, "threads")
	rows.Check(t, 108, said, a.Took)
}

// What a notebook has at its top level is a loop that runs already.
func TestRun(t *testing.T) {
	words := "none"
	show.Run(func(t *gil.Thread) {
		_, _ = asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			_, err := asyncio.Run(co.Thread(), func(*asyncio.Co) (any, error) { return nil, nil })
			var refused *gil.RuntimeError
			if errors.As(err, &refused) {
				words = refused.PythonText()
			}
			return nil, nil
		})
	})
	rows.Check(t, 117, words)
}

func TestChess(t *testing.T) {
	_, one := chess(show, false)
	mine, end := chess(show, true)
	rows.Check(t, 110, one, mine, end, mine.Seconds()/moves)
	rows.Check(t, 121, one.Hours(), mine.Hours())
}

func TestBlocking(t *testing.T) {
	_, a := count(show, "asyncio, blocking")
	warnings := 0
	show.Run(func(t *gil.Thread) {
		block := func(co *asyncio.Co) error {
			co.Thread().Sleep(time.Second)
			return nil
		}
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) { return nil, asyncio.GatherAll(co, block, block, block) },
			asyncio.WithDebug(), asyncio.WithLog(func(text string) {
				if strings.Contains(text, "took 1.000 seconds") {
					warnings++
				}
			}))
		if err != nil {
			panic(err)
		}
	})
	rows.Check(t, 111, a.Took, warnings)
}

func TestLocals(t *testing.T) {
	said := gil.NewList[string]("said")
	show.Run(func(t *gil.Thread) {
		one := func(name string) func(co *asyncio.Co) error {
			return func(co *asyncio.Co) error {
				for i := 1; i <= 3; i++ {
					said.Append(co.Thread(), fmt.Sprint(i, " ", name))
					if err := co.Sleep(0); err != nil {
						return err
					}
				}
				return nil
			}
		}
		gather(show, t, one("a"), one("b"))
	})
	rows.Check(t, 112, strings.Join(said.Peek(), " "))
}

// The seed calls a name that nothing has. Python notices when the line is executed, Go
// before the program runs at all.
func TestDefinedName(t *testing.T) {
	const seed = "package seed\nfunc asyncCount() {}\nfunc main() { count() }\n"
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "seed.go", seed, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = new(types.Config).Check("seed", set, []*ast.File{file}, nil)
	var refused types.Error
	if !errors.As(err, &refused) {
		t.Fatalf("Go compiles it: %v", err)
	}
	said, _ := count(show, "asyncio")
	rows.Check(t, 109, nameError(), refused.Msg, said)
}

// nameError is what Python says of a name that its module does not have, as a
// sub-interpreter has none of the names of the one that made it.
func nameError() (text string) {
	show.Run(func(t *gil.Thread) {
		count := gil.NewVar("count", 0)
		count.Load(t)
		err := t.NewInterpreter(gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})).Run(func(t *gil.Thread) { count.Load(t) })
		var missing *gil.RuntimeError
		if errors.As(err, &missing) {
			text = missing.PythonText()
		}
	})
	return text
}

func TestRequests(t *testing.T) {
	_, a := requests(show, "serial")
	rows.Check(t, 113, a.Took)
	said, a := requests(show, "threads")
	rows.Check(t, 114, a.Took, said)
	said, a = requests(show, "asyncio")
	rows.Check(t, 115, a.Took, said, len(a.Timeline.Lanes))
}

// What starting costs: 0.1 ms for a thread, 0.002 ms for a task.
func TestStarting(t *testing.T) {
	const thread, task = 100 * time.Microsecond, 2 * time.Microsecond
	threads := show.Run(func(t *gil.Thread) {
		for range 3 {
			t.Compute(thread)
			t.Go("", func(t *gil.Thread) { t.Sleep(time.Second) })
		}
	}).Took
	tasks := show.Run(func(t *gil.Thread) {
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			var all []asyncio.Awaitable
			for range 3 {
				co.Compute(task)
				all = append(all, asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return nil, co.Sleep(time.Second) }))
			}
			_, _, err := asyncio.Wait(co, asyncio.AllCompleted, all...)
			return nil, err
		})
		if err != nil {
			panic(err)
		}
	}).Took
	rows.Check(t, 116, (threads-tasks).Seconds()*1000)
}

func TestComplete(t *testing.T) {
	var cancelled, timedOut bool
	inside, most := 0, 0
	show.Run(func(t *gil.Thread) {
		_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
			task := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				err := co.Sleep(time.Hour)
				cancelled = err == asyncio.ErrCancelled
				return nil, err
			})
			if err := co.Sleep(0); err != nil {
				return nil, err
			}
			task.Cancel()
			err := asyncio.Timeout(co, time.Second, func(co *asyncio.Co) error { return co.Sleep(time.Hour) })
			timedOut = err != nil
			var lock asyncio.Lock
			one := func(co *asyncio.Co) error {
				return lock.With(co, func() error {
					inside++
					most = max(most, inside)
					err := co.Sleep(time.Second)
					inside--
					return err
				})
			}
			return nil, asyncio.GatherAll(co, one, one, one)
		})
		if err != nil {
			panic(err)
		}
	})
	rows.Check(t, 118, cancelled, timedOut, most)
}

// A Python without asyncio tells what it can, and says what it has not.
func TestWithoutAsyncio(t *testing.T) {
	for _, python := range []string{"2.7", "jvm"} {
		var out strings.Builder
		require.NoError(t, cli.Perform(&out, "coroutines", []string{"-profile", python}, story))
		assert.Equal(t, 3, strings.Count(out.String(), "Python "+python+" has none"), out.String())
		assert.Contains(t, out.String(), "threads             4.00 s  call")
		assert.Contains(t, out.String(), "-profile 3.13 plays them")
	}
}
