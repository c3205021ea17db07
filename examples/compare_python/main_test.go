//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// What the ops start in processes comes here too.
func TestMain(m *testing.M) {
	process.TestMain(m, process.WithCheck(func() error { return goleak.Find() }))
}

// in calls compare as the command does.
func in(t *testing.T, args ...string) (out, progress string, err error) {
	t.Helper()
	var o, p bytes.Buffer
	require.NoError(t, gil.Live().Run(gil.CPython313, func(t *gil.Thread) {
		err = compare(t, &o, &p, args)
	}))
	return o.String(), p.String(), err
}

// Every op comes out right here and, where there is a Python, there.
func TestEveryOp(t *testing.T) {
	_, none := find("")
	dir := t.TempDir()
	svg, readme := filepath.Join(dir, "ratios.svg"), filepath.Join(dir, "README.md")
	require.NoError(t, os.WriteFile(readme, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644))
	out, progress, err := in(t, "-slice", "1us", "-rounds", "1", "-svg", svg, "-readme", readme)
	require.NoError(t, err)
	assert.NotContains(t, out, "not here:")
	assert.NotContains(t, out, "not there:")
	assert.Equal(t, none != nil, strings.Contains(out, "Without a Python there is nothing to compare with."))
	for _, o := range ops {
		assert.Contains(t, progress, o.about)
		assert.Contains(t, out, o.about)
	}
	picture, err := os.ReadFile(svg)
	require.NoError(t, err)
	valid(t, picture)
	page, err := os.ReadFile(readme)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(page), "before\n"+begin+"\nMeasured "))
	assert.True(t, strings.HasSuffix(string(page), "\n"+end+"after\n"))
	assert.NotContains(t, string(page), "old")
}

func valid(t *testing.T, picture []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// Without a Python our side is measured, and it is said what is missing.
func TestWithoutPython(t *testing.T) {
	out, progress, err := in(t, "-python", "no-such-python", "-only", "lock,pickle", "-slice", "1us", "-rounds", "1")
	require.NoError(t, err)
	assert.Contains(t, progress, "compare_python: there is no Python here: ")
	assert.Contains(t, out, "no Python\n")
	assert.Contains(t, out, "Without a Python there is nothing to compare with.\n")
	assert.Equal(t, 2, strings.Count(out, " ns ")+strings.Count(out, " µs ")+strings.Count(out, " ms "))
}

func TestWrongCalls(t *testing.T) {
	for want, args := range map[string][]string{
		"no arguments but flags":        {"lock"},
		"at least one round":            {"-rounds", "0"},
		`there is no op "luck"`:         {"-only", "luck"},
		"flag provided but not defined": {"-loud"},
		"has not the two marks":         {"-python", "no-such-python", "-only", "lock", "-slice", "1us", "-rounds", "1", "-readme", "main.go"},
	} {
		_, _, err := in(t, args...)
		assert.ErrorContains(t, err, want)
	}
}

// What is measured is shown as it is: a ratio needs two times.
func TestTable(t *testing.T) {
	tab := table{
		when: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), cores: 4, system: "linux/amd64", golang: "go1.26", python: "Python 3.13.0",
		rows: []row{
			{about: "a", ours: 100, python: 250},
			{about: "b", ours: 2 * time.Microsecond, python: 24 * time.Microsecond},
			{about: "c", ours: 3 * time.Millisecond, python: time.Millisecond},
			{about: "d", failed: errors.New("closed"), python: time.Millisecond},
			{about: "e <f>", ours: time.Millisecond, missing: errors.New("old")},
		},
	}
	var out bytes.Buffer
	require.NoError(t, tab.text(&out))
	assert.Equal(t, `2026-11-22, linux/amd64, go1.26, 4 cores, Python 3.13.0

                                                   here       Python  Python / here
a                                                100 ns       250 ns            2.5
b                                               2.00 µs     24.00 µs             12
c                                               3.00 ms      1.00 ms           0.33
d                                                     -      1.00 ms              -
    not here: closed
e <f>                                           1.00 ms            -              -
    not there: old
`, out.String())
	assert.Contains(t, tab.markdown(), "| a | 100 ns | 250 ns | 2.5 |\n")
	valid(t, []byte(tab.picture()))
	assert.Contains(t, tab.picture(), "e &lt;f&gt;")
}
