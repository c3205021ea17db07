package explore_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// detectorMutants are ways in which a detector, or what comes after it, could be broken, with
// the tests that must notice. Each is a piece of source that stands in a file once,
// and what stands there instead when the variable is set to the mutant's name; all
// of them are compiled in at once.
var detectorMutants = []struct{ name, file, old, new, tests string }{
	{
		"a race with a write goes unseen", "races.go",
		"if unknown(&v.write) {", "if mutant != NAME && unknown(&v.write) {",
		"TestRaceHidden$",
	},
	{
		"locks order nothing", "races.go",
		"	mine.join(*g)\n", "		if mutant != NAME {\n		mine.join(*g)\n		}\n",
		"TestRaceFree$",
	},
	{
		"a start orders nothing", "races.go",
		"threads[c].join(*mine)", "if mutant != NAME { threads[c].join(*mine) }",
		"TestRaceFree$",
	},
	{
		"atomic calls race", "races.go",
		"return s.kind != kernel.OpUpdate || ", "return mutant == NAME || s.kind != kernel.OpUpdate || ",
		"TestRaceFree$",
	},
	{
		"no update is lost", "races.go",
		"if l.obj == s.obj && l.version < v.version {", "if mutant != NAME && l.obj == s.obj && l.version < v.version {",
		"TestWarnings$",
	},
	{
		"every update is lost", "races.go",
		"		case kernel.OpWrite:\n", "		case kernel.OpWrite:\n			if mutant == NAME && v.version > 0 {\n				return n, n, n, true\n			}\n",
		"TestWarnings$",
	},
	{
		"no cycle of waits", "explain_deadlock.go",
		"func cycleOf(n int, next func(int) int) []int {\n", "func cycleOf(n int, next func(int) int) []int {\n	if mutant == NAME { return nil }\n",
		"TestKinds$/^deadlock",
	},
	{
		"nothing repeats", "failure_stuck.go",
		"	n := len(steps)\n", "	n := len(steps)\n	if mutant == NAME { return 0 }\n",
		"TestKinds$/^livelock$",
	},
	{
		"everything repeats", "failure_stuck.go",
		"	n := len(steps)\n", "	n := len(steps)\n	if mutant == NAME { return 1 }\n",
		"TestKinds$/^step_limit$",
	},
	{
		"nobody starves", "failure_stuck.go",
		"could[t] = n > 0 && count[t] == n", "could[t] = mutant != NAME && n > 0 && count[t] == n",
		"TestKinds$/^starvation$",
	},
	{
		"threads left are not seen", "failure_verdict.go",
		"func (r *runner) leaked() error {\n", "func (r *runner) leaked() error {\n	if mutant == NAME { return nil }\n",
		"TestKinds$/leak",
	},
	{
		"joined threads are left", "failure_verdict.go",
		"if s.kind != kernel.OpJoin || s.flags&implicit == 0 {", "if s.kind != kernel.OpJoin || mutant != NAME && s.flags&implicit == 0 {",
		"TestKinds$/leak",
	},
	{
		"shrinking takes any failure", "shrink.go",
		"	if z.judge(err) != z.id {", "	if mutant != NAME && z.judge(err) != z.id || err == nil {",
		"TestShrinkKeepsTheFailure$",
	},
	{
		"nothing is shrunk", "shrink.go",
		"func (z *shrinker) accept(c Strategy, sideways bool) bool {\n", "func (z *shrinker) accept(c Strategy, sideways bool) bool {\n	if mutant == NAME { return false }\n",
		"TestShrink$",
	},
	{
		"failures are not confirmed", "failure_finish.go",
		"func (f *Failure) confirm(r *runner) bool {\n", "func (f *Failure) confirm(r *runner) bool {\n	if mutant == NAME { return true }\n",
		"TestNondeterministicFailure$",
	},
	{
		"no audit", "failure_finish.go",
		"func (s *search) audit() {\n", "func (s *search) audit() {\n	if mutant == NAME { return }\n",
		"TestNondeterministic$|TestWarnings$",
	},
	{
		"failures of one kind are one", "failure.go",
		"	k := classify(err).String() + \": \"\n", "	k := classify(err).String() + \": \"\n	if mutant == NAME { return k }\n",
		"TestShrinkKeepsTheFailure$",
	},
	{
		"no lost update is recognised", "explain_pattern.go",
		"case first == kernel.OpRead && second == kernel.OpWrite:", "case mutant != NAME && first == kernel.OpRead && second == kernel.OpWrite:",
		"TestPatterns$",
	},
	{
		"sleep is patience", "failure_supervise.go",
		"now.beats&1 == 1 && seen[r] == now {", "now.beats&1 == 1 && seen[r] == now && mutant != NAME {",
		"TestForeign$/channel",
	},
	{
		"a gate in common does not matter", "lockorder.go",
		"		slices.ContainsFunc(n.held,", "		mutant != NAME && slices.ContainsFunc(n.held,",
		"TestLockOrder$/gate",
	},
	{
		"joins do not order locks", "lockorder.go",
		"		gates.passed(s, mine, t)\n", "		if mutant != NAME {\n			gates.passed(s, mine, t)\n		}\n",
		"TestLockOrder$/after",
	},
	{
		"a try can wait", "lockorder.go",
		"if s.flags&tries == 0 && ", "if (mutant == NAME || s.flags&tries == 0) && ",
		"TestLockOrder$/waiting",
	},
	{
		"locks have no order", "lockorder.go",
		"	ring := r.inversion()\n", "	ring := r.inversion()\n	if mutant == NAME { return nil }\n",
		"TestLockOrder$/orders",
	},
	{
		"draws are not written down", "draw.go",
		"	r.threads[i].drew = int32(len(r.drawn))\n", "	if mutant == NAME { r.drawn = r.drawn[:len(r.drawn)-1] }\n	r.threads[i].drew = int32(len(r.drawn))\n",
		"TestDrawsStrict$|TestDrawsSession$",
	},
	{
		"a number is drawn and stays", "dpor_draws.go",
		"		if d := &o.values[i]; d.tried < d.of {", "		if d := &o.values[i]; d.tried < d.of && mutant != NAME {",
		"TestDrawsCovered$/dpor",
	},
	{
		"sequences draw what they like", "dpor_wakeup.go",
		"			w.draws, w.all = x.nodes[v.at].given(), false\n", "			if mutant != NAME { w.draws, w.all = x.nodes[v.at].given(), false }\n",
		"TestDrawsGenerated$",
	},
	{
		"only some races of a program that draws", "dpor.go",
		"	if x.draws {\n		x.fresh = 0\n	}\n", "	if x.draws && mutant != NAME {\n		x.fresh = 0\n	}\n",
		"TestDrawsGenerated$",
	},
	{
		"what comes after a draw does not matter", "dpor.go",
		"	x.late = late || x.drawsEarly(r)\n", "	x.late = mutant != NAME && (late || x.drawsEarly(r))\n",
		"TestDrawsLate$",
	},
	{
		"draws are not lowered", "shrink.go",
		"func (z *shrinker) lower() {\n", "func (z *shrinker) lower() {\n	if mutant == NAME { return }\n",
		"TestDrawsShrink$",
	},
	{
		"timers do not fire early", "dfs.go",
		"func (s *dfs) early() bool { return s.soon }", "func (s *dfs) early() bool { return s.soon && mutant != NAME }",
		"TestEarlyCovered$/dfs",
	},
	{
		"nobody waits", "passedover.go",
		"	n := int32(len(r.steps))\n", "	n := int32(len(r.steps))\n	if mutant == NAME { return }\n",
		"TestPassedOver$",
	},
	{
		"observers hear of everything", "failure_finish.go",
		"	q := *c\n", "	q := *c\n	if mutant == NAME { return &q }\n",
		"TestEventsOfChoices$",
	},
	{
		"a look at a closed gate is a race", "dpor_races.go",
		"if t.effect == writes && !pending {", "if t.effect == writes && (mutant == NAME || !pending) {",
		"TestLooksAtClosedGates$",
	},
	{
		"a run is thought to begin like the one before", "dpor_races.go",
		"kept = min(x.fresh, transitions, len(f.marks))", "kept = min(x.fresh, transitions, len(f.marks)); if mutant == NAME { kept = min(x.fresh+1, transitions, len(f.marks)) }",
		"TestClassCounts$",
	},
	{
		"no failure of a thread is seen", "failure_verdict.go",
		"func (r *runner) verdict(err error) error {\n", "func (r *runner) verdict(err error) error {\n	if mutant == NAME { err = nil }\n",
		"TestKinds$/^(panic|assertion)$",
	},
	{
		"who waits for ever has ended", "../sandbox.go",
		"		return s.w.stalled()\n", "		return mutant != NAME && s.w.stalled()\n",
		"TestKinds$/^deadlock",
	},
	{
		"runs that are cut short have ended", "../sandbox.go",
		"	s.overrun = true\n", "	s.overrun = mutant != NAME\n",
		"TestKinds$/^step_limit$",
	},
	{
		"strays are at home", "failure_stray.go",
		"	if s.any.CompareAndSwap(false, true) {\n", "	if mutant != NAME && s.any.CompareAndSwap(false, true) {\n",
		"TestStray$",
	},
	{
		"who has left its goroutine has not", "failure_supervise.go",
		"		if r.beats.Load()&1 == 0 {\n			continue\n		}\n		if r.resists {", "		if r.beats.Load()&1 == 0 {\n			continue\n		}\n		if r.resists && mutant != NAME {",
		"TestForeign$/recovers",
	},
	{
		"nobody is held back", "fair.go",
		"	if !held || f.set.Len() == 0 {", "	if mutant == NAME || !held || f.set.Len() == 0 {",
		"TestFair$",
	},
	{
		"no race is reversed", "dpor_races.go",
		"		if fresh {\n", "		if fresh && mutant != NAME {\n",
		"TestClassCounts$",
	},
	{
		"what threads were about to do is no race", "dpor_races.go",
		"		f.reverse(x, r, x.begun, u, f.row, true)\n", "		f.reverse(x, r, x.begun, u, f.row, mutant != NAME)\n",
		"TestConditionsAgree$|TestZooExhausted$/deadlock01",
	},
	{
		"draws stay where they were", "failure_replay.go",
		"if nth, v, is := c.Deviations[i].draw(); is && nth+by > 0 {", "if nth, v, is := c.Deviations[i].draw(); mutant != NAME && is && nth+by > 0 {",
		"TestDrawsNearby$",
	},
}

