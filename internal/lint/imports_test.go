package lint_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// source is a Go file that imports packages, the ones of this module written as "./gil".
func source(pkg string, imports ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n", pkg)
	for _, im := range imports {
		if rest, ok := strings.CutPrefix(im, "./"); ok {
			im = "m/" + rest
		}
		fmt.Fprintf(&b, "import _ %q\n", im)
	}
	return b.String()
}

// Every pair of packages, written down by hand: a row names what its package may import.
func TestImportDirection(t *testing.T) {
	all := []string{
		"internal/kernel", "gil", "gil/threading", "gil/trace", "gil/explore", "gil/asyncio",
		"gil/giltest", "pipe", "pipe/pickle", "process", "queue", "pool", "examples/tour",
	}
	may := map[string]string{
		"internal/kernel": "internal/kernel",
		"gil":             "internal/kernel gil",
		"gil/threading":   "internal/kernel gil gil/threading gil/trace gil/explore gil/asyncio",
		"gil/trace":       "internal/kernel gil gil/threading gil/trace gil/explore gil/asyncio",
		"gil/explore":     "internal/kernel gil gil/threading gil/trace gil/explore gil/asyncio",
		"gil/asyncio":     "internal/kernel gil gil/threading gil/trace gil/explore gil/asyncio",
		"gil/giltest":     "internal/kernel gil gil/threading gil/trace gil/explore gil/asyncio gil/giltest pipe pipe/pickle process",
		"pipe":            "internal/kernel gil/giltest pipe pipe/pickle process", // gil in named files
		"pipe/pickle":     "internal/kernel gil/giltest pipe pipe/pickle process",
		"process":         "internal/kernel gil/giltest pipe pipe/pickle process",
		"queue":           strings.Join(all[:11], " "),
		"pool":            strings.Join(all[:12], " "),
		"examples/tour":   strings.Join(all, " "),
	}
	// To a plain file of pipe and process giltest is as far away as the rest of gil.
	for _, pkg := range []string{"pipe", "pipe/pickle", "process"} {
		may[pkg] = strings.Replace(may[pkg], "gil/giltest ", "", 1)
	}
	for _, from := range all {
		for _, to := range all {
			got := check(t, "imports", map[string]string{from + "/x.go": source("x", "fmt", "./"+to)})
			if strings.Contains(" "+may[from]+" ", " "+to+" ") {
				assert.Empty(t, got, "%s imports %s", from, to)
			} else if assert.Len(t, got, 1, "%s imports %s", from, to) {
				assert.Regexp(t, `^`+from+`/x\.go:3: .*`+to, got[0])
			}
		}
	}
}

func TestImportDirectionOfTests(t *testing.T) {
	assert.Equal(t, []string{
		"gil/in_test.go:2: gil must not import queue, which stands above it",
	}, check(t, "imports", map[string]string{
		"gil/in_test.go":      source("gil", "./queue"),
		"gil/ex_test.go":      source("gil_test", "./queue", "./examples/tour", "testing/synctest"),
		"pipe/in_test.go":     source("pipe", "./gil", "testing"),
		"gil/explore/in.go":   source("explore", "./gil"),
		"gil/explore_test.go": source("gil_test", "flag"),
	}))
}

func TestTheGILIsKnownInAFewFilesOfPipeAndProcess(t *testing.T) {
	const elsewhere = " is for pipe/virtual.go, process/virtual.go, process/define.go, process/main.go: elsewhere use the hook of the context"
	assert.Equal(t, []string{
		"pipe/conn.go:2: gil" + elsewhere,
		"pipe/define.go:2: gil" + elsewhere,
		"pipe/pickle/virtual.go:2: gil" + elsewhere,
		"process/lock.go:3: gil/threading" + elsewhere,
	}, check(t, "imports", map[string]string{
		"pipe/virtual.go":        source("pipe", "./gil", "./gil/threading"),
		"pipe/conn.go":           source("pipe", "./gil"),
		"pipe/define.go":         source("pipe", "./gil"),
		"pipe/pickle/virtual.go": source("pickle", "./gil"),
		"process/virtual.go":     source("process", "./gil"),
		"process/define.go":      source("process", "./gil"),
		"process/main.go":        source("process", "./gil"),
		"process/lock.go":        source("process", "./internal/shm", "./gil/threading"),
	}))
}

