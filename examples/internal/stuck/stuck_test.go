package stuck_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/stuck"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Each program gets nowhere in its own way.
func TestPrograms(t *testing.T) {
	for kind, p := range map[string]stuck.Program{"deadlock": stuck.Deadlock, "livelock": stuck.Livelock, "starvation": stuck.Starvation} {
		f := p.Find()
		require.NotNil(t, f, kind)
		require.Equal(t, kind, f.Kind.String())
	}
}
