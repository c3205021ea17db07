//go:build linux && !portable

package futex

import (
	"math"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The operations of futex(2). Without FUTEX_PRIVATE_FLAG, since other processes
// wait and wake too. A timeout of FUTEX_WAIT is measured on the monotonic clock.
const (
	opWait = 0
	opWake = 1
)

// Wait sleeps until somebody wakes word, d has passed, or for no reason at all. It
// returns at once when the word's value is not value. A negative d has no end. It
// reports whether d has passed. The calling thread is blocked in the kernel.
func Wait(word *uint32, value uint32, d time.Duration) (timedOut bool) {
	var limit *unix.Timespec
	if d >= 0 {
		ts := unix.NsecToTimespec(int64(d))
		limit = &ts
	}
	_, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), opWait, uintptr(value),
		uintptr(unsafe.Pointer(limit)), 0, 0)
	return errno == unix.ETIMEDOUT
}

// Wake ends the sleep of up to n threads that are in [Wait] for word, whatever its
// value is, and returns how many there were. A negative n means all. It does not
// block.
func Wake(word *uint32, n int) int {
	if n < 0 {
		n = math.MaxInt32
	}
	// Waking never blocks: the scheduler need not know of this system call.
	woken, _, _ := syscall.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), opWake, uintptr(n), 0, 0, 0)
	return int(woken)
}
