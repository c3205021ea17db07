package examples_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// own are the programs with a command line of their own.
var own = map[string]string{
	"pygil":          "commands, with flags of their own",
	"compare_python": "measures real Pythons",
	"versions":       "a table of all versions",
	"traces":         "draws pictures into a folder",
}

// quiet are those whose story has nothing of which par and conc could be counted by a run.
var quiet = map[string]string{
	"glossary":   "words",
	"standalone": "goroutines with the GIL alone: no run is recorded",
}

// Every program takes -profile, -cores, -seed, -live and -trace, which package cli does
// for it, or says why there are none; and every story prints par and conc.
func TestEveryProgramTakesTheFlags(t *testing.T) {
	folders, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	require.NotEmpty(t, folders)
	start := regexp.MustCompile(`cli\.(Main|Real|Plain)\("(\w+)"`)
	for _, main := range folders {
		name := filepath.Dir(main)
		program, tests := sourcesOf(t, name)
		m := start.FindStringSubmatch(program)
		if own[name] != "" {
			assert.Nil(t, m, "%s has the flags of package cli: take it out of the list", name)
			continue
		}
		if !assert.NotNil(t, m, "%s takes no flags: begin it with cli.Main, or list it", name) {
			continue
		}
		assert.Equal(t, name, m[2], "what it calls itself")
		if m[1] == "Main" && quiet[name] == "" {
			says := strings.Contains(tests, "par ") && strings.Contains(tests, "conc ") || strings.Contains(program, "cli.Account") ||
				strings.Contains(program, "par and conc")
			assert.True(t, says, "%s does not print par and conc", name)
		}
	}
}

// sourcesOf are the program in a folder and its tests.
func sourcesOf(t *testing.T, folder string) (program, tests string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		if strings.HasSuffix(f, "_test.go") {
			tests += string(b)
		} else {
			program += string(b)
		}
	}
	return program, tests
}

// The README has its sections, in this order.
func TestSections(t *testing.T) {
	text, _ := readme(t)
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(text, -1) {
		sections = append(sections, m[1])
	}
	assert.Equal(t, []string{
		"A lost update", "Try it", "Install", "Which package do I want?", "The race test", "Rules and versions", "Two worlds", "Processes",
		"Errors", "Security", "Platforms", "Beside Python", "How it compares", "What is not modelled", "The GIL alone", "See it", "Tests",
	}, sections)
	for _, system := range []string{"linux", "darwin", "windows"} {
		assert.Regexp(t, `\|[^\n]* `+system+` [^\n]*\|`, text)
	}
}
