//go:build linux || darwin

package process_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

func init() {
	roles["nothing"] = func() { os.Exit(0) }
	elsewhere = append(elsewhere, "nothing", "nothing on a thread")
	played.Store("nothing", true) // by the benchmark
}

var (
	nothing         = process.DefineTarget("nothing", func(ctx context.Context, n int) error { return nil })
	nothingOnThread = process.DefineTarget("nothing on a thread", func(t *gil.Thread, n int) error { return nil })
)

// python is the newest CPython that pyenv has, or the one of the PATH; empty
// without one.
var python = sync.OnceValue(func() string {
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1[0-9]*", "bin", "python"))
	if p, err := exec.LookPath("python3"); err == nil {
		paths = append([]string{p}, paths...)
	}
	if len(paths) == 0 {
		return ""
	}
	return paths[len(paths)-1]
})

// cpythonStarts are the seconds that CPython takes for a start and a join.
var cpythonStarts = sync.OnceValue(func() map[string]float64 {
	figures := map[string]float64{}
	if python() == "" {
		return figures
	}
	out, err := exec.Command(python(), "testdata/life_bench.py", "10").Output()
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		figures[name], _ = strconv.ParseFloat(value, 64)
	}
	return figures
})

// median is the middle of some durations, in seconds: on a machine with other
// work the mean says more about that.
func median(all []time.Duration) float64 {
	slices.Sort(all)
	return all[len(all)/2].Seconds()
}

// BenchmarkStartJoin starts a process that does nothing and joins it, beside
// os/exec with this same program and CPython.
func BenchmarkStartJoin(b *testing.B) {
	for name, f := range map[string]*process.Func[int, process.None]{"context": nothing, "thread": nothingOnThread} {
		b.Run(name, func(b *testing.B) {
			exe, err := os.Executable()
			require.NoError(b, err)
			env := append(os.Environ(), roleKey+"=nothing")
			var ours, theirs []time.Duration
			for b.Loop() {
				begin := time.Now()
				p, err := f.Start(b.Context(), 1)
				require.NoError(b, err)
				require.NoError(b, p.Join(b.Context()))
				ours = append(ours, time.Since(begin))
				code, _ := p.ExitCode()
				require.Zero(b, code)

				begin = time.Now()
				cmd := exec.Command(exe)
				cmd.Env = env
				require.NoError(b, cmd.Run())
				theirs = append(theirs, time.Since(begin))
			}
			us, exec := median(ours), median(theirs)
			b.ReportMetric(us*1e6, "µs/start")
			b.ReportMetric(exec*1e6, "µs/exec")
			b.ReportMetric(us/exec, "x-of-exec")
			for method, seconds := range cpythonStarts() {
				b.ReportMetric(seconds*1e6, "µs/CPython-"+method)
				b.ReportMetric(us/seconds, "x-of-CPython-"+method)
			}
		})
	}
}

// BenchmarkStartLong starts a process with a long argument, which it reads.
func BenchmarkStartLong(b *testing.B) {
	const size = 16 << 20
	argument := make([]byte, size)
	b.SetBytes(size)
	for b.Loop() {
		p, err := dropArgument.Start(b.Context(), argument)
		require.NoError(b, err)
		require.NoError(b, p.Join(b.Context()))
		code, _ := p.ExitCode()
		require.Zero(b, code)
	}
}
