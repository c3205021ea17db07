package kernel

// RandomWalk chooses uniformly among the enabled tasks, the same way for the
// same seed.
type RandomWalk struct{ state uint64 }

// NewRandomWalk returns a walk with the given seed.
func NewRandomWalk(seed uint64) *RandomWalk { return &RandomWalk{state: seed} }

// Reset starts the walk of another seed.
func (r *RandomWalk) Reset(seed uint64) { r.state = seed }

// Choose draws one of the enabled tasks.
func (r *RandomWalk) Choose(_ *Explored, _ int, enabled *Set) int {
	r.state++
	return enabled.Nth(below(mix(r.state, 0), enabled.Len()))
}
