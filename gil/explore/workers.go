package explore

import (
	"runtime"
	"sync"

	"github.com/pygil/pygil/internal/kernel"
)

// result is what is kept of one schedule.
type result struct {
	class   uint64
	steps   int
	passed  int32  // operations at which some thread could have run in vain, where it was looked
	waited  string // that thread
	fair    bool   // the fair filter held a thread back
	looked  bool   // the program has looked at the list of threads
	raced   *PlainRace
	failure *Failure // nil also when the worker has reported the same one before
}

// worker runs schedules.
type worker struct {
	search  *search
	runner  *runner
	classes *classes
	passed  func(n int)
	known   map[string]bool // failures it has reported
	hasty   hasty
	passing passing
	worst   int32 // the longest of this worker's
}

func (s *search) hire(r *runner, passed func(int)) *worker {
	return &worker{search: s, runner: r, classes: newClasses(), passed: passed, known: map[string]bool{}}
}

// once runs schedule number n of a strategy.
func (w *worker) once(strategy Strategy, n int) result {
	strategy.Start(n, kernel.Hash(w.search.conf.seed, uint64(n)))
	return w.perform(strategy, n)
}

// hurried is the strategy with timers that fire early, if they are to.
func (w *worker) hurried(strategy Strategy, n int) Strategy {
	if _, all := strategy.(covering); all || !w.search.conf.earlyTimers {
		return strategy
	}
	w.hasty.begin(strategy, kernel.Hash(w.search.conf.seed, uint64(n)))
	return &w.hasty
}

// perform runs the schedule that the strategy has begun, number n of the search.
func (w *worker) perform(strategy Strategy, n int) result {
	w.runner.seed = kernel.Hash(w.search.conf.seed^0xd7aa, uint64(n))
	looks := n%measured == 0
	if looks {
		w.passing.reset()
		w.runner.measure = &w.passing
	}
	raced, err := w.runner.judged(w.hurried(strategy, n), n)
	r := w.runner
	res := result{raced: raced, class: w.classes.of(r), steps: len(r.steps), fair: r.fair != nil && r.fair.used, looked: r.looked}
	if looks {
		w.runner.measure = nil
		if res.passed = w.passing.longest; res.passed > w.worst {
			w.worst, res.waited = res.passed, w.runner.nameOf(w.passing.who)
		}
	}
	if err != nil {
		if id := identity(err); !w.known[id] {
			w.known[id] = true
			res.failure = w.runner.failure(err, n)
		}
	} else if w.passed != nil {
		w.passed(n)
	}
	return res
}

// blockSize is how many schedules a worker takes at a time.
const blockSize = 64

// block is a row of schedules, and then their results.
type block struct {
	number, lo, hi int
	results        []result
	exited         bool // the worker's goroutine is exiting: the program called FailNow of a real test
}

// sample runs schedules until there are so many in all.
func (s *search) sample(strategy Strategy, until int) {
	c, ok := strategy.(cloner)
	if s.conf.workers > 1 && ok && until-s.report.Schedules > blockSize {
		s.share(c, until)
		return
	}
	for n := s.report.Schedules; n < until && !s.over(); n++ {
		if !strategy.Start(n, kernel.Hash(s.conf.seed, uint64(n))) {
			return
		}
		s.add(n, s.crew.perform(strategy, n))
	}
}

// share divides the schedules among workers. What one of them does in a schedule
// depends on its number only, and results are taken in the order of the numbers, so
// the report is the same whoever did what. Schedules beyond the one that ends the
// search are forgotten.
func (s *search) share(c cloner, until int) {
	jobs := make(chan block)
	done := make(chan block)
	var crew sync.WaitGroup
	workers := min(s.conf.workers, (until-s.report.Schedules+blockSize-1)/blockSize) // more would find nothing to do
	for i := range workers {
		w := s.crew
		if i > 0 {
			prog, passed := s.start()
			r := newRunner(prog, s.conf)
			r.box.KeepApart(s.conf.plain)
			w = s.hire(r, passed)
		}
		strategy := c.Clone()
		crew.Go(func() {
			finished := false
			defer func() {
				if i > 0 {
					w.runner.close()
				}
				if !finished {
					done <- block{exited: true}
				}
			}()
			for b := range jobs {
				for n := b.lo; n < b.hi; n++ {
					b.results = append(b.results, w.once(strategy, n))
				}
				done <- b
			}
			finished = true
		})
	}
	defer func() {
		close(jobs)
		crew.Wait()
		s.runner.observed = s.looked // and not what this worker alone has come across
	}()
	early := map[int]block{} // results that came before those of a lower number
	next, merged, lo := 0, 0, s.report.Schedules
	flying, gone := 0, false
	defer func() {
		if gone {
			runtime.Goexit() // as it would have without workers
		}
	}()
	for {
		out := jobs
		var b block
		switch {
		case !gone && !s.over() && lo < until && next < merged+4*workers:
			b = block{number: next, lo: lo, hi: min(lo+blockSize, until)}
		case flying == 0:
			return
		default:
			out = nil
		}
		select {
		case out <- b:
			next, lo, flying = next+1, b.hi, flying+1
			continue
		case b = <-done:
			flying--
		}
		if b.exited {
			gone = true
			continue
		}
		early[b.number] = b
		for b, ok := early[merged]; ok; b, ok = early[merged] {
			delete(early, merged)
			merged++
			for i, res := range b.results {
				if s.over() {
					break
				}
				s.add(b.lo+i, res)
			}
		}
	}
}
