//go:build race

package giltest_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// raceDetector: the test runs under -race, where virtual worlds, which are one
// goroutine, take many times as long and show nothing.
const raceDetector = true

// raceBinary is a test binary built with -race: this one.
func raceBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return self
}
