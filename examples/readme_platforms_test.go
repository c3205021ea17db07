package examples_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var systems = []string{"linux", "darwin", "windows"}

// built lists the files of a package that a system gets.
func built(t *testing.T, folder, system string) (files []string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(root, folder))
	require.NoError(t, err)
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.BuildTags = system, "amd64", nil
	for _, f := range all {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		ok, err := ctx.MatchFile(filepath.Join(root, folder), f.Name())
		require.NoError(t, err)
		if ok {
			files = append(files, f.Name())
		}
	}
	return files
}

// everywhere is "yes" for the systems that get the same files of these packages and
// of all that they import of this module.
func everywhere(folders ...string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		seen := map[string]bool{}
		for len(folders) > 0 {
			folder := folders[0]
			folders = folders[1:]
			if seen[folder] {
				continue
			}
			seen[folder] = true
			first := built(t, folder, systems[0])
			require.NotEmpty(t, first, folder)
			for _, system := range systems[1:] {
				if !assert.Equal(t, first, built(t, folder, system), "%s on %s", folder, system) {
					return nil
				}
			}
			for _, file := range first {
				f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, file), nil, parser.ImportsOnly)
				require.NoError(t, err)
				for _, spec := range f.Imports {
					if path, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), "github.com/pygil/pygil/"); ok {
						folders = append(folders, path)
					}
				}
			}
		}
		return []string{"yes", "yes", "yes"}
	}
}

// refused is "no" for the systems where a function is one that answers
// errors.ErrUnsupported and nothing else is done in its file's stead.
func refused(functions ...string) func(t *testing.T) []string {
	return func(t *testing.T) []string {
		cells := make([]string, len(systems))
		for i, system := range systems {
			answers := map[string]bool{}
			for _, function := range functions {
				folder, name, _ := strings.Cut(function, " ")
				refuses, there := unsupported(t, folder, name, system)
				assert.True(t, there, "%s is not there on %s", function, system)
				answers[map[bool]string{true: "no", false: "yes"}[refuses]] = true
			}
			cells[i] = strings.Join(slices.Sorted(maps.Keys(answers)), " and ")
		}
		return cells
	}
}

// unsupported reports whether a function on a system names errors.ErrUnsupported.
func unsupported(t *testing.T, folder, name, system string) (refuses, there bool) {
	t.Helper()
	for _, file := range built(t, folder, system) {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, folder, file), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Name.Name != name {
				continue
			}
			there = true
			ast.Inspect(fn, func(n ast.Node) bool {
				x, ok := n.(*ast.SelectorExpr)
				refuses = refuses || ok && x.Sel.Name == "ErrUnsupported"
				return true
			})
		}
	}
	return refuses, there
}

// tests is what the script of the CI does on each system.
func tests(t *testing.T) []string {
	script := read(t, root, ".ci", "run")
	for _, line := range []string{
		`GOARCH=386 gotest 386 `, `gotest readme `, `for target in darwin/arm64 windows/amd64 linux/386; do`,
		`GOOS=${target%/*} GOARCH=${target#*/} go vet ./...`,
	} {
		require.Contains(t, script, line)
	}
	return []string{"amd64, 386", "compiled", "compiled"}
}

// platforms are the rows of the README's table and what each is held against. What
// is said to work where it is not tested has the same files there as on Linux, or
// functions that do not refuse.
var platforms = map[string]func(t *testing.T) []string{
	"`gil` and what is below it: threads, GIL, simulated computers, searches, asyncio, traces": everywhere(
		"gil", "gil/threading", "gil/asyncio", "gil/explore", "gil/giltest", "gil/trace",
	),
	"`queue` between threads, `pool` of threads and interpreters": refused(
		"queue New", "queue NewLifo", "queue NewPriority", "queue NewSimple",
		"pool NewThreadExecutor", "pool NewThread", "pool NewInterpreterExecutor",
	),
	"simulated processes, and what lies between them":                         refused("gil Emulate", "process emulate", "process kill", "pipe virtualActor", "queue NewProcess"),
	"`pipe`: connections, `Listen`, `Dial`, `pickle`":                         refused("pipe New", "pipe OneWay", "pipe openPair", "pipe openOneWay", "pipe Listen", "pipe Dial", "pipe/pickle Marshal", "pipe/pickle Unmarshal"),
	"`pipe`: inherited descriptors, sending handles, waiting for descriptors": refused("pipe FromFd", "pipe openHandle", "pipe pollNow"),
	"`process`, queues between processes, `pool` of processes":                refused("process spawn", "internal/shm create"),
	"tests run in CI": tests,
}

// Each cell of the table of systems is what the files and functions are that the
// system gets.
func TestPlatforms(t *testing.T) {
	rows := map[string]bool{}
	for _, line := range strings.Split(section(t, "Platforms"), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 4 || strings.HasPrefix(line, "|---") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if cells[0] == "" {
			assert.Equal(t, systems, cells[1:])
			continue
		}
		rows[cells[0]] = true
		if check := platforms[cells[0]]; assert.NotNil(t, check, "nothing holds this row to the truth: %s", cells[0]) {
			assert.Equal(t, check(t), cells[1:], cells[0])
		}
	}
	for row := range platforms {
		assert.True(t, rows[row], "the README has this row no more: %s", row)
	}
}
