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
// Other patch releases of the same series log other things now and then.
var fuzzed = []struct{ minor, patch, programs int }{
	{13, 0, 5000}, {12, 1, 1000}, {11, 7, 1000}, {10, 13, 1000}, {9, 18, 1000}, {8, 18, 1000}, {7, 16, 1000}, {6, 15, 1000},
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
			if python := findPython(version, f.patch); python != "" {
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

// findPython returns the Python of a version and patch release, or nothing.
func findPython(version string, patch int) string {
	exact := version + "." + strconv.Itoa(patch)
	candidates := []string{"python" + version}
	if home, err := os.UserHomeDir(); err == nil {
		candidates = append(candidates, filepath.Join(home, ".pyenv", "versions", exact, "bin", "python"))
	}
	for _, c := range candidates {
		python, err := exec.LookPath(c)
		if err != nil {
			continue
		}
		out, err := exec.Command(python, "-c", "import platform; print(platform.python_version())").Output()
		if err == nil && strings.TrimSpace(string(out)) == exact {
			return python
		}
	}
	return ""
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
