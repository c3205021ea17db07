package peers_test

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygil/pygil/gil"
)

// round is how many tasks are submitted before their results are taken.
const round = 2000

func BenchmarkSubmit(b *testing.B)     { submit(b, gil.CPython313) }
func BenchmarkSubmitFree(b *testing.B) { submit(b, gil.CPython313T) }

// submit lets everybody do b.N tasks, in rounds and in turns. The benchmark's own clock runs for
// all of them, which is how many rounds there are; what is reported is each one's.
func submit(b *testing.B, p gil.Profile) {
	var all []contestant
	took := map[string][]float64{} // nanoseconds for a task, in each round
	if err := with(p, func(started []contestant) {
		all = started
		out := make([]int, round)
		b.ResetTimer()
		for turn, done := 0, 0; done < b.N; turn, done = turn+1, done+round {
			out := out[:min(round, b.N-done)]
			for i := range all {
				c := all[(turn+i)%len(all)]
				wrong(out)
				began := time.Now()
				err := c.square(out)
				took[c.name] = append(took[c.name], float64(time.Since(began).Nanoseconds())/float64(len(out)))
				if i := wrong(out); err != nil || i >= 0 {
					b.Error(c.name, i, err)
				}
			}
		}
		b.StopTimer()
	}); err != nil {
		b.Fatal(err)
	}
	ours, fastest := middle(took["pool"]), middle(took["errgroup"])
	b.ReportMetric(ours, "ns/op")
	b.ReportMetric(1e9/ours, "tasks/s")
	compare := func(name string, theirs float64) {
		b.ReportMetric(1e9/theirs, name+"-tasks/s")
		b.ReportMetric(ours/theirs, "x-of-"+name)
	}
	for _, c := range all[1:] {
		theirs := middle(took[c.name])
		compare(c.name, theirs)
		fastest = min(fastest, theirs)
	}
	b.ReportMetric(ours/fastest, "x-of-fastest")
	if theirs, ok := cpython(b); ok {
		compare("cpython", theirs)
	}
}

// middle is the median: a round in which somebody else had the machine says nothing.
func middle(rounds []float64) float64 {
	slices.Sort(rounds)
	return rounds[len(rounds)/2]
}

// cpython asks the script of package pool's own benchmarks how many nanoseconds a task takes
// in a ThreadPoolExecutor. There need not be a Python.
func cpython(b *testing.B) (float64, bool) {
	out, err := exec.CommandContext(b.Context(), "python3", "../testdata/bench.py", "thread submit").Output()
	if err != nil {
		return 0, false
	}
	theirs, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return theirs, true
}
