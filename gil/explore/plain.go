package explore

// WithPlainRaces says whether the race detector, in a test built with -race, is to
// see the program's plain Go variables as they are without the GIL. It then reports
// two accesses that only the GIL orders, on their lines: those of a schedule whenever
// that schedule is performed, but the same two lines only once in a process. Without
// -race it has no effect, nor has it on a search that [WithSandbox] gives an observer.
// Package giltest does it unless it is told not to.
//
// What orders is what waits, and everything made of it: starting and joining a thread,
// locks, events, conditions, queues. A [gil.Var], a List and a Dict order like Go's
// atomics: who reads what another thread has written knows what that has done before.
// Sleeping, printing and ticks order nothing.
//
// Emulated processes and pipes, and contexts with a deadline, are not judged: from
// the first use of one on, everything in the run counts as ordered. So does what
// threads do that are ended because the run is over.
func WithPlainRaces(on bool) Option { return optionFunc(func(c *config) { c.plain = on }) }

// PlainRace says that the race detector has reported accesses of plain Go variables.
type PlainRace struct {
	Schedule Schedule // in which they happened, as it was found
	Number   int      // of the schedule in the search, from 1
}

// judged performs a run and returns what the race detector has reported in it, nil
// for nothing. The detector counts for the whole process: with workers, or tests in
// parallel, it may have been in another run.
func (r *runner) judged(s Strategy, n int) (raced *PlainRace, err error) {
	before := reported()
	err = r.run(s)
	if reported() != before && r.conf.plain {
		raced = &PlainRace{Schedule: r.schedule(), Number: n + 1}
	}
	return raced, err
}
