package explore_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
)

// TestStray has a goroutine act as a thread.
func TestStray(t *testing.T) {
	if raceDetector {
		t.Skip("what these programs do is a data race")
	}
	for name, program := range map[string]func(t *gil.Thread){
		"that is used meanwhile": func(t *gil.Thread) {
			t.Go("a", func(t *gil.Thread) {
				go t.Tick(1)
				t.Tick(3)
			}).Join(t)
		},
		"that waits for it": func(t *gil.Thread) {
			n := gil.NewVar("n", 0)
			t.Go("a", func(t *gil.Thread) {
				var some sync.WaitGroup
				for range 3 {
					some.Go(func() { n.Store(t, 1) })
				}
				some.Wait()
			}).Join(t)
		},
		"that is parked": func(t *gil.Thread) {
			n, done := gil.NewVar("n", 0), make(chan struct{})
			t.Go("a", func(t *gil.Thread) {
				b := t.Go("b", func(b *gil.Thread) {
					b.Tick(1)
					go func() {
						defer close(done)
						n.Store(t, 1) // a waits for b
					}()
					<-done
				})
				b.Join(t)
			}).Join(t)
		},
		"that has ended": func(t *gil.Thread) {
			n, done := gil.NewVar("n", 0), make(chan struct{})
			a := t.Go("a", func(t *gil.Thread) { n.Store(t, 1) })
			a.Join(t)
			go func() {
				defer close(done)
				n.Store(a, 2)
			}()
			<-done
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := explore.Find(program)
			require.NotNil(t, f)
			require.Equal(t, explore.Nondeterminism, f.Kind)
			require.ErrorContains(t, f, "thread a is used from a goroutine that is not its own")
		})
	}
}

// TestStrayEndsTheSearch: another one that comes late would act as a thread of a later
// run.
func TestStrayEndsTheSearch(t *testing.T) {
	if raceDetector {
		t.Skip("what this program does is a data race")
	}
	r := explore.Run(func(t *gil.Thread) {
		n := gil.NewVar("n", 0)
		t.Go("a", func(t *gil.Thread) {
			var some sync.WaitGroup
			some.Go(func() { n.Store(t, 1) })
			some.Wait()
		}).Join(t)
	}, explore.WithStrategy(explore.Random()), explore.WithMaxFailures(0), explore.WithMaxSchedules(50))
	require.Equal(t, 1, r.Schedules)
	require.Len(t, r.Failures, 1)
}
