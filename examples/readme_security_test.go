package examples_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// secured are the sentences of the README's section about security, each with the
// tests that show it: folder, name.
var secured = map[string][]string{
	"A process is a child because it has inherited a socket in which a token lies.": {"process TestEnvironmentAlone", "process TestBadParent"},
	"The environment names the socket; the environment alone makes no child.":       {"process TestEnvironmentAlone", "process TestExecFromAChild", "process TestNoForkBombOfStrays"},
	"Keys and arguments travel in that socket, never in the arguments or the environment of a process.": {
		"process TestSecretsDoNotShow", "process TestAuthKey",
	},
	"`pipe.Listen` without an address makes a Unix socket in a private directory.": {"pipe TestListenDefaults"},
	"A TCP address without a host is on the loopback interface.":                   {"pipe TestListenDefaults"},
	"Without `pipe.WithAuthKey` a Listener accepts whoever can reach it; with it both sides prove that they have the key, as in CPython, and whoever cannot is turned away before any message is read.": {
		"pipe TestListenDefaults", "pipe TestAuthKey", "pipe TestImpostor", "pipe TestHandshakeGolden", "pipe TestBadPeersDoNotHoldUpAccept",
	},
	"The decoder of [`pipe/pickle`](pipe/pickle), and `pickle.Python` too, make data and call nothing that the sender chose: no class or function of Python is made or called, and of Go's methods only those for decoding of types that the program has registered.": {
		"pipe/pickle TestNothingRunsOnDecode", "pipe/pickle TestMarshalMethods", "pipe/pickle TestPythonBadMessages",
	},
	"Size, depth and memory of a message are bounded.": {
		"pipe/pickle TestMaxSize", "pipe/pickle TestMaxDepth", "pipe/pickle TestMemoryIsBounded", "pipe/pickle TestPythonDepth", "pipe/pickle TestPythonMemory",
	},
	"Both are fuzzed.": {"pipe/pickle FuzzUnmarshal", "pipe/pickle FuzzPythonUnmarshal"},
	"CPython's own unpickling runs whatever it is sent: a real Python must trust the program that it talks to.": {
		"pipe/pickle TestPythonRunsWhatItIsSent",
	},
}

// section is the text of a section of the README, its lines joined.
func section(t *testing.T, heading string) string {
	t.Helper()
	text, _ := readme(t)
	_, text, found := strings.Cut(text, "\n## "+heading+"\n")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// Each sentence about security has tests that show it, and they are there.
func TestSecurity(t *testing.T) {
	said := map[string]bool{}
	for _, item := range regexp.MustCompile(`(?m)^- `).Split(section(t, "Security"), -1)[1:] {
		for _, sentence := range regexp.MustCompile(`.*?\.(?: |$)`).FindAllString(strings.Join(strings.Fields(item), " "), -1) {
			sentence = strings.TrimSpace(sentence)
			said[sentence] = true
			assert.NotEmpty(t, secured[sentence], "no test is named that shows: %s", sentence)
		}
	}
	for sentence, tests := range secured {
		assert.True(t, said[sentence], "the README does not say any more: %s", sentence)
		for _, test := range tests {
			folder, name, _ := strings.Cut(test, " ")
			assert.True(t, tested(t, folder, name), "%s is missing, which shows: %s", test, sentence)
		}
	}
}

// tested reports whether a folder has a test of this name.
func tested(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	require.NoError(t, err)
	for _, path := range files {
		if strings.Contains(read(t, path), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