// TestDetectorMutants breaks the detectors one by one: some test must fail each time.
func TestDetectorMutants(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("compiles the package once more")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	dir := t.TempDir()
	here, err := os.Getwd()
	require.NoError(t, err)
	sources := map[string]string{}
	replace := map[string]string{}
	for _, m := range detectorMutants {
		if _, ok := sources[m.file]; !ok {
			text, err := os.ReadFile(m.file)
			require.NoError(t, err)
			sources[m.file] = string(text)
		}
		require.Equal(t, 1, strings.Count(sources[m.file], m.old), "%s: this stands in %s once: %s", m.name, m.file, m.old)
	}
	for _, m := range detectorMutants {
		at := strings.Index(sources[m.file], m.old)
		if at < 0 {
			// An earlier mutant of the same place has changed it: put this one in front.
			require.FailNow(t, "two mutants overlap", m.name)
		}
		with := strings.ReplaceAll(m.new, "NAME", `"`+m.name+`"`)
		sources[m.file] = sources[m.file][:at] + with + sources[m.file][at+len(m.old):]
	}
	const variable = "\n\nimport \"os\"\n\nvar mutant = os.Getenv(\"EXPLORE_MUTANT\")\n"
	sources["mutant.go"], sources["../mutant.go"] = "package explore"+variable, "package gil"+variable
	for name, text := range sources {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
		replace[filepath.Join(here, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o666))
	binary := filepath.Join(dir, "mutants.test")
	out, err := exec.Command(goTool, "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	run := func(name, tests string) (failed bool, out []byte) {
		limit := "60s"
		if name != "" {
			limit = "15s" // one that hangs has been noticed
		}
		cmd := exec.Command(binary, "-test.run=^"+strings.ReplaceAll(tests, "|", "|^"), "-test.timeout="+limit)
		cmd.Env = append(os.Environ(), "EXPLORE_MUTANT="+name)
		cmd.WaitDelay = time.Second
		out, err := cmd.CombinedOutput()
		return err != nil, out
	}
	failed, out := run("", "TestRaceFree$|TestKinds$|TestWarnings$|TestDrawsCovered$|TestLockOrder$|TestEventsOfChoices$")
	require.False(t, failed, "without a mutant: %s", out)
	for _, m := range detectorMutants {
		failed, out := run(m.name, m.tests)
		assert.True(t, failed, "%s: %s did not notice: %s", m.name, m.tests, out)
		assert.NotContains(t, string(out), "no tests to run", m.name)
	}
}
