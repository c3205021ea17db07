package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// toy runs the real go test -json over a module made of files and hands the result to report.
func toy(t *testing.T, skips, facts string, files map[string]string) (out, state string, err error) {
	t.Helper()
	dir := t.TempDir()
	state = t.TempDir()
	files["go.mod"] = "module github.com/pygil/pygil\n\ngo 1.25\n"
	for name, text := range files {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
	cmd := exec.Command("go", "test", "-json", "./...")
	cmd.Dir = dir
	events, _ := cmd.Output() // that it failed stands in the events
	list := filepath.Join(t.TempDir(), "skips.txt")
	require.NoError(t, os.WriteFile(list, []byte(skips), 0o644))
	out, err = call(t, string(events), "report", "-run", "toy", "-skips", list, "-state", state, "-facts", facts)
	return out, state, err
}

const head = "package a\n\nimport \"testing\"\n\n"

func TestReportOfAGoodRun(t *testing.T) {
	out, _, err := toy(t, "", "linux", map[string]string{
		"a/a_test.go":  head + "func TestX(t *testing.T) { t.Log(`quiet`); t.Run(`y`, func(t *testing.T) {}) }",
		"none/none.go": "package none",
	})
	require.NoError(t, err, out)
	assert.Regexp(t, `(?m)^ok  \tgithub\.com/pygil/pygil/a\t`, out)
	assert.Contains(t, out, "github.com/pygil/pygil/none\t[no test files]\n")
	assert.NotContains(t, out, "quiet")
	assert.True(t, strings.HasSuffix(out, "\ntoy: 2 passed, 0 failed, 0 skipped\n"), out)
}

func TestReportLosesNothingOfAFailure(t *testing.T) {
	out, _, err := toy(t, "", "", map[string]string{
		"a/a_test.go": head + "func TestGood(t *testing.T) { t.Log(`a good one's log`) }\nfunc TestBad(t *testing.T) { t.Log(`what was`); t.Error(`what went wrong`) }",
		"b/b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { undefined() }",
		"c/c_test.go": "package c\n\nimport (\"os\"; \"testing\")\n\nfunc TestMain(m *testing.M) { m.Run(); println(`a leak`); os.Exit(1) }\n\nfunc TestX(t *testing.T) {}",
		"d/d_test.go": "package d\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { panic(`out of order`) }",
		"e/e_test.go": "package e\n\nimport (\"os\"; \"testing\")\n\nfunc TestX(t *testing.T) { os.Exit(3) }",
	})
	require.ErrorIs(t, err, errFailed)
	for _, want := range []string{
		"a good one's log", "what was", "what went wrong", "--- FAIL: TestBad", "FAIL\tgithub.com/pygil/pygil/a\t",
		"undefined: undefined", "FAIL\tgithub.com/pygil/pygil/b [build failed]",
		"a leak", "panic: out of order", "goroutine ", "FAIL\tgithub.com/pygil/pygil/e\t",
	} {
		assert.Contains(t, out, want)
	}
	assert.NotContains(t, out, "=== RUN")
	assert.NotContains(t, out, "--- PASS")
	assert.True(t, strings.HasSuffix(out, "\ntoy: 2 passed, 5 failed, 0 skipped\n"), out)
}

func TestReportNamesEverySkip(t *testing.T) {
	files := map[string]string{"a/a_test.go": head + `
func TestGood(t *testing.T)   {}
func TestPython(t *testing.T) { t.Run("3.14", func(t *testing.T) { t.Skip("no such", "Python") }) }
func TestSilent(t *testing.T) { t.SkipNow() }
`}
	out, _, err := toy(t, "no-python3.14 | a/TestPython/3\\.14 | asks it\n", "python python3.12", files)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, out, "skipped, as line 1 allows: a/TestPython/3.14: a_test.go:7: no such Python\n")
	assert.Contains(t, out, "SKIP NOT ALLOWED a/TestSilent: without a word\n\tno line of the list names it\n")
	assert.Contains(t, out, "toy: 2 passed, 1 failed, 2 skipped\n")

	// The same list where that Python is found: the skip is a failure.
	out, _, err = toy(t, "no-python3.14 | a/TestPython/3\\.14 | asks it\nshort | a/TestSilent | slow", "python python3.14 short", files)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, out, "SKIP NOT ALLOWED a/TestPython/3.14: a_test.go:7: no such Python\n\tline 1 of the list allows it with no-python3.14 only")
	assert.Contains(t, out, "skipped, as line 2 allows: a/TestSilent: without a word\n")
	assert.Contains(t, out, "toy: 2 passed, 1 failed, 2 skipped\n")
}

