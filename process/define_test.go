//go:build linux || darwin

package process_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

func init() {
	for name, define := range map[string]func(){
		"no name":    func() { process.DefineTarget("", func(context.Context, int) error { return nil }) },
		"taken":      func() { process.DefineTarget("square", func(context.Context, int) error { return nil }) },
		"nil":        func() { process.Define[context.Context, int, int]("nil", nil) },
		"nil target": func() { process.DefineTarget[*gil.Thread, int]("nil", nil) },
		"other context": func() {
			process.DefineTarget("other", func(mine, int) error { return nil })
		},
		"a channel": func() { process.DefineTarget("chan", func(context.Context, chan int) error { return nil }) },
	} {
		func() {
			defer func() { refusals[name] = fmt.Sprint(recover()) }()
			define()
		}()
	}
}

// mine is a context that nobody can make in a child.
type mine interface {
	context.Context
	Mine()
}

var refusals = map[string]string{}

// What cannot be defined panics at once, with the way out.
func TestDefineRefused(t *testing.T) {
	assert.Equal(t, map[string]string{
		"no name":       `process: Define: a function needs a name, by which a child finds it`,
		"taken":         `process: Define("square"): the name is taken; give each function a name of its own`,
		"nil":           `process: Define("nil"): the function is nil`,
		"nil target":    `process: DefineTarget("nil"): the function is nil`,
		"other context": `process: Define("other"): the first parameter of a function is a context.Context or a *gil.Thread, not process_test.mine`,
		"a channel":     refusals["a channel"],
	}, refusals)
	assert.Contains(t, refusals["a channel"], "pickle: Register: a chan cannot leave its process")
	assert.PanicsWithError(t, `process: Define("late") after Main: a child would not know the function; make it a package variable`, func() {
		process.DefineTarget("late", func(context.Context, int) error { return nil })
	})
	assert.Equal(t, "square", square.Name())
	assert.Equal(t, "square", square.String())
}

// testers stand for package testing in roles.
type tester struct{ run func() int }

func (m tester) Run() int { return m.run() }

func init() {
	elsewhere = append(elsewhere, "profile")
	roles["strict"] = func() {
		process.TestMain(tester{func() int { return 0 }}, process.WithStrict("square"))
	}
	roles["checked"] = func() {
		process.TestMain(tester{func() int { return 0 }}, process.WithCheck(func() error { return fmt.Errorf("the check says no") }))
	}
	roles["untidy"] = func() {
		process.TestMain(tester{func() int {
			_, err := wait.Start(context.Background(), process.None{}, process.WithName("P"))
			if err != nil {
				return 2
			}
			return 0
		}})
	}
	roles["failed"] = func() {
		process.TestMain(tester{func() int { return 5 }}, process.WithStrict(), process.WithCheck(func() error { return fmt.Errorf("the check says no") }))
	}
	roles["profiles"] = func() {
		process.Main(func(t *gil.Thread) error {
			below, err := profile.Call(t, 1)
			fmt.Println(t.Interpreter().Profile().Name(), t.Interpreter().SwitchInterval(), below, err)
			return nil
		}, process.WithProfile(gil.CPython36.WithSwitchInterval(7*time.Millisecond)))
	}
	roles["exits early"] = func() { process.Exit(context.Background(), 300) }
	roles["main twice"] = func() {
		for i := range 2 {
			process.Main(func(t *gil.Thread) error {
				n, err := square.Call(t, i+2)
				fmt.Println(n)
				return err
			})
		}
	}
	roles["bad option"] = func() {
		defer func() { fmt.Println(recover()) }()
		process.Main(func(t *gil.Thread) error { return nil }, process.WithDaemon())
	}
	roles["stuck"] = func() {
		process.Main(func(t *gil.Thread) error {
			t.Go("sleeper", func(t *gil.Thread) { t.Block(func() { time.Sleep(time.Hour) }) }, gil.WithDaemon(true))
			t.Yield()
			return nil
		})
	}
}

var profile *process.Func[int, string]

func init() {
	profile = process.Define("profile", func(t *gil.Thread, depth int) (string, error) {
		i := t.Interpreter()
		s := fmt.Sprint(i.Profile().Name(), " ", i.SwitchInterval())
		if depth == 0 {
			return s, nil
		}
		below, err := profile.Call(t, depth-1)
		return s + ", " + below, err
	})
}

