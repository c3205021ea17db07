package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/pygil/pygil/gil"
)

// Real makes of a story with real processes what process.Main takes. Of the flags
// -trace records the threads of the first process, and -live changes nothing; the
// others are refused, as nothing here is simulated.
func Real(name string, story func(t *gil.Thread) error) func(t *gil.Thread) error {
	return func(t *gil.Thread) error {
		s, err := parse(os.Stdout, name, os.Args[1:], nil)
		if err == nil {
			s.Live = true
			t.Block(func() { err = s.perform(name, func(s *Show) { s.real(story) }) })
		}
		var usage usageError
		switch {
		case errors.Is(err, flag.ErrHelp):
			return nil
		case errors.As(err, &usage):
			os.Exit(2) // nothing was started
		}
		return err
	}
}

// real runs the story in the live world.
func (s *Show) real(story func(t *gil.Thread) error) {
	s.Fixed("the processes are real, on the cores of this computer; simulated ones are in ./examples/sharing", "profile", "cores", "seed")
	var err error
	a := s.Run(func(t *gil.Thread) { err = story(t) })
	s.Check(err)
	s.Printf("\nIn the first process: %v. The others are the system's to count.\n", a)
}

// Plain is for a program that is shown whole elsewhere, and so has no flags of its own:
// it ends the process with 2 when there are any, saying why.
func Plain(name, why string) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") { // a test's are its own
		fmt.Fprintf(os.Stderr, "%s: no flags: %s\n", name, why)
		os.Exit(2)
	}
}
