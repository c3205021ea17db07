package giltest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
)

// long is a program of ten thousand operations with one place at which an update can
// be lost: the last but one of many that are locked is not. edited is the program
// after somebody has worked on it elsewhere.
func long(edited bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		const rounds = 1100
		n, log := gil.NewVar("n", 0), gil.NewVar("log", 0)
		mu := newLock("mu")
		work := func(t *gil.Thread) {
			if edited {
				log.Store(t, 1) // an operation more before the place that matters
			}
			for i := range rounds {
				if i%100 == 50 {
					n.Update(t, func(v int) int { return v + 1 })
				} else {
					mu.Acquire(t)
					n.Update(t, func(v int) int { return v + 1 })
					if edited && i == 3 {
						log.Load(t)
					}
					mu.Release(t)
				}
				t.Tick(1)
			}
		}
		if edited {
			defer t.Go("reporter", func(t *gil.Thread) { log.Load(t) }).Join(t)
		}
		gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
		require.Equal(t, 2*rounds, n.Load(t))
	}
}

// TestLong finds a failure in ten thousand operations, writes it down in one short
// line, meets it again in another process, and in the edited program.
func TestLong(t *testing.T) {
	if raceDetector {
		t.Skip("ten thousand operations, thousands of times, on one goroutine")
	}
	if os.Getenv("GILTEST_TEST_CHILD") != "" {
		giltest.Check(t, long(os.Getenv("GILTEST_TEST_CHILD") == "edited"), explore.WithMaxSchedules(1), explore.WithStrategy(explore.DFS()))
		return
	}
	quiet(t)
	f := giltest.MustFail(t, long(false), explore.Assertion)
	require.Greater(t, f.Steps, 10_000)
	require.Greater(t, len(f.Found.Deviations), 1, "there was something to shrink")
	text := f.Schedule.String()
	t.Log(f.Schedules, len(f.Found.Deviations), text)
	require.Less(t, len(text), 200)
	require.Less(t, strings.Count(f.Report(), "\n"), 60)

	// Another process performs it, given the flag of the message.
	out, err := child(t, "same", "-giltest.replay="+text)
	require.Error(t, err, "the test fails")
	require.Contains(t, out, text)
	require.Contains(t, out, "lost update")

	// The base order of the same program, which is all that one DFS schedule is, does not fail.
	out, err = child(t, "same")
	require.NoError(t, err, out)

	// The edited program: the file is found, and the failure near where it was.
	dir := filepath.Join("testdata", "giltest", "TestLong")
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "1.schedule"), []byte(text+"\n"), 0o666))
	out, err = child(t, "edited")
	require.Error(t, err, "the edited program fails as the first one did")
	require.Contains(t, out, "the interleaving saved in")
	require.Contains(t, out, "lost update")
}

// child runs this test alone in a process of its own.
func child(t *testing.T, variant string, flags ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], append([]string{"-test.run=^TestLong$", "-test.count=1"}, flags...)...)
	cmd.Env = append(os.Environ(), "GILTEST_TEST_CHILD="+variant)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
