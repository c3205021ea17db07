package explore

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// search is one call of Run.
type search struct {
	conf   *config
	report Report
	// start makes a program for a worker, and what is called after each schedule
	// that did not fail.
	start  func() (prog func(*gil.Thread), passed func(n int))
	runner *runner // the first worker's
	crew   *worker // the first worker

	seen   seen
	recent []int           // schedules that saw a new class
	known  map[string]bool // identities of the failures
	began  time.Time

	looked   bool // some schedule has looked at the list of threads
	cut      bool // some schedule was ended by WithMaxSteps: what comes after that was not looked at
	finished int  // failures that were shrunk and explained
}

func newSearch(c *config) *search {
	return &search{conf: c, known: map[string]bool{}}
}

// run performs the whole search.
func (s *search) run() {
	s.began = time.Now()
	prog, passed := s.start()
	s.runner = newRunner(prog, s.conf)
	s.runner.box.KeepApart(s.conf.plain)
	defer s.runner.close()
	s.crew = s.hire(s.runner, passed)
	if s.conf.strategy != nil {
		s.use(s.conf.strategy)
	} else {
		s.byDefault()
	}
	s.conclude()
}

// use performs the search with one strategy.
func (s *search) use(strategy Strategy) {
	s.report.Strategy = strategy.Name()
	if !s.prepare(strategy) {
		return
	}
	if c, ok := strategy.(covering); ok {
		s.cover(strategy, c, s.conf.maxSchedules-s.report.Schedules)
		return
	}
	s.sample(strategy, s.conf.maxSchedules)
}

// prepare runs the first schedule for a strategy that has to know the program. It
// reports whether the search goes on.
func (s *search) prepare(strategy Strategy) bool {
	if l, ok := strategy.(learner); ok && !s.over() && s.conf.maxSchedules > 0 {
		s.add(0, s.crew.once(Random(), 0))
		l.learn(profileOf(s.runner))
	}
	return !s.over()
}

// The default search samples first, because most bugs are found by that at once,
// and then looks whether everything can be covered.
const (
	firstSamples = 100  // schedules before that
	coverPart    = 2    // one of so many of the schedules left may be spent on it
	coverLook    = 16   // after so many, twice as many and so on it is looked how far it is
	coverHopeful = 0.25 // abandoned, if that much of the space could not be covered
)

// byDefault is the search without WithStrategy.
func (s *search) byDefault() {
	mix := Portfolio()
	s.report.Strategy = mix.Name()
	if !s.prepare(mix) {
		return
	}
	s.sample(mix, min(firstSamples, s.conf.maxSchedules))
	budget := (s.conf.maxSchedules - s.report.Schedules) / coverPart
	if !s.over() && budget > 0 {
		d := &dpor{}
		if s.cover(d, d, budget); s.report.Exhausted {
			s.report.Strategy = d.Name()
			return
		}
	}
	s.sample(mix, s.conf.maxSchedules)
}

// cover runs at most so many schedules of a strategy that covers everything in the
// end.
func (s *search) cover(strategy Strategy, c covering, most int) {
	first := s.report.Schedules
	tentative := s.conf.strategy == nil // to be abandoned if it is hopeless
	if h, ok := strategy.(hurrier); ok {
		h.hurry(s.conf.earlyTimers)
	}
	look := coverLook
	for n := 0; n < most && !s.over(); n++ {
		if !strategy.Start(n, kernel.Hash(s.conf.seed, uint64(n))) {
			break
		}
		res := s.crew.perform(strategy, first+n)
		c.ended(s.runner)
		s.add(first+n, res)
		if tentative && n+1 == look {
			look *= 2
			if all, part := c.covered(); !all && part*float64(most)/float64(n+1) < coverHopeful {
				break
			}
		}
	}
	all, part := c.covered()
	p := &s.report
	p.Exhausted = all && !s.cut
	if !all && part > 0 {
		p.Estimate = float64(p.Schedules-first) / part
	}
	switch c := c.(type) {
	case *dpor:
		p.Blocked = c.repeated
		if c.diverged != nil {
			f := s.runner.failure(c.diverged, s.report.Schedules-1)
			f.Kind, f.Schedule.Kind = Nondeterminism, Nondeterminism
			s.fail(f)
		}
	case *bounded:
		p.Bound = c.within()
	}
}

// over reports whether the search is to end before its budget is used up.
func (s *search) over() bool {
	return s.conf.maxFailures > 0 && len(s.report.Failures) >= s.conf.maxFailures || s.conf.ctx.Err() != nil || s.conf.guard.abandoned.Load() ||
		s.runner.strays.any.Load() // more of them may come, and act as threads of later runs
}

// add takes the result of schedule n into the report.
func (s *search) add(n int, res result) {
	p := &s.report
	p.Schedules++
	p.Steps += res.steps
	p.MaxSteps = max(p.MaxSteps, res.steps)
	s.cut = s.cut || res.steps >= s.conf.maxSteps
	if int(res.passed) > p.PassedOver {
		p.PassedOver, p.Waiting = int(res.passed), res.waited
	}
	if s.seen.add(res.class) {
		s.recent = append(s.recent, n)
	}
	p.Fair = p.Fair || res.fair
	s.looked = s.looked || res.looked
	if res.raced != nil {
		p.Plain = append(p.Plain, res.raced)
	}
	if res.failure != nil {
		s.fail(res.failure)
	}
}

// fail takes a failure into the report if it is a new one.
func (s *search) fail(f *Failure) {
	if id := identity(f.Err); !s.known[id] {
		s.known[id] = true
		s.report.Failures = append(s.report.Failures, f)
	}
}

func (s *search) conclude() {
	p := &s.report
	p.Classes, p.Capped = s.seen.n, s.seen.capped
	for _, n := range s.recent {
		if n >= p.Schedules-p.Schedules/4 {
			p.Fresh++
		}
	}
	if !s.conf.raw && !s.conf.unread {
		for _, f := range p.Failures {
			s.finish(f)
		}
		if !p.Failed() {
			s.audit()
		}
	}
	p.Elapsed = time.Since(s.began)
	if s.conf.into != nil {
		*s.conf.into = p
	}
}
