package giltest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/gil/giltest"
)

// spy is a test that is watched.
type spy struct {
	name   string
	logs   []string
	errors []string
	ended  bool
}

func (s *spy) Helper()                         {}
func (s *spy) Name() string                    { return s.name }
func (s *spy) Logf(format string, args ...any) { s.logs = append(s.logs, fmt.Sprintf(format, args...)) }

func (s *spy) Errorf(format string, args ...any) {
	s.errors = append(s.errors, fmt.Sprintf(format, args...))
}
func (s *spy) FailNow() { s.ended = true }

func (s *spy) failed() bool { return len(s.errors) > 0 && s.ended }

func (s *spy) text() string { return strings.Join(append(s.errors, s.logs...), "\n") }

// counting is a counter that two threads increment, with a lock or without.
func counting(locked bool) func(t *gil.Thread) {
	return func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		mu := newLock("mu")
		add := func(t *gil.Thread) {
			if locked {
				mu.Acquire(t)
				defer mu.Release(t)
			}
			n.Update(t, func(v int) int { return v + 1 })
		}
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
		require.Equal(t, 2, n.Load(t))
	}
}

func files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("testdata/giltest/*/*.schedule")
	require.NoError(t, err)
	return found
}

// quiet keeps the flags and variables of the run that this test is part of away.
func quiet(t *testing.T) {
	t.Helper()
	for _, name := range []string{"SEED", "SCHEDULES", "STRATEGY", "REPLAY", "TIMEOUT"} {
		t.Setenv("GILTEST_"+name, "")
	}
	t.Chdir(t.TempDir())
}

func TestCheckPasses(t *testing.T) {
	quiet(t)
	s := &spy{name: "TestCounter"}
	r := giltest.Check(s, counting(true))
	require.Empty(t, s.errors)
	require.True(t, r.Exhausted)
	require.Contains(t, s.text(), "all 2 classes explored")
	require.Empty(t, files(t))
}

func TestCheckFails(t *testing.T) {
	quiet(t)
	s := &spy{name: "TestCounter"}
	r := giltest.Check(s, counting(false))
	require.True(t, s.failed())
	require.Len(t, r.Failures, 1)
	text := s.errors[0]
	for _, want := range []string{"lost update", "MainThread", "expected: 2", "check_test.go:", "gil1:", "saved in testdata"} {
		assert.Contains(t, text, want)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := lines[len(lines)-1]
	flag := ""
	if raceDetector {
		flag = "-race "
	}
	assert.Equal(t, fmt.Sprintf("go test %sgithub.com/pygil/pygil/gil/giltest -run '^TestCounter$' -giltest.replay='%v'", flag, r.Failures[0].Schedule), last)
	assert.NotContains(t, text, "/gil/sandbox.go", "frames of this module are not shown")
	assert.Len(t, files(t), 1)
}

// TestSavedFirst saves a failure, and has the next search find it without a search:
// its program counts how often it is run.
func TestSavedFirst(t *testing.T) {
	quiet(t)
	giltest.Check(&spy{name: "TestCounter"}, counting(false))
	require.Len(t, files(t), 1)
	var runs atomic.Int64
	program := func(t *gil.Thread) {
		runs.Add(1)
		counting(false)(t)
	}
	s := &spy{name: "TestCounter"}
	r := giltest.Check(s, program, explore.WithMaxSchedules(1), explore.WithStrategy(explore.DFS()))
	require.True(t, s.failed())
	require.Contains(t, s.text(), "the interleaving saved in testdata")
	require.Equal(t, "saved", r.Strategy)
	require.Len(t, files(t), 1, "it is not saved again")

	// Another test does not see it.
	other := &spy{name: "TestOther"}
	giltest.Check(other, counting(false), explore.WithMaxSchedules(1), explore.WithStrategy(explore.DFS()))
	require.Empty(t, other.errors)

	// When the bug has been fixed the file stays, and the test passes.
	fixed := &spy{name: "TestCounter"}
	giltest.Check(fixed, counting(true))
	require.Empty(t, fixed.errors)
	require.Len(t, files(t), 1)
}

// TestSavedDamaged has a file that is no schedule, which must not stand in the way.
func TestSavedDamaged(t *testing.T) {
	quiet(t)
	require.NoError(t, os.MkdirAll("testdata/giltest/TestCounter", 0o777))
	require.NoError(t, os.WriteFile("testdata/giltest/TestCounter/x.schedule", []byte("# hm\nnonsense\n"), 0o666))
	s := &spy{name: "TestCounter"}
	giltest.Check(s, counting(true))
	require.Empty(t, s.errors)
	require.Contains(t, s.text(), "delete it")
}

// TestUnsaved has a folder that cannot be made.
func TestUnsaved(t *testing.T) {
	quiet(t)
	require.NoError(t, os.WriteFile("testdata", nil, 0o666))
	s := &spy{name: "TestCounter"}
	giltest.Check(s, counting(false))
	require.True(t, s.failed())
	require.Contains(t, s.text(), "not saved: ")
	require.Contains(t, s.text(), "lost update")
}

// TestNames has names of tests that are no names of files.
func TestNames(t *testing.T) {
	quiet(t)
	names := []string{"TestX/a b", "TestX/a_b", "TestX/../../up", "TestX/" + strings.Repeat("long", 100), "TestX/ä", "TestX/", "TestX/aux", "TestX/Com1"}
	for _, name := range names {
		giltest.Check(&spy{name: name}, counting(false))
	}
	var found []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		require.NotContains(t, []string{"aux", "Com1", ".."}, d.Name(), "no folder on every system")
		if err == nil && strings.HasSuffix(path, ".schedule") {
			found = append(found, path)
		}
		return err
	}))
	require.Len(t, found, len(names), "every test has a folder of its own, all below this one")
}

