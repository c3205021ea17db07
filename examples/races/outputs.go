package main

import (
	"bytes"
	"slices"

	"github.com/pygil/pygil/examples/internal/cli"
	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// outputs are all outputs of n threads that print Two, as text and newline one after
// the other, or both at once.
func outputs(s *cli.Show, n int, atOnce bool) []string {
	var all []string
	for _, o := range explore.Outcomes(func(t *gil.Thread) string {
		var out bytes.Buffer
		write := func(t *gil.Thread, text string) { t.Block(func() { out.WriteString(text) }) }
		two := func(t *gil.Thread) {
			if atOnce {
				write(t, "Two\n")
				return
			}
			write(t, "Two")
			write(t, "\n")
		}
		var threads []*gil.Thread
		for range n {
			threads = append(threads, t.Go("", two))
		}
		gil.JoinAll(t, threads...)
		return out.String()
	}, explore.WithProfile(s.Python), explore.WithStrategy(explore.DFS())) {
		all = append(all, o.Value)
	}
	slices.Sort(all)
	return all
}
