// Pygil is a command line over everything: it runs small programs of threads under
// the rules of a Python, searches their interleavings, and says which way of doing a
// piece of work is the fastest one.
//
//	go run ./examples/pygil help
//	go run ./examples/pygil explore -profile 3.9 counter
//	go run ./examples/pygil advise csv
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // a program has failed, or an interleaving of it does
	exitUsage  = 2 // what was asked for makes no sense, or a file cannot be read or written
)

// errFailed ends a command that has found a failure and said so.
var errFailed = errors.New("pygil: a failure was found")

// A command is one word after pygil.
type command struct {
	name, arguments, about string
	run                    func(c *call) error
}

var commands = []command{
	{"run", "PROGRAM", "run a program once and say what it took", runs},
	{"explore", "PROGRAM", "search its interleavings for one that fails", explores},
	{"replay", "PROGRAM SCHEDULE", "perform an interleaving that explore has found", replays},
	{"trace", "PROGRAM", "run it once and draw what happened", traces},
	{"compare", "PROGRAM", "run it under several Pythons", compares},
	{"advise", "WORK", "do a piece of work in six ways, and name the fastest one", advises},
	{"list", "", "name the programs and the pieces of work", lists},
}

// call is a command as it was called.
type call struct {
	out   io.Writer
	flags *flag.FlagSet
	show  *cli.Show
	times int

	leastCores int
}

func main() { os.Exit(pygil(os.Stdout, os.Stderr, os.Args[1:])) }

// pygil is the whole command; it returns its exit code.
func pygil(out, complaints io.Writer, args []string) int {
	if len(args) == 0 {
		usage(complaints)
		return exitUsage
	}
	if len(args) == 2 && args[0] == "help" {
		return pygil(out, out, []string{args[1], "-help"})
	}
	if name := args[0]; name == "help" || name == "-h" || name == "-help" || name == "--help" {
		usage(out)
		return exitOK
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		switch err := perform(c, out, complaints, args[1:]); {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return exitOK
		case errors.Is(err, errFailed):
			return exitFailed
		case errors.As(err, &saidError{}):
			return exitUsage
		default:
			fmt.Fprintf(complaints, "pygil %s: %v\n", c.name, err)
			return exitUsage
		}
	}
	fmt.Fprintf(complaints, "pygil: there is no command %q; see pygil help\n", args[0])
	return exitUsage
}

// saidError is one that package flag has reported.
type saidError struct{ error }

// perform reads the flags, which may stand before and behind the other arguments.
func perform(c command, out, complaints io.Writer, args []string) error {
	run := &call{out: out, flags: flag.NewFlagSet("pygil "+c.name, flag.ContinueOnError), show: cli.New(out), leastCores: 1}
	run.flags.SetOutput(complaints)
	run.flags.Usage = func() {
		w := run.flags.Output()
		fmt.Fprintf(w, "usage: pygil %s\n\n%s\n\n", strings.TrimSpace(c.name+" [flags] "+c.arguments), c.about)
		run.flags.PrintDefaults()
	}
	prepare, ok := flagsOf[c.name]
	if ok {
		prepare(run)
	}
	var rest []string
	for {
		if err := run.flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return err
			}
			return saidError{err}
		}
		if run.flags.NArg() == 0 {
			break
		}
		rest = append(rest, run.flags.Arg(0))
		args = run.flags.Args()[1:]
	}
	if want := len(strings.Fields(c.arguments)); len(rest) != want {
		return fmt.Errorf("want %s, not %d arguments; see pygil %s -help", orNone(c.arguments), len(rest), c.name)
	}
	if run.show.Cores < run.leastCores || run.show.Cores > most {
		return fmt.Errorf("-cores %d: want a number from 1 to %d", run.show.Cores, most)
	}
	if run.times < 0 {
		return fmt.Errorf("-n %d: want 1 or more", run.times)
	}
	// What is left is read again by the command: flags are known now.
	if err := run.flags.Parse(append([]string{"--"}, rest...)); err != nil {
		return saidError{err}
	}
	return c.run(run)
}

// usage is what pygil help says.
func usage(w io.Writer) {
	fmt.Fprint(w, "usage: pygil COMMAND [flags] …\n\n")
	for _, c := range commands {
		fmt.Fprintf(w, "  %-8s %-17s %s\n", c.name, c.arguments, c.about)
	}
	fmt.Fprint(w, `
PROGRAM is a word of pygil list; WORK is one of those, or a file that describes
the work. pygil COMMAND -help lists the flags of a command.

The exit code is 0 when all is well, 1 when a program or one of its interleavings
fails, and 2 when the call makes no sense or a file cannot be read or written.
`)
}