func TestMustFail(t *testing.T) {
	quiet(t)
	s := &spy{name: "TestCounter"}
	f := giltest.MustFail(s, counting(false), explore.Assertion)
	require.Empty(t, s.errors)
	require.Equal(t, "lost update", f.Pattern)
	require.NotNil(t, giltest.MustFail(s, counting(false), explore.NoFailure))
	require.Empty(t, files(t))

	none := &spy{name: "TestCounter"}
	require.Nil(t, giltest.MustFail(none, counting(true), explore.Assertion))
	require.True(t, none.failed())
	require.Contains(t, none.text(), "no interleaving fails with assertion")

	other := &spy{name: "TestCounter"}
	require.Nil(t, giltest.MustFail(other, counting(false), explore.Deadlock, explore.WithMaxSchedules(50)))
	require.Contains(t, other.text(), "but: explore: assertion")
}

func TestReplay(t *testing.T) {
	quiet(t)
	f := giltest.MustFail(t, counting(false), explore.Assertion)
	s := &spy{name: "TestCounter"}
	giltest.Replay(s, counting(false), f.Schedule.String())
	require.True(t, s.failed())
	require.Contains(t, s.text(), "lost update")

	fixed := &spy{name: "TestCounter"}
	giltest.Replay(fixed, counting(true), f.Schedule.String())
	require.Empty(t, fixed.errors)

	bad := &spy{name: "TestCounter"}
	giltest.Replay(bad, counting(true), "gil9:?")
	require.True(t, bad.failed())
	require.Contains(t, bad.text(), "is no schedule")
}

func TestRun(t *testing.T) {
	quiet(t)
	s := &spy{name: "TestCounter"}
	giltest.Run(s, gil.CPython310, counting(true))
	require.Empty(t, s.errors)
	giltest.Run(s, gil.CPython310, func(t *gil.Thread) { require.Equal(t, 1, 2) })
	require.True(t, s.failed())
	require.Contains(t, s.text(), "under 3.10, seed 0")
}

func TestWarning(t *testing.T) {
	quiet(t)
	s := &spy{name: "TestCounter"}
	giltest.Check(s, func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		add := func(t *gil.Thread) { n.Update(t, func(v int) int { return v + 1 }) }
		gil.JoinAll(t, t.Go("a", add), t.Go("b", add)) // and nobody looks at n
	})
	require.Empty(t, s.errors)
	require.Contains(t, s.text(), "warning, the test passes but updates are lost")
}
