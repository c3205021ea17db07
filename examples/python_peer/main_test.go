//go:build linux || darwin

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// output is what main prints.
func output(t *testing.T) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	stdout := os.Stdout
	os.Stdout = w
	main()
	os.Stdout = stdout
	require.NoError(t, w.Close())
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(out)
}

// Values and exceptions come back from Python.
func TestPeer(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		home, _ := os.UserHomeDir()
		found, _ := filepath.Glob(filepath.Join(home, ".pyenv", "versions", "3.1*", "bin", "python"))
		if len(found) == 0 {
			t.Skip("no Python is installed; that the example says so is checked without one")
		}
		t.Setenv("PYTHON", found[len(found)-1])
	}
	assert.Equal(t, strings.TrimLeft(`
mean [1 2 3 4] = 2.5
median [5 1.5 9] = 5
count [b a b] = {'a': 1, 'b': 2}
power 30 = 205891132094649000000000000000000000000000000
power x = TypeError: unsupported operand type(s) for ** or pow(): 'str' and 'str'
guess <nil> = KeyError: 'guess'
`, "\n"), output(t))
}

// Where there is no Python, the example says what is missing.
func TestNoPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("PYTHON", "")
	assert.Equal(t, "This example talks to a Python, and there is none here: process: no Python is installed: "+
		"neither python3 nor python is in the PATH; install one, or name one with process.WithExecutable or the environment variable PYTHON\n", output(t))
}

// Each side takes about thirty lines.
func TestLines(t *testing.T) {
	text, err := os.ReadFile("main.go")
	require.NoError(t, err)
	_, run, ok := strings.Cut(string(text), "\nfunc run(")
	require.True(t, ok)
	run, _, _ = strings.Cut(run, "\n}\n")
	assert.LessOrEqual(t, strings.Count(run, "\n"), 38)
	assert.LessOrEqual(t, strings.Count(source, "\n"), 32)
}
