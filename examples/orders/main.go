// Orders shows what comes first: of processes that print, by the seed; of results, by
// whether they are joined, mapped or taken as they are completed. With -live the sleeps
// take 15 s.
package main

import (
	"fmt"
	"strings"

	"github.com/pygil/pygil/examples/internal/cli"
)

func main() { cli.Main("orders", story) }

// numbers are those of processes or tasks in an order.
func numbers(all []int) string { return strings.Trim(fmt.Sprint(all), "[]") }

func story(s *cli.Show) {
	if s.Live {
		s.Printf("For real the sleeps below take 15 s, of which nothing can be left out.\n\n")
	}
	joined, mapped, completed, a := sleeps(s)
	s.Printf("sleeps of 5, 2, 4, 1, 5 s, by number\njoin:         %s\nmap:          %s\nas completed: %s\n%v\n", numbers(joined), numbers(mapped), numbers(completed), a)
	s.Simulated()
	s.Printf("\nthree processes print\n")
	for seed := range uint64(5) {
		s.Printf("seed %d: %s\n", s.Seed+seed, printing(s.Seeded(s.Seed+seed), 3))
	}
	s.Printf("What runs in parallel is no more deterministic than what takes turns.\n")
}
