package gil

import "time"

// WithLookAhead bounds how far the interpreters of a Machine run ahead of each
// other. No result may depend on it, so it is no option of the package; tests set
// it to 0 to show exactly that.
func WithLookAhead(d time.Duration) Option {
	return machineOption(func(m *machineOptions) { m.lookAhead = d })
}

// PermitsOf is what a gate holds, for tests that count permits after a run.
func PermitsOf(g *Gate) int { return int(g.permits.Load()) }
