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

// Judge looks for an interleaving of the row's program that goes wrong under p. DPOR
// finds one soonest. That there is none is shown by the plain walk through all there
// are, which needs no argument about which of them come to the same.
func (r Row) Judge(p gil.Profile) (v Verdict) {
	for _, s := range []explore.Strategy{explore.DPOR(), explore.DFS()} {
		v.Report = explore.Run(r.Tried, explore.WithProfile(p), explore.WithStrategy(s),
			explore.WithMaxSchedules(100_000), explore.WithMaxFailures(1))
		if len(v.Report.Failures) > 0 {
			v.Failure = v.Report.Failures[0]
			return v
		}
	}
	return v
}
