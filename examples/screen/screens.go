package main

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/process"
)

// paper is a screen, and flush prints as a stream with a buffer does, which is flushed
// when its process ends: all at once.
var (
	paper bytes.Buffer
	flush = process.DefineTarget("screen.flush", func(t *gil.Thread, in turn) error {
		t.Block(func() { paper.WriteString("hello world " + gil.Str(in.Number) + "\n") })
		return nil
	})
)

// screens are all that n processes can leave on the screen, by going through the
// interleavings.
func screens(how *process.Func[turn, process.None], n int, locked bool, by explore.Strategy) (all []string) {
	for _, o := range explore.Outcomes(func(t *gil.Thread) string { return strings.Join(prints(t, how, n, locked), "\n") },
		explore.WithStrategy(by), explore.WithWorkers(1), explore.WithSandbox(gil.WithStdout(&paper))) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}

// mixed reports whether one of the lines has two texts.
func mixed(screen string) bool {
	for line := range strings.SplitSeq(screen, "\n") {
		if strings.Count(line, "hello") != 1 {
			return true
		}
	}
	return false
}

// count is how many of the screens are mixed.
func count(screens []string) (n int) {
	for _, s := range screens {
		if mixed(s) {
			n++
		}
	}
	return n
}

// first is the first screen that is mixed.
func first(screens []string) string {
	return screens[slices.IndexFunc(screens, mixed)]
}
