package main

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/examples/internal/rows"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(rows.Main(m)) }

func Example() {
	cli.Example("bytecodes", story)
	// Output:
	// bytecodes: Python 3.13, 4 cores, seed 1, simulated time
	//
	// for i in range(m): n += 1
	// a dot is where the GIL may be given up
	//
	// Python 2.7: FOR_ITER• STORE_FAST LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL• JUMP_ABSOLUTE•
	//   a turn: 7 bytecodes, 5 ticks, 21ns; par 1, conc 1
	// Python 3.9: FOR_ITER• STORE_FAST LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL• JUMP_ABSOLUTE•
	//   a turn: 7 bytecodes, 0 ticks, 21ns; par 1, conc 1
	// Python 3.13: FOR_ITER STORE_FAST LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL JUMP_BACKWARD•
	//   a turn: 7 bytecodes, 0 ticks, 21ns; par 1, conc 1
	//
	// The interpreter's loop executes bytecodes, the processor executes that loop.
	// Up to 3.1 some of them are ticks, and 100 ticks made an interval; since then it is
	// a time.
}

var show = cli.New(io.Discard)

func TestTurn(t *testing.T) {
	old, today := executed(show.Under(gil.CPython27)), executed(show)
	rows.Check(t, 14, old.bytecodes, old.ticks, old.time.Nanoseconds(), today.bytecodes, today.ticks, executed(show.Under(gil.PyPy)).time < old.time)
}

// What is listed is what is executed. The JVM has other bytecodes.
func TestListed(t *testing.T) {
	same := func(python gil.Profile) bool {
		s := show.Under(python)
		l, c := listed(s), executed(s)
		return len(l) == c.bytecodes && l.Ticks() == c.ticks
	}
	rows.Check(t, 41, same(gil.CPython27), same(gil.CPython39), same(gil.CPython313))
	for _, p := range gil.Profiles() {
		if p.Name() != gil.JVM.Name() {
			assert.True(t, same(p), "%v", p)
		}
	}
	assert.Equal(t, 3*time.Nanosecond*time.Duration(len(listed(show))), executed(show).time)
}
