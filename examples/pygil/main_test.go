package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite the outputs in testdata/*.txt")

// Nothing else differs between two versions of a program, or two systems.
var (
	line    = regexp.MustCompile(`(\w+\.go):\d+`)
	missing = regexp.MustCompile(`(open \S+): .*`)
)

func exact(s string) string {
	return missing.ReplaceAllString(line.ReplaceAllString(strings.ReplaceAll(s, "\r\n", "\n"), "$1:#"), "$1: #")
}

// transcript performs the lines of a file that begin with $ and returns the file as
// it should be: each line followed by what the command has written, to the screen
// and, marked with !, as complaints, and its exit code unless that is 0.
func transcript(t *testing.T, text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "#") && b.Len() == 0 {
			b.WriteString(l) // what the file is about
		}
		args, ok := strings.CutPrefix(strings.TrimSpace(l), "$ pygil")
		if !ok {
			continue
		}
		var out, complaints bytes.Buffer
		code := pygil(&out, &complaints, words(args))
		fmt.Fprintf(&b, "$ pygil%s\n%s", args, out.String())
		for c := range strings.Lines(complaints.String()) {
			b.WriteString("! " + c)
		}
		if code != 0 {
			fmt.Fprintf(&b, "exit code %d\n", code)
		}
		b.WriteString("\n")
	}
	return exact(b.String())
}

// words are the arguments of a line, of which some are quoted.
func words(line string) []string {
	all := strings.Fields(line)
	for i := range all {
		all[i] = strings.Trim(all[i], "'")
	}
	return all
}

func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			require.NoError(t, err)
			want := strings.ReplaceAll(string(b), "\r\n", "\n")
			got := transcript(t, want)
			if *update {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				want = got
			}
			require.Equal(t, want, got)
			require.Contains(t, got, "$ pygil")
		})
	}
}

// Every command stands in a transcript, with -help in that of wrong calls.
func TestEveryCommandIsTried(t *testing.T) {
	var all strings.Builder
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	require.NoError(t, err)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(b)
	}
	for _, c := range commands {
		assert.Contains(t, all.String(), "$ pygil "+c.name)
		assert.Contains(t, all.String(), "$ pygil "+c.name+" -help")
	}
	for _, p := range own {
		assert.Regexp(t, `\$ pygil \w+ [^\n]*\b`+p.name+`\b`, all.String())
	}
}

// What explore finds, replay performs, in the very words.
func TestReplayPerformsWhatExploreFinds(t *testing.T) {
	for _, name := range []string{"calls", "abba", "withdraw", "swap -profile 3.9"} {
		var out bytes.Buffer
		require.Equal(t, exitFailed, pygil(&out, &out, append([]string{"explore"}, words(name)...)))
		_, again, found := strings.Cut(out.String(), "\nagain: pygil ")
		require.True(t, found)
		failure, _, _ := strings.Cut(out.String(), "\n")
		_, message, _ := strings.Cut(out.String(), "\n")
		message, _, _ = strings.Cut(message, "\n")

		var second bytes.Buffer
		require.Equal(t, exitFailed, pygil(&second, &second, words(again)))
		kind, _, _ := strings.Cut(failure, " (")
		assert.Contains(t, second.String(), kind)
		assert.Contains(t, second.String(), message)
	}
}

// A trace can be written in each format, and a file that cannot be written is said.
func TestTraceFiles(t *testing.T) {
	dir := t.TempDir()
	for ext, starts := range map[string]string{".json": `{"displayTimeUnit"`, ".svg": "<svg", ".txt": "Python 3.13", ".jsonl": `{"schema"`} {
		file := filepath.Join(dir, "trace"+ext)
		var out bytes.Buffer
		require.Equal(t, exitOK, pygil(&out, &out, []string{"trace", "-n", "2", "-o", file, "abba"}), out.String())
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(b), starts), "%s begins with %.40q", ext, b)
		if ext == ".json" {
			assert.NoError(t, trace.CheckChrome(bytes.NewReader(b)))
		}
	}
	var out, complaints bytes.Buffer
	assert.Equal(t, exitUsage, pygil(&out, &complaints, []string{"trace", "-o", filepath.Join(dir, "no", "trace.svg"), "abba"}))
	assert.Contains(t, complaints.String(), "pygil trace: open ")
}

// A live run counts right where the lock is.
func TestLive(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, exitOK, pygil(&out, &out, words("run -live -n 100 locked")), out.String())
	assert.Contains(t, out.String(), "locked, Python 3.13, for real\n")
}

// Every program ends well under the rules of Python 3.13 when nothing disturbs it,
// and those of the table can be called by their names.
func TestPrograms(t *testing.T) {
	for _, p := range own {
		t.Run(p.name, func(t *testing.T) {
			assert.NotEmpty(t, p.about)
			assert.NoError(t, gil.NewMachine(1).Run(gil.CPython313, p.of(1)))
		})
	}
	p, err := lookup("swap")
	require.NoError(t, err)
	assert.Equal(t, "a, b = b, a", p.about)
}
