//go:build !linux && !darwin

package process

import (
	"os"
	"syscall"
)

func dieOf(sig syscall.Signal) { os.Exit(128 + int(sig)) }
