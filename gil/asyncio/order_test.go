package asyncio_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// The experiments of this file and its order_*_test.go neighbours ask the loop one
// question each. testdata/order holds what eight CPythons answered on a virtual
// clock, word for word; every profile must answer the same.

// x is what an experiment has at hand.
type x struct {
	t     *testing.T
	th    *gil.Thread
	co    *asyncio.Co // the main task; nil in an experiment outside of a loop
	loop  *asyncio.Loop
	minor int
	log   list
	after func() any // asked once the loop has ended
}

// experiment answers with a value that is printed as Python prints it.
type experiment struct {
	name    string
	ask     func(x *x) any
	outside bool // not in a loop
}

// elsewhere says which answers are not those of the same version's golden file,
// and why.
var elsewhere = map[string]map[int]struct {
	golden string // the version whose line is right for us
	why    string
}{
	"sleep0_round_robin":   {6: {"3.13", "3.6 starts the children of gather in set order, which is arbitrary; ours is that of the arguments"}},
	"sleepers_equal_delay": {6: {"3.13", "set order of gather"}},
	"lock_fifo":            {6: {"3.13", "set order of gather"}},
	"lock_no_barging":      {6: {"3.13", "set order of gather"}},
	"semaphore_fifo":       {6: {"3.13", "set order of gather"}},
	"semaphore_barging":    {6: {"3.7", "set order of gather"}},
	"tg_sibling_cancel": {
		12: {"3.11", "a group cancels its tasks in set order; ours is that of their creation"},
		13: {"3.11", "set order of the group"},
	},
}

// meaningless are the experiments that ask something Go has no counterpart of.
var meaningless = map[string]string{
	"cancelled_error_base":   "errors have no base classes in Go; TestErrorsMatch says what ErrCancelled matches",
	"timeout_error_identity": "ErrTimeout is one value under every profile; TestErrorsMatch says what it matches",
	"destroyed_pending":      "a loop keeps its tasks, so none is collected while it is pending; TestLeftPending shows the message at the end of a loop",
}

var experiments [][]experiment

func TestOrder(t *testing.T) {
	asked := map[string]bool{}
	for _, group := range experiments {
		for _, e := range group {
			require.False(t, asked[e.name], e.name)
			asked[e.name] = true
		}
	}
	for name := range goldens(t, "3.13") {
		if _, ok := meaningless[name]; !ok {
			require.True(t, asked[name], "%s has no test", name)
		}
	}
	require.Len(t, goldens(t, "3.13"), 112)
	for minor := 6; minor <= 14; minor++ {
		version := "3." + strconv.Itoa(minor)
		p, err := gil.LookupProfile(version)
		require.NoError(t, err)
		answers := min(minor, 13) // nothing that is asked here has changed since
		want := goldens(t, "3."+strconv.Itoa(answers))
		for _, group := range experiments {
			for _, e := range group {
				t.Run(version+"/"+e.name, func(t *testing.T) {
					expected := want[e.name]
					if o, ok := elsewhere[e.name][answers]; ok {
						expected = goldens(t, o.golden)[e.name]
					}
					require.Equal(t, expected, e.run(t, p, minor))
				})
			}
		}
	}
}

// TestOrderOfSets: where the order of a real set made CPython answer something else
// than we do, WithShuffle finds that very answer.
func TestOrderOfSets(t *testing.T) {
	for _, group := range experiments {
		for _, e := range group {
			for minor := range elsewhere[e.name] {
				if e.name == "sleepers_equal_delay" {
					continue // ten sleepers: one order in three million
				}
				version := "3." + strconv.Itoa(minor)
				p, err := gil.LookupProfile(version)
				require.NoError(t, err)
				want := goldens(t, version)[e.name]
				found := false
				for seed := uint64(0); !found && seed < 2000; seed++ {
					found = e.run(t, p, minor, asyncio.WithShuffle(seed)) == want
				}
				require.True(t, found, "%s %s: %s", version, e.name, want)
			}
		}
	}
}

// run performs an experiment on a fresh machine with two cores.
func (e experiment) run(t *testing.T, p gil.Profile, minor int, opts ...asyncio.Option) string {
	x := &x{t: t, minor: minor}
	var answer any
	m := gil.NewMachine(2)
	err := m.Run(p, func(th *gil.Thread) {
		x.th = th
		if e.outside {
			answer = e.ask(x)
			return
		}
		_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
			x.co, x.loop = co, co.Loop()
			answer = e.ask(x)
			return nil, nil
		}, append(opts, asyncio.WithHeapExact(), asyncio.WithLog(func(string) {}))...)
		if err != nil {
			answer = "ERROR " + err.Error()
		}
	})
	require.NoError(t, err)
	if x.after != nil {
		answer = x.after()
	}
	if s, ok := answer.(string); ok {
		return s
	}
	return repr(answer)
}

func goldens(t *testing.T, version string) map[string]string {
	f, err := os.Open(filepath.Join("testdata", "order", version+".txt"))
	require.NoError(t, err)
	defer f.Close()
	out := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, answer, ok := strings.Cut(s.Text(), ": "); ok {
			out[name] = answer
		}
	}
	return out
}

// What Python prints.

