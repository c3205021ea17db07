package gil_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// What waits at a gate may have more to say about a deadlock.
func TestGateExplains(t *testing.T) {
	err := gil.NewMachine(1).Run(gil.CPython313, func(m *gil.Thread) {
		var a, b gil.Gate
		a.Init(m, 0, "a")
		b.Init(m, 0, "b")
		b.Explain(func() string { return "it is a loop\n  of tasks\n" })
		m.Go("t", func(th *gil.Thread) { b.Pass(th, gil.OpWait, gil.Forever) })
		a.Pass(m, gil.OpWait, gil.Forever)
	})
	var d *gil.DeadlockError
	require.ErrorAs(t, err, &d)
	require.Equal(t, []gil.Waiting{{Thread: "MainThread", For: "a"}, {Thread: "t", For: "b", Detail: "it is a loop\n  of tasks\n"}}, d.Waits)
	require.EqualError(t, d, "gil: deadlock: MainThread waits for a, t waits for b\n  t:\n    it is a loop\n      of tasks")
}
