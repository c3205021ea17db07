package futex_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// roleKey names the part that this binary plays when a test has started it again.
const roleKey = "FUTEX_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleKey) != "" {
		echo()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