type (
	list  []any
	tuple []any
	dict  []any // keys and values in turn
)

func repr(v any) string {
	join := func(vs []any) string {
		var b []string
		for _, v := range vs {
			b = append(b, repr(v))
		}
		return strings.Join(b, ", ")
	}
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		if strings.Contains(v, "'") {
			return `"` + v + `"`
		}
		return "'" + v + "'"
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	case list:
		return "[" + join(v) + "]"
	case tuple:
		if len(v) == 1 {
			return "(" + join(v) + ",)"
		}
		return "(" + join(v) + ")"
	case dict:
		var b []string
		for i := 0; i < len(v); i += 2 {
			b = append(b, repr(v[i])+": "+repr(v[i+1]))
		}
		return "{" + strings.Join(b, ", ") + "}"
	}
	return fmt.Sprint(v)
}

// pyError is an exception of a test program.
type pyError struct{ kind, text string }

func (e *pyError) Error() string { return e.text }

func valueError(text string) error { return &pyError{"ValueError", text} }

// exc shows an error as the experiments show an exception: its class and text.
func exc(err error) string {
	var g *asyncio.GroupError
	var c *asyncio.CancelledError
	var p *pyError
	var u *asyncio.UnavailableError
	text := ""
	if t, ok := err.(interface{ PythonText() string }); ok {
		text = t.PythonText()
	}
	class := ""
	switch {
	case err == nil:
		return "None"
	case errors.As(err, &u):
		return "n/a"
	case errors.As(err, &g) && err == error(g):
		var b []string
		for _, e := range g.Errs {
			b = append(b, exc(e))
		}
		return "ExceptionGroup[" + strings.Join(b, ", ") + "]"
	case errors.As(err, &p):
		class, text = p.kind, p.text
	case errors.As(err, &c):
		class = "CancelledError"
	case errors.Is(err, asyncio.ErrTimeout):
		class, text = "TimeoutError", ""
	case errors.Is(err, asyncio.ErrBrokenBarrier):
		class, text = "BrokenBarrierError", ""
	case errors.Is(err, asyncio.ErrKeyboardInterrupt):
		class, text = "KeyboardInterrupt", ""
	default:
		switch err.(type) {
		case *gil.RuntimeError:
			class = "RuntimeError"
		case *gil.ValueError:
			class = "ValueError"
		case *asyncio.TypeError:
			class = "TypeError"
		default:
			class, text = fmt.Sprintf("%T", err), err.Error()
		}
	}
	if text != "" {
		return class + "(" + text + ")"
	}
	return class
}

// What the experiments are written with.

type body = func(co *asyncio.Co) (any, error)

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func sleep(co *asyncio.Co, s float64) error { return co.Sleep(secs(s)) }

// sleeping is Python's sleep(s, result).
func sleeping(s float64, v any) body {
	return func(co *asyncio.Co) (any, error) {
		if err := sleep(co, s); err != nil {
			return nil, err
		}
		return v, nil
	}
}

func now(co *asyncio.Co) float64 { return co.Now().Seconds() }

func (x *x) now() float64 { return x.loop.Time().Seconds() }

func (x *x) it() int64 { return x.loop.Turns() }

func (x *x) sleep(s float64) { require.NoError(x.t, sleep(x.co, s)) }

func (x *x) add(v any) { x.log = append(x.log, v) }

func (x *x) addf(format string, args ...any) { x.add(fmt.Sprintf(format, args...)) }

func (x *x) task(fn body) *asyncio.Task[any] { return asyncio.Go(x.co, "", fn) }

// do is a task without a value.
func do(fn func(co *asyncio.Co) error) body {
	return func(co *asyncio.Co) (any, error) { return nil, fn(co) }
}

func (x *x) gather(fns ...body) ([]any, error) { return asyncio.Gather(x.co, fns...) }

func (x *x) awaitAll(ts ...*asyncio.Task[any]) {
	aws := make([]asyncio.Awaiter[any], len(ts))
	for i, t := range ts {
		aws[i] = t
	}
	f, err := asyncio.GatherOutcomes(x.co, aws...)
	require.NoError(x.t, err)
	_, err = f.Await(x.co)
	require.NoError(x.t, err)
}

func isCancelled(err error) bool { return errors.Is(err, asyncio.ErrCancelled) }

func TestErrorsMatch(t *testing.T) {
	require.ErrorIs(t, asyncio.ErrCancelled, context.Canceled)
	require.NotErrorIs(t, asyncio.ErrCancelled, context.DeadlineExceeded)
	require.ErrorIs(t, &asyncio.CancelledError{Msg: "why"}, asyncio.ErrCancelled)
	timeout := &asyncio.TimeoutError{Cause: asyncio.ErrCancelled}
	require.ErrorIs(t, timeout, asyncio.ErrTimeout)
	require.ErrorIs(t, timeout, context.DeadlineExceeded)
	require.NotErrorIs(t, timeout, asyncio.ErrCancelled)
	require.NotErrorIs(t, timeout, context.Canceled)
	group := &asyncio.GroupError{Message: "m", Errs: []error{valueError("a"), timeout}}
	require.ErrorIs(t, group, asyncio.ErrTimeout)
}
