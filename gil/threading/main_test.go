package threading_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind: a thread that
// waits for ever, a timer, a coroutine of a machine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
