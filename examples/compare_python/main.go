// Compare_python does the same things here and in the Python that is on this machine,
// in turns and in the same minute, and prints how long each takes and the ratio.
//
//	go run ./examples/compare_python
//	go run ./examples/compare_python -svg ratios.svg -only lock,queue
//	go run ./examples/compare_python -readme README.md
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// In a process that an op starts, Main does what that op asks for instead.
func main() {
	process.Main(func(t *gil.Thread) error {
		err := compare(t, os.Stdout, os.Stderr, os.Args[1:])
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	})
}

// settings are what the flags say.
type settings struct {
	python, only string
	svg, readme  string
	slice        time.Duration
	rounds       int
}

// compare measures, prints, and writes the files that are asked for. progress gets a
// line for each op.
func compare(t *gil.Thread, out, progress io.Writer, args []string) error {
	var s settings
	flags := flag.NewFlagSet("compare_python", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.StringVar(&s.python, "python", "", "the Python, a `command` (default: that of the variable PYTHON, python3, python)")
	flags.StringVar(&s.only, "only", "", "the `ops` to do, with commas between them: "+names()+" (default: all)")
	flags.StringVar(&s.svg, "svg", "", "draw the ratios in `FILE`")
	flags.StringVar(&s.readme, "readme", "", "put the table between the marks in `FILE`")
	flags.DurationVar(&s.slice, "slice", 50*time.Millisecond, "how long one measurement takes at least")
	flags.IntVar(&s.rounds, "rounds", 5, "how often each side is measured; the median counts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 {
		return errors.New("compare_python: no arguments but flags, and at least one round")
	}
	chosen, err := choose(s.only)
	if err != nil {
		return err
	}
	p, missing := startPython(s.python)
	if missing != nil {
		fmt.Fprintln(progress, "compare_python:", missing)
	}
	table := table{when: time.Now(), cores: runtime.NumCPU(), system: runtime.GOOS + "/" + runtime.GOARCH, golang: runtime.Version()}
	if p != nil {
		table.python = p.version
	}
	for i, o := range chosen {
		fmt.Fprintf(progress, "%d of %d: %s\n", i+1, len(chosen), o.about)
		r := measure(t, p, o, s)
		r.about = o.about
		table.rows = append(table.rows, r)
	}
	if err := p.close(); err != nil {
		return err
	}
	if err := table.text(out); err != nil {
		return err
	}
	if s.svg != "" {
		if err := os.WriteFile(s.svg, []byte(table.picture()), 0o644); err != nil {
			return err
		}
	}
	if s.readme == "" {
		return nil
	}
	return table.into(s.readme)
}

func names() string {
	var all []string
	for _, o := range ops {
		all = append(all, o.name)
	}
	return strings.Join(all, ",")
}

// choose finds the ops of a list.
func choose(only string) ([]op, error) {
	if only == "" {
		return ops, nil
	}
	var all []op
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(ops, func(o op) bool { return o.name == name })
		if i < 0 {
			return nil, fmt.Errorf("compare_python: there is no op %q; there are %s", name, names())
		}
		all = append(all, ops[i])
	}
	return all, nil
}
