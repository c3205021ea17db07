package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// often is how often a program's threads do their step.
func (c *call) often(usual int) int {
	if c.times > 0 {
		return c.times
	}
	return usual
}

// an account is what one run took.
type account struct {
	took  time.Duration
	par   int // most threads that computed at one instant; simulated only
	conc  int // most that had begun and not ended; simulated only
	stats gil.Stats
	err   error
}

// perform runs the program of the command line once.
func (c *call) perform(python gil.Profile) (a account, err error) {
	p, err := lookup(c.flags.Arg(0))
	if err != nil {
		return account{}, err
	}
	prog := p.of(c.often(p.many))
	counted := func(t *gil.Thread) {
		began := t.Now()
		defer func() { a.took, a.stats = t.Now()-began, t.Interpreter().Stats() }()
		prog(t)
	}
	opts := []gil.Option{gil.WithStdout(c.out), gil.WithSeed(c.show.Seed), gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})}
	if c.show.Live {
		a.err = gil.Live(opts...).Run(python, counted)
		return a, nil
	}
	m := gil.NewMachine(c.show.Cores, append(opts, gil.Measured())...)
	a.err = m.Run(python, counted)
	a.took, a.par, a.conc = m.Now(), m.Par(), m.Conc()
	return a, nil
}

// runs is the command run.
func runs(c *call) error {
	a, err := c.perform(c.show.Python)
	if err != nil {
		return err
	}
	if c.show.Live {
		fmt.Fprintf(c.out, "%s, Python %v, for real\ntime %v", c.flags.Arg(0), c.show.Python, a.took)
	} else {
		fmt.Fprintf(c.out, "%s, Python %v, simulated, %d cores, seed %d\ntime %v, par %d, conc %d",
			c.flags.Arg(0), c.show.Python, c.show.Cores, c.show.Seed, a.took, a.par, a.conc)
	}
	if !c.show.Python.FreeThreaded() {
		fmt.Fprintf(c.out, ", GIL switches %d (%d forced)", a.stats.Switches, a.stats.Forced)
	}
	fmt.Fprintln(c.out)
	return c.verdict(a.err)
}

// verdict says how a program has ended.
func (c *call) verdict(err error) error {
	if err == nil {
		fmt.Fprintln(c.out, "ok")
		return nil
	}
	fmt.Fprintf(c.out, "FAILED: %v\n", strings.TrimSpace(brief(err)))
	return errFailed
}

// brief is an error without the stacks of its threads.
func brief(err error) string {
	var uncaught *gil.UncaughtError
	var assertion *gil.AssertionError
	switch {
	case errors.As(err, &assertion):
		return assertion.Error()
	case errors.As(err, &uncaught):
		return uncaught.Error()
	}
	return err.Error()
}

// traces is the command trace.
func traces(c *call) error {
	p, err := lookup(c.flags.Arg(0))
	if err != nil {
		return err
	}
	a := c.show.Try(p.of(c.often(min(p.many, 1000))), gil.Measured())
	file := c.flags.Lookup("o").Value.String()
	if file == "" {
		if err := a.Timeline.WriteText(c.out, trace.Text{}); err != nil {
			return err
		}
		for _, f := range a.Timeline.Findings() {
			fmt.Fprintln(c.out, f)
		}
		return c.verdict(a.Err)
	}
	if err := save(file, func(w io.Writer) error { return cli.WriteAs(w, filepath.Ext(file), a.Timeline) }); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %v in %d events\n", file, a.Took, len(a.Timeline.Trace.Events))
	return c.verdict(a.Err)
}

// save writes a file.
func save(name string, write func(w io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// compares is the command compare.
func compares(c *call) error {
	var pythons []gil.Profile
	for _, version := range strings.Split(c.flags.Lookup("profiles").Value.String(), ",") {
		p, err := gil.LookupProfile(strings.TrimSpace(version))
		if err != nil {
			return err
		}
		pythons = append(pythons, p)
	}
	if _, err := lookup(c.flags.Arg(0)); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%-6s  %12s  %3s  %12s  %s\n", "Python", "time", "par", "GIL switches", "result")
	failed := false
	for _, python := range pythons {
		a, err := c.perform(python)
		if err != nil {
			return err
		}
		result := "ok"
		if a.err != nil {
			result, failed = brief(a.err), true
		}
		switches := strconv.FormatInt(a.stats.Switches, 10)
		if python.FreeThreaded() {
			switches = "-"
		}
		fmt.Fprintf(c.out, "%-6v  %12v  %3d  %12s  %s\n", python, a.took, a.par, switches, strings.TrimSpace(result))
	}
	if failed {
		return errFailed
	}
	return nil
}
