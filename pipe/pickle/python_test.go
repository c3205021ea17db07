package pickle_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// python returns a recent CPython of this machine, or "".
func python() string {
	if home, err := os.UserHomeDir(); err == nil {
		found, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1?.*", "bin", "python"))
		sort.Strings(found)
		if len(found) > 0 {
			return found[len(found)-1]
		}
	}
	found, err := exec.LookPath("python3")
	if err != nil || exec.Command(found, "-c", "import sys; sys.exit(sys.version_info < (3, 9))").Run() != nil {
		return ""
	}
	return found
}

// The texts for Python are Python's: the stored ones are what 3.13 says, and a
// Python that is found says them still.
func TestPythonTexts(t *testing.T) {
	stored, err := os.ReadFile("testdata/texts_3.13.txt")
	require.NoError(t, err)
	golden := strings.ReplaceAll(string(stored), "\r\n", "\n")
	if py := python(); py != "" && runtime.GOOS != "windows" {
		out, err := exec.Command(py, "testdata/texts.py").Output()
		require.NoError(t, err)
		assert.Equal(t, golden, string(out))
	}
	says := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(golden), "\n") {
		name, text, _ := strings.Cut(line, ": ")
		says[name] = text
	}
	text := func(_ any, err error) string {
		t.Helper()
		var perr *pickle.Error
		require.ErrorAs(t, err, &perr)
		return perr.PythonText()
	}
	asText := func(v any) string {
		_, err := pickle.Marshal(v)
		return text(nil, err)
	}
	assert.Equal(t, says["generator"], strings.Replace(asText(func() {}), "func", "generator", 1))
	assert.Equal(t, says["deep"], asText(nest["list"](20_000)))
	assert.Equal(t, says["empty"], text(pickle.Unmarshal(nil)))
	assert.Equal(t, says["short"], text(pickle.Unmarshal([]byte{0xe1, 0x11, 16, 'h', 'i'})))
	assert.Equal(t, says["huge"], text(pickle.Unmarshal([]byte{0xe1, 0x11, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 'h', 'i'})))
	assert.Equal(t, says["foreign"], text(pickle.Unmarshal([]byte{0xff, '.'})))
	assert.Equal(t, says["memo"], text(pickle.Unmarshal([]byte{0xe1, 0x19, 1, 5})))
	assert.Equal(t, says["buffer"], text(pickle.Unmarshal([]byte{0xe1, 0x18, 3, 5})))
}
