//go:build !race

package giltest_test

import "testing"

const raceDetector = false

// raceBinary would be a test binary built with -race.
func raceBinary(t *testing.T) string {
	t.Helper()
	t.Skip("needs the race detector")
	return ""
}
