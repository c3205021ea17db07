//go:build linux || darwin

package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

// The workers of lesson 5 come here too.
func TestMain(m *testing.M) {
	process.TestMain(m, process.WithStrict(), process.WithCheck(func() error { return goleak.Find() }))
}

var update = flag.Bool("update", false, "rewrite testdata/tour.txt")

// turns is enough to measure something and too little to say anything.
const turns = 1000

// measured are the only numbers that differ between two runs. Nothing else of
// their lines does.
var measured = regexp.MustCompile(`(?m)^(Python 3\.13t? +4 threads / one after the other = )\d+\.\d\d$|^(Go may use )\d+( cores here\. .*)$`)

func exact(got string) string { return measured.ReplaceAllString(got, "$1$2#$3") }

func TestTour(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, tour(t.Context(), &page{w: &got}, turns))
	assert.Len(t, measured.FindAllString(got.String(), -1), 3)

	golden := filepath.Join("testdata", "tour.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(exact(got.String())), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(string(want), "\r\n", "\n"), exact(got.String()))
	for line := range strings.Lines(got.String()) {
		assert.LessOrEqual(t, len([]rune(line)), 81, "a line wider than a terminal: %s", line)
	}
}

// What a terminal shows differs from a file in its headings and in what is wiped
// off again.
func TestTerminal(t *testing.T) {
	var got bytes.Buffer
	p := &page{w: &got, terminal: true}
	p.heading("Title")
	done := p.busy("counting")
	done()
	assert.Equal(t, "\n\x1b[1mTitle\x1b[0m\ncounting ...\r\x1b[K", got.String())

	got.Reset()
	p = &page{w: &got}
	p.heading("Title")
	done = p.busy("counting")
	done()
	assert.Equal(t, "\nTitle\n-----\n", got.String())
}

// A file is no terminal, whatever the environment says.
func TestFileIsNoTerminal(t *testing.T) {
	t.Setenv("TERM", "xterm-256color")
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer f.Close()
	assert.False(t, newPage(f).terminal)
}

// Whoever asks for no colours gets the text that a file gets, on a terminal as well. The
// null device is a character device, which is what makes a terminal here.
func TestNoColor(t *testing.T) {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	for _, c := range []struct {
		noColor, term string
		terminal      bool
	}{
		{"", "xterm-256color", true},
		{"1", "xterm-256color", false},
		{"0", "xterm-256color", false}, // no-color.org: whatever the value is
		{"", "dumb", false},
	} {
		t.Setenv("NO_COLOR", c.noColor)
		t.Setenv("TERM", c.term)
		assert.Equal(t, c.terminal, newPage(f).terminal, "NO_COLOR=%q TERM=%q", c.noColor, c.term)
	}
}

var errFull = errors.New("disk full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// The tour ends when nobody can read it.
func TestWriteError(t *testing.T) {
	require.ErrorIs(t, tour(t.Context(), &page{w: full{}}, turns), errFull)
}
