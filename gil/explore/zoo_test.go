package explore_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// exhibit is a program of the zoo: a classic bug and what is right.
type exhibit struct {
	name        string
	bad, good   func(t *gil.Thread)
	kind        explore.Kind // how the bad one fails, NoFailure if in several ways
	classes     int          // happens-before classes of the bad one, 0 if too many to count
	goodClasses int          // and of the good one
	within      int          // schedules in which the default search is to find the bug: the median of 20 seeds
	slow        bool         // its classes are counted only without -short
}

// fails ends the thread like a failed assertion.
func must(t *gil.Thread, ok bool, format string, args ...any) {
	if !ok {
		t.Errorf(format, args...)
		t.FailNow()
	}
}

// together runs the functions as threads and joins them.
func together(t *gil.Thread, fns ...func(t *gil.Thread)) {
	ts := make([]*gil.Thread, len(fns))
	for i, fn := range fns {
		ts[i] = t.Go(fmt.Sprint("t", i+1), fn)
	}
	gil.JoinAll(t, ts...)
}

// crowd is n times the same function, given its number.
func crowd(n int, fn func(t *gil.Thread, i int)) []func(t *gil.Thread) {
	fns := make([]func(t *gil.Thread), n)
	for i := range fns {
		fns[i] = func(t *gil.Thread) { fn(t, i) }
	}
	return fns
}

var zoo = slices.Concat(zooOrders, zooLocks, zooFree, zooLevels, zooClassics)

// TestZooFound has the default search find every bug of the zoo within its target.
func TestZooFound(t *testing.T) {
	seeds := 20
	if testing.Short() {
		seeds = 7
	}
	if raceDetector {
		seeds = 3
	}
	for _, e := range zoo {
		if raceDetector && e.within > 60 {
			continue
		}
		t.Run(e.name, func(t *testing.T) {
			at := medianFirst(t, e, seeds, 20*e.within+100)
			t.Logf("found after %v schedules", at)
			if !raceDetector { // too few seeds for a median
				assert.LessOrEqual(t, at[len(at)/2], e.within)
			}
		})
	}
}

// medianFirst runs searches with several seeds and returns after how many schedules
// they found the failure, sorted.
func medianFirst(t *testing.T, e exhibit, seeds, most int, opts ...explore.Option) []int {
	var at []int
	for seed := range seeds {
		n := most + 1
		all := append([]explore.Option{explore.WithSeed(uint64(seed)), explore.WithMaxSchedules(most), explore.WithMaxFailures(1)}, opts...)
		if r := explore.Run(e.bad, append(all, explore.Raw())...); r.Failed() {
			if e.kind != explore.NoFailure {
				require.Equal(t, e.kind, r.Failures[0].Kind, "%v", r.Failures[0].Err)
			}
			n = r.Failures[0].Schedules
		}
		at = append(at, n)
	}
	slices.Sort(at)
	return at
}

// TestZooExhausted covers the programs of the zoo with one schedule per class, those
// whose classes have been counted to the last. In none does a good one fail.
func TestZooExhausted(t *testing.T) {
	for _, e := range zoo {
		if e.slow && (testing.Short() || raceDetector) {
			continue
		}
		for _, half := range []struct {
			name    string
			prog    func(t *gil.Thread)
			classes int
		}{{"bad", e.bad, e.classes}, {"good", e.good, e.goodClasses}} {
			if half.classes == 0 && half.name == "bad" || raceDetector && (half.classes > 600 || e.within > 60) {
				continue
			}
			t.Run(e.name+"/"+half.name, func(t *testing.T) {
				most := 2 * half.classes
				if half.classes == 0 {
					most = 1000
				}
				r := explore.Run(half.prog, explore.WithStrategy(explore.DPOR()), explore.WithMaxSchedules(most), explore.WithMaxSteps(5000), explore.Raw())
				t.Log(r, r.Elapsed, r.Blocked)
				if half.name == "good" {
					require.Empty(t, r.Failures)
				}
				if half.classes > 0 {
					assert.True(t, r.Exhausted)
					assert.Equal(t, half.classes, r.Classes)
				}
				assert.Equal(t, r.Classes, r.Schedules-r.Blocked, "redundant schedules")
				if !r.Fair { // see TestEarlyBlocked
					assert.Zero(t, r.Blocked)
				}
			})
		}
	}
}

// TestZooTable prints, when ZOO_TABLE is set and in soaks, the table of the package's
// documentation: the median of how many schedules each strategy needs.
func TestZooTable(t *testing.T) {
	if os.Getenv("ZOO_TABLE") == "" && os.Getenv("CI_SOAK") != "1" {
		t.Skip("takes minutes; ZOO_TABLE=. prints it")
	}
	only := os.Getenv("ZOO_TABLE")
	strategies := []func() explore.Strategy{
		nil, explore.Random, func() explore.Strategy { return explore.PCT(3) }, explore.POS, explore.URW, explore.SURW,
		func() explore.Strategy { return explore.Preemptions(2) }, func() explore.Strategy { return explore.Delays(3) },
	}
	for _, e := range zoo {
		if ok, _ := regexp.MatchString(only, e.name); !ok {
			continue
		}
		row := fmt.Sprintf("%-24s", e.name)
		for i, s := range strategies {
			const most = 2000
			seeds := 20
			var opts []explore.Option
			if s != nil {
				opts = append(opts, explore.WithStrategy(s()))
			}
			if i >= 6 {
				seeds = 1
			}
			cell := "-"
			if at := medianFirst(t, e, seeds, most, opts...); at[len(at)/2] <= most {
				cell = fmt.Sprint(at[len(at)/2])
			}
			row += fmt.Sprintf("%7s", cell)
		}
		fmt.Println(row)
	}
}
