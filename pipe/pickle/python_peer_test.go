package pickle_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A peer is an installed CPython.
type peer struct {
	path    string
	version string // "3.13"
	minor   int    // 313
}

// pythons returns every CPython that is installed, the oldest first.
func pythons() (all []peer) {
	if runtime.GOOS == "windows" {
		return nil
	}
	home, _ := os.UserHomeDir()
	paths, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "*", "bin", "python"))
	if p, err := exec.LookPath("python3"); err == nil && len(paths) == 0 {
		paths = []string{p}
	}
	for _, path := range paths {
		out, err := exec.Command(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
		if err != nil {
			continue
		}
		version := strings.TrimSpace(string(out))
		major, minor, _ := strings.Cut(version, ".")
		x, _ := strconv.Atoi(major)
		y, _ := strconv.Atoi(minor)
		all = append(all, peer{path, version, x*100 + y})
	}
	slices.SortFunc(all, func(a, b peer) int { return a.minor - b.minor })
	return all
}

// withPythons runs a test with every CPython that is installed; with -short with
// the first and the last one.
func withPythons(t *testing.T, test func(t *testing.T, p peer)) {
	all := pythons()
	if len(all) == 0 {
		t.Skip("no Python is installed; the goldens are checked without one")
	}
	if testing.Short() && len(all) > 2 {
		all = []peer{all[0], all[len(all)-1]}
	}
	for _, p := range all {
		t.Run(p.version, func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// run runs testdata/values.py to its end.
func (p peer) run(t *testing.T, input []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(p.path, append([]string{"testdata/values.py"}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	require.NoError(t, err)
	return out
}

// pickles splits a stream of pickles.
func pickles(t *testing.T, stream []byte) (all [][]byte) {
	t.Helper()
	for len(stream) > 0 {
		n := int(binary.BigEndian.Uint32(stream)) + 4
		require.LessOrEqual(t, n, len(stream))
		all = append(all, stream[4:n])
		stream = stream[n:]
	}
	return all
}

func appendPickle(stream, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(stream, uint32(len(data))), data...)
}
