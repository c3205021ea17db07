//go:build race

package process

import "sync/atomic"

// A fence tells the race detector what shared memory orders: it does not see
// atomic operations there. Whoever passes comes after all who passed before.
type fence struct{ n atomic.Uint32 }

func (f *fence) pass() { f.n.Add(1) }
