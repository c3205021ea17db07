package giltest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plainMutants break what keeps a program apart from package gil, or what is shown of
// it: an edge too few is a false report, one too many is silence.
var plainMutants = []struct {
	name    string
	file    string // in package gil
	old     string
	new     string // NAME stands for the mutant's name, quoted
	program string
	reports bool // what the program does with the mutant, and does not without
}{
	{
		"who opens tells nobody", "gate_open.go",
		"	g.open(t, n)\n	if raceKernel {\n", "	g.open(t, n)\n	if mutant != NAME {\n", "event", true,
	},
	{
		"who releases tells nobody", "gate_open.go",
		"		return false\n	}\n	if raceKernel {\n", "		return false\n	}\n	if mutant != NAME {\n", "lock", true,
	},
	{
		"who shuts tells nobody", "gate_open.go",
		"	g.permits.Store(g.tracked, 0)\n	if raceKernel {\n", "	g.permits.Store(g.tracked, 0)\n	if mutant != NAME {\n", "cleared", true,
	},
	{
		"who passes learns nothing", "gate.go",
		"raceKernel && out == Passed", "mutant != NAME && out == Passed", "semaphore", true,
	},
	{
		"who looks learns nothing", "gate.go",
		"	t.touch(k, g.id)\n	if raceKernel {\n", "	t.touch(k, g.id)\n	if mutant != NAME {\n", "is set", true,
	},
	{
		"who joins learns nothing", "thread.go",
		"raceKernel && ended {", "mutant != NAME && ended {", "start and join", true,
	},
	{
		"who ends tells nobody", "apart.go",
		"	raceTell(&o.t.ended.mark)\n", "	if mutant != NAME {\n		raceTell(&o.t.ended.mark)\n	}\n", "start and join", true,
	},
	{
		"a thread is started by nobody", "thread.go",
		"		t.out.start()\n", "		if mutant != NAME {\n			t.out.start()\n		}\n", "start and join", true,
	},
	{
		"a variable orders nothing", "var.go",
		"		t.shows(&s.mark,", "		t.shows(&s.mark, mutant != NAME &&", "published", true,
	},
	{
		"the inside learns from the outside", "apart.go",
		"	if o.box.ordered {\n", "	if o.box.ordered || mutant == NAME {\n", "counter", false,
	},
	{
		"nothing is hidden", "apart_on.go",
		"func raceHide() { runtime.RaceDisable() }\nfunc raceShow() { runtime.RaceEnable() }\n",
		"func raceHide() {\n	if mutant != NAME {\n		runtime.RaceDisable()\n	}\n}\n\nfunc raceShow() {\n	if mutant != NAME {\n		runtime.RaceEnable()\n	}\n}\n",
		"counter", false,
	},
	{
		"the outside learns nothing from the inside", "apart.go",
		"	raceLearn(&o.down)\n", "	if mutant != NAME {\n		raceLearn(&o.down)\n	}\n", "shared objects", true,
	},
	{
		"nothing is ever ordered", "sandbox.go",
		"	s.ordered = true\n	for", "	s.ordered = mutant != NAME\n	for", "process", true,
	},
	{
		"runs have nothing to do with each other", "sandbox.go",
		"	raceLearn(&s.over)\n", "	if mutant != NAME {\n		raceLearn(&s.over)\n	}\n", "many runs", true,
	},
	{
		"values are handed over as they are", "apart.go",
		"	p := new(T)\n	*p = v\n", "	p := new(T)\n	*p = v\n	if mutant == NAME {\n		write(p, v)\n	}\n", "shared objects", true,
	},
}

// TestPlainMutants performs a program with each of them.
func TestPlainMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles package gil once more")
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	if out, err := exec.Command(goTool, "env", "CGO_ENABLED").Output(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Skip("needs cgo")
	}
	dir := t.TempDir()
	gil, err := filepath.Abs("..")
	require.NoError(t, err)
	sources := map[string]string{
		"mutant.go": "package gil\n\nimport \"os\"\n\nvar mutant = os.Getenv(\"GIL_MUTANT\")\n\n//go:noinline\nfunc write[T any](p *T, v T) { *p = v }\n",
	}
	for _, m := range plainMutants {
		if _, ok := sources[m.file]; !ok {
			text, err := os.ReadFile(filepath.Join(gil, m.file))
			require.NoError(t, err)
			sources[m.file] = string(text)
		}
		require.Equal(t, 1, strings.Count(sources[m.file], m.old), "%s: this stands in %s once: %s", m.name, m.file, m.old)
		sources[m.file] = strings.Replace(sources[m.file], m.old, strings.ReplaceAll(m.new, "NAME", `"`+m.name+`"`), 1)
	}
	replace := map[string]string{}
	for name, text := range sources {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
		replace[filepath.Join(gil, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o666))
	binary := filepath.Join(dir, "mutants.test")
	out, err := exec.Command(goTool, "test", "-c", "-race", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	const report = "WARNING: DATA RACE"
	for _, m := range plainMutants {
		out := plainly(t, binary, m.program)
		require.Equal(t, !m.reports, strings.Contains(out, report), "%s without a mutant: %s", m.program, out)
		out = plainly(t, binary, m.program, "GIL_MUTANT="+m.name)
		assert.Equal(t, m.reports, strings.Contains(out, report), "%s: %s did not notice: %s", m.name, m.program, out)
	}
}
