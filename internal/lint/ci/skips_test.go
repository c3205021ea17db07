package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSkipsNeedConditionsATestAndAReason(t *testing.T) {
	for text, want := range map[string]string{
		"no-python | a/TestX":         `1: want “conditions | folder/Test | reason”, have "no-python | a/TestX"`,
		"\n# x\n | a/TestX | why":     `3: want “conditions | folder/Test | reason”, have "| a/TestX | why"`,
		"no-pyton | a/TestX | why":    `1: nothing knows the condition "no-pyton"`,
		"always | a/TestX | why":      `1: nothing knows the condition "always"`,
		"linux no- | a/TestX | why":   `1: nothing knows the condition "no-"`,
		"no-python | a/Test( | why":   "1: error parsing regexp: missing closing ): `^(?:a/Test()$`",
		"no-python3 | a/TestX | why":  `1: nothing knows the condition "no-python3"`,
		"no-linux | a/TestX | why\nx": `2: want “conditions | folder/Test | reason”, have "x"`,
	} {
		_, err := parseSkips(text)
		assert.EqualError(t, err, want)
	}
}

func TestAllow(t *testing.T) {
	list, err := parseSkips(`
no-python           | a/TestPython(/.*)?  | asks Python
no-python3.14       | a/Test314|b/Test314 | asks 3.14
no-linux            | a/TestLinux         | futexes
short no-root       | a/TestBoth          | both are needed
short               | a/TestTwice         | first line
race                | a/TestTwice         | second line
no-python3.13t      | a/TestFree          | asks 3.13t
`)
	require.NoError(t, err)
	for _, c := range []struct {
		test, facts string
		line        int
		why         string
	}{
		{"a/TestPython", "linux", 2, ""},
		{"a/TestPython/3.12", "", 2, ""},
		{"a/TestPython", "linux python", 0, "line 2 of the list allows it with no-python only, and that does not hold here"},
		{"a/TestPythons", "", 0, "no line of the list names it"},
		{"x/a/TestPython", "", 0, "no line of the list names it"},
		{"b/Test314", "python python3.12", 3, ""},
		{"b/Test314", "python python3.14", 0, "line 3 of the list allows it with no-python3.14 only, and that does not hold here"},
		{"a/TestLinux", "linux", 0, "line 4 of the list allows it with no-linux only, and that does not hold here"},
		{"a/TestLinux", "", 4, ""},
		{"a/TestBoth", "short", 5, ""},
		{"a/TestBoth", "short root", 0, "line 5 of the list allows it with no-root only, and that does not hold here"},
		{"a/TestBoth", "", 0, "line 5 of the list allows it with short only, and that does not hold here"},
		{"a/TestTwice", "race", 7, ""},
		{"a/TestTwice", "race short", 6, ""},
		{"a/TestFree", "python3.13", 8, ""},
	} {
		f, err := parseFacts(c.facts)
		require.NoError(t, err)
		i, why := allow(list, f, c.test)
		assert.Equal(t, c.why, why, "%s with %q", c.test, c.facts)
		if c.why == "" && assert.GreaterOrEqual(t, i, 0) {
			assert.Equal(t, c.line, list[i].Line, "%s with %q", c.test, c.facts)
		}
	}
}
