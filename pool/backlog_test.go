package pool

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A backlog gives jobs as a list does that is kept in order: the highest priority first, of
// one priority the oldest, and what was given back before all others of its priority. What
// has been taken is not kept, nor is the memory of a flood.
func TestBacklog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b backlog
		var want []job
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			what := rapid.SampledFrom([]string{"push", "push", "flood", "back", "pop", "pop", "drain", "clear"}).Draw(t, "what")
			switch what {
			case "push", "flood", "back":
				n := 1
				if what == "flood" {
					n = rapid.SampledFrom([]int{15, 16, 17, 40, 1100}).Draw(t, "n")
				}
				p := rapid.IntRange(-1, 2).Draw(t, "priority")
				i := slices.IndexFunc(want, func(j job) bool {
					return j.head().priority < p || what == "back" && j.head().priority == p
				})
				if i < 0 {
					i = len(want)
				}
				jobs := make([]job, n)
				for i := range jobs {
					k := new(task[int, int])
					k.priority, jobs[i] = p, k
					if what == "back" {
						b.back(k)
					} else {
						b.push(k)
					}
				}
				want = slices.Insert(want, i, jobs...)
			case "pop", "drain":
				n := min(1, len(want))
				if what == "drain" {
					n = len(want)
				}
				for _, j := range want[:n] {
					require.True(t, j == b.pop())
				}
				want = want[n:]
				if len(want) == 0 {
					require.Nil(t, b.pop())
				}
			case "clear":
				require.True(t, slices.Equal(want, b.clear()))
				want = nil
			}
			require.Equal(t, len(want), b.len())
			kept := 0
			for _, l := range b.levels {
				for _, j := range l.jobs {
					if j != nil {
						kept++
					}
				}
				require.True(t, l.n > 0 || len(l.jobs) <= room)
			}
			require.Equal(t, len(want), kept)
		}
	})
}
