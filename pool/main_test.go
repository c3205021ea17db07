package pool_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/pygil/pygil/process"
)

// instead is a program that is run in place of the tests, by one of them.
var instead func()

// TestMain fails the package when a test leaves a goroutine or a child behind. The
// workers of the tests come here too.
func TestMain(m *testing.M) {
	if instead != nil {
		instead()
		return
	}
	process.TestMain(m, process.WithCheck(func() error { return goleak.Find() }))
}
