//go:build !race

package timing_test

const raceDetector = false
