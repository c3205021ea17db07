//go:build !windows

package pipe

import (
	"errors"
	"syscall"
)

// gone reports whether err says that the other end of a stream is no more.
func gone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}
