package giltest

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pygil/pygil/gil/explore"
)

// setting is one of the flags, with its variable.
type setting struct{ flag, variable, usage string }

var (
	seed      = declare("seed", "what the search draws from")
	schedules = declare("schedules", "how many schedules are tried (10000, with -short 1000)")
	strategy  = declare("strategy", "how schedules are chosen: random, pct[:depth], pos, urw, surw, dfs, dpor, preemptions:bound, delays:bound, sampling:bound, portfolio")
	replay    = declare("replay", "the schedule to perform instead of a search")
	timeout   = declare("timeout", "how long a program may run without an operation (10s)")
)

var values = make(map[string]*string)

// declare registers a flag. Its values are texts, so that one that was not given is
// known from one that was, and a bad one is reported by the test that needs it.
func declare(name, usage string) setting {
	s := setting{"giltest." + name, "GILTEST_" + strings.ToUpper(name), usage}
	values[s.flag] = flag.String(s.flag, "", usage)
	return s
}

// text is what the flag says, or else its variable; empty for neither.
func (s setting) text() string {
	if v := *values[s.flag]; v != "" {
		return v
	}
	return os.Getenv(s.variable)
}

// given is where text comes from, for messages.
func (s setting) given() string {
	if *values[s.flag] != "" {
		return "-" + s.flag
	}
	return s.variable
}

func (s setting) bad(what string) error {
	return fmt.Errorf("giltest: %s=%q: %s", s.given(), s.text(), what)
}

// shortSchedules is how many schedules a search tries with -short.
const shortSchedules = 1000

// options are the test's own with what the flags and variables say.
func options(opts []explore.Option) ([]explore.Option, error) {
	out := make([]explore.Option, 0, len(opts)+6)
	out = append(out, explore.WithPlainRaces(true))
	if testing.Testing() && testing.Short() {
		out = append(out, explore.WithMaxSchedules(shortSchedules))
	}
	out = append(out, opts...)
	if seed.text() != "" {
		n, err := seedOf()
		if err != nil {
			return nil, err
		}
		out = append(out, explore.WithSeed(n))
	}
	if v := schedules.text(); v != "" {
		n, err := strconv.Atoi(strings.ReplaceAll(v, "_", ""))
		if err != nil || n < 1 {
			return nil, schedules.bad("want a number from 1")
		}
		out = append(out, explore.WithMaxSchedules(n))
	}
	if v := timeout.text(); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d <= 0 {
			return nil, timeout.bad("want a duration such as 10s")
		}
		out = append(out, explore.WithPatience(d))
	}
	if v := strategy.text(); v != "" {
		s, err := lookup(v)
		if err != nil {
			return nil, strategy.bad(err.Error())
		}
		out = append(out, explore.WithStrategy(s))
	}
	return out, nil
}

// seedOf is the seed, 0 if none was given.
func seedOf() (uint64, error) {
	v := seed.text()
	if v == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(v, 0, 64)
	if err != nil {
		return 0, seed.bad("want a number of 64 bits")
	}
	return n, nil
}

// lookup finds a strategy by its name.
func lookup(text string) (explore.Strategy, error) {
	name, number, numbered := strings.Cut(text, ":")
	n := 0
	if numbered {
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not a number", number)
		}
	}
	plain := map[string]func() explore.Strategy{
		"random": explore.Random, "pos": explore.POS, "urw": explore.URW, "surw": explore.SURW,
		"dfs": explore.DFS, "dpor": explore.DPOR, "portfolio": func() explore.Strategy { return explore.Portfolio() },
	}
	counted := map[string]struct {
		of    func(int) explore.Strategy
		usual int
	}{
		"pct": {explore.PCT, 0}, "preemptions": {explore.Preemptions, 2}, "delays": {explore.Delays, 2}, "sampling": {explore.Sampling, 2},
	}
	if c, ok := counted[name]; ok {
		if !numbered {
			n = c.usual
		}
		return c.of(n), nil
	}
	if of, ok := plain[name]; ok {
		if numbered {
			return nil, fmt.Errorf("%s takes no number", name)
		}
		return of(), nil
	}
	return nil, fmt.Errorf("want one of random, pct, pos, urw, surw, dfs, dpor, preemptions, delays, sampling, portfolio")
}
