//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

var square = process.Define("square", func(ctx context.Context, n int) (int, error) { return n * n, nil })

var squareOnThread = process.Define("square on a thread", func(t *gil.Thread, n int) (int, error) {
	v := gil.NewVar("n", 0)
	w := t.Go("worker", func(t *gil.Thread) { gil.Add(t, v, n*n) })
	w.Join(t)
	return v.Load(t), nil
})

// A call is a process and its result, for a plain function and for one on a
// thread, from a plain caller and from a thread.
func TestCall(t *testing.T) {
	calls := func(ctx context.Context) {
		n, err := square.Call(ctx, 7)
		require.NoError(t, err)
		assert.Equal(t, 49, n)
		n, err = squareOnThread.Call(ctx, 8)
		require.NoError(t, err)
		assert.Equal(t, 64, n)
	}
	calls(t.Context())
	require.NoError(t, gil.Live().Run(gil.CPython39, func(th *gil.Thread) { calls(th) }))
	assert.Empty(t, process.ActiveChildren(t.Context()))
}

// PR-2: names count from 1 in each process, and a child's children are numbered
// below it. PR-12: who is whose child. PR-14: the key is inherited.
func TestFamily(t *testing.T) {
	ctx := t.Context()
	me := process.Current(ctx)
	assert.Equal(t, "MainProcess", me.Name())
	assert.Equal(t, os.Getpid(), me.PID())
	assert.True(t, me.IsAlive(ctx))
	assert.False(t, me.Daemon())
	assert.Nil(t, process.Parent(ctx))
	assert.Len(t, me.AuthKey(), 32)

	p, err := kin.New(ctx, 2)
	require.NoError(t, err)
	q, err := kin.New(ctx, 2)
	require.NoError(t, err)
	var n int
	_, err = fmt.Sscanf(p.Name(), "Process-%d", &n)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("Process-%d", n+1), q.Name())
	p.SetName("renamed")
	assert.Equal(t, "renamed", p.Name())
	require.NoError(t, p.Close())
	require.NoError(t, q.Close())

	got, err := kin.Call(ctx, 2)
	require.NoError(t, err)
	name := fmt.Sprintf("Process-%d", n+2)
	assert.Equal(t, relation{name, "MainProcess", os.Getpid(), string(me.AuthKey()), false}, got[0])
	assert.Equal(t, relation{name + ":1", name, got[1].ParentPID, string(me.AuthKey()), false}, got[1])
	assert.Equal(t, relation{name + ":1:1", name + ":1", got[2].ParentPID, string(me.AuthKey()), false}, got[2])
	assert.NotEqual(t, os.Getpid(), got[1].ParentPID)

	got, err = kin.Call(ctx, 0, process.WithName("näme 'n"), process.WithDaemon())
	require.NoError(t, err)
	assert.Equal(t, relation{"näme 'n", "MainProcess", os.Getpid(), string(me.AuthKey()), true}, got[0])
}

type relation struct {
	Name, Parent string
	ParentPID    int
	Key          string
	Daemon       bool
}

var kin *process.Func[int, []relation]

func init() {
	kin = process.Define("kin", func(ctx context.Context, depth int) ([]relation, error) {
		me, up := process.Current(ctx), process.Parent(ctx)
		if !up.IsAlive(ctx) || up.PID() != os.Getppid() || me.PID() != os.Getpid() || !me.IsAlive(ctx) || len(process.ActiveChildren(ctx)) > 0 {
			return nil, errors.New("the family is not what it should be")
		}
		all := []relation{{me.Name(), up.Name(), up.PID(), string(me.AuthKey()), me.Daemon()}}
		if depth == 0 {
			return all, nil
		}
		below, err := kin.Call(ctx, depth-1)
		return append(all, below...), err
	})
}

