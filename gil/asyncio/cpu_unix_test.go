//go:build unix

package asyncio_test

import (
	"syscall"
	"time"
)

// cpuTime is the processor time this process has used, as Python's process_time.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
