package trace_test

import "runtime"

// here is the program counter of its caller.
func here() uintptr {
	pc, _, _, _ := runtime.Caller(0)
	return pc + 1
}
