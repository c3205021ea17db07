package gil_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

func TestRepr(t *testing.T) {
	var none *int
	seven := 7
	for want, v := range map[string]any{
		"None":                   nil,
		"True":                   true,
		"False":                  false,
		"42":                     42,
		"-1":                     int8(-1),
		"255":                    uint8(255),
		"1.0":                    1.0,
		"0.1":                    0.1,
		"1e+16":                  1e16,
		"1e-05":                  0.00001,
		"nan":                    math.NaN(),
		"-inf":                   math.Inf(-1),
		"'it'":                   "it",
		`"it's"`:                 "it's",
		`'it\'s "x"'`:            `it's "x"`,
		`'a\n\t\\\x00é'`:         "a\n\t\\\x00é",
		"b'ab'":                  []byte("ab"),
		"[42, None, 'hello']":    []any{42, nil, "hello"},
		"[]":                     []int(nil),
		"(1, 2)":                 [2]int{1, 2},
		"(1,)":                   [1]int{1},
		"{'a': [1], 'b': {}}":    map[string]any{"b": map[string]int{}, "a": []int{1}},
		"7":                      &seven,
		"None ":                  none,
		"1s":                     time.Second,
		"bad":                    errors.New("bad"),
		"[[1, 2], [3]]":          [][]int{{1, 2}, {3}},
		"{1: 'one'}":             map[int]string{1: "one"},
		"{-1: 0, 2: 0, 10: 0}":   map[int]int{10: 0, 2: 0, -1: 0},
		`b'\xff\x00\xc3\xa9\'"'`: []byte("\xff\x00é'\""),
		`b"'"`:                   []byte("'"),
		`'\x80\xa0\xad\u200b\ue000\U000e0001 é 世 😀'`: "\u0080\u00a0\u00ad\u200b\ue000\U000e0001 é 世 😀",
		`'\udcff \x7f \u2028'`:                       "\xff \x7f \u2028",
		"None  ":                                     (*gil.UncaughtError)(nil),
		"(1+2j)":                                     1 + 2i,
		"(1.5-2e+20j)":                               complex(1.5, -2e20),
		"2j":                                         2i,
		"(-0-0.5j)":                                  complex(math.Copysign(0, -1), -0.5),
		"(nan+infj)":                                 complex(math.NaN(), math.Inf(1)),
		"0j":                                         complex(0, 0),
	} {
		assert.Equal(t, strings.TrimRight(want, " "), gil.Repr(v))
	}
	assert.Equal(t, "it's", gil.Str("it's"))
	loop := []any{nil}
	loop[0] = loop
	assert.Contains(t, gil.Repr(loop), "...")
}

// TestPrintHasTwoReleasePoints: the text and the newline are two writes, so the
// lines of two threads can run into each other.
func TestPrintHasTwoReleasePoints(t *testing.T) {
	var out strings.Builder
	released := 0
	obs := gil.ObserverFunc(func(e gil.Event) {
		if e.Kind == gil.EvGILRelease && e.Why == gil.WhyIO {
			released++
		}
	})
	require.NoError(t, gil.NewMachine(2, gil.WithStdout(&out), gil.WithObserver(obs)).Run(gil.CPython313, func(t *gil.Thread) {
		t.Print("a", 1, []string{"b"})
	}))
	require.Equal(t, "a 1 ['b']\n", out.String())
	require.Equal(t, 2, released)
}
