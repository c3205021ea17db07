//go:build race

package behaviours_test

// raceDetector: the test runs under -race, where virtual worlds, which are one
// goroutine, take many times as long and show nothing.
const raceDetector = true
