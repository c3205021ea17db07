//go:build !linux && !darwin

package pipe

import (
	"context"
	"errors"
	"fmt"

	"github.com/pygil/pygil/internal/blocking"
)

// A parker waits to be woken: here every item tells when it is ready.
type parker struct{ woken chan struct{} }

func newParker([]entry) (*parker, error) { return &parker{make(chan struct{}, 1)}, nil }

func (p *parker) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}

func (p *parker) close() {}

func (p *parker) park(ctx context.Context) error {
	blocking.Do(ctx, "pipe.wait", func() { <-p.woken })
	return nil
}

func pollNow(entries []entry) error {
	for _, e := range entries {
		if e.fd != noFd {
			return fmt.Errorf("descriptors cannot be waited for here, only Conns, Listeners and Notifiers: %w", errors.ErrUnsupported)
		}
	}
	return nil
}
