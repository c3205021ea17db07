//go:build !race

package programs_test

const raceDetector = false
