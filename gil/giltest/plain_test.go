package giltest_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
)

// A report of the race detector fails the test binary, so programs that are to be
// reported run in a child process: this test binary again, told their name.
const plainVariable = "GILTEST_TEST_PLAIN"

// TestPlainChild performs one of the programs in a child process.
func TestPlainChild(t *testing.T) {
	name := os.Getenv(plainVariable)
	if name == "" {
		return
	}
	p := plainProgramNamed(name)
	s := &spy{name: "TestPlainChild"}
	giltest.Check(s, p.run, append([]explore.Option{explore.WithMaxSchedules(100), explore.WithWorkers(1)}, p.opts...)...)
	fmt.Println(s.text())
}

// plainly performs a program in a child process and returns what that has printed.
func plainly(t *testing.T, binary, name string, env ...string) string {
	t.Helper()
	cmd := exec.Command(binary, "-test.run=^TestPlainChild$", "-test.timeout=60s")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), plainVariable+"="+name, "GORACE=atexit_sleep_ms=0")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		require.Contains(t, string(out), "race detected during execution of test", "%s: %v", name, err)
	}
	return string(out)
}

// marked is the line of the programs' file that is marked with the text.
func marked(t *testing.T, text string) int {
	t.Helper()
	source, err := os.ReadFile("plain_programs_test.go")
	require.NoError(t, err)
	for i, line := range strings.Split(string(source), "\n") {
		_, marks, _ := strings.Cut(line, "// ")
		for m := range strings.SplitSeq(marks, ", ") {
			if m == text {
				return i + 1
			}
		}
	}
	require.FailNow(t, "no line is marked", text)
	return 0
}

var (
	reportedAccess = regexp.MustCompile(`(?m)^(?:Read|Write|Previous read|Previous write) at 0x[0-9a-f]+ by .*:\n.*\n\s+\S*/plain_programs_test.go:(\d+)`)
	varying        = regexp.MustCompile(`0x[0-9a-f]+|goroutine \d+|\([0-9.]+m?s\)|\t[0-9.]+s`)
)

// judged are the lines on which the two accesses of each report are.
func judged(out string) (lines []string) {
	for _, m := range reportedAccess.FindAllStringSubmatch(out, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// TestPlainRaces: two accesses of a plain variable that only the GIL orders are
// reported, on their two lines and no others, with the schedule in which they
// happened.
func TestPlainRaces(t *testing.T) {
	binary := raceBinary(t)
	for _, p := range racyPrograms {
		t.Run(p.name, func(t *testing.T) {
			out := plainly(t, binary, p.name)
			lines := judged(out)
			require.NotEmpty(t, lines, out)
			first, second := fmt.Sprint(marked(t, "first "+p.name)), fmt.Sprint(marked(t, "second "+p.name))
			require.Zero(t, len(lines)%2, out)
			for i := 0; i < len(lines); i += 2 {
				require.ElementsMatch(t, []string{first, second}, lines[i:i+2], out)
			}
			require.Equal(t, strings.Count(out, "WARNING: DATA RACE"), len(lines)/2, "there is another one: %s", out)
			require.Regexp(t, `schedule \d+ of the search is a data race of plain Go variables`, out)

			schedule := regexp.MustCompile(`-giltest.replay='(.*)'`).FindStringSubmatch(out)
			require.NotNil(t, schedule, out)
			again := plainly(t, binary, p.name, "GILTEST_REPLAY="+schedule[1])
			require.Equal(t, lines[:2], judged(again)[:2], "the same schedule, another report: %s", again)
		})
	}
}

// TestPlainRacesAreTheSame: the same search has the same reports, every time.
func TestPlainRacesAreTheSame(t *testing.T) {
	binary := raceBinary(t)
	plain := func(out string) string { return varying.ReplaceAllString(out, "#") }
	want := plain(plainly(t, binary, "flag"))
	require.Contains(t, want, "WARNING: DATA RACE")
	for range 20 {
		require.Equal(t, want, plain(plainly(t, binary, "flag")))
	}
}

// TestPlainOrdered: nothing is reported where something orders the accesses, nor
// anything of this module's own.
func TestPlainOrdered(t *testing.T) {
	if !raceDetector {
		t.Skip("needs the race detector")
	}
	for _, p := range orderedPrograms {
		t.Run(p.name, func(t *testing.T) {
			quiet(t)
			s := &spy{name: t.Name()}
			giltest.Check(s, p.run, append([]explore.Option{explore.WithMaxSchedules(100)}, p.opts...)...)
			assert.Equal(t, p.fails, s.failed(), s.text())
			assert.NotContains(t, s.text(), "plain Go variables")
		})
	}
}
