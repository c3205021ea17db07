//go:build unix

package giltest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/giltest"
)

// TestCommand has a shell perform the command line with which a message ends, as
// somebody does who pastes it. What it calls go is this test binary.
func TestCommand(t *testing.T) {
	const pasted = "GILTEST_TEST_PASTED"
	const shell = `go() {
		for a do
			shift
			case $a in
				-run|-bench) a=-test.${a#-} ;;
				test|-race|-tags=*|github.com/*) continue ;;
			esac
			set -- "$@" "$a"
		done
		"$` + pasted + `" "$@"
	}
	`
	last := func(name string) string {
		s := &spy{name: name}
		giltest.Check(s, counting(false))
		require.True(t, s.failed())
		return s.errors[0][strings.LastIndexByte(s.errors[0], '\n')+1:]
	}
	if os.Getenv(pasted) == "" {
		quiet(t)
		line := last("BenchmarkX/it's")
		assert.Contains(t, line, `giltest -run '^$' -bench '^BenchmarkX$/^it'\''s$' -giltest.replay=`)
	}
	for _, name := range []string{
		"plain", "two words", "it's", `"quoted"`, "[a-z]", "(x", "a/b", "a//b", "", "/", "$HOME", "`id`", `\d`, "a|b", "^a$", "é", "!x", "-x", "%d", "nul\x00", "..",
	} {
		t.Run(name, func(t *testing.T) {
			if os.Getenv(pasted) != "" {
				giltest.Check(t, counting(false))
				return
			}
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.Command("sh", "-c", shell+last(t.Name()))
			cmd.Env = append(os.Environ(), pasted+"="+self)
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "the test fails")
			require.Contains(t, string(out), "this is the schedule of -giltest.replay")
			require.Contains(t, string(out), "--- FAIL: "+t.Name()+" ")
			require.Equal(t, 1, strings.Count(string(out), "this is the schedule of"), "no other test is run")
		})
	}
}
