// Command ci is the part of .ci/run that a shell is not good at.
//
//	ci api                      print what the packages in the current folder export, as .ci/api.txt has it
//	ci lint                     run the repository's own rules over the current folder
//	ci readme FILE              print the two commands the README offers, one a line
//	ci report FLAGS <JSON       read what go test -json prints, print what go test would, and every skip
//	ci totals FLAGS             sum the reports up and name list entries that match nothing any more
//
// It exits with 1 when something failed and with 2 when it was called wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/pygil/pygil/internal/lint"
)

// errFailed ends a command that has already said why.
var errFailed = errors.New("failed")

func main() {
	// When the time of a stage is up go test is told to end, and so is this: not before it has
	// printed what go test could still say.
	signal.Ignore(syscall.SIGTERM)
	err := run(os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case err == nil:
	case errors.Is(err, errFailed):
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "ci:", err)
		os.Exit(2)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("want api, lint, readme, report or totals")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(out)
	skips := flags.String("skips", ".ci/skips.txt", "the `file` of allowed skips")
	state := flags.String("state", "", "the `folder` where reports are kept for totals")
	switch args[0] {
	case "api":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return api(".", out)
	case "lint":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return lintTree(".", out)
	case "readme":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		text, err := os.ReadFile(flags.Arg(0))
		if err != nil {
			return err
		}
		tour, test, err := commands(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", flags.Arg(0), err)
		}
		_, err = fmt.Fprintf(out, "%s\n%s\n", tour, test)
		return err
	case "report":
		name := flags.String("run", "", "the `name` of this run")
		have := flags.String("facts", "", "what is true of this run and found on this machine, separated by spaces")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		list, err := readSkips(*skips)
		if err != nil {
			return err
		}
		facts, err := parseFacts(*have)
		if err != nil {
			return err
		}
		r := newReport(*name, facts, list, out)
		if err := r.read(in); err != nil {
			return err
		}
		return r.finish(*state)
	case "totals":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		list, err := readSkips(*skips)
		if err != nil {
			return err
		}
		return totals(*state, list, out)
	}
	return fmt.Errorf("no command %q: want api, lint, readme, report or totals", args[0])
}

// lintTree prints what breaks the rules.
func lintTree(dir string, out io.Writer) error {
	tree, err := lint.Load(os.DirFS(dir))
	if err != nil {
		return err
	}
	exceptions, err := lint.Exceptions()
	if err != nil {
		return err
	}
	found := lint.Check(tree, lint.Rules(), exceptions)
	for _, f := range found {
		fmt.Fprintln(out, f)
	}
	fmt.Fprintf(out, "%d rules, %d files, %d exceptions, %d findings\n", len(lint.Rules()), len(tree.Files), len(exceptions), len(found))
	if len(found) > 0 {
		return errFailed
	}
	return nil
}
