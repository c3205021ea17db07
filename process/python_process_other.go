//go:build !linux && !darwin

package process

import (
	"errors"
	"fmt"
	"os"

	"github.com/pygil/pygil/pipe"
)

func inheritable(*pipe.Conn) (*os.File, error) {
	return nil, fmt.Errorf("process: Python: a child inherits an end of a connection on Linux and macOS only, let it dial a pipe.Listener: %w", errors.ErrUnsupported)
}

func terminate(p *os.Process) error { return p.Kill() }

func pythonCode(s *os.ProcessState) int { return s.ExitCode() }
