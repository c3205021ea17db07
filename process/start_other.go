//go:build !linux && !darwin

package process

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/pygil/pygil/pipe"
)

// spawn says that there are no children here.
func spawn(string, []string, *pipe.Conn, []*os.File) (int, body, error) {
	return 0, nil, fmt.Errorf("process: start: children on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}

func park([]byte) *os.File { return nil }

func unpark(*os.File) (argument []byte, release func(), err error) {
	return nil, nil, errors.ErrUnsupported
}

// adopted finds no parent: nobody can start a child here.
func adopted() *legacy { return nil }

func signalName(n int) string { return fmt.Sprintf("signal %d", n) }

// complain writes to stderr.
func complain(text string) { fmt.Fprintln(os.Stderr, text) }
