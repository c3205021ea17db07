package process_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// The conformance suite: what is true of processes, and of what lies between them,
// is the same program text in each world. Its cases bear the numbers of the lines
// of multiprocessing's behaviour that they are about.

// A suiteCase is one line.
type suiteCase struct {
	name string
	run  func(t *gil.Thread)
	// hurts cases have a thread that panics: a virtual world reports that as its
	// own failure, beside the exit code.
	hurts bool
	// alone cases are not for the explorer, which would take long.
	alone bool
}

// props are what a child of the suite is given.
type props struct {
	Part    string // what it plays
	Lock    *process.Lock
	RLock   *process.RLock
	Sem     *process.Semaphore
	Cond    *process.Condition
	Ready   *process.Event // it is where its part wants it
	Go      *process.Event // it may go on
	Barrier *process.Barrier
	N       *process.Value[int]
	All     *process.Array[int]
	Conn    *pipe.Conn
	Int     int
	Text    string
}

// parts are what children of the suite can play.
var parts = map[string]func(t *gil.Thread, in props) error{}

var player = process.Define("suite.player", func(t *gil.Thread, in props) (int, error) {
	part, ok := parts[in.Part]
	if !ok {
		return 0, fmt.Errorf("no part %q", in.Part)
	}
	return in.Int, part(t, in)
})

// enact starts a child that plays a part.
func enact(t *gil.Thread, in props, opts ...process.Option) *process.Process {
	return got[*process.Process](t)(player.Start(t, in, opts...))
}

// ends joins a process and checks its exit code.
func ends(t *gil.Thread, p *process.Process, want int) {
	require.NoError(t, p.Join(t))
	code, ended := p.ExitCode()
	require.True(t, ended)
	require.Equal(t, want, code, "%v", p)
}

// stage makes what most parts want.
func stage(t *gil.Thread, part string) props {
	return props{
		Part:  part,
		Ready: got[*process.Event](t)(process.NewEvent(t)),
		Go:    got[*process.Event](t)(process.NewEvent(t)),
		N:     got[*process.Value[int]](t)(process.NewValue(t, 0)),
	}
}

// close gives up what stage made.
func (in props) close() {
	_, _, _ = in.Ready.Close(), in.Go.Close(), in.N.Close()
}

// arrive says that the child is there, and waits until it may go on.
func (in props) arrive(t *gil.Thread) error {
	if err := in.Ready.Set(t); err != nil {
		return err
	}
	return in.Go.Wait(t)
}

// suiteWorlds are where the suite runs.
var suiteWorlds = map[string]func(t *testing.T, c *suiteCase){
	"live": func(t *testing.T, c *suiteCase) {
		require.NoError(t, gil.Live().Run(gil.CPython313, c.run))
	},
	"machine": func(t *testing.T, c *suiteCase) {
		for _, p := range []gil.Profile{gil.CPython27, gil.CPython313, gil.CPython313T} {
			for _, method := range []gil.StartMethod{gil.Spawn, gil.Fork} {
				m := gil.NewMachine(2, gil.Measured(), gil.WithStartMethod(method), gil.WithExceptHook(func(*gil.Thread, *gil.UncaughtError) {}))
				err := m.Run(p, c.run)
				if c.hurts {
					var u *gil.UncaughtError
					require.ErrorAs(t, err, &u)
					var a *gil.AssertionError
					require.NotErrorAs(t, err, &a)
				} else {
					require.NoError(t, err, "%v %v", p, method)
				}
			}
		}
	},
	"explored": func(t *testing.T, c *suiteCase) {
		schedules := 60
		if testing.Short() {
			schedules = 10
		}
		for _, p := range []gil.Profile{gil.AnyBytecode, gil.CPython313} {
			r := explore.Run(c.run, explore.WithProfile(p), explore.WithMaxSchedules(schedules), explore.WithStrategy(explore.Random()))
			if assert.False(t, r.Failed(), "%v", p) {
				continue
			}
			for _, f := range r.Failures {
				t.Log(f.Err, "\n", f.Schedule)
			}
		}
	},
}

func runSuite(t *testing.T, cases []suiteCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, world := range slices.Sorted(maps.Keys(suiteWorlds)) {
				if world == "explored" && (c.hurts || c.alone) {
					continue
				}
				t.Run(world, func(t *testing.T) { suiteWorlds[world](t, &c) })
			}
		})
	}
}

// soon is a time that is long enough for whoever is to come, and no test waits for.
const soon = 30 * time.Second
