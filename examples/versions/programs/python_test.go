package programs_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/versions/programs"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/bytecode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update-programs", false, "write testdata anew, with the Pythons found; takes minutes")

// count is the number of programs, and goldenSeconds how long a Python performs each
// for a golden.
const (
	count         = 1000
	queueCount    = 100
	goldenSeconds = 0.2
)

var versions = []string{"2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"}

// unrecorded are the versions that have a profile and no golden: a Python of them is
// only asked when it is there.
var unrecorded = []string{"3.14"}

func profile(t *testing.T, version string) gil.Profile {
	t.Helper()
	p, err := gil.LookupProfile(version)
	require.NoError(t, err)
	return p
}

func script(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "run.py"))
	require.NoError(t, err)
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

// A set is programs by their numbers, whose goldens are in a folder.
type set struct {
	folder string
	count  int
	random func(number int) programs.Program
}

var (
	plain  = set{"testdata", count, programs.Random}
	queues = set{filepath.Join("testdata", "queues"), queueCount, programs.RandomQueue}
)

// hash is what a golden was made with: the script and the programs.
func (s set) hash(t *testing.T) string {
	t.Helper()
	h := sha256.New()
	fmt.Fprint(h, script(t))
	for i := range s.count {
		fmt.Fprint(h, s.random(i).Python())
	}
	return fmt.Sprintf("%x", h.Sum(nil))[:16]
}

// find returns the command of a Python: pyenv's, or the one on the path that says it
// is of that version.
func find(t *testing.T, version string) (command string, ok bool) {
	t.Helper()
	home, err := os.UserHomeDir()
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(home, ".pyenv", "versions", version+".*", "bin", "python"))
	require.NoError(t, err)
	if onPath, err := exec.LookPath("python" + version); err == nil {
		found = append(found, onPath)
	}
	for _, command := range found {
		says, err := exec.Command(command, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
		if err == nil && strings.TrimSpace(string(says)) == version {
			return command, true
		}
	}
	return "", false
}

// python has a Python perform programs for so many seconds each, and returns what
// each has come to.
func (s set) python(t *testing.T, command string, seconds float64, numbers []int) map[int][]string {
	t.Helper()
	var in strings.Builder
	for _, i := range numbers {
		line, err := json.Marshal([]any{i, s.random(i).Python()})
		require.NoError(t, err)
		in.Write(append(line, '\n'))
	}
	cmd := exec.Command(command, "-c", script(t), fmt.Sprint(seconds))
	cmd.Stdin = strings.NewReader(in.String())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", command, stderr.String())
	got := parse(t, string(out))
	require.Len(t, got, len(numbers), command)
	return got
}

func parse(t *testing.T, lines string) map[int][]string {
	t.Helper()
	got := map[int][]string{}
	for line := range strings.Lines(lines) {
		number, states, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		i, err := strconv.Atoi(number)
		require.NoError(t, err)
		got[i] = strings.Split(states, "|")
	}
	return got
}

// golden is what a Python has come to, and which one.
func (s set) golden(t *testing.T, version string) map[int][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.folder, version+".txt"))
	require.NoError(t, err)
	head, lines, _ := strings.Cut(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	require.Regexp(t, `^# CPython `+strings.ReplaceAll(version, ".", `\.`)+`\.\d+, `+s.hash(t)+`$`, head,
		"programs or script have changed since; run the test with -update-programs")
	got := parse(t, lines)
	require.Len(t, got, s.count)
	return got
}

// looked is what of a golden is looked at: all, but for the race detector.
func (s set) looked(t *testing.T, version string, k int) map[int][]string {
	t.Helper()
	all := s.golden(t, version)
	if raceDetector {
		part := map[int][]string{}
		for _, i := range s.some(k) {
			part[i] = all[i]
		}
		return part
	}
	return all
}

// some is the part of the programs that a Python is asked about: all in a soak.
func (s set) some(k int) (numbers []int) {
	step := len(versions)
	switch {
	case soak():
		step, k = 1, 0
	case raceDetector:
		step *= 16
	case testing.Short():
		step *= 8
	default:
		step *= 2
	}
	for i := k; i < s.count; i += step {
		numbers = append(numbers, i)
	}
	return numbers
}

// compare holds what a Python has come to against what is possible here.
func (s set) compare(t *testing.T, version string, got map[int][]string) (c comparison) {
	t.Helper()
	p := profile(t, version)
	for numbers := range slices.Chunk(slices.Sorted(maps.Keys(got)), 100) {
		some := make([]programs.Program, len(numbers))
		for k, i := range numbers {
			some[k] = s.random(i)
		}
		possible, all := programs.Outcomes(some, p)
		require.True(t, all, "programs %v under %s have more interleavings than were looked at", numbers, version)
		for k, i := range numbers {
			for _, o := range got[i] {
				assert.Contains(t, possible[k], o, "program %d under %s:\n%s", i, version, some[k].Python())
			}
			c.add(some[k].Serial(), possible[k], got[i])
		}
	}
	return c
}

// comparison counts programs that can end as no order of whole threads does, and the
// states that programs can end with.
type comparison struct{ programs, here, python, both, possible, seen int }