// PR-14: a key is a child's own from the moment it is made, and never sent by
// accident.
func TestAuthKey(t *testing.T) {
	ctx := t.Context()
	me := process.Current(ctx)
	old := me.AuthKey()
	defer me.SetAuthKey(old)
	me.SetAuthKey([]byte("secret"))
	p, err := kin.New(ctx, 0)
	require.NoError(t, err)
	assert.Equal(t, process.AuthKey("secret"), p.AuthKey())
	got, err := kin.Call(ctx, 0)
	require.NoError(t, err)
	assert.Equal(t, "secret", got[0].Key)
	me.SetAuthKey(old)
	assert.Equal(t, process.AuthKey("secret"), p.AuthKey())

	for _, v := range []any{old, []any{old}, map[string]any{"key": old}} {
		_, err = pickle.Marshal(v)
		assert.ErrorContains(t, err, "AuthKey is not sent")
	}
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", old, old, old, old), fmt.Sprint(old[0]))
	l, err := pipe.Listen(ctx, "unix", "", pipe.WithAuthKey(old))
	require.NoError(t, err)
	require.NoError(t, l.Close())
}

// PR-3: daemon can be set until the start. PR-4: a daemon has no children.
func TestDaemon(t *testing.T) {
	ctx := t.Context()
	p, err := wait.New(ctx, process.None{}, process.WithDaemon())
	require.NoError(t, err)
	assert.True(t, p.Daemon())
	require.NoError(t, p.SetDaemon(false))
	assert.False(t, p.Daemon())
	require.NoError(t, p.SetDaemon(true))
	require.NoError(t, p.Start(ctx))
	raises(t, "process has already started", p.SetDaemon(false))
	raises(t, "process has already started", process.Current(ctx).SetDaemon(true))
	assert.True(t, p.Daemon())
	require.NoError(t, p.Kill())
	joined(t, p)

	_, err = kin.Call(ctx, 1, process.WithDaemon())
	var carried *process.AssertionError
	require.ErrorAs(t, err, &carried)
	assert.Equal(t, "daemonic processes are not allowed to have children", carried.PythonText())
}

// PR-4 and PR-5: what can be done when.
func TestStages(t *testing.T) {
	ctx := t.Context()
	p, err := end.New(ctx, deed{})
	require.NoError(t, err)
	assert.Zero(t, p.PID())
	_, ended := p.ExitCode()
	assert.False(t, ended)
	assert.False(t, p.IsAlive(ctx))
	raised(t, "process not started", func() { p.Sentinel() })
	raises(t, "can only join a started process", p.Join(ctx))
	_, err = p.JoinTimeout(ctx, time.Second)
	raises(t, "can only join a started process", err)
	assert.ErrorContains(t, p.Terminate(), "has not started; call Start first")
	assert.ErrorContains(t, p.Kill(), "has not started; call Start first")

	require.NoError(t, p.Start(ctx))
	assert.Positive(t, p.PID())
	raises(t, "cannot start a process twice", p.Start(ctx))
	assert.Zero(t, joined(t, p))
	raises(t, "cannot start a process twice", p.Start(ctx))
	raises(t, "cannot start a process twice", process.Current(ctx).Start(ctx))
	assert.Error(t, process.Current(ctx).Terminate())
}

// PR-9: close.
func TestClose(t *testing.T) {
	ctx := t.Context()
	p := waiting(t, process.WithName("P"), process.WithDaemon())
	raises(t, "Cannot close a process while it is still running. You should first call join() or terminate().", p.Close())
	require.NoError(t, p.Kill())
	joined(t, p)
	fd := p.Sentinel().Fd()
	require.NotEqual(t, ^uintptr(0), fd)
	sentinel := p.Sentinel()
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	assert.Equal(t, ^uintptr(0), sentinel.Fd())
	const closed = "process object is closed"
	raises(t, closed, p.Join(ctx))
	raises(t, closed, p.Start(ctx))
	raises(t, closed, p.Terminate())
	raises(t, closed, p.Kill())
	raised(t, closed, func() { p.IsAlive(ctx) })
	raised(t, closed, func() { p.ExitCode() })
	raised(t, closed, func() { p.PID() })
	raised(t, closed, func() { p.Sentinel() })
	assert.Equal(t, "P", p.Name())
	assert.True(t, p.Daemon())
	assert.Len(t, p.AuthKey(), 32)
	assert.Error(t, process.Current(ctx).Close())

	q, err := end.New(ctx, deed{})
	require.NoError(t, err)
	require.NoError(t, q.Close())
	raises(t, closed, q.Start(ctx))
}