func TestConformanceLooksUpAndOnlyTestsLookAtIt(t *testing.T) {
	assert.Equal(t, []string{
		"internal/shm/a.go:2: internal/conformance imports upwards: only tests may import it",
		"queue/a.go:2: internal/conformance/locks imports upwards: only tests may import it",
	}, check(t, "imports", map[string]string{
		"internal/conformance/a.go":       source("conformance", "./pool", "testing"),
		"internal/conformance/locks/a.go": source("locks", "./gil", "./internal/conformance", "testing"),
		"internal/shm/a.go":               source("shm", "./internal/conformance"),
		"queue/a.go":                      source("queue", "./internal/conformance/locks"),
		"queue/in_test.go":                source("queue", "./internal/conformance"),
		"queue/ex_test.go":                source("queue_test", "./internal/conformance/locks"),
	}))
}

func TestEveryPackageHasAPlaceInTheOrder(t *testing.T) {
	assert.Equal(t, []string{
		"cmd/x.go: package cmd has no place in the import order",
		"gil/gc/x.go: package gil/gc has no place in the import order",
		"giltest/x.go: package giltest has no place in the import order",
		"x.go: package . has no place in the import order",
	}, check(t, "imports", map[string]string{
		"x.go": source("x"), "cmd/x.go": source("cmd"), "gil/gc/x.go": source("gc"), "giltest/x.go": source("giltest"),
		"gil/trace/svg/x.go": source("svg"), "process/internal/x.go": source("x"), "examples/a/b/x.go": source("main"),
	}))
}

func TestTestingIsForTests(t *testing.T) {
	const wrong = " is for tests, gil/giltest, internal/conformance and process.TestMain"
	declares := "\nfunc TestMain(m *testing.M) {}\n"
	assert.Equal(t, []string{
		"gil/a.go:2: testing" + wrong,
		"gil/b.go:3: testing/synctest" + wrong,
		"gil/testmain.go:2: testing" + wrong,
		"process/a.go:2: testing" + wrong,
		"process/method.go:2: testing" + wrong,
	}, check(t, "imports", map[string]string{
		"gil/a.go":               source("gil", "testing"),
		"gil/b.go":               source("gil", "fmt", "testing/synctest"),
		"gil/testmain.go":        source("gil", "testing") + declares,
		"gil/a_test.go":          source("gil", "testing"),
		"gil/giltest/a.go":       source("giltest", "testing", "flag"),
		"process/a.go":           source("process", "testing"),
		"process/method.go":      source("process", "testing") + "\nfunc (T) TestMain(m *testing.M) {}\n",
		"process/testmain.go":    source("process", "testing") + declares,
		"internal/testingx/a.go": source("testingx", "m/testing"),
	}))
}

func TestTheEngineOfExploreHasNoFlags(t *testing.T) {
	assert.Equal(t, []string{
		"gil/explore/a.go:2: gil/explore is an engine: flags belong to gil/giltest",
	}, check(t, "imports", map[string]string{
		"gil/explore/a.go": source("explore", "flag"),
		"examples/a/a.go":  source("main", "flag"),
	}))
}

func TestOneKindOfAtomicsInAFile(t *testing.T) {
	assert.Equal(t, []string{
		"gil/both.go:2: sync/atomic and go.uber.org/atomic in one file: choose one",
		"gil/both_test.go:3: sync/atomic and go.uber.org/atomic in one file: choose one",
	}, check(t, "atomics", map[string]string{
		"gil/both.go":      source("gil", "sync/atomic", "go.uber.org/atomic"),
		"gil/both_test.go": source("gil", "go.uber.org/atomic", "sync/atomic"),
		"gil/one.go":       source("gil", "sync/atomic"),
		"gil/other.go":     source("gil", "go.uber.org/atomic"),
	}))
}
