//go:build linux || darwin

package queue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/queue"
)

// machine is a queue and the processes that use it, held against a model.
type machine struct {
	t      *testing.T
	q      *queue.JoinableQueue[string]
	agents []*agent
	max    int
	next   int

	// The model.
	items      []string
	unfinished int
	down       bool
}

func (m *machine) put(rt *rapid.T, by int) {
	m.next++
	v := fmt.Sprint(m.next)
	if m.next%3 == 0 {
		v += long // too much for many of them in the ring, but there is always room for max
	}
	got := m.agents[by].do("try put", v, 0)
	switch {
	case m.down:
		require.Equal(rt, "down", got)
	case m.max > 0 && len(m.items) >= m.max:
		require.Equal(rt, "full", got)
	default:
		require.Equal(rt, "ok", got)
		m.items = append(m.items, v)
		m.unfinished++
	}
}

func (m *machine) get(rt *rapid.T, by int) {
	got := m.agents[by].do("try get", "", 0)
	switch {
	case len(m.items) > 0:
		require.Equal(rt, m.items[0], got)
		m.items = m.items[1:]
	case m.down:
		require.Equal(rt, "down", got)
	default:
		require.Equal(rt, "empty", got)
	}
}

func (m *machine) done(rt *rapid.T, by int) {
	got := m.agents[by].do("done", "", 0)
	if m.unfinished == 0 {
		require.Contains(rt, got, "called too many times")
		return
	}
	require.Equal(rt, "ok", got)
	m.unfinished--
}

// TestProcessModel draws what three processes do to a queue one after the other, and
// when one of them dies, and holds everything that can be seen against a model.
func TestProcessModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{t: t, max: rapid.IntRange(0, 3).Draw(rt, "maxsize")}
		ctx := t.Context()
		var err error
		m.q, err = queue.NewJoinable[string](ctx, m.max, queue.WithRing(1<<16))
		require.NoError(t, err)
		defer m.q.Close()
		for range 3 {
			m.agents = append(m.agents, hire(t, m.q, nil))
		}
		defer func() {
			for _, a := range m.agents {
				a.kill()
			}
		}()
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			by := rapid.IntRange(0, 2).Draw(rt, "by")
			switch rapid.IntRange(0, 19).Draw(rt, "what") {
			case 0, 1, 2, 3, 4, 5, 6, 7:
				m.put(rt, by)
			case 8, 9, 10, 11, 12, 13:
				m.get(rt, by)
			case 14, 15, 16:
				m.done(rt, by)
			case 17, 18:
				m.agents[by].kill()
				m.agents[by] = hire(t, m.q, nil)
			case 19:
				atOnce := rapid.Bool().Draw(rt, "at once")
				n := 0
				if atOnce {
					n = 1
					m.unfinished -= min(m.unfinished, len(m.items))
					m.items = nil
				}
				require.Equal(rt, "ok", m.agents[by].do("shut down", "", n))
				m.down = true
			}
			require.Equal(rt, len(m.items), m.q.QSize(ctx))
			require.Equal(rt, len(m.items) == 0, m.q.Empty(ctx))
			require.Equal(rt, m.max > 0 && len(m.items) >= m.max, m.q.Full(ctx))
			require.Equal(rt, m.down, m.q.IsShutdown(ctx))
			require.Equal(rt, m.unfinished, m.q.Unfinished(ctx))
			require.Zero(rt, m.q.Stats(ctx).Lost)
		}
	})
}
