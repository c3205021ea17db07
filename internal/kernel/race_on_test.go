//go:build race

package kernel_test

// raceEnabled: the virtual worlds are one goroutine, so the race detector has
// little to find there and takes ten times as long.
const raceEnabled = true
