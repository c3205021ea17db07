package gil_test

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// exits draws programs whose threads exit their goroutines, panic and start others
// wherever they are, also while they are being ended. It counts how many functions of
// threads have begun and how many have ended.
type exits struct {
	rng          *rand.Rand
	begun, ended int
}

func (e *exits) body(depth int) func(t *gil.Thread) {
	ops := make([]int, 1+e.rng.IntN(4))
	for i := range ops {
		ops[i] = e.rng.IntN(9)
	}
	last := e.rng.IntN(6)
	start := func(t *gil.Thread, opts ...gil.Option) *gil.Thread {
		if depth == 3 {
			return nil
		}
		return t.Go("child", e.body(depth+1), opts...)
	}
	return func(t *gil.Thread) {
		e.begun++
		defer func() { e.ended++ }()
		switch last {
		case 0:
			defer runtime.Goexit()
		case 1:
			defer func() { _ = recover() }()
		case 2:
			defer func() {
				t.Tick(1)
				t.Sleep(1)
			}()
		}
		for _, op := range ops {
			switch op {
			case 0, 1:
				start(t)
			case 2:
				if c := start(t); c != nil {
					c.Join(t)
				}
			case 3:
				start(t, gil.WithDaemon(true))
			case 4:
				t.Sleep(time.Microsecond)
			case 5:
				t.Yield()
			case 6:
				t.Compute(10)
			case 7:
				runtime.Goexit()
			case 8:
				panic("it fails")
			}
		}
	}
}

// TestExitsAnywhere: whoever has begun ends, and no goroutine is left behind.
func TestExitsAnywhere(t *testing.T) {
	before := goleak.IgnoreCurrent()
	quiet := gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {})
	explored := func(p gil.Profile, limit int) func(uint64, func(*gil.Thread)) {
		return func(seed uint64, main func(*gil.Thread)) {
			s := gil.NewSandbox(p, kernel.NewRandomWalk(seed), limit, quiet)
			defer s.Close()
			_ = s.Run(seed, main) // it failed, or not
			_ = s.Run(seed+1, main)
		}
	}
	for name, run := range map[string]func(uint64, func(*gil.Thread)){
		"machine":   func(_ uint64, main func(*gil.Thread)) { _ = gil.NewMachine(2, quiet).Run(gil.CPython313, main) },
		"explored":  explored(gil.CPython313, 0),
		"cut short": explored(gil.AnyBytecode, 40),
	} {
		for seed := range uint64(500) {
			e := &exits{rng: rand.New(rand.NewPCG(seed, 1))}
			main := e.body(0)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				run(seed, main)
			}()
			<-gone
			require.Equal(t, e.begun, e.ended, "%s, program %d", name, seed)
		}
		goleak.VerifyNone(t, before)
	}
}
