package explore

import "github.com/pygil/pygil/gil"

// Run searches the interleavings of prog and reports what it found: all different
// failures, unless WithMaxFailures ends it earlier.
//
// prog runs once per schedule, on a main thread of its own; it must make the
// threads and objects it uses itself and do the same thing whenever it is run in
// the same interleaving.
func Run(prog func(t *gil.Thread), opts ...Option) *Report {
	s := newSearch(collect(opts))
	s.start = func() (func(*gil.Thread), func(int)) { return prog, nil }
	return s.supervised()
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
// the order they were found. Schedules that fail have none. It panics with a
// *Diagnosis when the program gets stuck.
func Outcomes[T comparable](prog func(t *gil.Thread) T, opts ...Option) []Outcome[T] {
	var out []Outcome[T]
	index := map[T]int{}
	s := newSearch(collect(opts))
	s.conf.workers, s.conf.unread = 1, true
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
	if r := s.supervised(); len(r.Failures) == 1 && r.Failures[0].Kind == Stuck {
		panic(r.Failures[0].Err)
	}
	return out
}
