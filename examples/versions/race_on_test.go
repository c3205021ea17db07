//go:build race

package main

// raceDetector: the test runs under -race, where virtual worlds, which are one
// goroutine, take many times as long and show nothing.
const raceDetector = true
