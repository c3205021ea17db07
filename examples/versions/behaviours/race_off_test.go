//go:build !race

package behaviours_test

const raceDetector = false
