package trace_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// writers are two processes that write to what they share with the first one, and to
// more than that: there is nothing to copy then.
func writers(m *gil.Thread) {
	m.Alloc(2 << 20)
	m.Emulate("reader", func(t *gil.Thread) { t.Touch(0) })
	m.Emulate("writer", func(t *gil.Thread) {
		t.Touch(1536 << 10)
		t.Touch(1 << 20)
		t.Touch(1 << 20)
	})
}

// TestCopyOnWrite: pages that a forked process copies are told of, summed up, and
// shown by every exporter that shows moments; where processes share nothing there are
// none.
func TestCopyOnWrite(t *testing.T) {
	tr := recorded(t, 2, gil.CPython313, writers, gil.WithStartMethod(gil.Fork), gil.WithMemory(0))
	var copied []int64
	var story []string
	tl := tr.Timeline()
	for _, e := range tr.Events {
		if e.Kind == gil.EvCopyOnWrite {
			copied = append(copied, e.A)
			story = append(story, tl.Sentence(e))
			require.EqualValues(t, 3, e.PID)
		}
	}
	require.Equal(t, []int64{1536 << 10, 512 << 10}, copied)
	require.Equal(t, []string{
		"MainThread of writer writes to 1.5 MiB that its process shares with the one it was copied from, which makes a copy of them.",
		"MainThread of writer writes to 512 KiB that its process shares with the one it was copied from, which makes a copy of them.",
	}, story)
	m := tl.Metrics()
	require.EqualValues(t, 2<<20, m.Copied)
	require.Contains(t, text(t, func(b *bytes.Buffer) error { return m.WriteText(b) }), "copied on write 2 MiB\n")
	require.Contains(t, string(chrome(t, tr, trace.Chrome{})), "512 KiB copied on write")

	spawned := recorded(t, 2, gil.CPython313, writers, gil.WithStartMethod(gil.Spawn), gil.WithMemory(0))
	require.Zero(t, spawned.Timeline().Metrics().Copied)
	require.NotContains(t, text(t, func(b *bytes.Buffer) error { return spawned.WriteJSONL(b) }), "copy-on-write")
}
