// Package cli is what the examples have in common: the flags, the first line of the
// output, and how a program is run and accounted for.
package cli

import (
	"bytes"
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
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/gil/trace"
)

// A Show is one performance of an example: what it was asked for, and where it
// writes.
type Show struct {
	Python gil.Profile // of -profile
	Cores  int         // of -cores
	Seed   uint64      // of -seed
	Live   bool        // of -live: real goroutines and the clock on the wall

	out   io.Writer
	tape  *tape
	given []string // the flags of the command line
}

// tape is the file of -trace, shared by the copies of a Show.
type tape struct {
	file string
	runs int
}

// An Account is what one run took.
type Account struct {
	Took        time.Duration
	Par, Conc   int             // most threads computing at one instant, most begun and not ended
	Utilisation float64         // part of the cores' time that was used; 0 in the live world
	Stats       gil.Stats       // of the first process's GIL
	Timeline    *trace.Timeline // of a run that was watched
	Err         error           // of one that was tried
}

// String is par and conc, as every example prints them.
func (a Account) String() string { return fmt.Sprintf("par %d, conc %d", a.Par, a.Conc) }

// Main performs a story as the flags of the command line say, and ends the process
// with 1 when it fails, with 2 when a flag is wrong.
func Main(name string, story func(s *Show), defaults ...Default) {
	err := Perform(os.Stdout, name, os.Args[1:], story, defaults...)
	var usage usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.As(err, &usage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Example performs a story without flags, for the Example of a test, which knows no
// spaces at the end of a line.
func Example(name string, story func(s *Show), defaults ...Default) {
	var out bytes.Buffer
	if err := Perform(&out, name, nil, story, defaults...); err != nil {
		fmt.Println(err)
	}
	for line := range strings.Lines(out.String()) {
		fmt.Println(strings.TrimRight(line, " \n"))
	}
}

// A Default is what a story has without a flag when it is not what New has.
type Default func(s *Show)

// Python is the default of -profile.
func Python(p gil.Profile) Default { return func(s *Show) { s.Python = p } }

// Cores is the default of -cores.
func Cores(n int) Default { return func(s *Show) { s.Cores = n } }

// Seed is the default of -seed.
func Seed(seed uint64) Default { return func(s *Show) { s.Seed = seed } }

// New is what a story is given without flags: CPython 3.13 on four cores.
func New(out io.Writer, defaults ...Default) *Show {
	s := &Show{Python: gil.CPython313, Cores: 4, Seed: 1, out: out, tape: &tape{}}
	for _, d := range defaults {
		d(s)
	}
	return s
}

// usageError is a wrong flag, which was reported.
type usageError struct{ error }

// Unwrap is the error itself.
func (u usageError) Unwrap() error { return u.error }

// stop ends a story early, for err or, when it is nil, because all is said. As an error
// it finds its way out of a thread, too.
type stop struct{ err error }

// Error is the text of the error.
func (s stop) Error() string { return fmt.Sprint(s.err) }

// failed is told of the exception of a thread. Main says what it was; a mistake of ours
// shows its stack as well.
func failed(t *gil.Thread, f *gil.UncaughtError) {
	if _, ours := f.Value.(runtime.Error); ours {
		fmt.Fprintf(os.Stderr, "Exception in thread %s:\n%v\n%s", t.Name(), f.Value, f.Stack)
	}
}

// Perform performs a story on out as the arguments say.
func Perform(out io.Writer, name string, args []string, story func(s *Show), defaults ...Default) error {
	s, err := parse(out, name, args, defaults)
	if err != nil {
		return err
	}
	return s.perform(name, story)
}

// parse makes a Show of the arguments.
func parse(out io.Writer, name string, args []string, defaults []Default) (*Show, error) {
	s := New(out, defaults...)
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	if len(args) == 0 { // as in most tests
		return s, nil
	}
	flags.Func("profile", "the `Python`: 2.7, 3.9, 3.13, 3.13t, pypy, jvm, … (default "+s.Python.String()+")", func(v string) (err error) {
		s.Python, err = gil.LookupProfile(v)
		return err
	})
	flags.IntVar(&s.Cores, "cores", s.Cores, "cores of the simulated computer")
	flags.Uint64Var(&s.Seed, "seed", s.Seed, "what decides where nothing else does")
	flags.BoolVar(&s.Live, "live", false, "run for real: goroutines and the clock on the wall")
	flags.StringVar(&s.tape.file, "trace", "", "write what happened to `FILE`, for Perfetto; .svg, .txt and .jsonl are other formats")
	err := flags.Parse(args)
	if err != nil {
		return nil, usageError{err}
	}
	switch {
	case flags.NArg() > 0:
		err = fmt.Errorf("%s takes no arguments but flags, not %q", name, flags.Arg(0))
	case s.Cores < 1:
		err = fmt.Errorf("-cores %d: a computer has at least one", s.Cores)
	}
	if err != nil {
		fmt.Fprintln(flags.Output(), err)
		flags.Usage()
		return nil, usageError{err}
	}
	flags.Visit(func(f *flag.Flag) { s.given = append(s.given, f.Name) })
	return s, nil
}

// perform tells the story.
func (s *Show) perform(name string, story func(s *Show)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			end, ok := r.(stop)
			if !ok {
				panic(r)
			}
			err = end.err
		}
	}()
	clock := fmt.Sprintf("%d cores, seed %d, simulated time", s.Cores, s.Seed)
	if s.Live {
		clock = "real cores, real time"
	}
	s.Printf("%s: Python %v, %s\n\n", name, s.Python, clock)
	story(s)
	return nil
}