// PR-11: what a process looks like.
func TestString(t *testing.T) {
	ctx := t.Context()
	p, err := wait.New(ctx, process.None{}, process.WithName("X"), process.WithDaemon())
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("<Process name='X' parent=%d initial daemon>", os.Getpid()), p.String())
	require.NoError(t, p.Start(ctx))
	pids := fmt.Sprintf("<Process name='X' pid=%d parent=%d ", p.PID(), os.Getpid())
	assert.Equal(t, pids+"started daemon>", p.String())
	require.NoError(t, p.Terminate())
	joined(t, p)
	assert.Equal(t, pids+"stopped exitcode=-SIGTERM daemon>", p.String())
	require.NoError(t, p.Close())
	assert.Equal(t, pids+"closed daemon>", p.String())
	q, err := end.Start(ctx, deed{}, process.WithName("Y"))
	require.NoError(t, err)
	joined(t, q)
	assert.Equal(t, fmt.Sprintf("<Process name='Y' pid=%d parent=%d stopped exitcode=0>", q.PID(), os.Getpid()), q.String())
	assert.Equal(t, fmt.Sprintf("<Process name='MainProcess' pid=%d started>", os.Getpid()), process.Current(ctx).String())
}

// PR-12: the children that have not ended.
func TestActiveChildren(t *testing.T) {
	ctx := t.Context()
	require.Empty(t, process.ActiveChildren(ctx))
	a, b := waiting(t), waiting(t)
	assert.Equal(t, []*process.Process{a, b}, process.ActiveChildren(ctx))
	require.NoError(t, a.Kill())
	joined(t, a)
	assert.Equal(t, []*process.Process{b}, process.ActiveChildren(ctx))
	require.NoError(t, b.Kill())
	joined(t, b)
	assert.Empty(t, process.ActiveChildren(ctx))
}

type big struct {
	Data []byte
	Fn   func()
	Any  any
}

var swallow = process.Define("swallow", func(ctx context.Context, b big) (int, error) { return len(b.Data), nil })

// PR-4: after the start the object holds its argument no more.
func TestArgumentIsDropped(t *testing.T) {
	b := new([1 << 20]byte)
	w := weak.Make(b)
	p, err := dropArgument.Start(t.Context(), b[:])
	require.NoError(t, err)
	b = nil
	joined(t, p)
	eventually(t, func() bool {
		runtime.GC()
		return w.Value() == nil
	})
	runtime.KeepAlive(p)
}

var dropArgument = process.DefineTarget("drop argument", func(ctx context.Context, _ []byte) error { return nil })

