package rows

import (
	"flag"
	"fmt"
	"go/build"
	"os"
	"slices"
	"sync"
)

// checked are the rows that were checked in this run, the wrong claims as negative
// numbers.
var checked struct {
	sync.Mutex
	rows map[int]bool
}

func note(number int) {
	checked.Lock()
	defer checked.Unlock()
	if checked.rows == nil {
		checked.rows = map[int]bool{}
	}
	checked.rows[number] = true
}

// M is what Main needs of a *testing.M.
type M interface{ Run() int }

type main struct{ m M }

// Main returns m with one more test at its end: every row that the test files of
// this folder check must have been checked. A run of some of the tests, as -run
// asks for, is let off.
func Main(m M) M { return main{m} }

func (m main) Run() int {
	code := m.m.Run()
	if code != 0 || partial() {
		return code
	}
	named, err := Named(".", true)
	if err != nil {
		fmt.Fprintln(os.Stderr, "rows:", err)
		return 1
	}
	for _, missing := range Missing(named) {
		fmt.Fprintf(os.Stderr, "rows: %s was not checked, though %s says so\n", name(missing.Number), missing.Test)
		code = 1
	}
	return code
}

// Missing returns those of the named checks that were not made in this run.
func Missing(named []Mention) []Mention {
	checked.Lock()
	defer checked.Unlock()
	return slices.DeleteFunc(slices.Clone(named), func(n Mention) bool { return checked.rows[n.Number] })
}

func name(number int) string {
	if number < 0 {
		return fmt.Sprint("W", -number)
	}
	return fmt.Sprint("row ", number)
}

// partial reports whether this run was asked for some of the tests only, for none,
// or to list them.
func partial() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return true
		}
	}
	return false
}

// built reports whether a file belongs to the build for this computer.
func built(dir, file string) bool {
	ok, err := build.Default.MatchFile(dir, file)
	return ok && err == nil
}
