package asyncio_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/internal/kernel"
)

// everyDraw is an explorer that tries every combination of draws, one after the
// other, and leaves the threads in one order.
type everyDraw struct {
	path, sizes []int
	at          int
}

func (*everyDraw) Choose(_ *kernel.Explored, _ int, enabled *kernel.Set) int { return enabled.Nth(0) }

func (e *everyDraw) Draw(_ *kernel.Explored, _ *kernel.Task, _ kernel.ChoiceKind, n int) int {
	if e.at == len(e.path) {
		e.path, e.sizes = append(e.path, 0), append(e.sizes, n)
	}
	e.at++
	return e.path[e.at-1]
}

// next prepares the next combination and reports whether there is one.
func (e *everyDraw) next() bool {
	e.path, e.sizes, e.at = e.path[:e.at], e.sizes[:e.at], 0
	for i := len(e.path) - 1; i >= 0; i-- {
		if e.path[i]++; e.path[i] < e.sizes[i] {
			e.path, e.sizes = e.path[:i+1], e.sizes[:i+1]
			return true
		}
	}
	return false
}

// orders returns what main says in every order that its loop leaves open, and how
// many runs that took.
func orders(t *testing.T, p gil.Profile, main func(co *asyncio.Co, say func(string)) error, opts ...asyncio.Option) (said []string, runs int) {
	e := new(everyDraw)
	s := gil.NewSandbox(p, e, 10_000)
	defer s.Close()
	seen := map[string]bool{}
	for more := true; more; more = e.next() {
		runs++
		out := ""
		err := s.Run(0, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				return nil, main(co, func(s string) { out += s })
			}, opts...)
			require.NoError(th, err)
		})
		require.NoError(t, err)
		seen[out] = true
	}
	return slices.Sorted(maps.Keys(seen)), runs
}

// named makes a coroutine that says its name when it begins.
func named(say func(string), name string) func(co *asyncio.Co) (string, error) {
	return func(*asyncio.Co) (string, error) { say(name); return name, nil }
}

// cancelled makes a coroutine that says its name when it is cancelled.
func cancelled(say func(string), name string) func(co *asyncio.Co) (string, error) {
	return func(co *asyncio.Co) (string, error) {
		err := co.Sleep(time.Hour)
		say(name)
		return "", err
	}
}

var abc = []string{"a", "b", "c"}

