package asyncio_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the package when a test leaves a goroutine behind: a coroutine of
// a loop, a thread of its pool.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