func (c *comparison) add(serial, possible, got []string) {
	odd := func(states []string) bool {
		return slices.ContainsFunc(states, func(o string) bool { return !slices.Contains(serial, o) })
	}
	c.programs++
	c.possible += len(possible)
	c.seen += len(got)
	if odd(possible) {
		c.here++
	}
	if odd(got) {
		c.python++
		if odd(possible) {
			c.both++
		}
	}
}

// Whatever a Python was seen to come to is possible here. And of the programs that can
// go wrong here, three quarters and more were seen to go wrong in Python, which was given
// a fifth of a second for each.
func TestGoldens(t *testing.T) {
	for k, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			c := plain.compare(t, version, plain.looked(t, version, k))
			t.Logf("%s: %d programs, %d can go wrong here, %d did in Python, %d both; of %d states %d were seen",
				version, c.programs, c.here, c.python, c.both, c.possible, c.seen)
			assert.Equal(t, c.python, c.both)
			if c.here >= 6 {
				assert.GreaterOrEqual(t, 4*c.python, 3*c.here, "too few of the programs that can go wrong here did in Python")
			}
		})
	}
}

// The same with the Pythons that are there, also those that no golden is of.
func TestPythons(t *testing.T) {
	for k, version := range append(slices.Clone(versions), unrecorded...) {
		command, ok := find(t, version)
		if !ok {
			t.Logf("there is no Python %s", version)
			continue
		}
		numbers, seconds := plain.some(k), 0.3
		if !soak() {
			numbers, seconds = numbers[:7], 0.03
		}
		plain.compare(t, version, plain.python(t, command, seconds, numbers))
	}
}

// TestUpdate writes the goldens, when told to.
func TestUpdate(t *testing.T) {
	if !*update {
		return
	}
	for _, s := range []set{plain, queues} {
		numbers := make([]int, s.count)
		for i := range numbers {
			numbers[i] = i
		}
		for _, version := range versions {
			t.Run(s.folder+"/"+version, func(t *testing.T) {
				command, ok := find(t, version)
				require.True(t, ok, version)
				out, err := exec.Command(command, "-c", "import sys; print(sys.version.split()[0])").Output()
				require.NoError(t, err)
				got := s.python(t, command, goldenSeconds, numbers)
				var b strings.Builder
				fmt.Fprintf(&b, "# CPython %s, %s\n", strings.TrimSpace(string(out)), s.hash(t))
				for i := range s.count {
					fmt.Fprintf(&b, "%d %s\n", i, strings.Join(got[i], "|"))
				}
				require.NoError(t, os.WriteFile(filepath.Join(s.folder, version+".txt"), []byte(b.String()), 0o600))
			})
		}
	}
}

// The profiles of package gil give programs different fates, so a profile in another's
// place is noticed: the set of states of some program is another one.
func TestMutants(t *testing.T) {
	for _, m := range []struct{ version, as string }{
		{"3.10", "3.9"}, {"3.11", "3.10"}, {"3.13", "3.9"}, {"3.11", "2.7"},
	} {
		seen, p := plain.golden(t, m.as), profile(t, m.version)
		missed := 0
		for i := 0; i < count && missed == 0; i++ {
			if len(seen[i]) > 2 { // or it went as one thread after the other would
				missed += impossible(programs.Random(i), p, seen[i])
			}
		}
		assert.Positive(t, missed, "what %s came to is possible under %s as well", m.as, m.version)
	}
	// One check point less.
	for _, m := range []struct {
		version   string
		of        bytecode.Version
		construct bytecode.Construct
	}{
		{"2.7", bytecode.V27, bytecode.Add},
		{"3.6", bytecode.V36, bytecode.Add},
		{"3.7", bytecode.V37, bytecode.Add},
		{"3.8", bytecode.V38, bytecode.Add},
		{"3.9", bytecode.V39, bytecode.Add},
		{"3.10", bytecode.V310, bytecode.WithExit},
		{"3.11", bytecode.V311, bytecode.CallHead},
		{"3.11", bytecode.V311, bytecode.WithExit},
		{"3.12", bytecode.V312, bytecode.CallHead},
		{"3.12", bytecode.V312, bytecode.WithExit},
		{"3.13", bytecode.V313, bytecode.CallHead},
		{"3.13", bytecode.V313, bytecode.WithExit},
	} {
		seen, p := plain.golden(t, m.version), profile(t, m.version)
		restore := bytecode.Mutate(m.of, m.construct, func(seq []bytecode.Instr) []bytecode.Instr {
			for i := range seq {
				seq[i].Check, seq[i].Counted = bytecode.CheckNever, false
			}
			return seq
		})
		missed := 0
		for i := 0; i < count && missed == 0; i++ {
			if len(seen[i]) > 2 {
				missed += impossible(programs.Random(i), p, seen[i])
			}
		}
		restore()
		assert.Positive(t, missed, "%v of %s survives", m.construct, m.version)
	}
}

// impossible counts states that a program cannot end with under p.
func impossible(program programs.Program, p gil.Profile, states []string) (n int) {
	possible, _ := program.Outcomes(p)
	for _, o := range states {
		if !slices.Contains(possible, o) {
			n++
		}
	}
	return n
}

func soak() bool { return os.Getenv("CI_SOAK") == "1" }
