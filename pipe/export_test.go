package pipe

import "context"

// The handshake's computations, for vectors and golden transcripts.
var (
	Respond     = respond
	Verify      = verify
	PythonBytes = pythonBytes
)

// EmulatedProcesses counts the emulated processes that still have streams.
func EmulatedProcesses() int {
	processes.Lock()
	defer processes.Unlock()
	return len(processes.all)
}

// A Slot is the lock of one direction.
type Slot struct{ l slot }

// Try takes the slot if it is free.
func (s *Slot) Try() bool { return s.l.try() }

// Wait queues up for it.
func (s *Slot) Wait(ctx context.Context, closed <-chan struct{}) error {
	return s.l.wait(ctx, receiving, closed)
}

// Give frees it, or hands it on.
func (s *Slot) Give() { s.l.give() }
