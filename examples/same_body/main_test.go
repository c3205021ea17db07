package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("same_body", story)
	// Output:
	// same_body: Python 3.13, 4 cores, seed 1, simulated time
	//
	//                           result  seconds
	// a call                        25    0.100  par 1, conc 1
	// a thread                      25    0.100  par 1, conc 1
	// a process                     25    0.174  par 1, conc 2
	// a coroutine                   25    0.100  par 1, conc 1
	// a coroutine's thread          25    0.100  par 1, conc 2
	// a pool of threads             25    0.100  par 1, conc 1
	// a pool of processes           25    0.248  par 1, conc 5
	// an executor of threads        25    0.100  par 1, conc 1
	// an executor of processes      25    0.174  par 1, conc 3
}

func TestWays(t *testing.T) {
	show := cli.New(io.Discard)
	var got []any
	for _, w := range ways {
		n, _ := w.result(show, 5)
		got = append(got, n)
	}
	rows.Check(t, 137, got...)
}

// A Python without asyncio has the other ways.
func TestWithoutAsyncio(t *testing.T) {
	for _, python := range []string{"2.7", "jvm"} {
		var out strings.Builder
		require.NoError(t, cli.Perform(&out, "same_body", []string{"-profile", python}, story))
		assert.Equal(t, 2, strings.Count(out.String(), "Python "+python+" has none"), out.String())
		assert.Equal(t, len(ways)-2, strings.Count(out.String(), "    25 "), out.String())
	}
}