func TestReportOfARunThatWasKilled(t *testing.T) {
	out, err := call(t, `{"Action":"start","Package":"p/a"}
{"Action":"run","Package":"p/a","Test":"TestX"}
{"Action":"output","Package":"p/a","Test":"TestX","Output":"half a li"}
go: somebody pulled the plug
`, "report", "-run", "toy", "-skips", os.DevNull)
	require.ErrorIs(t, err, errFailed)
	assert.Equal(t, "go: somebody pulled the plug\nhalf a li--- FAIL: TestX began and never ended\nFAIL\tp/a never ended\ntoy: 0 passed, 1 failed, 0 skipped\n", out)
}

// A process that ends well in the middle of a test has not run the tests behind it.
func TestReportOfATestThatNeverEnded(t *testing.T) {
	out, err := call(t, `{"Action":"run","Package":"p","Test":"TestX"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`, "report", "-run", "toy", "-skips", os.DevNull)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, out, "--- FAIL: TestX began and never ended\n")
	assert.Contains(t, out, "FAIL\tp\n")
}

func TestReportOfNothingIsAFailure(t *testing.T) {
	out, err := call(t, "", "report", "-run", "toy", "-skips", os.DevNull)
	require.ErrorIs(t, err, errFailed)
	assert.Contains(t, out, "toy: no test ran at all\n")
}

func TestTotals(t *testing.T) {
	const skips = `no-python | a/TestPython | needed here
no-python | a/TestGone   | no such test
short     | a/TestShort  | does not skip any more
race      | a/TestShort  | never held, so nobody knows
`
	_, state, err := toy(t, skips, "short", map[string]string{
		"a/a_test.go": head + "func TestPython(t *testing.T) { t.Skip(`no Python`) }\nfunc TestShort(t *testing.T) {}",
	})
	require.NoError(t, err)
	list := filepath.Join(t.TempDir(), "skips.txt")
	require.NoError(t, os.WriteFile(list, []byte(skips), 0o644))
	out, err := call(t, "", "totals", "-skips", list, "-state", state)
	require.NoError(t, err)
	assert.Equal(t, `the list of skips, line 2, no-python (no such test): no test has that name any more
the list of skips, line 3, short (does not skip any more): its conditions held, and nothing skipped
1 passed, 0 failed
`, out)

	require.NoError(t, os.WriteFile(filepath.Join(state, "second.json"), []byte(`{"Run":"second","Passed":3,"Facts":{"python":true},"Tests":["a/TestGone"]}`), 0o644))
	out, err = call(t, "", "totals", "-skips", list, "-state", state)
	require.NoError(t, err)
	assert.Contains(t, out, "line 3, ")
	assert.NotContains(t, out, "line 2, ")
	assert.True(t, strings.HasSuffix(out, "\n4 passed, 0 failed\n"), out)

	// After a failure nobody knows which tests were not reached.
	require.NoError(t, os.WriteFile(filepath.Join(state, "third.json"), []byte(`{"Run":"third","Failed":2}`), 0o644))
	out, err = call(t, "", "totals", "-skips", list, "-state", state)
	require.ErrorIs(t, err, errFailed)
	assert.Equal(t, "4 passed, 2 failed\n", out)
}
