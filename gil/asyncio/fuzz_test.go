package asyncio_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

var update = flag.Bool("update", false, "write the golden files of the differential fuzz test from the Pythons that are installed")

// fuzzed are the Pythons whose logs are compared and how many programs each runs.
var fuzzed = []struct{ minor, programs int }{
	{13, 5000}, {12, 1000}, {11, 1000}, {10, 1000}, {9, 1000}, {8, 1000}, {7, 1000}, {6, 1000},
}

// TestDifferential runs random programs of tasks, cancellations, timeouts, groups,
// locks and queues on our loop and on CPython's, and compares everything they log:
// what happened, when, in which turn of the loop. Where that CPython is not
// installed the hashes of its logs stand for it.
func TestDifferential(t *testing.T) {
	for _, f := range fuzzed {
		version := "3." + strconv.Itoa(f.minor)
		t.Run(version, func(t *testing.T) {
			p, err := gil.LookupProfile(version)
			require.NoError(t, err)
			n := f.programs
			if testing.Short() {
				n /= 10
			}
			ours := make([][]string, n)
			programs := make([]program, n)
			for i := range n {
				programs[i] = generate(uint64(i), f.minor)
				ours[i] = play(t, p, programs[i])
			}
			golden := filepath.Join("testdata", "fuzz", version+".txt")
			if python := findPython(version); python != "" {
				theirs := askPython(t, python, programs)
				for i := range n {
					require.Equal(t, theirs[i], ours[i], "program %d: %s", i, programs[i])
				}
				if *update && !testing.Short() {
					require.NoError(t, os.WriteFile(golden, []byte(hashes(theirs)), 0o644))
				}
			}
			b, err := os.ReadFile(golden)
			require.NoError(t, err)
			want := strings.Fields(string(b))
			require.Len(t, want, f.programs)
			for i := range n {
				require.Equal(t, want[i], hash(ours[i]), "program %d: %s\n%s", i, programs[i], strings.Join(ours[i], "\n"))
			}
		})
	}
}

// findPython returns a Python of a version, or nothing.
func findPython(version string) string {
	home, err := os.UserHomeDir()
	if err == nil {
		if found, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", version+".*", "bin", "python")); len(found) > 0 {
			return found[0]
		}
	}
	python, err := exec.LookPath("python" + version)
	if err != nil {
		return ""
	}
	return python
}

// askPython returns the logs of the programs on a real Python.
func askPython(t *testing.T, python string, programs []program) [][]string {
	cmd := exec.Command(python, filepath.Join("testdata", "fuzz", "run.py"))
	cmd.Stderr = os.Stderr
	var in strings.Builder
	for _, p := range programs {
		fmt.Fprintln(&in, p)
	}
	cmd.Stdin = strings.NewReader(in.String())
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var logs [][]string
	s := bufio.NewScanner(out)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var log []string
		require.NoError(t, json.Unmarshal(s.Bytes(), &log))
		logs = append(logs, log)
	}
	require.NoError(t, s.Err())
	require.NoError(t, cmd.Wait())
	require.Len(t, logs, len(programs))
	return logs
}

func hash(log []string) string {
	h := fnv.New32a()
	for _, s := range log {
		fmt.Fprintln(h, s)
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

func hashes(logs [][]string) string {
	var b strings.Builder
	for i, log := range logs {
		b.WriteString(hash(log))
		if i%10 == 9 {
			b.WriteByte('\n')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
