package shm_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// roleKey names the part that this binary plays when a test has started it again.
const roleKey = "SHM_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleKey); role != "" {
		play(role)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
