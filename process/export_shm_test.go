package process

// SweepBlocks removes what was left behind.
func SweepBlocks() { sweepBlocks() }