// TestMain fails a run that leaves something behind, and a full one that leaves a
// function unused.
func TestTestMain(t *testing.T) {
	p, code := play(t, "strict")
	assert.Equal(t, 1, code)
	assert.Regexp(t, `^process: no test started (.*, )?circumstances, .*: remove it, or name it in WithStrict\n$`, p.stderr.String())
	assert.NotContains(t, p.stderr.String(), " square,")
	p, code = play(t, "checked")
	assert.Equal(t, 1, code)
	assert.Equal(t, "the check says no\n", p.stderr.String())
	p, code = play(t, "untidy")
	assert.Equal(t, 1, code)
	assert.Regexp(t, `^process: the tests passed and left <Process name='P' pid=\d+ parent=\d+ started> running: join it, or terminate it\n$`, p.stderr.String())
	p, code = play(t, "failed")
	assert.Equal(t, 5, code)
	assert.Empty(t, p.stderr.String())
}

// A program's profile is its children's, and theirs.
func TestProfile(t *testing.T) {
	p, code := play(t, "profiles")
	assert.Zero(t, code)
	assert.Equal(t, "3.6 7ms 3.6 7ms, 3.6 7ms <nil>\n", p.stdout.String())
	for _, p := range append(gil.Profiles(),
		gil.CPython27.WithCheckInterval(7), gil.CPython39.WithSwitchInterval(time.Second),
		gil.FromRule(gil.Ticks(5)), gil.FromRule(gil.Interval(time.Hour)), gil.FromRule(gil.Legacy(3)), gil.FromRule(gil.None())) {
		got, err := process.Profile(process.WithProfile(p))
		require.NoError(t, err)
		assert.Equal(t, p, got)
	}
}

// Exit before Main, Main more than once, Main with a bad option, and with a
// thread that nothing can end.
func TestMainMisused(t *testing.T) {
	_, code := play(t, "exits early")
	assert.Equal(t, 300&0xff, code)
	p, code := play(t, "main twice")
	assert.Zero(t, code)
	assert.Equal(t, "4\n9\n", p.stdout.String())
	p, code = play(t, "bad option")
	assert.Zero(t, code)
	assert.Equal(t, "process: WithDaemon has no meaning for Main\n", p.stdout.String())
	p, code = play(t, "stuck")
	assert.Zero(t, code)
	assert.Contains(t, p.stderr.String(), "gil: daemon threads are stuck in calls that do not return: sleeper")
}

// CT-10.
func TestCPUCount(t *testing.T) {
	assert.Positive(t, process.CPUCount())
}

// A function can be found by its name and run where one is.
func TestTarget(t *testing.T) {
	data, err := pickle.Marshal(6)
	require.NoError(t, err)
	target, err := process.Lookup(square.Target().Name())
	require.NoError(t, err)
	assert.False(t, target.Threaded())
	assert.True(t, squareOnThread.Target().Threaded())
	call, err := target.Load(data)
	require.NoError(t, err)
	v, err := call(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 36, v)
	call, err = squareOnThread.Target().Load(data)
	require.NoError(t, err)
	_, err = call(t.Context())
	assert.EqualError(t, err, "process: square on a thread runs on a thread, and there is none behind the context")
	assert.NoError(t, gil.Live().Run(gil.CPython313, func(th *gil.Thread) {
		v, err := call(th)
		require.NoError(th, err)
		require.Equal(th, 36, v)
	}))
	_, err = target.Load(nil)
	assert.Error(t, err)
	_, err = process.Lookup("nobody")
	assert.EqualError(t, err, `process: no function "nobody" is defined in this program: call Define in a package variable`)
}

// TestTargetMany: a slice of arguments in one message, and a function that is run
// where it is.
func TestTargetMany(t *testing.T) {
	data, err := pickle.Marshal([]int{1, 2, 3})
	require.NoError(t, err)
	out, done, err := square.Target().Many(t.Context(), data)
	require.NoError(t, err)
	assert.Equal(t, 3, done)
	assert.Equal(t, []int{1, 4, 9}, out)

	out, done, err = squareOnThread.Target().Many(t.Context(), data)
	assert.EqualError(t, err, "process: square on a thread runs on a thread, and there is none behind the context")
	assert.Zero(t, done)
	assert.Empty(t, out)
	_, done, err = square.Target().Many(t.Context(), data[:len(data)-1])
	assert.Error(t, err)
	assert.Zero(t, done)

	got, err := square.Run(t.Context(), 7)
	require.NoError(t, err)
	assert.Equal(t, 49, got)
	_, err = squareOnThread.Run(t.Context(), 7)
	assert.EqualError(t, err, "process: square on a thread runs on a thread, and there is none behind the context")
}
