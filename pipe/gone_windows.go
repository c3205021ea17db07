package pipe

import (
	"errors"

	"golang.org/x/sys/windows"
)

// gone reports whether err says that the other end of a stream is no more.
func gone(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED) || errors.Is(err, windows.ERROR_BROKEN_PIPE)
}
