package gil_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
)

func ExampleProfile_Disassemble() {
	for _, p := range []gil.Profile{gil.CPython27, gil.CPython313} {
		l, err := p.Disassemble("n += 1")
		fmt.Println(p, l, l.Ticks(), err)
	}
	// Output:
	// 2.7 LOAD_GLOBAL• LOAD_CONST INPLACE_ADD• STORE_GLOBAL• 3 <nil>
	// 3.13 LOAD_GLOBAL LOAD_CONST BINARY_OP(+=) STORE_GLOBAL 0 <nil>
}

// listedBodies are what threads do for the statements: so many turns of a loop.
var listedBodies = map[string]func(t *gil.Thread, turns int){
	"n += 1": func(t *gil.Thread, turns int) {
		n := gil.NewVar("n", 0)
		for range turns {
			gil.Add(t, n, 1)
		}
	},
	"n = f(n)": func(t *gil.Thread, turns int) {
		n := gil.NewVar("n", 0)
		for range turns {
			n.Update(t, func(n int) int { return n })
		}
	},
	"for i in range(m): pass": func(t *gil.Thread, turns int) {
		for range gil.Range(t, turns) {
			continue
		}
	},
	"for i in range(m): n += 1": func(t *gil.Thread, turns int) {
		n := gil.NewVar("n", 0)
		for range gil.Range(t, turns) {
			gil.Add(t, n, 1)
		}
	},
}

// What is listed is what is executed: a bytecode takes a nanosecond here, and a tick
// one from the budget.
func TestListedIsExecuted(t *testing.T) {
	for _, p := range gil.Profiles() {
		for statement, body := range listedBodies {
			run := func(turns int) (took time.Duration, ticks int64) {
				m := gil.NewMachine(1, gil.WithTickCost(10*time.Nanosecond))
				require.NoError(t, m.Run(p, func(t *gil.Thread) { body(t, turns) }))
				return m.Now(), m.Interpreter().Stats().Threads[0].Ticks
			}
			l, err := p.Disassemble(statement)
			require.NoError(t, err)
			few, before := run(1000)
			many, after := run(2000)
			if statement == "n = f(n)" && l.Ticks() > 0 {
				continue // the ticks of a call are those of its frame, and take a time of their own
			}
			if p.Name() != "pypy" && p.Name() != "jvm" && !p.FreeThreaded() { // those have a speed of their own
				assert.Equal(t, 1000*len(l), int((many-few)/(10*time.Nanosecond)), "%v: %s: %v", p, statement, l)
			}
			if l.Ticks() > 0 {
				assert.Equal(t, int64(1000*l.Ticks()), after-before, "%v: %s: %v", p, statement, l)
			}
		}
	}
}

func TestListings(t *testing.T) {
	for _, p := range gil.Profiles() {
		for _, s := range gil.Statements() {
			l, err := p.Disassemble(s)
			require.NoError(t, err)
			require.NotEmpty(t, l, "%v: %s", p, s)
		}
	}
	_, err := gil.CPython39.Disassemble("import this")
	var bad *gil.ValueError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "n += 1; n = f(n)")
	require.Panics(t, func() { _, _ = gil.Profile{}.Disassemble("n += 1") })
}

func TestStartMethods(t *testing.T) {
	for p, want := range map[gil.Profile]gil.StartMethod{
		gil.CPython27: gil.Fork, gil.CPython313: gil.Fork, gil.CPython313T: gil.Fork, gil.PyPy: gil.Fork,
		gil.CPython314: gil.ForkServer, gil.CPython314T: gil.ForkServer, gil.JVM: gil.Spawn,
	} {
		assert.Equal(t, want, p.StartMethod(), "%v", p)
	}
}

func TestMachineInterpreter(t *testing.T) {
	m := gil.NewMachine(1)
	require.Nil(t, m.Interpreter())
	var inside *gil.Interpreter
	require.NoError(t, m.Run(gil.CPython313, func(t *gil.Thread) {
		inside = m.Interpreter()
		t.Emulate("child", func(t *gil.Thread) { t.Compute(time.Second) }).Join(t)
		t.Compute(time.Second)
	}))
	require.Same(t, inside, m.Interpreter())
	require.Equal(t, "MainThread", m.Interpreter().Stats().Threads[0].Name)
	require.GreaterOrEqual(t, m.Interpreter().Stats().Held, time.Second)
}
