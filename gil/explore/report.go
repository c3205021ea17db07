package explore

import (
	"fmt"
	"strings"
	"time"
)

// Report says what a search did.
type Report struct {
	Strategy  string        // its name
	Schedules int           // runs performed
	Steps     int           // operations performed in all of them
	MaxSteps  int           // of the longest run
	Failures  []*Failure    // the different ones, in the order they were found
	Warnings  []*Failure    // updates that were lost, and locks taken in different orders, in schedules that passed
	Plain     []*PlainRace  // what the race detector has reported, see WithPlainRaces
	Exhausted bool          // every interleaving was covered
	Fair      bool          // threads that only waited for others were held back: schedules in which they go on are not counted among all
	Classes   int           // happens-before classes seen: interleavings that differ in an order that matters
	Capped    bool          // there are more classes than were counted
	Fresh     int           // of them, seen first in the last quarter of the schedules
	Estimate  float64       // schedules that covering everything would take, 0 when unknown
	Bound     int           // of Preemptions, Delays and Sampling: everything up to it was covered, -1 if nothing was
	Blocked   int           // runs of DPOR that turned out to be redundant
	Elapsed   time.Duration // real time

	// PassedOver is the most operations in a row at which a thread could run and others
	// did, and Waiting that thread. It is looked at in one schedule of 64.
	PassedOver int
	Waiting    string
}

// Failed reports whether a failure was found.
func (r *Report) Failed() bool { return len(r.Failures) > 0 }

// String is one line about the search.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s schedules, %s steps, ", r.Strategy, thousands(r.Schedules), thousands(r.Steps))
	switch {
	case r.Exhausted && r.Failed():
		fmt.Fprintf(&b, "all %s classes explored, %d failures", thousands(r.Classes), len(r.Failures))
	case r.Exhausted:
		fmt.Fprintf(&b, "all %s classes explored", thousands(r.Classes))
	default:
		more := ""
		if r.Capped {
			more = "more than "
		}
		fmt.Fprintf(&b, "%s%s classes, %s of them new in the last quarter", more, thousands(r.Classes), thousands(r.Fresh))
		if r.Estimate > 0 {
			fmt.Fprintf(&b, ", about %.3g schedules in all", r.Estimate)
		}
		if r.Failed() {
			fmt.Fprintf(&b, ", %d failures", len(r.Failures))
		}
	}
	return b.String()
}

// thousands groups digits: 34 650.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