// Printf writes to the output of the story.
func (s *Show) Printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.out, format, args...); err != nil {
		panic(stop{err})
	}
}

// Out is where the story writes, for what a thread prints.
func (s *Show) Out() io.Writer { return s.out }

// Simulated ends a story that has no live form, saying so: its processes, cores or
// costs are those of the simulated computer.
func (s *Show) Simulated() {
	if s.Live {
		s.Printf("This story needs the simulated computer: leave -live out.\nReal processes are in ./examples/process_hello and ./examples/lock_print.\n")
		panic(stop{})
	}
}

// Given reports whether a flag was on the command line.
func (s *Show) Given(flag string) bool { return slices.Contains(s.given, flag) }

// Fixed ends the story with an error when one of the named flags was given, which have
// no meaning in it, and says why.
func (s *Show) Fixed(why string, flags ...string) {
	for _, name := range flags {
		if s.Given(name) {
			err := usageError{fmt.Errorf("-%s has no meaning here: %s", name, why)}
			fmt.Fprintln(s.out, err)
			panic(stop{err})
		}
	}
}

// Check ends the story when err is not nil.
func (s *Show) Check(err error) {
	if err != nil {
		panic(stop{err})
	}
}

// Under is the same show with another Python.
func (s *Show) Under(p gil.Profile) *Show {
	other := *s
	other.Python = p
	return &other
}

// On is the same show on another number of cores.
func (s *Show) On(cores int) *Show {
	other := *s
	other.Cores = cores
	return &other
}

// Seeded is the same show with another seed.
func (s *Show) Seeded(seed uint64) *Show {
	other := *s
	other.Seed = seed
	return &other
}

// Untraced is the same show but for the file of -trace, into which its runs are not
// written: they are many, or long.
func (s *Show) Untraced() *Show {
	other := *s
	other.tape = &tape{}
	return &other
}

// Run runs a program and says what it took. An error ends the story.
func (s *Show) Run(main func(t *gil.Thread), opts ...gil.Option) Account {
	a := s.Attempt(main, opts...)
	s.Check(a.Err)
	return a
}

// Attempt is Run of a program for which the Python may be too old: a *asyncio.UnavailableError
// is left in the account.
func (s *Show) Attempt(main func(t *gil.Thread), opts ...gil.Option) Account {
	a := s.run(main, s.tape.file != "" || s.Live, opts)
	var missing *asyncio.UnavailableError
	if errors.As(a.Err, &missing) {
		a.Err = missing
		return a
	}
	s.Check(a.Err)
	return a
}

// Watch is Run that also records what happened.
func (s *Show) Watch(main func(t *gil.Thread), opts ...gil.Option) Account {
	a := s.run(main, true, opts)
	s.Check(a.Err)
	return a
}

// Try is Watch of a program that may fail, which the account then says. Tracebacks
// are kept off the screen.
func (s *Show) Try(main func(t *gil.Thread), opts ...gil.Option) Account {
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	return s.run(main, true, append([]gil.Option{quiet}, opts...))
}

func (s *Show) run(main func(t *gil.Thread), watch bool, opts []gil.Option) (a Account) {
	world := gil.Ideal()
	if s.Python.PollsWaits() {
		// The GIL of these changes hands only because waking up takes time: on an ideal
		// computer it is released in vain, millions of times in a second.
		world = gil.Measured()
	}
	opts = append([]gil.Option{world, gil.WithStdout(s.out), gil.WithSeed(s.Seed), gil.WithExceptHook(failed)}, opts...)
	recorder := trace.NewRecorder()
	if watch {
		opts = append(opts, gil.WithObserver(recorder))
	}
	var first *gil.Interpreter
	counted := func(t *gil.Thread) {
		first = t.Interpreter()
		main(t)
	}
	if s.Live {
		began := time.Now()
		a.Err = gil.Live(opts...).Run(s.Python, counted)
		a.Took = time.Since(began)
	} else {
		m := gil.NewMachine(s.Cores, opts...)
		a.Err = m.Run(s.Python, counted)
		a.Took, a.Par, a.Conc, a.Utilisation = m.Now(), m.Par(), m.Conc(), m.Utilisation()
	}
	var end stop
	if errors.As(a.Err, &end) {
		a.Err = end.err
	}
	if first != nil {
		a.Stats = first.Stats()
	}
	if !watch {
		return a
	}
	tr := recorder.Trace()
	tr.Header = trace.Describe(s.Python)
	tr.Header.Clock = "real"
	if !s.Live {
		tr.Header.Cores, tr.Header.Seed, tr.Header.Clock = s.Cores, s.Seed, "virtual"
	}
	a.Timeline = tr.Timeline()
	if s.Live {
		metrics := a.Timeline.Metrics()
		a.Par, a.Conc = metrics.Par, metrics.Conc
	}
	s.Check(s.tape.write(a.Timeline))
	return a
}
