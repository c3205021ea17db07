package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/examples/preset"
)

func TestParse(t *testing.T) {
	w, err := parse(strings.NewReader("# pages\ncores 2\n\nstart 50ms # a fork\nswitch 5us\ntask count=2 rounds=3 compute=2ms wait=40ms\ntask wait=1s\n"))
	require.NoError(t, err)
	page := preset.Task{Rounds: 3, Hold: 2 * time.Millisecond, Wait: 40 * time.Millisecond}
	assert.Equal(t, work{
		Preset: preset.Preset{
			Tasks: []preset.Task{page, page, {Rounds: 1, Wait: time.Second}},
			Start: 50 * time.Millisecond, Switch: 5 * time.Microsecond,
		},
		Cores: 2,
	}, w)
}

// A description that makes no sense is refused with the line and the way out.
func TestParseWrong(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "0: no task; a line such as this is missing: task count=3 compute=2ms wait=40ms",
		"cores 4\n":                             "1: no task; a line such as this is missing: task count=3 compute=2ms wait=40ms",
		"cores\n":                               "1: cores: want one value behind it",
		"cores 0":                               `1: cores: "0": want a number from 1 to 1000`,
		"\ncores four":                          `2: cores: "four": want a number from 1 to 1000`,
		"start soon":                            `1: start: "soon": want a time such as 40ms or 1.5s, at most an hour`,
		"switch -1s":                            `1: switch: "-1s": want a time such as 40ms or 1.5s, at most an hour`,
		"tasks 3":                               `1: "tasks" is none of cores, start, switch and task`,
		"task":                                  "1: task: it does nothing; want compute= or wait=, such as wait=40ms",
		"task count=2":                          "1: task: it does nothing; want compute= or wait=, such as wait=40ms",
		"task 3":                                `1: "3" is none of count=, rounds=, compute= and wait=`,
		"task count=9999 wait=1s":               `1: count: "9999": want a number from 1 to 1000`,
		"task rounds=-1 wait=1s":                `1: rounds: "-1": want a number from 1 to 1000000`,
		"task compute=1 wait=1s":                `1: compute: "1": want a time such as 40ms or 1.5s, at most an hour`,
		"task wait=2h":                          `1: wait: "2h": want a time such as 40ms or 1.5s, at most an hour`,
		strings.Repeat("x", 1<<20):              "1: bufio.Scanner: token too long",
		"task count=1000 wait=1s\ntask wait=1s": "2: task: more than 1000 tasks",
	} {
		_, err := parse(strings.NewReader(text))
		assert.EqualError(t, err, want)
	}
}
