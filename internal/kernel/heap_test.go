package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAgendaAgainstAList performs random pushes and removals and compares what is
// due first, overall and in the domains other than one's own, with a search.
func TestAgendaAgainstAList(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var a agenda
		domains := make([]*Domain, 1+rng.IntN(9))
		for i := range domains {
			domains[i] = &Domain{ID: i}
		}
		machine := domains[0]
		var all []*item
		owner := map[*item]*Domain{}
		for range 600 {
			if len(all) == 0 || rng.IntN(5) < 3 {
				it := &item{at: Time(rng.IntN(50)), rank: uint64(rng.IntN(3))}
				d := domains[rng.IntN(len(domains))]
				a.push(d, it)
				owner[it] = d
				all = append(all, it)
			} else {
				i := rng.IntN(len(all))
				a.remove(all[i])
				a.remove(all[i]) // twice does no harm
				require.Zero(t, all[i].pos)
				all = slices.Delete(all, i, i+1)
			}
			var least *item
			for _, it := range all {
				if least == nil || it.less(least) {
					least = it
				}
			}
			require.Same(t, least, a.least())
			for _, d := range domains {
				want := Never
				for _, it := range all {
					if owner[it] != d && owner[it] != machine {
						want = min(want, it.at)
					}
				}
				if got := a.others(d, machine); got != want {
					t.Fatalf("others than %d: %d, want %d", d.ID, got, want)
				}
				top := d.items.top()
				for _, it := range all {
					if owner[it] == d && it.less(top) {
						t.Fatalf("domain %d: %v is before the top %v", d.ID, *it, *top)
					}
				}
			}
		}
		for it := a.least(); it != nil; it = a.least() {
			a.remove(it)
			require.True(t, a.least() == nil || it.less(a.least()), "in order")
		}
		require.Empty(t, a.domains)
	}
}

// TestSetAgainstAMap compares a set of task indices with a map.
func TestSetAgainstAMap(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Set
	m := map[int]bool{}
	for range 5000 {
		i := rng.IntN(200)
		switch rng.IntN(3) {
		case 0:
			s.remove(i)
			delete(m, i)
		default:
			s.add(i)
			m[i] = true
		}
		require.Equal(t, m[i], s.Has(i))
		require.Equal(t, len(m), s.Len())
		var sorted []int
		for k := range m {
			sorted = append(sorted, k)
		}
		slices.Sort(sorted)
		for n, want := range sorted {
			if got := s.Nth(n); got != want {
				t.Fatalf("member %d is %d, want %d", n, got, want)
			}
		}
		if len(sorted) > 0 {
			require.Equal(t, sorted[0], s.first())
		}
	}
	s.clear()
	require.Zero(t, s.Len())
	require.False(t, s.Has(3))
}
