//go:build !race

package giltest_test

const raceDetector = false
