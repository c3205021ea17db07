package pool

// A fate is how a job ended, for the figures.
type fate uint8

const (
	counted fate = iota // it is in the figures already, or there is none
	succeeded
	failed
	dropped // cancelled before it began
)

// count puts a hand's last job into the figures. The lock is held.
func (c *crew) count(h *hand) {
	switch h.last {
	case counted:
		return
	case dropped:
		c.counts.Cancelled++
	case failed:
		c.counts.Failed++
		fallthrough
	default:
		c.counts.Completed++
	}
	c.running--
	h.last = counted
}
