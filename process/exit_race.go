//go:build race

package process

import "os"

// hurry makes the children of tests end at once: the race detector sleeps for a
// second at the end of a process that exits with 0, unless GORACE says otherwise.
func hurry() {
	if _, set := os.LookupEnv("GORACE"); !set {
		_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
}
