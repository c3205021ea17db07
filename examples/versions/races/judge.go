package races

import (
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// Tried is the program of the row as package explore wants it: what goes wrong is a
// failed assertion.
func (r Row) Tried(t *gil.Thread) {
	if r.Program(t) {
		t.Errorf("%s", r.Breaks)
	}
}

// Verdict is what became of a row's program under one Python.
type Verdict struct {
	Failure *explore.Failure // an interleaving in which it goes wrong, nil if there is none
	Report  *explore.Report  // of the search through all of them, if there is none
}

// Certain reports whether the verdict is proved: by an interleaving, or by all.
func (v Verdict) Certain() bool { return v.Failure != nil || v.Report.Exhausted }

// Judge looks for an interleaving of the row's program that goes wrong under p, in
// all there are.
func (r Row) Judge(p gil.Profile) Verdict {
	rep := explore.Run(r.Tried, explore.WithProfile(p), explore.WithStrategy(explore.DPOR()),
		explore.WithMaxSchedules(100_000), explore.WithMaxFailures(1))
	v := Verdict{Report: rep}
	if len(rep.Failures) > 0 {
		v.Failure = rep.Failures[0]
	}
	return v
}
