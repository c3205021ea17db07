//go:build !linux && !darwin

package pool

import (
	"errors"
	"os"

	"github.com/pygil/pygil/pipe"
)

// redirects reports whether stderr can be led elsewhere.
const redirects = false

func redirect(*pipe.Conn) {}

func reopen(*pipe.Conn) (*os.File, error) { return nil, errors.ErrUnsupported }
