package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/exits"
)

// Main runs a program that has children. It is the first thing that main does:
//
//	func main() { process.Main(run) }
//
// In a child, Main runs the function that the child was started for, and does not
// return. Otherwise it runs run on the main thread of an interpreter and, when run
// and the threads that are no daemons have ended, ends the children: daemons are
// terminated, the others joined. That happens also when run panicked, returned an
// error, or called [Exit]. Then Main returns if all is well; if not, it reports
// the error on stderr and ends the program with exit code 1, or what Exit was
// given.
//
// The package's documentation says what happens at SIGINT and SIGTERM.
// Options: [WithProfile], [WithoutSignals].
// Python: if __name__ == '__main__', and what the interpreter does at its end.
func Main(run func(t *gil.Thread) error, opts ...Option) {
	cfg := enter(atMain, opts)
	stop := func() {}
	if !cfg.aloof {
		stop = mainInterrupt()
	}
	code, returned := 1, false
	defer func() {
		if !returned { // run's goroutine exits, by Exit or by runtime.Goexit
			endChildren()
			exits.Run()
			stop()
			os.Exit(requested(1))
		}
	}()
	var failed error
	main, err := boot(gil.ExceptHook(nil), func(t *gil.Thread) { failed = run(t) })
	returned = true
	switch {
	case main.Failure() != nil: // its panic was reported
	case failed != nil:
		complain(failed.Error())
	default:
		code = 0
	}
	var stuck *gil.StuckError
	if errors.As(err, &stuck) {
		complain(stuck.Error())
	}
	endChildren()
	exits.Run()
	stop()
	if code != 0 {
		os.Exit(code)
	}
}

// TestMain runs the tests of a package that have children:
//
//	func TestMain(m *testing.M) { process.TestMain(m) }
//
// In a child it runs the function that the child was started for, and does not
// return. Otherwise it runs the tests and ends the program. Tests that pass and
// leave children running have failed. When the tests die, by their time limit for
// example, all their children end; see [WithEndWithParent]. In a race build
// children end without the second of sleep that the race detector adds, unless
// GORACE is set.
// Options: [WithProfile], [WithoutSignals], [WithCheck], [WithStrict].
func TestMain(m interface{ Run() int }, opts ...Option) {
	cfg := enter(atTestMain, opts)
	family.bind = true
	hurry()
	code := m.Run()
	for _, p := range family.active() {
		if code == 0 {
			complain("process: the tests passed and left " + p.String() + " running: join it, or terminate it")
			code = 1
		}
		_ = p.Kill()
		_ = p.Join(context.Background())
	}
	if cfg.strict && fullRun() {
		cfg.checks = append(cfg.checks, func() error { return strictly(&cfg) })
	}
	for _, check := range cfg.checks {
		if code != 0 {
			break
		}
		if err := check(); err != nil {
			complain(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}

// enter is what Main and TestMain begin with. In a child it does not return.
func enter(s site, opts []Option) config {
	seal()
	cfg, err := configure(s, opts)
	if err != nil {
		panic(err)
	}
	family.entered.Store(true)
	if inherited != nil {
		inherited.live()
	}
	family.aloof, family.profile = cfg.aloof, cfg.profile
	return cfg
}

// WithProfile says which Python the interpreter of [Main], and those of the
// children, emulate; gil.CPython313 unless it is given. Children of [TestMain]
// have its profile.
func WithProfile(p gil.Profile) Option {
	return setting{"WithProfile", atMain | atTestMain, func(c *config) {
		c.profile = p.Name() + " " + p.Rule().String()
		if _, err := parseProfile(c.profile); err != nil {
			c.bad = err
		}
	}}
}

// parseProfile is the inverse of what WithProfile writes down.
func parseProfile(text string) (gil.Profile, error) {
	if text == "" {
		return gil.CPython313, nil
	}
	name, rule, _ := strings.Cut(text, " ")
	kind, argument, _ := strings.Cut(strings.TrimSuffix(rule, ")"), "(")
	p, err := gil.LookupProfile(name)
	if err != nil {
		if name != rule { // not one of FromRule, which are named after it
			return p, err
		}
		p = gil.AnyBytecode
	}
	switch n, d := 0, time.Duration(0); kind {
	case "None":
		if !p.FreeThreaded() {
			p = gil.FromRule(gil.None())
		}
		return p, nil
	case "Interval":
		if d, err = time.ParseDuration(argument); err != nil {
			break
		}
		if name == rule {
			return gil.FromRule(gil.Interval(d)), nil
		}
		return p.WithSwitchInterval(d), nil
	default:
		if n, err = strconv.Atoi(argument); err != nil {
			break
		}
		switch {
		case kind == "Ticks":
			return gil.FromRule(gil.Ticks(n)), nil
		case name == rule:
			return gil.FromRule(gil.Legacy(n)), nil
		}
		return p.WithCheckInterval(n), nil
	}
	return p, fmt.Errorf("process: the profile %q is not understood: %w", text, err)
}

// boot runs an interpreter with the program's profile and returns its main
// thread, which has ended. A nil hook is the usual one.
func boot(hook gil.ExceptHook, main func(t *gil.Thread)) (*gil.Thread, error) {
	p, err := parseProfile(family.profile)
	if err != nil {
		return nil, err
	}
	var opts []gil.Option
	if hook != nil {
		opts = append(opts, gil.WithExceptHook(hook))
	}
	i := gil.New(p, opts...)
	err = i.Run(main)
	return i.Main(), err
}

// perform runs a target the way it wants: on the main thread of an interpreter of
// its own, or plainly. Its panic becomes an error.
func perform(ctx context.Context, t *target, call func(ctx context.Context) (any, error)) (v any, err error) {
	if !t.threaded {
		defer func() {
			if x := recover(); x != nil {
				v, err = nil, panicked(x, debug.Stack())
			}
		}()
		return call(ctx)
	}
	report := func(t *gil.Thread, u *gil.UncaughtError) {
		if t != t.Interpreter().Main() { // that one's is the process's
			complain(fmt.Sprintf("Exception in thread %s:\n%v\n%s", u.Thread, u.Value, u.Stack))
		}
	}
	main, ran := boot(report, func(t *gil.Thread) { v, err = call(t) })
	if main == nil {
		return nil, ran
	}
	var u *gil.UncaughtError
	switch failure := main.Failure(); {
	case errors.As(failure, &u):
		return nil, panicked(u.Value, u.Stack)
	case failure != nil:
		return nil, failure
	}
	var stuck *gil.StuckError
	if errors.As(ran, &stuck) {
		complain(stuck.Error())
	}
	return v, err
}

func panicked(value any, stack []byte) error {
	return &PanicError{Process: current().Name(), Value: fmt.Sprint(value), Stack: string(stack)}
}

// onMainThread reports whether ctx is, or comes from, the main thread of its
// interpreter. Nothing is known of goroutines that are no threads.
func onMainThread(ctx context.Context) bool {
	t, ok := gil.Current(ctx)
	return !ok || t == t.Interpreter().Main()
}
