package peers_test

import (
	"testing"

	"go.uber.org/goleak"
)

// ants has a pool of its own, with goroutines, from the moment it is imported.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
