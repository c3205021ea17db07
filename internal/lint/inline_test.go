package lint_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Tick is called for every bytecode: a call instruction for each would cost more than all it does.
func TestTickIsInlined(t *testing.T) {
	assert.True(t, canInline(t, "../..", "./gil", "(*Thread).Tick"),
		"(*Thread).Tick has become too big to be inlined: go build -gcflags=-m=2 ./gil names its cost")
}

func TestTheInliningCheckSeesBothAnswers(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.25\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "gil"), 0o755))
	const code = `package gil

type Thread struct{ n, limit int }

func (t *Thread) Tick() {
	if t.n--; t.n < t.limit {
		t.slow()
	}
}

func (t *Thread) TickAll() { t.slow(); t.slow() }

//go:noinline
func (t *Thread) slow() { t.n = 100 }
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gil", "a.go"), []byte(code), 0o644))
	assert.True(t, canInline(t, dir, "./gil", "(*Thread).Tick"))
	assert.False(t, canInline(t, dir, "./gil", "(*Thread).TickAll"))
	assert.False(t, canInline(t, dir, "./gil", "(*Thread).slow"))
	assert.False(t, canInline(t, dir, "./gil", "(*Thread).Tic"))
}

// canInline asks the compiler, which repeats its remarks when it finds the package in the cache.
func canInline(t *testing.T, dir, pkg, function string) bool {
	t.Helper()
	cmd := exec.Command("go", "build", "-gcflags=-m", pkg)
	cmd.Dir = dir
	if strconv.IntSize == 32 {
		// There an atomic load is a call to the compiler, which alone costs more than an inlined
		// function may. The answer that counts is the one for 64 bits.
		cmd.Env = append(cmd.Environ(), "GOARCH=amd64")
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), ": can inline ", "the compiler made no remarks")
	return regexp.MustCompile(`(?m): can inline ` + regexp.QuoteMeta(function) + `\r?$`).Match(out)
}
