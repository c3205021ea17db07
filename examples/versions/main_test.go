package main

import (
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/versions/behaviours"
	"github.com/pygil/pygil/examples/versions/races"
	"github.com/pygil/pygil/examples/versions/timing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the page anew")

// The page is what the program says: each line of it, or in short runs some.
func TestPage(t *testing.T) {
	rows := races.Table()
	if testing.Short() {
		rows = append(rows[:2:2], rows[len(rows)-4:]...)
	}
	tables, differences := timing.Tables(), behaviours.Table()
	switch {
	case raceDetector:
		tables, differences = nil, differences[1:4]
	case testing.Short():
		for i := range tables {
			tables[i].Rows = tables[i].Rows[:2]
		}
	}
	var b strings.Builder
	page(&b, rows)
	b.WriteByte('\n')
	timingPage(&b, tables)
	b.WriteByte('\n')
	behavioursPage(&b, differences)
	if *update {
		require.False(t, testing.Short())
		require.NoError(t, os.WriteFile("README.md", []byte(b.String()), 0o600))
	}
	bytes, err := os.ReadFile("README.md")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(bytes), "\r\n", "\n")
	if !testing.Short() {
		assert.Equal(t, text, b.String())
	}
	for _, line := range strings.SplitAfter(b.String(), "\n") {
		if strings.HasPrefix(line, "|") {
			line = regexp.MustCompile(` \(\d+\)`).ReplaceAllString(line, "") // numbers of notes
			assert.Contains(t, regexp.MustCompile(` \(\d+\)`).ReplaceAllString(text, ""), line)
		}
	}
	assert.NotContains(t, b.String(), " ? |")
	assert.Contains(t, b.String(), "| `while i < n: g += 1; i += 1` | updates are lost | ✗ | ✗ | ✗ | ✗ | ✗ | · | · | · | · | · | ✗ |")
}

func TestTable(t *testing.T) {
	var b strings.Builder
	table(&b, races.Table()[:1])
	assert.Contains(t, b.String(), "\ninc-for                  ✗     ✗     ✗     ✗     ✗     ·     ·     ·     ·     ·     ✗   for _ in range(n): g += 1\n")
}

func TestTimingTable(t *testing.T) {
	tables := timing.Tables()[:1]
	tables[0].Rows = tables[0].Rows[:1]
	var b strings.Builder
	timingTable(&b, tables)
	assert.Regexp(t, `\n0 threads compute +µs +200 \(\d+\) +180 \(\d+\) +202 \(\d+\) +183 \(\d+\)\n`, b.String())
}

func TestBehavioursTable(t *testing.T) {
	var b strings.Builder
	behavioursTable(&b, behaviours.Table()[1:2])
	assert.Contains(t, b.String(), "\n    2.7: there is none; 3.6 to 3.14: 1µs; 3.13t to 3.14t: 1µs\n")
}

func TestOne(t *testing.T) {
	var b strings.Builder
	require.NoError(t, run(&b, []string{"swap", "3.9"}))
	assert.Contains(t, b.String(), "a, b = b, a under 3.9: a and b are the same")
	assert.Contains(t, b.String(), "⤷ preempted")
	b.Reset()
	require.NoError(t, run(&b, []string{"swap", "3.10"}))
	assert.Contains(t, b.String(), "classes explored")
	assert.ErrorContains(t, run(&b, []string{"swop", "3.10"}), "no program is called swop")
	assert.ErrorContains(t, run(&b, []string{"swap", "4.0"}), "4.0")
	assert.ErrorContains(t, run(&b, []string{"a", "b", "c"}), "give nothing")
}
