package timing

import (
	"time"

	"github.com/pygil/pygil/gil"
)

// Mutate changes the machine of every row until restore is called.
func Mutate(opts ...gil.Option) (restore func()) {
	mutant = opts
	return func() { mutant = nil }
}

// Watch has two threads compute for so long each, watched by o, and returns how
// long it took.
func Watch(p gil.Profile, long time.Duration, o gil.Observer) time.Duration {
	return run(p, 0, func(t *gil.Thread) {
		work := func(t *gil.Thread) { t.Compute(long) }
		gil.JoinAll(t, t.Go("a", work), t.Go("b", work))
	}, gil.WithObserver(o)).Now()
}

// Seen is what threads see of the switches between them.
var Seen = seen

// Together has n threads compute for so long together.
func Together(p gil.Profile, n int, total time.Duration) *gil.Machine {
	return together(p, n, 0, total)
}
