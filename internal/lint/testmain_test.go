package lint_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEveryPackageWithTestsLooksForLeaks(t *testing.T) {
	const (
		goleak  = "import \"go.uber.org/goleak\"\n"
		process = "import \"m/process\"\n"
		head    = "func TestMain(m *testing.M) { "
		tests   = "package x_test\n\nfunc TestX(t *testing.T) {}\n"
	)
	wrong := ": has tests, but no TestMain that calls goleak or process.TestMain"
	assert.Equal(t, []string{
		"gil" + wrong, "gil/asyncio" + wrong, "gil/explore" + wrong, "gil/trace" + wrong, "internal/b" + wrong, "internal/f" + wrong, "pool" + wrong,
	}, check(t, "testmain", map[string]string{
		// no TestMain at all, one without goleak, one outside the tests, one that is a method
		"gil/a_test.go":           tests,
		"gil/trace/a_test.go":     tests + head + "os.Exit(m.Run()) }",
		"gil/asyncio/a_test.go":   tests,
		"gil/asyncio/main.go":     "package x\n" + goleak + head + "goleak.VerifyTestMain(m) }",
		"gil/explore/a_test.go":   "package x\n" + goleak + "func FuzzX(f *testing.F) {}\nfunc (T) TestMain(m *testing.M) { goleak.VerifyTestMain(m) }",
		"internal/b/a_test.go":    "package x\nfunc BenchmarkX(b *testing.B) {}",
		"internal/f/a_test.go":    "package x\nimport \"other/process\"\nfunc Example() {}\n" + head + "process.TestMain(m) }",
		"pool/a_test.go":          "package x\n" + goleak + "func TestX(t *testing.T) { goleak.VerifyNone(t) }\n" + head + "goleak.IgnoreCurrent() }",
		"queue/a_test.go":         tests,
		"queue/main_test.go":      "package x\n" + goleak + head + "goleak.VerifyTestMain(m) }",
		"pipe/a_test.go":          "package x\nimport leak \"go.uber.org/goleak\"\nfunc TestX(t *testing.T) {}\n" + head + "err := leak.Find(); os.Exit(m.Run()) }",
		"process/a_test.go":       "package process\nfunc TestX(t *testing.T) {}\n",
		"process/main_test.go":    "package process_test\n" + process + head + "process.TestMain(m) }",
		"internal/c/only.go":      "package x",
		"internal/d/x_test.go":    "package x\nfunc testing() {}",
		"examples/tour/a_test.go": "package main\n" + process + "func TestX(t *testing.T) {}\n" + head + "process.TestMain(m) }",
	}))
}
