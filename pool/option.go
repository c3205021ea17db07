package pool

import (
	"context"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
)

// An Option changes one setting of a pool, an executor, a task, a map or a shutdown.
// Each With function says where it has a meaning; anywhere else it is refused with a
// *gil.ValueError that says so. Nil options are skipped.
type Option interface {
	apply(c *config)
	// where returns the option's name and the calls it has a meaning for.
	where() (name string, sites site)
}

// A site is a set of calls that take options.
type site int

const (
	atThreads site = 1 << iota // what makes executors and pools of threads
	atProcesses
	atInterpreters
	atTask
	atMap
	atMapAsync
	atMapOn
	atIMap
	atShutdown

	atMaps     = atMap | atMapAsync | atMapOn | atIMap
	atLazyMaps = atMapOn | atIMap
)

func (s site) String() string {
	return map[site]string{
		atThreads: "workers that are threads", atProcesses: "workers that are processes", atInterpreters: "workers that have interpreters", atTask: "a task", atShutdown: "a shutdown",
		atMap: "a map", atMapAsync: "a map that nobody waits for", atMapOn: "MapOn", atIMap: "an imap",
	}[s]
}

type config struct {
	name       string
	initialize *initializer
	maxTasks   int
	maxPending int
	repanic    bool
	retries    int
	progress   func(done, total int)

	priority int
	limit    time.Duration
	chunk    int
	chunked  bool
	buffer   int
	timeout  time.Duration // forever for none
	group    *state        // of a lazy map, by which all its tasks are ended
	callback func(ctx context.Context, v any)
	failed   func(ctx context.Context, err error)

	nowait bool
	cancel bool

	pool bool // it is a Pool's
	site site // where it is set

	bad error
}

// over is the answer to what comes after the end.
func (c *config) over() error {
	if c.pool {
		return notRunning()
	}
	return shutDown()
}

// An initializer is what each worker runs first.
type initializer struct {
	local func(t *gil.Thread) error
	// name of a function that processes know, and its argument
	name string
	arg  any
}

