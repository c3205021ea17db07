package gil_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind: a live
// thread, a coroutine of a machine, a timer's call.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
