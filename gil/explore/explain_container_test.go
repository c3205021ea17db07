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
    1  start a                                                                 explain_container_test.go
    2  start b                                                                 explain_container_test.go
       ⤷ waits for a
    3                 read jobs → 2                                            explain_container_test.go
    4                 read jobs[-1] → 'cook'                                   explain_container_test.go
    5                 read done['cook'] ✗                                      explain_container_test.go
    6                 write done['cook'] ← 1                                   explain_container_test.go
                      ⤷ preempted
    7                                                  read jobs → 2           explain_container_test.go
    8                                                  read jobs[-1] → 'cook'  explain_container_test.go
    9                                                  read done['cook'] → 1   explain_container_test.go
   10                                                  write done['cook'] ← 2  explain_container_test.go
   11                                                  update jobs → 'cook'    explain_container_test.go
   12                                                  end
   13                 update jobs → 'wash the dishes'                          explain_container_test.go
   14                 end
   15  join a                                                                  explain_container_test.go
   16  join b                                                                  explain_container_test.go
   17  read jobs → 0                                                           explain_container_test.go
   18  read done → 1                                                           explain_container_test.go
   19  end
       ✗ assertion
`, "\n"+sites.ReplaceAllString(f.Table(), "$1"))
}

// TestTableItems shows which items of lists and dicts operations are about, those that
// are missing too, and what loops read.
func TestTableItems(t *testing.T) {
	items := func(prog func(t *gil.Thread)) string {
		f := explore.Find(func(t *gil.Thread) {
			prog(t)
			must(t, false, "shown")
		})
		require.NotNil(t, f)
		var b strings.Builder
		for line := range strings.Lines(sites.ReplaceAllString(f.Table(), "")) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] != "✗" {
				b.WriteString(strings.Join(fields[1:], " ") + "\n")
			}
		}
		return b.String()
	}
	require.Equal(t, `update l[0] ← 7
update l[1] → 8
update l[9] ✗
write l[1] ← 5
write l[9] ✗
read l[0] → 7
read l[1] → 5
read l[2] ✗
update l ← [3, 1]
update l ← [1, 3, 5, 7]
update l[-1] → 7
write l ← []
`, items(func(t *gil.Thread) {
		l := gil.NewList("l", 8, 9)
		l.Insert(t, 0, 7)
		_, _ = l.PopAt(t, 1)
		_, _ = l.PopAt(t, 9)
		_ = l.SetIndex(t, 1, 5)
		_ = l.SetIndex(t, 9, 5)
		for range l.Iter(t) {
			continue
		}
		l.Extend(t, 3, 1)
		gil.Sort(t, l)
		_ = l.DeleteIndex(t, -1)
		l.Clear(t)
	}))
	require.Equal(t, `update d['a'] → 1
update d['a'] ✗
update d['b'] → 2
update d['b'] → 2
write d['c'] ← 3
read d → 1
read d → 'c'
read d
write d ← {}
`, items(func(t *gil.Thread) {
		d := gil.NewDict("d", gil.Item[string, int]{Key: "a", Value: 1})
		_, _ = d.Pop(t, "a")
		_ = d.Delete(t, "a")
		d.SetDefault(t, "b", 2)
		_ = d.Delete(t, "b")
		d.Set(t, "c", 3)
		for range d.Iter(t) {
			continue
		}
		d.Clear(t)
	}))
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
