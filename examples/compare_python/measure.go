package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pygil/pygil/gil"
)

// row is what an op takes on both sides; a side that could not do it has an error.
type row struct {
	about           string
	ours, python    time.Duration // once, the median
	failed, missing error         // why there is no time of ours, and none of Python's
}

// measure measures both sides in turns, so that what else the machine does hits both.
func measure(t *gil.Thread, p *python, o op, s settings) (r row) {
	var b bench
	do, err := o.open(t, &b)
	defer func() { r.failed = errors.Join(r.failed, b.close(t)) }()
	mine := func(n int) (time.Duration, error) {
		if err != nil {
			return 0, err
		}
		began := time.Now()
		count, err := do(t, n)
		took := time.Since(began)
		if err == nil && count != n {
			err = fmt.Errorf("did %d of %d", count, n)
		}
		return took, err
	}
	theirs := func(n int) (time.Duration, error) {
		if p == nil {
			return 0, errNoPython
		}
		return p.measure(o.name, n)
	}
	n, failed := enough(mine, s.slice)
	m, missing := enough(theirs, s.slice)
	r.failed, r.missing = failed, missing
	var ours, python []time.Duration
	for range s.rounds {
		if r.failed == nil {
			var took time.Duration
			took, r.failed = mine(n)
			ours = append(ours, took/time.Duration(n))
		}
		if r.missing == nil {
			var took time.Duration
			took, r.missing = theirs(m)
			python = append(python, took/time.Duration(m))
		}
	}
	r.ours, r.python = median(ours), median(python)
	return r
}

// enough is how often an op is to be done to take so long. The first time may open
// what the others use, and does not count.
func enough(do func(n int) (time.Duration, error), slice time.Duration) (int, error) {
	if _, err := do(1); err != nil {
		return 0, err
	}
	for n := 1; ; n *= 2 {
		took, err := do(n)
		if err != nil || took >= slice || n >= 1<<20 {
			return n, err
		}
	}
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[len(all)/2]
}
