//go:build race

package programs_test

// raceDetector: the test runs under -race, where exploring takes many times as long
// and shows nothing.
const raceDetector = true
