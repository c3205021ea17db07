package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/gil"
)

// together runs two threads for real and returns how many of them were seen executing
// between two ticks at one instant: 1 with a GIL. Without one they are given half a
// minute to meet.
func together(python gil.Profile) (par int, err error) {
	const sections = 2000
	var inside, most atomic.Int32
	deadline := time.Now()
	if runtime.GOMAXPROCS(0) > 1 {
		deadline = deadline.Add(30 * time.Second)
	}
	work := func(t *gil.Thread) {
		for i := 0; i < sections || python.FreeThreaded() && most.Load() < 2 && time.Now().Before(deadline); i++ {
			now := inside.Add(1)
			for range 100 {
				now = max(now, inside.Load())
			}
			for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
			}
			inside.Add(-1)
			t.Tick(1)
			if i%10 == 0 {
				t.Yield()
			}
		}
	}
	err = gil.Live().Run(python, func(t *gil.Thread) {
		gil.JoinAll(t, t.Go("", work), t.Go("", work))
	})
	return int(most.Load()), err
}
