package explore

import (
	"context"
	"io"
	"time"

	"github.com/pygil/pygil/gil"
)

// Option changes a search.
type Option interface{ apply(*config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// config is what the options say.
type config struct {
	strategy     Strategy
	maxSchedules int
	maxSteps     int
	maxFailures  int
	seed         uint64
	profile      gil.Profile
	races        bool
	plain        bool
	leaks        bool
	strict       bool
	patience     time.Duration
	guard        *guard
	nearby       int
	unfair       bool
	earlyTimers  bool
	kills        int
	raw          bool     // failures are left as they were found
	unread       bool     // nobody looks at the report, but for a program that is stuck
	into         **Report // where to leave the report
	workers      int
	ctx          context.Context
	sandbox      []gil.Option
}

// DefaultSchedules is how many schedules a search runs when WithMaxSchedules does
// not say otherwise.
const DefaultSchedules = 10_000

// DefaultSteps is how long a run may be when WithMaxSteps does not say otherwise.
const DefaultSteps = 100_000

func collect(opts []Option) *config {
	c := &config{
		maxSchedules: DefaultSchedules,
		maxSteps:     DefaultSteps,
		profile:      gil.AnyBytecode,

		workers: 1,
		ctx:     context.Background(),
		sandbox: []gil.Option{gil.WithStdout(io.Discard)}, // what is printed thousands of times says nothing
	}
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// WithStrategy searches with s. The default is Portfolio().
func WithStrategy(s Strategy) Option { return optionFunc(func(c *config) { c.strategy = s }) }

// WithMaxSchedules ends the search after n schedules, DefaultSchedules if it is
// not given; a search of 0 performs none. A budget is a count, never a time, so that the same seed is the same
// search.
func WithMaxSchedules(n int) Option { return optionFunc(func(c *config) { c.maxSchedules = n }) }

// WithMaxSteps makes a run of more than n operations a failure of kind StepLimit,
// or Livelock where that is what it is. The default is DefaultSteps.
func WithMaxSteps(n int) Option { return optionFunc(func(c *config) { c.maxSteps = n }) }

// WithMaxFailures ends the search when it has found n different failures. Without it,
// and when n is 0, it goes on.
func WithMaxFailures(n int) Option { return optionFunc(func(c *config) { c.maxFailures = n }) }

// WithSeed sets what the strategies draw from. The same seed gives the same search.
func WithSeed(seed uint64) Option { return optionFunc(func(c *config) { c.seed = seed }) }

// WithProfile explores the program as that Python would run it: switches come only
// where it looks whether to switch. The default is gil.AnyBytecode.
func WithProfile(p gil.Profile) Option { return optionFunc(func(c *config) { c.profile = p }) }

// WithRaces makes two accesses of one variable that nothing orders, one of them a
// write, a failure of kind Race.
func WithRaces() Option { return optionFunc(func(c *config) { c.races = true }) }

// WithStrictReplay makes Replay fail where the program does anything else than the
// recorded run did.
func WithStrictReplay() Option { return optionFunc(func(c *config) { c.strict = true }) }

// WithoutFairness takes the fair filter away, which by default stands in front of
// every strategy and keeps loops that wait for another thread from going on for
// ever.
func WithoutFairness() Option { return optionFunc(func(c *config) { c.unfair = true }) }

// WithWorkers runs up to n schedules at a time, each on a goroutine and in a
// sandbox of its own. The result is the same as with one. Strategies whose
// schedules build on each other, such as DFS and DPOR, use one worker.
//
// The program must not share Go variables between its runs.
func WithWorkers(n int) Option { return optionFunc(func(c *config) { c.workers = n }) }

// WithContext ends the search when ctx is done; it is looked at between schedules. It
// panics when ctx is nil.
func WithContext(ctx context.Context) Option {
	if ctx == nil {
		panic("explore: WithContext: the context is nil; leave the option out, or give context.Background()")
	}
	return optionFunc(func(c *config) { c.ctx = ctx })
}

// WithSandbox passes options of package gil to the worlds in which the program
// runs: an observer, an except hook, a writer for its output.
func WithSandbox(opts ...gil.Option) Option {
	return optionFunc(func(c *config) { c.sandbox = append(c.sandbox, opts...) })
}
