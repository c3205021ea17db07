//go:build linux || darwin

package process_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
)

func init() {
	roles["nothing"] = func() { os.Exit(0) }
	elsewhere = append(elsewhere, "nothing")
	played.Store("nothing", true) // by the benchmark
}

var nothing = process.DefineTarget("nothing", func(ctx context.Context, n int) error { return nil })

// BenchmarkStartJoin starts a process that does nothing and joins it, beside
// os/exec with this same program.
func BenchmarkStartJoin(b *testing.B) {
	exe, err := os.Executable()
	require.NoError(b, err)
	env := append(os.Environ(), roleKey+"=nothing")
	var ours, theirs time.Duration
	for b.Loop() {
		begin := time.Now()
		p, err := nothing.Start(b.Context(), 1)
		require.NoError(b, err)
		require.NoError(b, p.Join(b.Context()))
		code, _ := p.ExitCode()
		require.Zero(b, code)
		ours += time.Since(begin)

		begin = time.Now()
		cmd := exec.Command(exe)
		cmd.Env = env
		require.NoError(b, cmd.Run())
		theirs += time.Since(begin)
	}
	b.ReportMetric(float64(ours)/float64(b.N)/1e3, "µs/start")
	b.ReportMetric(float64(theirs)/float64(b.N)/1e3, "µs/exec")
	b.ReportMetric(float64(ours)/float64(theirs), "x-of-exec")
}
