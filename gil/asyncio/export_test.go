package asyncio

// Remembered is how many coroutine objects and errors the loop keeps for its last
// report.
func (l *Loop) Remembered() int { return len(l.unborn) + len(l.failures) }
