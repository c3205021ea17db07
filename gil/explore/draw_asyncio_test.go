package explore_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/gil/explore"
)

// unordered are programs of package asyncio in which Python leaves open which of three
// comes first.
var unordered = map[string]struct {
	runs int
	main func(co *asyncio.Co, say func(string)) error
}{
	"timers that are due together": {6, func(co *asyncio.Co, say func(string)) error {
		for _, n := range []string{"a", "b", "c"} {
			co.Loop().CallAt(time.Second, func() { say(n) })
		}
		return co.Sleep(2 * time.Second)
	}},
	"sleepers that wake up together": {6, func(co *asyncio.Co, say func(string)) error {
		var fns []func(co *asyncio.Co) error
		for _, n := range []string{"a", "b", "c"} {
			fns = append(fns, func(co *asyncio.Co) error {
				err := co.Sleep(time.Second)
				say(n)
				return err
			})
		}
		return asyncio.GatherAll(co, fns...)
	}},
	"tasks left over": {6, func(co *asyncio.Co, say func(string)) error {
		for _, n := range []string{"a", "b", "c"} {
			asyncio.Go(co, "", func(co *asyncio.Co) (any, error) {
				err := co.Sleep(time.Hour)
				say(n)
				return nil, err
			})
		}
		return co.Sleep(0)
	}},
	"wait": {6, func(co *asyncio.Co, say func(string)) error {
		fs := doneFutures(co)
		done, _, err := asyncio.Wait(co, asyncio.AllCompleted, fs...)
		for _, f := range done {
			v, _ := f.(*asyncio.Future[string]).Result()
			say(v)
		}
		return err
	}},
	"as completed": {6, func(co *asyncio.Co, say func(string)) error {
		var fs []asyncio.Awaiter[string]
		for _, f := range doneFutures(co) {
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
}

func doneFutures(co *asyncio.Co) (fs []asyncio.Awaitable) {
	for _, n := range []string{"a", "b", "c"} {
		f := asyncio.NewFuture[string](co.Loop())
		_ = f.SetResult(n)
		fs = append(fs, f)
	}
	return fs
}

// TestAsyncioChoices: what package asyncio leaves to choice is enumerated, each order
// once.
func TestAsyncioChoices(t *testing.T) {
	slow(t)
	for name, u := range unordered {
		t.Run(name, func(t *testing.T) {
			prog := func(opts ...asyncio.Option) func(t *gil.Thread) string {
				return func(t *gil.Thread) string {
					out := ""
					_, err := asyncio.Run(t, func(co *asyncio.Co) (any, error) {
						return nil, u.main(co, func(s string) { out += s })
					}, opts...)
					require.NoError(t, err)
					return out
				}
			}
			for _, s := range []func() explore.Strategy{explore.DFS, explore.DPOR} {
				var r *explore.Report
				var said []string
				for _, o := range explore.Outcomes(prog(asyncio.WithChoices()), explore.WithStrategy(s()), explore.WithProfile(gil.CPython313), explore.Into(&r)) {
					said = append(said, o.Value)
					again := explore.Outcomes(prog(asyncio.WithChoices()), explore.WithStrategy(performed(o.Schedule)), explore.WithProfile(gil.CPython313))
					require.Equal(t, o.Value, again[0].Value)
				}
				slices.Sort(said)
				require.Equal(t, []string{"abc", "acb", "bac", "bca", "cab", "cba"}, said)
				require.True(t, r.Exhausted)
				require.Equal(t, u.runs, r.Schedules)
				require.Equal(t, u.runs, r.Classes)
			}
			require.Len(t, explore.Outcomes(prog(), explore.WithProfile(gil.CPython313)), 1)
			f := explore.Find(func(t *gil.Thread) {
				require.NotEqual(t, "cba", prog(asyncio.WithChoices())(t))
			}, explore.WithProfile(gil.CPython313))
			require.NotNil(t, f)
			require.NotEmpty(t, f.Schedule.Deviations)
		})
	}
}
