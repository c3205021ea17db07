//go:build race

package explore

import "runtime"

// reported is how many races the race detector has reported so far.
func reported() int { return runtime.RaceErrors() }
