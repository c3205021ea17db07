package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

const additions = 3 // of each of the two threads

// addTwice has two threads count together, by n = f(n), and checks the count.
func addTwice(t *gil.Thread) {
	n := gil.NewVar("n", 0)
	add := func(t *gil.Thread) {
		for range additions {
			n.Update(t, func(v int) int { return v + 1 })
		}
	}
	gil.JoinAll(t, t.Go("a", add), t.Go("b", add))
	if got := n.Load(t); got != 2*additions {
		t.Errorf("n is %d, and should be %d", got, 2*additions)
	}
}

// The search of lesson 1 is small, and the same one everywhere.
var small = []explore.Option{explore.WithProfile(gil.CPython313), explore.WithSeed(1), explore.WithMaxSchedules(1000)}

// lost is lesson 1.
func lost(p *page) error {
	p.heading("1. A lost update: found, shrunk, replayed")
	p.text(`
Two threads, a and b, add 1 to n three times each. Here is the program as Python
has it. It is right in most runs, and can be wrong in any:

    def add():                 a, b = Thread(target=add), Thread(target=add)
        global n               a.start(); b.start()
        for _ in range(3):     a.join(); b.join()
            n = f(n)           assert n == 6

A search runs it in one order after the other, under the rules of Python 3.13.

`)
	done := p.busy("searching")
	found := explore.Find(addTwice, small...)
	done()
	if found == nil {
		return errors.New("no order loses an update, and one does")
	}
	p.printf("found:   a %s, in schedule %d, after %d switches that are not needed\n", found.Pattern, found.Schedules, len(found.Found.Deviations)-len(found.Schedule.Deviations))
	p.printf("shrunk:  %s, and the count is wrong\n\n", decision(found.Schedule))
	p.text(cutPlaces(found.Table()))
	p.printf("\n%s.\n", strings.Join(sentences(found), ".\n"))
	p.printf("\nThe schedule is a line of text. Whoever has it, and the program, performs the\nfailure again:\n\n    %v\n", found.Schedule)
	again := explore.Replay(addTwice, found.Schedule, small[0])
	if again == nil {
		return errors.New("the schedule does not fail again, and should")
	}
	p.printf("    %v\n", again.Err)
	return nil
}

// decision is the switches that a schedule makes where the current thread could have
// gone on.
func decision(s explore.Schedule) string {
	names := map[string]string{"0": "the main thread", "1": "a", "2": "b"} // in the order of their starts
	var all []string
	for _, d := range s.Deviations {
		all = append(all, fmt.Sprintf("before operation %d of %s, switch to %s", d.Op, names[d.Thread], names[d.Instead]))
	}
	return strings.Join(all, "; ")
}

// place is where something stands in the program, as failures have it.
var place = regexp.MustCompile(` *(?: \(|  )(?:taken at )?\w+\.go:\d+\)?`)

func cutPlaces(s string) string { return place.ReplaceAllString(s, "") }

// sentences are what a failure says about itself, without places.
func sentences(f *explore.Failure) (all []string) {
	for _, s := range f.Explanation {
		all = append(all, cutPlaces(s))
	}
	return all
}
