package trace_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/gil/trace"
	"github.com/pygil/pygil/internal/kernel"
)

// text is what an exporter writes.
func text(t *testing.T, write func(b *bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(&b))
	return b.String()
}

// explored is a trace of a run in which an update was lost.
func explored(t *testing.T) *trace.Trace {
	t.Helper()
	for seed := range uint64(1000) {
		r := trace.NewRecorder()
		s := gil.NewSandbox(gil.AnyBytecode, kernel.NewRandomWalk(seed), 0, gil.WithObserver(r.Values()))
		var n *gil.Var[int]
		err := s.Run(seed, func(m *gil.Thread) {
			n = gil.NewVar("n", 0)
			add := func(t *gil.Thread) { gil.Add(t, n, 1) }
			gil.JoinAll(m, m.Go("a", add), m.Go("b", add))
		})
		s.Close()
		require.NoError(t, err)
		if n.Peek() == 1 {
			tr := r.Trace()
			tr.Header.Clock = "frozen"
			return tr
		}
	}
	t.Fatal("no update was lost")
	return nil
}

func TestGoldenTable(t *testing.T) {
	tr := explored(t)
	checked(t, tr)
	golden(t, "lost.table.txt", []byte(text(t, func(b *bytes.Buffer) error { return tr.Timeline().WriteTable(b, trace.Steps{}) })))
	tr.Values = nil
	golden(t, "lost.plain.table.txt", []byte(text(t, func(b *bytes.Buffer) error { return tr.Timeline().WriteTable(b, trace.Steps{}) })))
	golden(t, "office.table.txt", []byte(text(t, func(b *bytes.Buffer) error {
		return runs[3].trace(t).Timeline().WriteTable(b, trace.Steps{Width: 120, Most: 30})
	})))
	require.Contains(t, text(t, func(b *bytes.Buffer) error { return tr.Timeline().WriteText(b, trace.Text{}) }), "no time passed; WriteTable shows the steps")
}

func TestTableFitsItsWidth(t *testing.T) {
	for seed := range uint64(20) {
		s := text(t, func(b *bytes.Buffer) error {
			return newRandom(seed).record(t).Timeline().WriteTable(b, trace.Steps{Width: 110})
		})
		for line := range strings.Lines(s) {
			require.LessOrEqual(t, len([]rune(line))-1, 110)
		}
	}
}

func deadlocked(t *testing.T) *trace.Trace {
	t.Helper()
	tr, err := trace.Record(2, gil.CPython313, deadlock)
	var d *gil.DeadlockError
	require.ErrorAs(t, err, &d)
	checked(t, tr)
	return tr
}

func TestGoldenWaits(t *testing.T) {
	tl := deadlocked(t).Timeline()
	g := tl.Deadlocked()
	require.NotNil(t, g)
	require.Equal(t, [][]string{{"a", "b"}}, g.Cycles())
	golden(t, "deadlock.waits.txt", []byte(text(t, func(b *bytes.Buffer) error { return g.WriteText(b) })))
	golden(t, "deadlock.waits.dot", []byte(text(t, func(b *bytes.Buffer) error { return g.WriteDOT(b) })))
	golden(t, "deadlock.table.txt", []byte(text(t, func(b *bytes.Buffer) error { return tl.WriteTable(b, trace.Steps{}) })))

	// Before the second locks are asked for nobody is stuck.
	g = tl.Waiting(500 * time.Microsecond)
	require.Empty(t, g.Cycles())
	tl = recorded(t, 2, gil.CPython313, convoy).Timeline()
	require.Nil(t, tl.Deadlocked())
	require.Equal(t, "MainThread waits for end of cpu, for 27 ms\nio waits for GIL, held by cpu, for 1.95 ms\n",
		text(t, func(b *bytes.Buffer) error { return tl.Waiting(47 * time.Millisecond).WriteText(b) }))
	require.Equal(t, "nobody waits\n", text(t, func(b *bytes.Buffer) error { return tl.Waiting(tl.To).WriteText(b) }))
}

// TestWaitsOfThree: a cycle of three, a thread that waits for one of them, and two
// that do not belong to it.
func TestWaitsOfThree(t *testing.T) {
	tr, err := trace.Record(4, gil.CPython313, func(m *gil.Thread) {
		var l [3]threading.Lock
		var free, never threading.Lock
		for i := range l {
			l[i].Name = string(rune('p' + i))
		}
		var ts []*gil.Thread
		for i := range l {
			ts = append(ts, m.Go(string(rune('a'+i)), func(t *gil.Thread) {
				l[i].Acquire(t)
				t.Sleep(time.Millisecond)
				l[(i+1)%3].Acquire(t)
			}))
		}
		ts = append(ts, m.Go("late", func(t *gil.Thread) {
			t.Sleep(2 * time.Millisecond)
			l[0].Acquire(t)
		}), m.Go("alone", func(t *gil.Thread) {
			free.Acquire(t)
			never.Acquire(t)
			never.Acquire(t) // its own
		}))
		gil.JoinAll(m, ts...)
	})
	require.Error(t, err)
	g := tr.Timeline().Deadlocked()
	require.Equal(t, [][]string{{"a", "b", "c"}, {"alone"}}, g.Cycles())
	s := text(t, func(b *bytes.Buffer) error { return g.WriteText(b) })
	require.Contains(t, s, "late waits for lock p, held by a, for ")
	require.Contains(t, s, "cycle: a → b → c → a\ncycle: alone → alone\n")
}
