package process

// Asked reports whether somebody waits for an answer of a manager of shared memory.
func Asked(s *SharedMemoryManager) bool {
	c := s.m.c
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.waiting {
		if a.awaits {
			return true
		}
	}
	return false
}

// SweepBlocks removes what was left behind.
func SweepBlocks() { sweepBlocks() }
