// Package rows holds, once, what the examples have to show: 146 rows, each a claim
// about concurrency in Python with the values that a check has to find, and 18
// claims that are wrong. An example's test hands over what it got:
//
//	rows.Check(t, 48, took)
//
// It fails when that is not what the row states. Main, in a package's TestMain,
// fails when a row that the package's tests name was not checked; the index, a test
// of package examples, fails for a row that no test names. So a row that is listed
// was checked wherever `go test ./...` passes.
package rows

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// A Row is a claim, and what a check of it has to find.
type Row struct {
	Number int
	Claim  string
	Facts  []Fact
}

// A Fact is one value: what it is, and the value as a text.
type Fact struct{ What, Want string }

// String is the fact as the index has it.
func (f Fact) String() string { return f.What + ": " + f.Want }

// row makes a Row. A fact is written "what = value".
func row(number int, claim string, facts ...string) Row {
	r := Row{Number: number, Claim: claim}
	for _, f := range facts {
		at := strings.LastIndex(f, " = ")
		if at < 0 {
			panic(fmt.Sprintf("rows: row %d: %q has no value; write what = value", number, f))
		}
		r.Facts = append(r.Facts, Fact{f[:at], f[at+3:]})
	}
	return r
}

// All returns the rows in their order.
func All() []Row {
	var all []Row
	for _, part := range [][]Row{words, theGIL, computing, waiting, costs, sharing, coroutines, stories, bypassing, demands} {
		all = append(all, part...)
	}
	return all
}

// find returns a row by its number.
func find(number int) (Row, bool) {
	for _, r := range All() {
		if r.Number == number {
			return r, true
		}
	}
	return Row{}, false
}

// TB is what Check needs of a *testing.T.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check fails tb unless got are the values of the row's facts, in their order, and
// notes that the row was checked. A time is compared in seconds and a number with a
// fraction to as many digits as the fact has; everything else as it prints.
func Check(tb TB, number int, got ...any) {
	tb.Helper()
	r, ok := find(number)
	if !ok {
		tb.Errorf("rows: there is no row %d", number)
		return
	}
	note(number)
	compare(tb, fmt.Sprint("row ", number), r.Facts, got)
}

// compare fails tb for each fact whose value is another one.
func compare(tb TB, name string, facts []Fact, got []any) {
	tb.Helper()
	if len(got) != len(facts) {
		tb.Errorf("rows: %s states %d values and was given %d", name, len(facts), len(got))
		return
	}
	for i, f := range facts {
		if text := format(got[i], f.Want); text != f.Want {
			tb.Errorf("%s, %s: got %s, the row says %s", name, f.What, text, f.Want)
		}
	}
}

// format writes got the way want is written.
func format(got any, want string) string {
	switch v := got.(type) {
	case time.Duration:
		return format(v.Seconds(), want)
	case float64:
		digits := 0
		if _, fraction, ok := strings.Cut(want, "."); ok {
			digits = len(fraction)
		}
		return strconv.FormatFloat(v, 'f', digits, 64)
	}
	return fmt.Sprint(got)
}

// Opened are the rows that nothing shows yet, with the reason.
func Opened() map[int]string { return maps.Clone(open) }
