package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call runs the command as the script does.
func call(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(args, strings.NewReader(in), &out)
	return out.String(), err
}

func TestWrongCalls(t *testing.T) {
	for want, args := range map[string][]string{
		"want api, lint, readme, report or totals":                    nil,
		`no command "test": want api, lint, readme, report or totals`: {"test"},
		`"linus" is no fact a skip can depend on`:                     {"report", "-skips", os.DevNull, "-facts", "linus"},
		"no test run has left a report":                               {"totals", "-skips", os.DevNull, "-state", t.TempDir()},
		"flag provided but not defined: -loud":                        {"lint", "-loud"},
	} {
		_, err := call(t, "", args...)
		assert.EqualError(t, err, want)
	}
	for _, args := range [][]string{{"readme", "gone.md"}, {"report", "-skips", "gone.txt"}, {"totals", "-skips", "gone.txt"}} {
		_, err := call(t, "", args...)
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestLintPrintsWhatIsWrongWithTheFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := call(t, "", "lint")
	require.ErrorContains(t, err, "not the top of a module")

	require.NoError(t, os.WriteFile("go.mod", []byte("module m\n"), 0o644))
	out, err := call(t, "", "lint")
	require.NoError(t, err)
	assert.Contains(t, out, "1 files, 0 exceptions, 0 findings\n")

	require.NoError(t, os.WriteFile("Makefile", nil, 0o644))
	out, err = call(t, "", "lint")
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, out, "Makefile: does not belong at the top of the repository, which is fixed (toplevel)\n")
	assert.Contains(t, out, "2 files, 0 exceptions, 1 findings\n")
}

func TestReadme(t *testing.T) {
	const block = "go run ./examples/tour\ngo test ./...\n"
	name := filepath.Join(t.TempDir(), "README.md")
	read := func(text string) (string, error) {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		return call(t, "", "readme", name)
	}
	for _, good := range []string{
		"# Title\n\n```sh\n" + block + "```\n",
		"# Title\n```go\nx\n```\n```sh\ngo get x\n```\ntext\n## Try it\n```console\r\n$ go run ./examples/tour   # five seconds\r\n# then\r\n\r\n$ go test ./...\r\n```\r\n",
		"# Title\n```text\n" + block + "```\n```bash\n" + block + "```\n```sh\ngo run ./other\ngo test ./other\n```\n",
	} {
		out, err := read(good)
		require.NoError(t, err, good)
		assert.Equal(t, block, out, good)
	}
	for _, bad := range []string{
		"",
		"```sh\n" + block + "```\n",              // no heading above
		"# Title\n```\n" + block + "```\n",       // says no language
		"# Title\n```sh\n" + block + "ls\n```\n", // one more
		"# Title\n```sh\n" + block,               // does not end
		"# Title\n" + block,                      // no block
		"# Title\n```sh\ngo test ./...\n```\n",   // one less
		"# Title\n```sh\n# go run x\n" + block[strings.Index(block, "go test"):] + "```\n",
		"# Title\n```sh\ngo run ./examples/tour\ngo test ./... || true\n```\n", // a shell would do something else
		"# Title\n```sh\ngo run ./examples/tour\ngo vet ./...\n```\n",
	} {
		out, err := read(bad)
		assert.ErrorContains(t, err, "no sh block below a heading holds exactly two plain commands", bad)
		assert.Empty(t, out)
	}
}