// openPlaces are programs whose outcome Python leaves open, and from which version
// on it does not any more.
var openPlaces = map[string]struct {
	first, last int // minor versions
	main        func(co *asyncio.Co, say func(string)) error
}{
	"timers": {6, 14, func(co *asyncio.Co, say func(string)) error {
		for _, n := range abc {
			co.Loop().CallAt(time.Second, func() { say(n) })
			co.Loop().CallAt(time.Second, func() { say("never") }).Cancel()
		}
		return co.Sleep(2 * time.Second)
	}},
	"sleepers": {7, 14, func(co *asyncio.Co, say func(string)) error {
		var fns []func(co *asyncio.Co) error
		for _, n := range abc {
			fns = append(fns, func(co *asyncio.Co) error {
				err := co.Sleep(time.Second)
				say(n)
				return err
			})
		}
		return asyncio.GatherAll(co, fns...)
	}},
	"group": {11, 14, func(co *asyncio.Co, say func(string)) error {
		boom := errors.New("boom")
		err := asyncio.Group(co, func(g *asyncio.TaskGroup) error {
			for _, n := range abc {
				if _, err := asyncio.GoIn(g, "", cancelled(say, n)); err != nil {
					return err
				}
			}
			if err := co.Sleep(0); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			return err
		}
		return nil
	}},
	"left over": {6, 14, func(co *asyncio.Co, say func(string)) error {
		for _, n := range abc {
			asyncio.Go(co, "", cancelled(say, n))
		}
		return co.Sleep(0)
	}},
	"wait": {6, 14, func(co *asyncio.Co, say func(string)) error {
		done, _, err := asyncio.Wait(co, asyncio.AllCompleted, three(co)...)
		sayAll(say, done)
		return err
	}},
	"wait, not done": {6, 14, func(co *asyncio.Co, say func(string)) error {
		var fs []asyncio.Awaitable
		names := map[asyncio.Awaitable]string{}
		for _, n := range abc {
			f := asyncio.NewFuture[string](co.Loop())
			fs, names[f] = append(fs, f), n
		}
		_, waiting, err := asyncio.WaitTimeout(co, time.Second, asyncio.AllCompleted, fs...)
		for _, f := range waiting {
			say(names[f])
		}
		return err
	}},
	"wait for coroutines": {6, 10, func(co *asyncio.Co, say func(string)) error {
		var cs []asyncio.Awaitable
		for _, n := range abc {
			cs = append(cs, asyncio.NewCoroutine(co.Loop(), n, named(say, n)))
		}
		_, _, err := asyncio.Wait(co, asyncio.FirstCompleted, cs...)
		return err
	}},
	"completed already": {6, 14, func(co *asyncio.Co, say func(string)) error {
		var fs []asyncio.Awaiter[string]
		for _, f := range three(co) {
			fs = append(fs, f.(asyncio.Awaiter[string]))
		}
		for v, err := range asyncio.AsCompleted(co, fs...) {
			if err != nil {
				return err
			}
			say(v)
		}
		return nil
	}},
	"completed coroutines": {6, 14, func(co *asyncio.Co, say func(string)) error {
		var cs []asyncio.Awaiter[string]
		for _, n := range abc {
			cs = append(cs, asyncio.NewCoroutine(co.Loop(), n, named(say, n)))
		}
		for range asyncio.AsCompleted(co, cs...) {
		}
		return nil
	}},
	"gather": {6, 6, func(co *asyncio.Co, say func(string)) error {
		_, err := asyncio.Gather(co, named(say, "a"), named(say, "b"), named(say, "c"))
		return err
	}},
	"gather all": {6, 6, func(co *asyncio.Co, say func(string)) error {
		var fns []func(co *asyncio.Co) error
		for _, n := range abc {
			fns = append(fns, func(*asyncio.Co) error { say(n); return nil })
		}
		return asyncio.GatherAll(co, fns...)
	}},
	"gather coroutines": {6, 6, func(co *asyncio.Co, say func(string)) error {
		var cs []asyncio.Awaiter[string]
		for _, n := range abc {
			cs = append(cs, asyncio.NewCoroutine(co.Loop(), n, named(say, n)))
		}
		f, err := asyncio.GatherFutures(co, cs...)
		if err != nil {
			return err
		}
		_, err = f.Await(co)
		return err
	}},
	"all tasks": {6, 14, func(co *asyncio.Co, say func(string)) error {
		for range 2 {
			asyncio.Go(co, "", sleepless)
		}
		for _, i := range co.Loop().Tasks() {
			say(map[string]string{"Task-1": "a", "Task-2": "b", "Task-3": "c"}[i.Name])
		}
		return nil
	}},
}

// three are done futures with the values a, b and c.
func three(co *asyncio.Co) (fs []asyncio.Awaitable) {
	for _, n := range abc {
		f := asyncio.NewFuture[string](co.Loop())
		_ = f.SetResult(n)
		fs = append(fs, f)
	}
	return fs
}

func sayAll(say func(string), fs []asyncio.Awaitable) {
	for _, f := range fs {
		v, _ := f.(*asyncio.Future[string]).Result()
		say(v)
	}
}

// TestChoices: WithChoices makes every place in which Python leaves the order open
// a choice of the explorer, who can try all orders; without it, and under Pythons
// that do promise an order, there is one.
func TestChoices(t *testing.T) {
	all := []string{"abc", "acb", "bac", "bca", "cab", "cba"}
	for name, place := range openPlaces {
		for _, p := range []gil.Profile{gil.CPython36, gil.CPython310, gil.CPython311, gil.CPython313, gil.CPython314, gil.CPython313T} {
			minor := map[string]int{"3.6": 6, "3.10": 10, "3.11": 11, "3.13": 13, "3.14": 14, "3.13t": 13}[p.Name()]
			if name == "group" && minor < 11 || name == "wait for coroutines" && minor > 10 {
				continue // there is none
			}
			if name == "sleepers" && minor == 6 {
				continue // begin in any order as well: see "gather"
			}
			t.Run(name+" "+p.Name(), func(t *testing.T) {
				said, runs := orders(t, p, place.main, asyncio.WithChoices())
				if minor < place.first || minor > place.last {
					require.Equal(t, all[:1], said)
					require.Equal(t, 1, runs)
					return
				}
				require.Equal(t, all, said)
				want := 6 // and no choice that makes no difference
				if name == "wait for coroutines" {
					want = 36 // the order in which they begin, and that of the result
				}
				require.Equal(t, want, runs)
			})
			said, runs := orders(t, p, place.main)
			require.Equal(t, all[:1], said, name)
			require.Equal(t, 1, runs, name)
		}
	}
}

// TestChoicesKeepPromises: what Python does promise is nobody's choice.
func TestChoicesKeepPromises(t *testing.T) {
	said, runs := orders(t, gil.CPython313, func(co *asyncio.Co, say func(string)) error {
		l := co.Loop()
		var m asyncio.Lock
		var e asyncio.Event
		f := asyncio.NewFuture[any](l)
		for i, n := range abc {
			l.CallAt(time.Duration(1+i), func() { say(n) }) // deadlines that differ
			l.CallSoon(func() { say(strings.ToUpper(n)) })
			f.AddDoneCallback(func(*asyncio.Future[any]) { say("f" + n) })
			asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				if err := e.Wait(co); err != nil {
					return nil, err
				}
				return nil, m.With(co, func() error { say("m" + n); return co.Sleep(0) })
			})
		}
		_ = co.Sleep(0)
		_ = f.SetResult(nil)
		e.Set()
		return co.Sleep(time.Second)
	}, asyncio.WithChoices())
	require.Equal(t, []string{"ABCfafbfcmambmcabc"}, said)
	require.Equal(t, 1, runs)
}

// TestChoicesOnMachine: the seed of a Machine takes the choices, and WithShuffle's
// own seed does everywhere.
func TestChoicesOnMachine(t *testing.T) {
	said := func(seed uint64, opt asyncio.Option) string {
		out := ""
		require.NoError(t, gil.NewMachine(1, gil.WithSeed(seed)).Run(gil.CPython313, func(th *gil.Thread) {
			_, err := asyncio.Run(th, func(co *asyncio.Co) (any, error) {
				return nil, openPlaces["timers"].main(co, func(s string) { out += s })
			}, opt)
			require.NoError(th, err)
		}))
		return out
	}
	byMachine, byShuffle := map[string]bool{}, map[string]bool{}
	for seed := range uint64(60) {
		s := said(seed, asyncio.WithChoices())
		require.Equal(t, s, said(seed, asyncio.WithChoices()))
		byMachine[s] = true
		byShuffle[said(1, asyncio.WithShuffle(seed))] = true
		require.Equal(t, said(seed, asyncio.WithShuffle(7)), said(0, asyncio.WithShuffle(7)))
	}
	require.Len(t, byMachine, 6)
	require.Len(t, byShuffle, 6)
}
