package trace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/gil/trace"
)

// loop is a real event loop: three tasks that sleep, one of which computes for long
// when blocks is set.
func loop(blocks bool) func(m *gil.Thread) {
	return func(m *gil.Thread) {
		_, err := asyncio.Run(m, func(co *asyncio.Co) (any, error) {
			var ts []*asyncio.Task[int]
			for _, name := range []string{"fetch", "parse", "store"} {
				ts = append(ts, asyncio.Go(co, name, func(co *asyncio.Co) (int, error) {
					for range 2 {
						if err := co.Sleep(50 * time.Millisecond); err != nil {
							return 0, err
						}
						if blocks && name == "parse" {
							co.Compute(300 * time.Millisecond)
						}
					}
					return 1, nil
				}))
			}
			for _, t := range ts {
				if _, err := t.Await(co); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
		if err != nil {
			panic(err)
		}
	}
}

func TestRealEventLoop(t *testing.T) {
	tr := recorded(t, 1, gil.CPython313, loop(true))
	tl := tr.Timeline()
	l := tl.Metrics().Loop
	require.Equal(t, 4, l.Created, "with main")
	require.Equal(t, 4, l.Finished)
	require.GreaterOrEqual(t, l.Longest, 300*time.Millisecond)
	require.GreaterOrEqual(t, l.LateMost, 250*time.Millisecond)
	require.Greater(t, l.Turns, 4)
	slow := 0
	for _, f := range tl.Findings() {
		if f.Rule == "slow-callback" {
			slow++
			require.Contains(t, f.Text, "The callback (parse) kept the event loop for 300 ms")
		}
	}
	require.Equal(t, 2, slow)
	for _, f := range recorded(t, 1, gil.CPython313, loop(false)).Timeline().Findings() {
		require.NotEqual(t, "slow-callback", f.Rule, "%v", f)
	}

	b := string(chrome(t, tr, trace.Chrome{}))
	for _, name := range []string{"fetch", "parse", "store"} {
		require.Equal(t, 1, strings.Count(b, `{"ph":"b","name":"`+name+`"`))
		require.Equal(t, 1, strings.Count(b, `{"ph":"e","name":"`+name+`"`))
	}
	require.Equal(t, strings.Count(b, `{"ph":"b","name":"step"`), strings.Count(b, `{"ph":"e","name":"step"`))
	require.Equal(t, 2, strings.Count(b, `{"ph":"b","name":"step"`), "those that take time")
	svg(t, trace.SVG{}, tr)
}
