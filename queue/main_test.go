package queue_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

// TestMain runs children, and fails the package when a test leaves a goroutine or a
// process behind.
func TestMain(m *testing.M) {
	process.TestMain(m, process.WithCheck(func() error { return goleak.Find() }))
}
