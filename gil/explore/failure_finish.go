package explore

import (
	"errors"
	"fmt"

	"github.com/pygil/pygil/gil"
)

// finish is called once for each distinct failure that a search has found, before
// it is handed out: the failure is performed twice more, shrunk and explained.
func (s *search) finish(f *Failure) {
	if s.finished++; s.finished > finishMost {
		f.Found = f.Schedule
		return
	}
	f.finish(s.runner.prog, s.conf.quietly())
	if r := s.runner; r.watched && (f.Kind == Livelock || f.Kind == Starvation) {
		_ = r.run(begin(newApplier(f.Schedule)))
		r.tell(f.Err)
	}
}

// quietly is the same without an observer, who is told of the schedules of a search or
// a replay and not of those that come after them.
func (c *config) quietly() *config {
	q := *c
	q.sandbox = append(q.sandbox[:len(q.sandbox):len(q.sandbox)], gil.WithObserver(nil))
	return &q
}

// finishMost is how many failures of one search are shrunk and explained: a
// program that fails in a thousand ways is not understood by reading them all.
const finishMost = 8

// finish makes a failure fit to be handed out.
func (f *Failure) finish(prog func(*gil.Thread), c *config) {
	f.Found = f.Schedule
	var d *Diagnosis
	if errors.As(f.Err, &d) && d.bound {
		return
	}
	r := newRunner(prog, c)
	defer r.close()
	if !f.confirm(r) {
		return
	}
	if f.Kind == StepLimit {
		f.endless(prog, c, true)
		return
	}
	_ = r.run(begin(newApplier(f.Schedule)))
	f.Schedule, f.Steps, f.Err = r.shrink(f.Schedule, f.Err, identity)
	f.explain(prog, c, r)
}

// begin starts a strategy.
func begin(s Strategy) Strategy {
	s.Start(0, 0)
	return s
}

// confirm performs the failing schedule twice. When the program does anything else
// than it did, that is the failure: nothing can be said about one that comes and
// goes.
func (f *Failure) confirm(r *runner) bool {
	var first []step
	var ends [2]error
	same := true
	for i := range ends {
		ends[i] = r.run(begin(newApplier(f.Schedule)))
		same = same && identity(ends[i]) == identity(f.Err) &&
			(f.Schedule.Fingerprint == 0 || r.fingerprint() == f.Schedule.Fingerprint)
		if i == 0 {
			first = append(first, r.steps...)
		}
	}
	if same && sameSteps(first, r.steps) {
		return true
	}
	f.Err = &Diagnosis{Kind: Nondeterminism, Text: fmt.Sprintf(
		"the program is not deterministic: the same schedule once ended with %q, then with %q and %q",
		firstLine(f.Err), firstLine(ends[0]), firstLine(ends[1]))}
	f.Kind, f.Schedule.Kind = Nondeterminism, Nondeterminism
	f.diverge(r)
	return false
}

func sameSteps(a, b []step) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].thread != b[i].thread || a[i].kind != b[i].kind || a[i].obj != b[i].obj {
			return false
		}
	}
	return true
}

// firstLine is the first line of an error, or the beginning of it.
func firstLine(err error) string {
	if err == nil {
		return "no failure"
	}
	const most = 120
	for i, c := range err.Error() {
		if c == '\n' || i > most {
			return err.Error()[:i] + " …"
		}
	}
	return err.Error()
}

// audit is called when a search has ended without a failure. It looks whether the
// program does the same thing when it is run in the same schedule again, without
// which nothing has been shown, and for updates that were lost although the
// program did not notice.
func (s *search) audit() {
	r := newRunner(s.runner.prog, s.conf.quietly())
	defer r.close()
	first := r.run(begin(s.example()))
	schedule, one := r.schedule(), append([]step(nil), r.steps...)
	same := true
	for n := range auditRepeats {
		again := r.run(begin(newApplier(schedule)))
		if same = sameSteps(one, r.steps) && identity(first) == identity(again); !same || (n+1)*len(one) > auditSteps {
			break
		}
	}
	if !same {
		f := &Failure{
			Kind: Nondeterminism, Schedule: schedule, Found: schedule, Schedules: s.report.Schedules, Steps: len(r.steps),
			Err: &Diagnosis{Kind: Nondeterminism, Text: "the program is not deterministic: it did two different things in the same schedule"},
		}
		f.Schedule.Kind = Nondeterminism
		f.diverge(r)
		s.report.Failures = append(s.report.Failures, f)
		return
	}
	if first != nil {
		return // an interleaving that the search has not met; it is not for the audit to report it
	}
	s.warn(r)
}

// The runs and operations that an audit may cost. The order of a map of three comes
// out the same three times in four, so a few repetitions would not do.
const (
	auditRepeats = 60
	auditRuns    = 300
	auditSteps   = 300_000
)

// suspicion is what the run just done, which has passed, is to be warned of, of the
// given kind.
func (r *runner) suspicion(k Kind) error {
	switch k {
	case LostUpdate:
		return r.lostUpdate()
	case LockOrder:
		return r.inverted()
	}
	return nil
}

// example is a strategy for schedules that are performed once more after the search: a
// random walk, but not if the search was for one interleaving.
func (s *search) example() Strategy {
	if f, ok := s.conf.strategy.(*handwritten); ok {
		return f
	}
	return Random()
}

// warn looks for lost updates and for locks in different orders in schedules that
// pass.
func (s *search) warn(r *runner) {
	known := make(map[string]bool)
	walk := s.example()
	runs, steps := min(auditRuns, s.conf.maxSchedules), 0
	if _, one := walk.(*handwritten); one {
		runs = 1
	}
	for n := 0; n < runs && steps < auditSteps && len(known) < 4; n++ {
		r.seed = s.conf.seed ^ uint64(n+1)*0x9e3779b97f4a7c15
		walk.Start(n, r.seed)
		if err := r.run(walk); err != nil {
			continue
		}
		steps += len(r.steps)
		found := r.schedule()
		for _, kind := range [2]Kind{LostUpdate, LockOrder} {
			if err := r.suspicion(kind); err != nil && !known[err.Error()] {
				known[err.Error()] = true
				s.report.Warnings = append(s.report.Warnings, s.warning(r, kind, err, found, n))
				_ = r.run(begin(newApplier(found)))
			}
		}
	}
}

// warning shrinks and explains a suspicion of the run just done, the n-th.
func (s *search) warning(r *runner, kind Kind, err error, found Schedule, n int) *Failure {
	f := &Failure{Kind: kind, Err: err, Schedule: found, Found: found, Schedules: n + 1, Steps: len(r.steps)}
	f.Schedule.Kind = kind
	f.Schedule, f.Steps, _ = r.shrink(f.Schedule, nil, func(err error) string {
		if err != nil {
			return "failed"
		}
		return fmt.Sprint(r.suspicion(kind))
	})
	f.explain(r.prog, s.conf, r)
	return f
}

// supervised performs the search and returns its report. When the program does not
// come back, nothing of what the search has found may be looked at.
func (s *search) supervised() *Report {
	f := s.conf.supervise(s.run)
	if f == nil {
		return &s.report
	}
	return &Report{Strategy: s.conf.strategyName(), Schedules: f.Schedules, Steps: f.Steps, Failures: []*Failure{f}}
}

func (c *config) strategyName() string {
	if c.strategy == nil {
		return "default"
	}
	return c.strategy.Name()
}
