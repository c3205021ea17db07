//go:build !unix

package asyncio_test

import "time"

var begun = time.Now()

// cpuTime is the time that has passed, where the processor time cannot be had.
func cpuTime() time.Duration { return time.Since(begun) }
