package explore_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// sites are the places in a table, without their line numbers.
var sites = regexp.MustCompile(`(\S+\.go):\d+`)

// TestTableContainers shows what operations on lists and dicts read and write.
func TestTableContainers(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		jobs := gil.NewList("jobs", "wash the dishes", "cook")
		done := gil.NewDict[string, int]("done")
		work := func(t *gil.Thread) {
			if jobs.Len(t) == 0 {
				return
			}
			last, err := jobs.Index(t, -1)
			if err != nil {
				panic(err)
			}
			n, _ := done.Get(t, last)
			done.Set(t, last, n+1)
			_, _ = jobs.Pop(t)
		}
		gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
		must(t, jobs.Len(t) == 0 && done.Len(t) == 2, "left")
	})
	require.NotNil(t, f)
	require.Equal(t, `
       MainThread     a                                b
    1  start a                                                               explain_container_test.go
    2  start b                                                               explain_container_test.go
       ⤷ waits for a
    3                 read jobs → 2                                          explain_container_test.go
    4                 read jobs → 'cook'                                     explain_container_test.go
    5                 read done                                              explain_container_test.go
    6                 write done ← 1                                         explain_container_test.go
                      ⤷ preempted
    7                                                  read jobs → 2         explain_container_test.go
    8                                                  read jobs → 'cook'    explain_container_test.go
    9                                                  read done → 1         explain_container_test.go
   10                                                  write done ← 2        explain_container_test.go
   11                                                  update jobs → 'cook'  explain_container_test.go
   12                                                  end
   13                 update jobs → 'wash the dishes'                        explain_container_test.go
   14                 end
   15  join a                                                                explain_container_test.go
   16  join b                                                                explain_container_test.go
   17  read jobs → 0                                                         explain_container_test.go
   18  read done → 1                                                         explain_container_test.go
   19  end
       ✗ assertion
`, "\n"+sites.ReplaceAllString(f.Table(), "$1"))
}

// TestTableIterates has a loop over a list, whose look at it is on the line of the loop
// and not in the package that looks.
func TestTableIterates(t *testing.T) {
	f := explore.Find(func(t *gil.Thread) {
		l := gil.NewList("l", 1, 2, 3)
		sum := 0
		a := t.Go("a", func(t *gil.Thread) {
			for v := range l.Iter(t) {
				sum += v
			}
		})
		gil.JoinAll(t, a, t.Go("b", func(t *gil.Thread) { l.Clear(t) }))
		must(t, sum == 0 || sum == 6, "sum %d", sum)
	})
	require.NotNil(t, f)
	require.NotContains(t, f.Table(), "iterate.go")
	for line := range strings.Lines(f.Table()) {
		if strings.Contains(line, "read l") {
			require.Contains(t, line, "explain_container_test.go:")
		}
	}
}
