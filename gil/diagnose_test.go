package gil_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

// logger writes to standard output, without the time.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func ExampleThread_LogValue() {
	err := gil.NewMachine(1).Run(gil.CPython313, func(t *gil.Thread) {
		w := t.NewThread("worker", func(t *gil.Thread) {}, gil.WithDaemon(true))
		w.Start(t)
		for _, a := range w.LogValue().Group() {
			if a.Key != "ident" { // another one in each run
				fmt.Println(a)
			}
		}
		w.Join(t)
	})
	fmt.Println(err)
	// Output:
	// name=worker
	// interp=3.13/1
	// daemon=true
	// <nil>
}

func ExampleStats_LogValue() {
	s := gil.Stats{Acquisitions: 3, Switches: 2, Forced: 1, Voluntary: 1, Held: 5 * time.Millisecond}
	logger().Info("gil", "stats", s)
	// Output:
	// level=INFO msg=gil stats.acquisitions=3 stats.switches=2 stats.forced=1 stats.voluntary=1 stats.failed_wakeups=0 stats.checks=0 stats.held=5ms stats.threads=0
}

func TestLogValues(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	var none *gil.Thread
	log.Info("", "t", none, "s", gil.ThreadStats{Name: "w", Times: gil.Times{Sleep: time.Second}})
	assert.Contains(t, out.String(), " t=<nil> ")
	assert.Contains(t, out.String(), " s.name=w ")
	assert.Contains(t, out.String(), " s.times.sleep=1s ")
}

// labelsOf are the label sets of the goroutines there are, as a profile has them.
func labelsOf(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, pprof.Lookup("goroutine").WriteTo(&b, 1))
	return b.String()
}

// Live threads have labels when they are asked for, and their callers none after.
func TestPprofLabels(t *testing.T) {
	run := func(opts ...gil.Option) (during string) {
		err := gil.Live(append(opts, gil.WithName("shop"))...).Run(gil.CPython313, func(m *gil.Thread) {
			m.Go("cashier", func(c *gil.Thread) { during = labelsOf(t) }).Join(m)
		})
		require.NoError(t, err)
		return during
	}
	with := run(gil.WithPprofLabels())
	assert.Contains(t, with, `"gil.thread":"cashier"`)
	assert.Contains(t, with, `"gil.interp":"shop"`)
	assert.NotContains(t, labelsOf(t), "gil.thread")
	assert.NotContains(t, run(), "gil.thread")
}

// The trace that Go's own tracer writes has the threads' names when they are asked for.
func TestTraceRegions(t *testing.T) {
	run := func(opts ...gil.Option) string {
		var out bytes.Buffer
		require.NoError(t, trace.Start(&out))
		err := gil.Live(opts...).Run(gil.CPython313, func(m *gil.Thread) {
			m.Go("cashier", func(*gil.Thread) {}).Join(m)
		})
		trace.Stop()
		require.NoError(t, err)
		return out.String()
	}
	with := run(gil.WithTraceRegions())
	assert.True(t, strings.Contains(with, "gil.thread cashier"))
	assert.True(t, strings.Contains(with, "gil.thread MainThread"))
	assert.False(t, strings.Contains(run(), "gil.thread"))
}

// Each region has an end, also that of the goroutine that goes on after Run: what
// follows would be the thread's otherwise.
func TestTraceRegionsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles go tool trace")
	}
	file := filepath.Join(t.TempDir(), "trace")
	out, err := os.Create(file)
	require.NoError(t, err)
	defer out.Close()
	require.NoError(t, trace.Start(out))
	defer trace.Stop()
	region := trace.StartRegion(t.Context(), "caller")
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	err = gil.Live(gil.WithTraceRegions(), quiet).Run(gil.CPython313, func(m *gil.Thread) {
		m.Go("cashier", func(*gil.Thread) {}).Join(m)
		m.Go("thief", func(*gil.Thread) { panic("caught") }).Join(m)
	})
	region.End()
	trace.Stop()
	var uncaught *gil.UncaughtError
	require.ErrorAs(t, err, &uncaught)

	cmd := exec.Command("go", "tool", "trace", "-d=parsed", file)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(s string) bool { // for this computer, whatever the test is for
		return strings.HasPrefix(s, "GOARCH=") || strings.HasPrefix(s, "GOOS=") || strings.HasPrefix(s, "GOFLAGS=")
	})
	text, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", text)
	var order []string
	for _, m := range regexp.MustCompile(`Region(Begin|End) .* Type="(.*)"`).FindAllStringSubmatch(string(text), -1) {
		order = append(order, m[1]+" "+m[2])
	}
	require.Equal(t, []string{
		"Begin caller", "Begin gil.thread MainThread",
		"Begin gil.thread cashier", "End gil.thread cashier",
		"Begin gil.thread thief", "End gil.thread thief",
		"End gil.thread MainThread", "End caller",
	}, order)
}
