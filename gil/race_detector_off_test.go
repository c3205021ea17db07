//go:build !race

package gil_test

const raceDetector = false