// PR-18: what cannot travel is an error of Start that names the part, there is no
// child, and the process can be started once it can. What cannot arrive is the
// child's exit code 1 and its line on stderr.
func TestArgument(t *testing.T) {
	ctx := t.Context()
	n, err := swallow.Call(ctx, big{Data: []byte("abc")})
	require.NoError(t, err)
	assert.Equal(t, 3, n)

	_, err = swallow.Start(ctx, big{Fn: func() {}})
	assert.ErrorContains(t, err, "cannot pickle 'func' object")
	assert.ErrorContains(t, err, "at big.Fn")
	assert.Empty(t, process.ActiveChildren(ctx))
	list := []any{func() {}}
	p, err := swallow.New(ctx, big{Any: list})
	require.NoError(t, err)
	assert.ErrorContains(t, p.Start(ctx), "at big.Any[0]")
	assert.False(t, p.IsAlive(ctx))
	list[0] = "fine"
	require.NoError(t, p.Start(ctx))
	assert.Zero(t, joined(t, p))

	text := stderr(t, func() {
		p, err := swallow.Start(ctx, big{Any: stubborn{}}, process.WithName("P"))
		require.NoError(t, err)
		assert.Equal(t, 1, joined(t, p))
	})
	assert.Regexp(t, `^Process P:\npickle: .*it does not get up again`, text)
	_, err = swallow.Call(ctx, big{Any: stubborn{}})
	assert.ErrorContains(t, err, "it does not get up again")
}

// stubborn can leave and not arrive.
type stubborn struct{}

func (stubborn) Reduce() (any, error) { return 1, nil }

func init() {
	pickle.RegisterReducer(func(int) (stubborn, error) { return stubborn{}, errors.New("it does not get up again") }, "process_test.stubborn")
}

// PR-21: a method of the argument is the run method of a subclass.
func TestRunMethod(t *testing.T) {
	n, err := run.Call(t.Context(), &uppercaser{Text: "text"})
	require.NoError(t, err)
	assert.Equal(t, "TEXT", n)
}

type uppercaser struct{ Text string }

func (u *uppercaser) Run(ctx context.Context) (string, error) { return strings.ToUpper(u.Text), nil }

var run = process.Define("run", func(ctx context.Context, u *uppercaser) (string, error) { return u.Run(ctx) })

// early is a child that is dead before it could read anything: it ends in a
// package variable's initialization, long before Main.
var _ = func() int {
	if os.Getenv("PROCESS_TEST_EARLY") != "" {
		os.Exit(77)
	}
	return 0
}()

// PR-19: starting does not wait for a child that died early, however long the
// argument is: it has an exit code. CPython's start hangs (gh-118981).
func TestStartOfTheDead(t *testing.T) {
	t.Setenv("PROCESS_TEST_EARLY", "1")
	for _, size := range []int{0, 32 << 10, 64 << 10, 1 << 20, 20 << 20} {
		p, err := dropArgument.Start(t.Context(), make([]byte, size))
		require.NoError(t, err, "%d bytes", size)
		assert.Equal(t, 77, joined(t, p))
	}
}

// PR-19: long arguments do not make starts wait for each other, as CPython's do
// (gh-96953): here every child must run before the first has read its argument.
func TestStartsOfMany(t *testing.T) {
	t.Setenv("PROCESS_TEST_STOP", "1")
	const n, size = 4, 5 << 20
	var all []*process.Process
	for range n {
		p, err := dropArgument.Start(t.Context(), make([]byte, size))
		require.NoError(t, err)
		all = append(all, p)
	}
	for _, p := range all {
		stopped(t, p.PID())
	}
	for _, p := range all {
		resume(t, p.PID())
	}
	for _, p := range all {
		assert.Zero(t, joined(t, p))
	}
}

// PR-22: a hundred in a row, and a hundred at once; no zombie and no descriptor
// is left.
func TestHundredStarts(t *testing.T) {
	n := 100
	if testing.Short() {
		n = 20
	}
	before := openFiles(t)
	for range n {
		p, err := end.Start(t.Context(), deed{})
		require.NoError(t, err)
		require.Zero(t, joined(t, p))
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			p, err := end.Start(context.Background(), deed{Exit: code(4)})
			if assert.NoError(t, err) {
				assert.NoError(t, p.Join(context.Background()))
				code, _ := p.ExitCode()
				assert.Equal(t, 4, code)
			}
		})
	}
	wg.Wait()
	assert.Empty(t, process.ActiveChildren(t.Context()))
	eventually(t, func() bool { return openFiles(t) <= before })
	assert.Empty(t, zombies(t))
}

