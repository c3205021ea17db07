//go:build linux && portable

package shm

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// ended is the start of a process that is a zombie.
const ended = 1

// startOf returns when a process started, in a unit of the system's own, or 0 when
// that cannot be known.
func startOf(pid uint32) uint64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	// The name in parentheses may hold anything. Behind it come the state, which
	// is field 3, and the start, which is field 22.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if err != nil || len(fields) < 20 {
		return 0
	}
	if fields[0][0] == 'Z' || fields[0][0] == 'X' {
		return ended
	}
	start, _ := strconv.ParseUint(string(fields[19]), 10, 64)
	return start + 2
}
