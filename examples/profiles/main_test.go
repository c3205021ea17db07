package main

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The README shows this table.
func Example() {
	table(cli.New(os.Stdout, two), gil.Profiles())
	// Output:
	// profile  rule            n += 1   n = f(n)   with lock: n += 1
	// 2.7      Legacy(100)     LOST     LOST       whole
	// 3.1      Legacy(100)     LOST     LOST       whole
	// 3.2      Interval(5ms)   LOST     LOST       whole
	// 3.6      Interval(5ms)   LOST     LOST       whole
	// 3.7      Interval(5ms)   LOST     LOST       whole
	// 3.8      Interval(5ms)   LOST     LOST       whole
	// 3.9      Interval(5ms)   LOST     LOST       whole
	// 3.10     Interval(5ms)   whole    LOST       whole
	// 3.11     Interval(5ms)   whole    LOST       whole
	// 3.12     Interval(5ms)   whole    LOST       whole
	// 3.13     Interval(5ms)   whole    LOST       whole
	// 3.14     Interval(5ms)   whole    LOST       whole
	// 3.13t    None()          LOST     LOST       whole
	// 3.14t    None()          LOST     LOST       whole
	// pypy     Interval(5ms)   whole    LOST       whole
	// jvm      None()          LOST     LOST       whole
	// any      Interval(5ms)   LOST     LOST       whole
}
