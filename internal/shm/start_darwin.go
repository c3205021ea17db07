package shm

import "golang.org/x/sys/unix"

const (
	zombie = 5 // SZOMB
	ended  = 1
)

// startOf returns when a process started, in a unit of the system's own, or 0 when
// that cannot be known.
func startOf(pid uint32) uint64 {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", int(pid))
	if err != nil {
		return 0
	}
	if p.Proc.P_stat == zombie {
		return ended
	}
	t := p.Proc.P_starttime
	return uint64(t.Sec)*1_000_000 + uint64(t.Usec) + 2
}
