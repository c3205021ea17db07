package process

import (
	"fmt"
	"strings"
)

// An Option changes one setting of a process, or of the whole program in [Main]
// and [TestMain]. Each With function says where it has a meaning; anywhere else
// it is refused with an error that says so. Nil options are skipped.
type Option interface {
	apply(c *config)
	// where returns the option's name and the calls it has a meaning for.
	where() (name string, sites site)
}

// A site is a set of calls that take options.
type site int

const (
	atProcess site = 1 << iota // New, Start, Call
	atMain
	atTestMain
	atPython
)

func (s site) String() string {
	return map[site]string{atProcess: "a process", atMain: "Main", atTestMain: "TestMain", atPython: "Python"}[s]
}

type config struct {
	name    string
	named   bool
	daemon  *bool
	bound   *bool
	program string
	args    []string // of a Python
	profile string
	aloof   bool // leaves signals alone
	strict  bool
	except  []string
	checks  []func() error
	bad     error
}

// configure applies opts, all of which must have a meaning at s.
func configure(s site, opts []Option) (config, error) {
	var c config
	for _, o := range opts {
		if o == nil {
			continue
		}
		name, sites := o.where()
		if sites&s == 0 {
			return c, invalid("", "%s has no meaning for %s", name, s)
		}
		if o.apply(&c); c.bad != nil {
			return c, c.bad
		}
	}
	return c, nil
}

type setting struct {
	name  string
	sites site
	set   func(c *config)
}

func (o setting) apply(c *config)       { o.set(c) }
func (o setting) where() (string, site) { return o.name, o.sites }

// WithName names a process; by default it is Process-N. The name stands in
// reports, tracebacks and String. Python: Process(name=…).
func WithName(name string) Option {
	return setting{"WithName", atProcess, func(c *config) { c.name, c.named = name, true }}
}

// WithDaemon makes a process a daemon: it is terminated when this process ends,
// ends by itself when this process dies, and can have no children of its own.
// Python: Process(daemon=True).
func WithDaemon() Option {
	return setting{"WithDaemon", atProcess, func(c *config) { yes := true; c.daemon = &yes }}
}

// WithEndWithParent says whether a process ends by itself when its parent has
// died, however that died. By default a daemon does and others do not; they run
// on as Python's do, and can ask [Parent]. In tests, below [TestMain], all do.
func WithEndWithParent(end bool) Option {
	return setting{"WithEndWithParent", atProcess, func(c *config) { c.bound = &end }}
}

// WithExecutable starts the program in a file instead of the one that runs. It has
// to define the same functions; a child that finds others says so and ends with
// code 1. For [Python] it names the Python.
// Python: multiprocessing.set_executable.
func WithExecutable(path string) Option {
	return setting{"WithExecutable", atProcess | atPython, func(c *config) { c.program = path }}
}

// WithoutSignals makes [Main], or [TestMain], leave SIGINT alone in this process
// and in its children, for programs that have a policy of their own. Given to a
// process it does so for that one: until the target says otherwise, SIGINT ends it
// as it ends any program, which ExitCode tells.
func WithoutSignals() Option {
	return setting{"WithoutSignals", atMain | atTestMain | atProcess, func(c *config) { c.aloof = true }}
}

// WithCheck has [TestMain] call fn after tests that passed, when no child is left;
// its error fails the run. It is the place for goleak.Find.
func WithCheck(fn func() error) Option {
	return setting{"WithCheck", atTestMain, func(c *config) { c.checks = append(c.checks, fn) }}
}

// WithStrict makes [TestMain] fail a full run (no -run, -skip, -short, …) that
// passed and in which some defined function was never started, the named ones
// excepted: a helper that nobody uses any more is a mistake.
func WithStrict(except ...string) Option {
	return setting{"WithStrict", atTestMain, func(c *config) {
		c.strict, c.except = true, append(c.except, except...)
	}}
}

// strictly checks what WithStrict asks for.
func strictly(c *config) error {
	if names := unused(c.except); len(names) > 0 {
		return fmt.Errorf("process: no test started %s: remove it, or name it in WithStrict", strings.Join(names, ", "))
	}
	return nil
}
