package giltest_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/giltest"
)

// TestForeign has programs that leave the model: the test fails with a diagnosis, and
// nothing is saved that could not be performed again.
func TestForeign(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	for want, program := range map[string]func(t *gil.Thread){
		"blocks in a real chan receive at giltest_test.": func(t *gil.Thread) {
			t.Go("a", func(*gil.Thread) { <-release }).Join(t)
		},
		"give the thread itself to require": func(t *gil.Thread) {
			t.Go("a", func(*gil.Thread) { runtime.Goexit() }).Join(t)
		},
		"panic in a: boom": func(t *gil.Thread) {
			t.Go("a", func(*gil.Thread) { panic("boom") }).Join(t)
		},
	} {
		quiet(t)
		set(t, "giltest.timeout", "200ms")
		s := &spy{name: "TestForeign"}
		r := giltest.Check(s, program)
		require.True(t, s.failed())
		require.Len(t, r.Failures, 1)
		if want != "panic in a: boom" {
			require.Contains(t, s.text(), want)
			continue
		}
		require.Contains(t, s.text(), "panic in a")
		require.Contains(t, s.text(), "boom")
		require.Len(t, files(t), 1)
	}
}
