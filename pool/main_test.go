package pool_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

// TestMain fails the package when a test leaves a goroutine or a child behind. The
// workers of the tests come here too.
func TestMain(m *testing.M) {
	process.TestMain(m, process.WithCheck(func() error { return goleak.Find() }))
}
