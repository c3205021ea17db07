package main

import (
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("battle", story)
	// Output:
	// battle: Python 3.13, 4 cores, seed 1, simulated time
	//
	// Two threads that compute     times as long as   failed
	// Python  cores                one after the other  wake-ups
	// 2.7         1                              1.00         1
	// 2.7         2                              1.94     58352
	// 3.13        1                              1.01         0
	// 3.13        2                              1.01         0
	//
	// Up to 3.1 the thread that gives the GIL up takes it again before the one that
	// was woken on the other core is there.
	//
	// An answer that needs 0.02 ms takes 0.02 ms alone (par 1, conc 1),
	// 5.02 ms beside a thread that computes (par 1, conc 2):
	// after each wait the GIL has to be won back, which takes an interval.
}

var show = cli.New(io.Discard)

func TestBattle(t *testing.T) {
	old1, _ := versus(show.Under(gil.CPython27).On(1))
	old2, a := versus(show.Under(gil.CPython27).On(2))
	new2, _ := versus(show.On(2))
	rows.Check(t, 28, old1, old2 > 1, a.Stats.FailedWakeups > 0, math.Floor(new2*100)/100)
	rows.Check(t, 29, old2 > 1.2, new2 >= 1 && new2 < 1.015)
}

// Each kind of GIL has its own sentence about why an answer takes as long as it does.
func TestBecause(t *testing.T) {
	for python, sentence := range map[string]string{
		"2.7":   "free only for the moment in\nwhich the other thread has given it up",
		"3.13":  "which takes an interval.",
		"3.13t": "there is no GIL to be won back.",
	} {
		var out strings.Builder
		require.NoError(t, cli.Perform(&out, "battle", []string{"-profile", python}, story))
		assert.Contains(t, out.String(), sentence, python)
	}
	// And what the sentences say is so.
	in := func(python gil.Profile) time.Duration {
		late, _ := answers(show.Under(python), true)
		return late
	}
	assert.Less(t, in(gil.CPython313T), 100*time.Microsecond)
	assert.Greater(t, in(gil.CPython313), 5*time.Millisecond)
	assert.Greater(t, in(gil.CPython27), 100*time.Microsecond)
}

func TestAnswers(t *testing.T) {
	alone, _ := answers(show, false)
	beside, _ := answers(show, true)
	rows.Check(t, 44, beside.Seconds()*1000, alone < 100*time.Microsecond)
}
