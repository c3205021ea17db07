package explore_test

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// A failure can be logged, and performed again from what the log says.
func TestFailureLogValue(t *testing.T) {
	prog := func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { n.Store(t, n.Load(t)+1) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		if n.Load(t) != 2 {
			t.Errorf("lost")
		}
	}
	f := explore.Find(prog)
	require.NotNil(t, f)
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("found", "failure", f)
	assert.Contains(t, out.String(), ` failure.kind=assertion failure.thread=MainThread failure.pattern="lost update" failure.err=`)

	attrs := map[string]string{}
	for _, a := range f.LogValue().Group() {
		attrs[a.Key] = a.Value.String()
	}
	s, err := explore.ParseSchedule(attrs["schedule"])
	require.NoError(t, err)
	again := explore.Replay(prog, s)
	require.NotNil(t, again)
	assert.Equal(t, attrs["kind"], again.Kind.String())
	var none *explore.Failure
	assert.Equal(t, "<nil>", none.LogValue().String())
}