// A context that has ended starts nothing, an option in the wrong place neither.
func TestStartRefused(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := end.Start(over, deed{})
	assert.ErrorIs(t, err, context.Canceled)
	_, err = end.Start(t.Context(), deed{}, process.WithCheck(nil))
	assert.EqualError(t, err, "process: WithCheck has no meaning for a process")
	_, err = end.Call(t.Context(), deed{}, nil, process.WithStrict())
	assert.EqualError(t, err, "process: WithStrict has no meaning for a process")
	assert.Empty(t, process.ActiveChildren(t.Context()))
}

// PR-23: the child begins with the directory and the environment of the moment,
// and with the parent's arguments.
func TestCircumstances(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(dir)
	t.Setenv("PROCESS_TEST_SOMETHING", "else")
	got, err := circumstances.Call(t.Context(), process.None{})
	require.NoError(t, err)
	group, session := groupAndSession()
	want := surroundings{Dir: dir, Args: os.Args, Env: "else", Group: group, Session: session}
	assert.Equal(t, want, got)
}

type surroundings struct {
	Dir            string
	Args           []string
	Env, Marker    string
	Group, Session int
}

var circumstances = process.Define("circumstances", func(ctx context.Context, _ process.None) (s surroundings, err error) {
	s.Args, s.Env = os.Args, os.Getenv("PROCESS_TEST_SOMETHING")
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "PYGIL") {
			s.Marker = kv // it is not for the child's own children
		}
	}
	s.Group, s.Session = groupAndSession()
	s.Dir, err = os.Getwd()
	return s, err
})

func init() {
	// A program that has no descriptors left.
	roles["exhausted"] = func() {
		process.Main(func(t *gil.Thread) error {
			var old syscall.Rlimit
			if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
				return err
			}
			p, err := end.New(t, deed{Exit: code(9)})
			if err != nil {
				return err
			}
			for few := range 30 { // the start fails at one place after the other
				if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(few), Max: old.Max}); err != nil {
					return err
				}
				err := p.Start(t)
				if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
					return err
				}
				if err == nil {
					break
				}
				if !errors.Is(err, syscall.EMFILE) || p.IsAlive(t) || p.PID() != 0 || len(process.ActiveChildren(t)) > 0 {
					return fmt.Errorf("with %d descriptors: %w", few, err)
				}
				fmt.Println("failed")
			}
			err = p.Join(t)
			fmt.Println(p.ExitCode())
			return err
		})
	}
	// A program whose children are reaped by nobody.
	roles["ignorant"] = func() {
		process.Main(func(t *gil.Thread) error {
			signal.Ignore(syscall.SIGCHLD)
			p, err := end.Start(t, deed{Exit: code(9)})
			if err != nil {
				return err
			}
			err = p.Join(t)
			fmt.Println(p.ExitCode())
			return err
		})
	}
}

// A start that fails for want of descriptors loses nothing: there is no child, and
// the same process can be started later.
func TestStartWithoutDescriptors(t *testing.T) {
	p, code := play(t, "exhausted")
	require.Zero(t, code, p.stderr.String())
	assert.Regexp(t, `^(failed\n){3,}9 true\n$`, p.stdout.String())
}

// A child whose status somebody else took has ended, with a code that says so.
func TestStatusTakenAway(t *testing.T) {
	p, code := play(t, "ignorant")
	require.Zero(t, code, p.stderr.String())
	assert.Equal(t, "255 true\n", p.stdout.String())
}

// Processes work in the bubbles of testing/synctest, whose time stands still while
// they are waited for.
func TestBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		n, err := square.Call(t.Context(), 5)
		require.NoError(t, err)
		assert.Equal(t, 25, n)
		p, err := end.Start(t.Context(), deed{Exit: code(2)})
		require.NoError(t, err)
		assert.Equal(t, 2, joined(t, p))
		assert.Equal(t, begin, time.Now())
	})
}
