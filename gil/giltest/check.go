package giltest

import (
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// nearby is how many schedules near a saved one are tried when it does not fail.
const nearby = 1000

// Check searches the interleavings of prog and fails tb on the first one that
// fails: after it was performed twice more, shrunk and explained. The failure is
// saved and tried first on the next run. The report of the search is logged and
// returned; a lost update that the program did not notice is logged as a warning.
//
// With -giltest.replay it performs that schedule only.
func Check(tb TB, prog func(t *gil.Thread), opts ...explore.Option) *explore.Report {
	tb.Helper()
	opts, ok := prepare(tb, opts)
	if !ok {
		return nil
	}
	if text := replay.text(); text != "" {
		return only(tb, prog, text, opts)
	}
	for _, s := range saved(tb) {
		f := explore.Replay(prog, s.schedule, append(opts, explore.WithNearby(nearby))...)
		if f != nil {
			fail(tb, f, fmt.Sprintf("the interleaving saved in %s fails", s.file))
			return &explore.Report{Strategy: "saved", Schedules: 1, Steps: f.Steps, Failures: []*explore.Failure{f}}
		}
	}
	r := explore.Run(prog, append(opts, explore.WithMaxFailures(1))...)
	plain(tb, r)
	if r.Failed() {
		f := r.Failures[0]
		where := "not saved"
		if file, err := save(tb, f); err == nil {
			where = "saved in " + file
		} else {
			where += ": " + err.Error()
		}
		fail(tb, f, where)
		return r
	}
	tb.Logf("giltest: %v", r)
	for _, w := range r.Warnings {
		tb.Logf("giltest: warning, the test passes but updates are lost:\n%s", w.Report())
	}
	return r
}

// prepare adds the flags to the options.
func prepare(tb TB, opts []explore.Option) (all []explore.Option, ok bool) {
	tb.Helper()
	all, err := options(opts)
	if err != nil {
		tb.Errorf("%v", err)
		tb.FailNow()
		return nil, false
	}
	return all[:len(all):len(all)], true
}

// only performs the schedule of -giltest.replay.
func only(tb TB, prog func(t *gil.Thread), text string, opts []explore.Option) *explore.Report {
	tb.Helper()
	s, err := explore.ParseSchedule(text)
	if err != nil {
		tb.Errorf("giltest: %s: %v", replay.given(), err)
		tb.FailNow()
		return nil
	}
	r := &explore.Report{Strategy: "replay", Schedules: 1}
	if f := explore.Replay(prog, s, opts...); f != nil {
		r.Steps, r.Failures = f.Steps, []*explore.Failure{f}
		fail(tb, f, "this is the schedule of "+replay.given())
		return r
	}
	tb.Logf("giltest: schedule %v does not fail", s)
	return r
}

// MustFail searches the interleavings of prog for one that fails in the given way
// and returns it, shrunk and explained: the race must be there. It fails tb when
// there is none within the schedules of the search. A kind of explore.NoFailure is
// any kind. Nothing is saved.
func MustFail(tb TB, prog func(t *gil.Thread), kind explore.Kind, opts ...explore.Option) *explore.Failure {
	tb.Helper()
	opts, ok := prepare(tb, opts)
	if !ok {
		return nil
	}
	r := explore.Run(prog, append(opts, explore.WithMaxFailures(1))...)
	plain(tb, r)
	if r.Failed() && kind != explore.NoFailure && r.Failures[0].Kind != kind {
		r = explore.Run(prog, opts...) // others first: look at all of them
		plain(tb, r)
	}
	for _, f := range append(r.Failures, r.Warnings...) {
		if kind == explore.NoFailure || f.Kind == kind {
			return f
		}
	}
	var others strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintf(&others, "\nbut: %v", f)
	}
	tb.Errorf("giltest: no interleaving fails with %v (%v); raise WithMaxSchedules, or the race is not there%s", kind, r, others.String())
	tb.FailNow()
	return nil
}

// Replay performs one schedule, in the text form in which failures print it, and
// fails tb if the program fails in it. Deviations that do not fit the program any
// more are left out.
func Replay(tb TB, prog func(t *gil.Thread), schedule string) {
	tb.Helper()
	opts, ok := prepare(tb, nil)
	if !ok {
		return
	}
	s, err := explore.ParseSchedule(schedule)
	if err != nil {
		tb.Errorf("giltest: %v", err)
		tb.FailNow()
		return
	}
	if f := explore.Replay(prog, s, opts...); f != nil {
		fail(tb, f, "this is the schedule given to Replay")
	}
}

// Run performs prog once, on a virtual machine of two cores with profile p, and
// fails tb with everything that failed in it: threads, a deadlock. The same
// -giltest.seed gives the same run.
func Run(tb TB, p gil.Profile, prog func(t *gil.Thread)) {
	tb.Helper()
	n, err := seedOf()
	if err != nil {
		tb.Errorf("%v", err)
		tb.FailNow()
		return
	}
	if err := gil.NewMachine(2, gil.WithSeed(n)).Run(p, prog); err != nil {
		tb.Errorf("giltest: under %v, seed %d: %v", p, n, err)
		tb.FailNow()
	}
}

// plain fails the test, which goes on, with what the race detector has reported in a
// search, on stderr. It does not know in what schedule that was.
func plain(tb TB, r *explore.Report) {
	tb.Helper()
	for _, p := range r.Plain {
		tb.Errorf("giltest: schedule %d of the search is a data race of plain Go variables, reported above: nothing but the GIL orders the two accesses; "+
			"guard them with a lock, or use gil.Var, or allow it with explore.WithPlainRaces(false)\n\n%s", p.Number, command(tb.Name(), p.Schedule))
	}
}

// fail fails the test with everything there is to say about f. The last line is the
// command that performs it again.
func fail(tb TB, f *explore.Failure, where string) {
	tb.Helper()
	tb.Errorf("giltest: %s%s\n\n%s", f.Report(), where, command(tb.Name(), f.Schedule))
	tb.FailNow()
}

// command is the command line that performs a schedule of a test again.
func command(test string, s explore.Schedule) string {
	pkg, flags := ".", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if p, ok := strings.CutSuffix(info.Path, ".test"); ok && p != "command-line-arguments" { // which go test calls files that it was given
			pkg = p
		}
		for _, b := range info.Settings {
			switch {
			case b.Key == "-race" && b.Value == "true":
				flags += "-race "
			case b.Key == "-tags":
				flags += "-tags=" + quoted(b.Value) + " "
			}
		}
	}
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	which := "-run " + quoted(strings.Join(parts, "/"))
	if strings.HasPrefix(test, "Benchmark") {
		which = "-run '^$' -bench " + quoted(strings.Join(parts, "/"))
	}
	return fmt.Sprintf("go test %s%s %s -giltest.replay=%s", flags, pkg, which, quoted(s.String()))
}

// quoted is a text as a word of a shell's command line.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