func configure(s site, opts []Option) (config, error) {
	c := config{timeout: forever, site: s}
	for _, o := range opts {
		if o == nil {
			continue
		}
		name, sites := o.where()
		if sites&s == 0 {
			return c, badValue("", "%s has no meaning for %s", name, s)
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

// WithName sets what workers are called: threads, and interpreters, name_0, name_1 …,
// processes name-0, name-1 … By default it is the executor's kind and number. Python:
// thread_name_prefix.
func WithName(name string) Option {
	return setting{"WithName", atThreads | atProcesses | atInterpreters, func(c *config) { c.name = name }}
}

// WithInitializer has every worker call f with in before anything else. If one
// fails, nothing can be run: the executor or pool is broken, with that error.
// Python: initializer, initargs.
func WithInitializer[In, Out any](f Function[In, Out], in In) Option {
	return setting{"WithInitializer", atThreads | atProcesses | atInterpreters, func(c *config) {
		if mustFunction(f) != nil {
			c.bad = badValue("initializer must be a callable", "WithInitializer: the function is nil")
			return
		}
		i := &initializer{arg: in}
		run := local(f)
		i.local = func(t *gil.Thread) error {
			_, err := run(t, in)
			return err
		}
		if f, ok := f.(targeted); ok {
			i.name = f.Target().Name()
		}
		c.initialize = i
	}}
}

// WithMaxTasksPerChild replaces each worker after n tasks; a chunk of a map is one
// task. Python: maxtasksperchild, max_tasks_per_child.
func WithMaxTasksPerChild(n int) Option {
	return setting{"WithMaxTasksPerChild", atThreads | atProcesses | atInterpreters, func(c *config) {
		if n < 1 {
			python := "max_tasks_per_child must be >= 1"
			if c.pool {
				python = "maxtasksperchild must be a positive int or None"
			}
			c.bad = badValue(python, "WithMaxTasksPerChild(%d): at least 1", n)
		}
		c.maxTasks = n
	}}
}

// WithMaxPending bounds how many tasks may wait and run at once. With so many,
// Submit waits, with the GIL given up, and TrySubmit is refused with ErrFull. Maps
// wait too. Who waits for room notices the end of his context with real processes only. An
// InterpreterExecutor does not have it.
func WithMaxPending(n int) Option {
	return setting{"WithMaxPending", atThreads | atProcesses, func(c *config) {
		if n < 1 {
			c.bad = badValue("", "WithMaxPending(%d): at least 1", n)
		}
		c.maxPending = n
	}}
}

// WithRepanic has Result panic with the *PanicError of a task that panicked, instead
// of returning it.
func WithRepanic() Option {
	return setting{"WithRepanic", atThreads | atProcesses | atInterpreters | atTask, func(c *config) { c.repanic = true }}
}

// WithRetries has a task that was running when its worker died run again, on another
// one, up to n times. It is for tasks that may be done twice.
func WithRetries(n int) Option {
	return setting{"WithRetries", atProcesses | atTask | atMaps, func(c *config) {
		if n < 0 {
			c.bad = badValue("", "WithRetries(%d): must not be negative", n)
		}
		c.retries = n
	}}
}

// WithPriority lets a task, or the tasks of a map, go before all that wait with a
// lower priority; 0 unless given. Tasks of one priority keep their order.
func WithPriority(p int) Option {
	return setting{"WithPriority", atTask | atMaps, func(c *config) { c.priority = p }}
}

// WithTaskTimeout ends a task that runs for longer than d: its error matches
// ErrTimeout, and its process is replaced. That a process starts, with its
// initializer, takes none of this time. A thread cannot be ended; there the
// option is refused.
func WithTaskTimeout(d time.Duration) Option {
	return setting{"WithTaskTimeout", atTask | atMaps, func(c *config) {
		if d <= 0 {
			c.bad = badValue("", "WithTaskTimeout(%v): must be positive", d)
		}
		c.limit = d
	}}
}

// WithChunkSize sets how many items of a map travel, and run, as one task. The
// default of a Pool's Map is a quarter of a worker's share, that of other maps 1.
// Python: chunksize.
func WithChunkSize(n int) Option {
	return setting{"WithChunkSize", atMaps, func(c *config) {
		if n < 1 {
			python := "chunksize must be >= 1."
			if c.site == atIMap {
				python = fmt.Sprintf("Chunksize must be 1+, not %d", n)
			}
			c.bad = badValue(python, "WithChunkSize(%d): at least 1", n)
		}
		c.chunk, c.chunked = n, true
	}}
}

// WithBufferSize sets how many tasks of a lazy map may have been submitted and not
// been yielded. Python: buffersize (3.14).
func WithBufferSize(n int) Option {
	return setting{"WithBufferSize", atLazyMaps, func(c *config) {
		if n < 1 {
			c.bad = badValue("buffersize must be None or > 0", "WithBufferSize(%d): at least 1", n)
		}
		c.buffer = n
	}}
}

// WithTimeout bounds how long a map may take from its call. Python: timeout.
func WithTimeout(d time.Duration) Option {
	return setting{"WithTimeout", atMap | atMapOn, func(c *config) { c.timeout = max(d, 0) }}
}

// WithProgress has fn called each time items of a map are done: with how many are, and
// of how many. It is called by one worker at a time, and should not take long. See Bar.
func WithProgress(fn func(done, total int)) Option {
	return setting{"WithProgress", atMap | atMapAsync | atIMap, func(c *config) { c.progress = fn }}
}

// WithCallback has fn called with the result of ApplyAsync or MapAsync when it is
// there, before whoever waits for it goes on. Python: callback.
func WithCallback[T any](fn func(ctx context.Context, v T)) Option {
	return setting{"WithCallback", atTask | atMap | atMapAsync, func(c *config) {
		if fn == nil {
			return // as with Python's None
		}
		c.callback = func(ctx context.Context, v any) {
			x, _ := v.(T)
			fn(ctx, x)
		}
	}}
}

// WithErrorCallback is WithCallback for an error. Python: error_callback.
func WithErrorCallback(fn func(ctx context.Context, err error)) Option {
	return setting{"WithErrorCallback", atTask | atMap | atMapAsync, func(c *config) { c.failed = fn }}
}

// WithWait says whether a shutdown waits for the workers to end; it does unless told
// otherwise. Python: wait.
func WithWait(wait bool) Option {
	return setting{"WithWait", atShutdown, func(c *config) { c.nowait = !wait }}
}

// WithCancelFutures has a shutdown cancel what has not begun. Python: cancel_futures.
func WithCancelFutures() Option {
	return setting{"WithCancelFutures", atShutdown, func(c *config) { c.cancel = true }}
}
