//go:build !linux && !darwin

package process_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/process"
)

var elsewhere = []string{"nothing"}

func playRole() bool { return false }

func idle() error { return nil }

var nothing = process.DefineTarget("nothing", func(ctx context.Context, _ process.None) error { return nil })

// Where there are no children, starting one says so.
func TestUnsupported(t *testing.T) {
	_, err := nothing.Start(t.Context(), process.None{})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}
