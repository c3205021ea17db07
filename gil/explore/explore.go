package explore

import (
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// Run searches the interleavings of prog and reports what it found: all different
// failures, unless WithMaxFailures ends it earlier.
//
// prog runs once per schedule, on a main thread of its own; it must make the
// threads and objects it uses itself and do the same thing whenever it is run in
// the same interleaving.
func Run(prog func(t *gil.Thread), opts ...Option) *Report {
	s := newSearch(collect(opts))
	s.start = func() (func(*gil.Thread), func(int)) { return prog, nil }
	s.run()
	return &s.report
}

// Find returns the first failure that a search finds, nil when it finds none.
func Find(prog func(t *gil.Thread), opts ...Option) *Failure {
	r := Run(prog, append(opts[:len(opts):len(opts)], WithMaxFailures(1))...)
	if len(r.Failures) == 0 {
		return nil
	}
	return r.Failures[0]
}

// Outcome is one of the values that a program can end with.
type Outcome[T comparable] struct {
	Value    T        // what the program returned
	Count    int      // in how many schedules
	Schedule Schedule // one of them
}

// Outcomes returns every value that prog returns in some schedule of the search, in
// the order they were found. Schedules that fail have none.
func Outcomes[T comparable](prog func(t *gil.Thread) T, opts ...Option) []Outcome[T] {
	var out []Outcome[T]
	index := map[T]int{}
	s := newSearch(collect(opts))
	s.conf.workers = 1
	s.start = func() (func(*gil.Thread), func(int)) {
		var v T
		ended := false
		body := func(t *gil.Thread) {
			ended = false
			v = prog(t)
			ended = true
		}
		return body, func(int) {
			if !ended {
				return
			}
			i, ok := index[v]
			if !ok {
				i = len(out)
				index[v] = i
				out = append(out, Outcome[T]{Value: v, Schedule: s.runner.schedule()})
			}
			out[i].Count++
		}
	}
	s.run()
	return out
}

// search is one call of Run.
type search struct {
	conf   *config
	report Report
	// start makes a program for a worker, and what is called after each schedule
	// that did not fail.
	start  func() (prog func(*gil.Thread), passed func(n int))
	runner *runner // the first worker's

	seen   seen
	recent []int           // schedules that saw a new class
	known  map[string]bool // identities of the failures
	began  time.Time
}

func newSearch(c *config) *search {
	return &search{conf: c, known: map[string]bool{}}
}

// result is what is kept of one schedule.
type result struct {
	class   uint64
	steps   int
	failure *Failure
}

// run performs the whole search.
func (s *search) run() {
	s.began = time.Now()
	prog, passed := s.start()
	r := newRunner(prog, s.conf)
	s.runner = r
	defer r.close()
	strategy := s.conf.strategy
	if strategy == nil {
		strategy = Random()
	}
	s.report.Strategy = strategy.Name()
	c := newClasses()
	cover, _ := strategy.(covering)
	for n := 0; n < s.conf.maxSchedules && !s.over(); n++ {
		if !strategy.Start(n, kernel.Hash(s.conf.seed, uint64(n))) {
			break
		}
		err := r.run(strategy)
		res := result{class: c.of(r), steps: len(r.steps)}
		if err != nil {
			res.failure = r.failure(err, n)
		} else if passed != nil {
			passed(n)
		}
		if cover != nil {
			cover.ended(r)
		}
		s.add(n, res)
	}
	if cover != nil {
		all, part := cover.covered()
		s.report.Exhausted = all
		if !all && part > 0 {
			s.report.Estimate = float64(s.report.Schedules) / part
		}
	}
	s.conclude()
}

// over reports whether the search is to end before its budget is used up.
func (s *search) over() bool {
	return s.conf.maxFailures > 0 && len(s.report.Failures) >= s.conf.maxFailures || s.conf.ctx.Err() != nil
}

// add takes the result of schedule n into the report.
func (s *search) add(n int, res result) {
	p := &s.report
	p.Schedules++
	p.Steps += res.steps
	p.MaxSteps = max(p.MaxSteps, res.steps)
	if s.seen.add(res.class) {
		s.recent = append(s.recent, n)
	}
	if f := res.failure; f != nil {
		if id := identity(f.Err); !s.known[id] {
			s.known[id] = true
			p.Failures = append(p.Failures, f)
		}
	}
}

func (s *search) conclude() {
	p := &s.report
	p.Classes, p.Capped = len(s.seen.set), s.seen.capped
	for _, n := range s.recent {
		if n >= p.Schedules-p.Schedules/4 {
			p.Fresh++
		}
	}
	for _, f := range p.Failures {
		s.finish(f)
	}
	if !p.Failed() {
		s.audit()
	}
	p.Elapsed = time.Since(s.began)
}
