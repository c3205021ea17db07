//go:build linux || darwin

package pipe

import "context"

// Seats is how many receivers wait patiently.
func Seats() int { return int(seats.Load()) }

// Patient reports whether a Conn's receiver would wait patiently.
func Patient(ctx context.Context, c *Conn) bool { return c.s.(*fdStream).patience.enough(ctx) }

// MakePatient has it wait patiently next time.
func MakePatient(c *Conn) { c.s.(*fdStream).patience.streak = earned }

// Known reports whether the runtime's poller knows of a Conn's descriptor.
func Known(c *Conn) bool {
	q := c.s.(*fdStream).file.(*quiet)
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.berth != nil
}

// NewQuiet makes a descriptor that the runtime's poller is told of late.
var NewQuiet = newQuiet
