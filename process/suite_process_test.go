package process_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

func init() {
	parts["return"] = func(*gil.Thread, props) error { return nil }
	parts["arrive"] = func(t *gil.Thread, in props) error { return in.arrive(t) }
	parts["error"] = func(*gil.Thread, props) error { return process.ErrTimeout }
	parts["panic"] = func(*gil.Thread, props) error { panic("on purpose") }
	parts["exit"] = func(t *gil.Thread, in props) error {
		defer func() { _ = in.N.Store(t, 1) }()
		process.Exit(t, in.Int)
		return nil
	}
	parts["exit deep"] = func(t *gil.Thread, in props) error {
		t.Go("w", func(t *gil.Thread) { process.Exit(t, 7) }).Join(t)
		return nil
	}
	parts["threads"] = func(t *gil.Thread, in props) error {
		t.Go("late", func(t *gil.Thread) {
			if in.Go.Wait(t) == nil {
				_ = in.N.Store(t, 42)
			}
		})
		return in.Ready.Set(t)
	}
	parts["thread panics"] = func(t *gil.Thread, in props) error {
		t.Go("w", func(*gil.Thread) { panic("in a thread, on purpose") }).Join(t)
		return nil
	}
	parts["deferred"] = func(t *gil.Thread, in props) error {
		defer func() { _ = in.N.Store(t, 1) }()
		return in.arrive(t)
	}
	parts["relatives"] = func(t *gil.Thread, in props) error {
		me, up := process.Current(t), process.Parent(t)
		if err := in.Conn.Send(t, []any{me.Name(), me.PID(), me.Daemon(), me.IsAlive(t), up.Name(), up.PID(), up.IsAlive(t), len(process.ActiveChildren(t)), string(me.AuthKey())}); err != nil {
			return err
		}
		return in.Conn.Close()
	}
	parts["parent"] = func(t *gil.Thread, in props) error {
		in.Part = in.Text
		opts := []process.Option{process.WithName("grandchild")}
		if in.Int == 1 {
			opts = append(opts, process.WithDaemon())
		}
		if _, err := player.Start(t, in, opts...); err != nil {
			return err
		}
		return in.Ready.Wait(t)
	}
	parts["parent waits"] = func(t *gil.Thread, in props) error {
		child := props{Part: "deferred", Ready: in.Ready, Go: in.Go, N: in.N}
		if _, err := player.Start(t, child, process.WithDaemon()); err != nil {
			return err
		}
		return in.Go.Wait(t)
	}
	parts["joins parent"] = func(t *gil.Thread, in props) error {
		up := process.Parent(t)
		if err := in.Ready.Set(t); err != nil {
			return err
		}
		if err := up.Join(t); err != nil {
			return err
		}
		_ = in.N.Store(t, 1)
		if up.IsAlive(t) {
			return errors.New("the parent is alive after its end")
		}
		return in.Go.Set(t)
	}
	parts["waits for go"] = func(t *gil.Thread, in props) error {
		if _, err := player.Start(t, props{Part: "joins parent", Ready: in.Ready, Go: in.Go, N: in.N}, process.WithEndWithParent(false)); err != nil {
			return err
		}
		return in.Go.Wait(t)
	}
	parts["has child"] = func(t *gil.Thread, in props) error {
		_, err := player.Start(t, props{Part: "return"})
		var a *process.AssertionError
		if errors.As(err, &a) {
			return in.Conn.Send(t, a.PythonText())
		}
		return err
	}
}

var processCases = []suiteCase{
	{name: "PR-2 names", run: func(t *gil.Thread) {
		here := process.Current(t)
		require.Equal(t, "MainProcess", here.Name())
		require.Nil(t, process.Parent(t))
		p := got[*process.Process](t)(player.New(t, props{Part: "return"}, process.WithName("x")))
		require.Equal(t, "x", p.Name())
		p.SetName("y")
		require.Equal(t, "y", p.Name())
		q := got[*process.Process](t)(player.New(t, props{Part: "return"}))
		require.Regexp(t, `^Process-\d+$`, q.Name())
	}},
	{name: "PR-3 daemon", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p := got[*process.Process](t)(player.New(t, in))
		require.False(t, p.Daemon())
		require.NoError(t, p.SetDaemon(true))
		require.NoError(t, p.Start(t))
		require.True(t, p.Daemon())
		err := p.SetDaemon(false)
		var a *process.AssertionError
		require.ErrorAs(t, err, &a)
		require.Equal(t, "process has already started", a.PythonText())
		require.NoError(t, in.Go.Set(t))
		ends(t, p, 0)
	}},
	{name: "PR-4 start", run: func(t *gil.Thread) {
		p := got[*process.Process](t)(player.New(t, props{Part: "return"}))
		require.NoError(t, p.Start(t))
		var a *process.AssertionError
		require.ErrorAs(t, p.Start(t), &a)
		require.Equal(t, "cannot start a process twice", a.PythonText())
		ends(t, p, 0)
		x, y := newSuitePair(t)
		q := enact(t, props{Part: "has child", Conn: y}, process.WithDaemon())
		require.NoError(t, y.Close())
		require.Equal(t, "daemonic processes are not allowed to have children", got[any](t)(x.Recv(t)))
		ends(t, q, 0)
		require.NoError(t, x.Close())
	}},
	{name: "PR-5 before start", run: func(t *gil.Thread) {
		p := got[*process.Process](t)(player.New(t, props{Part: "return"}))
		require.Zero(t, p.PID())
		_, ended := p.ExitCode()
		require.False(t, ended)
		require.False(t, p.IsAlive(t))
		var a *process.AssertionError
		require.ErrorAs(t, p.Join(t), &a)
		require.Equal(t, "can only join a started process", a.PythonText())
		require.ErrorAs(t, p.Terminate(), &a)
		require.ErrorAs(t, p.Kill(), &a)
		require.Panics(t, func() { p.Sentinel() })
	}},
	{name: "PR-6 join", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p := enact(t, in)
		for _, d := range []time.Duration{-1, 0, time.Millisecond} {
			ended, err := p.JoinTimeout(t, d)
			require.NoError(t, err)
			require.False(t, ended)
		}
		ctx, cancel := gil.WithTimeout(t, time.Millisecond)
		require.ErrorIs(t, p.Join(ctx), process.ErrTimeout)
		cancel()
		_, ended := p.ExitCode()
		require.False(t, ended)
		require.True(t, p.IsAlive(t))
		require.NoError(t, in.Go.Set(t))
		require.True(t, got[bool](t)(p.JoinTimeout(t, soon)))
		ends(t, p, 0)
		require.False(t, p.IsAlive(t))
		var a *process.AssertionError
		require.ErrorAs(t, process.Current(t).Join(t), &a)
		require.Equal(t, "can only join a child process", a.PythonText())
	}},
	{name: "PR-7 exit codes", run: func(t *gil.Thread) {
		ends(t, enact(t, props{Part: "return"}), 0)
		for n, code := range map[int]int{0: 0, 3: 3, -1: 255, 256: 0} {
			in := stage(t, "exit")
			in.Int = n
			ends(t, enact(t, in), code)
			require.Equal(t, 1, got[int](t)(in.N.Load(t)), "deferred calls run")
			in.close()
		}
		ends(t, enact(t, props{Part: "exit deep"}), 0) // it ends its thread only
	}},
	{name: "PR-7 an error is 1", alone: true, run: func(t *gil.Thread) { ends(t, enact(t, props{Part: "error"}), 1) }},
	{name: "PR-7 a panic is 1", hurts: true, run: func(t *gil.Thread) { ends(t, enact(t, props{Part: "panic"}), 1) }},
	{name: "PR-7 PR-8 signals", run: func(t *gil.Thread) {
		for _, end := range []struct {
			code int
			send func(p *process.Process) error
		}{{-9, (*process.Process).Kill}, {-15, (*process.Process).Terminate}, {1, (*process.Process).Interrupt}} {
			in := stage(t, "deferred")
			p := enact(t, in)
			require.NoError(t, in.Ready.Wait(t))
			require.NoError(t, end.send(p))
			ends(t, p, end.code)
			require.Zero(t, got[int](t)(in.N.Load(t)), "no deferred call runs")
			require.NoError(t, end.send(p), "of one that has ended")
			in.close()
		}
	}},
	{name: "PR-8 an interrupted context", run: func(t *gil.Thread) {
		for _, c := range []struct {
			answer           string
			interrupts, code int
		}{{"", 1, 0}, {"interrupted", 1, 1}, {"deaf", 2, 1}} {
			in := stage(t, "")
			in.Text = c.answer
			p := got[*process.Process](t)(suiteInterruptible.Start(t, in))
			for range c.interrupts {
				require.NoError(t, in.Ready.Wait(t))
				require.NoError(t, in.Ready.Clear(t))
				require.NoError(t, p.Interrupt())
			}
			ends(t, p, c.code)
			require.Equal(t, 1, got[int](t)(in.N.Load(t)), "it may finish")
			in.close()
		}
	}},
	{name: "PR-9 close", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p := enact(t, in)
		var v *process.ValueError
		require.ErrorAs(t, p.Close(), &v)
		require.Equal(t, "Cannot close a process while it is still running. You should first call join() or terminate().", v.PythonText())
		require.NoError(t, in.Go.Set(t))
		ends(t, p, 0)
		require.NoError(t, p.Close())
		require.NoError(t, p.Close())
		require.ErrorAs(t, p.Join(t), &v)
		require.Equal(t, "process object is closed", v.PythonText())
		require.Panics(t, func() { p.IsAlive(t) })
		require.Panics(t, func() { p.ExitCode() })
		require.Panics(t, func() { p.PID() })
		require.ErrorAs(t, p.Terminate(), &v)
		require.ErrorAs(t, p.Start(t), &v)
		require.NotEmpty(t, p.Name())
		require.False(t, p.Daemon())
	}},
	{name: "PR-10 sentinel", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p, q := enact(t, in), enact(t, in)
		require.Empty(t, got[[]pipe.Waitable](t)(pipe.WaitTimeout(t, 0, p.Sentinel(), q.Sentinel())))
		require.NoError(t, q.Kill())
		ready := got[[]pipe.Waitable](t)(pipe.Wait(t, p.Sentinel(), q.Sentinel()))
		require.Equal(t, []pipe.Waitable{q.Sentinel()}, ready)
		code, ended := q.ExitCode()
		require.True(t, ended, "its code is known")
		require.Equal(t, -9, code)
		require.NoError(t, in.Go.Set(t))
		require.NotEmpty(t, got[[]pipe.Waitable](t)(pipe.Wait(t, p.Sentinel())))
		ends(t, p, 0)
	}},
	{name: "PR-11 repr", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p := got[*process.Process](t)(player.New(t, in, process.WithName("x"), process.WithDaemon()))
		require.Regexp(t, `^<Process name='x' parent=\d+ initial daemon>$`, p.String())
		require.NoError(t, p.Start(t))
		require.Regexp(t, `^<Process name='x' pid=\d+ parent=\d+ started daemon>$`, p.String())
		require.NoError(t, p.Terminate())
		ends(t, p, -15)
		require.Regexp(t, `^<Process name='x' pid=\d+ parent=\d+ stopped exitcode=-SIGTERM daemon>$`, p.String())
		require.NoError(t, p.Close())
		require.Regexp(t, `^<Process name='x' pid=\d+ parent=\d+ closed daemon>$`, p.String())
	}},
	{name: "PR-12 PR-13 PR-14 relatives", run: func(t *gil.Thread) {
		a, b := newSuitePair(t)
		here := process.Current(t)
		p := enact(t, props{Part: "relatives", Conn: b}, process.WithName("kid"), process.WithDaemon())
		require.NoError(t, b.Close())
		require.Equal(t, []any{"kid", p.PID(), true, true, "MainProcess", here.PID(), true, 0, string(here.AuthKey())}, got[any](t)(a.Recv(t)))
		ends(t, p, 0)
		require.NoError(t, a.Close())
		require.True(t, here.IsAlive(t))
	}},
	{name: "PR-12 active children", run: func(t *gil.Thread) {
		require.Empty(t, process.ActiveChildren(t))
		in := stage(t, "arrive")
		defer in.close()
		p, q := enact(t, in), enact(t, in)
		require.Equal(t, []*process.Process{p, q}, process.ActiveChildren(t))
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.Equal(t, []*process.Process{q}, process.ActiveChildren(t))
		require.NoError(t, in.Go.Set(t))
		ends(t, q, 0)
		require.Empty(t, process.ActiveChildren(t))
	}},
	{name: "PR-13 the parent's death is seen", run: func(t *gil.Thread) {
		in := stage(t, "waits for go")
		defer in.close()
		p := enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.NoError(t, p.Kill())
		ends(t, p, -9)
		require.NoError(t, in.Go.Wait(t)) // its orphan's
		require.Equal(t, 1, got[int](t)(in.N.Load(t)))
	}},
	{name: "PR-17 threads", run: func(t *gil.Thread) {
		in := stage(t, "threads")
		defer in.close()
		p := enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.False(t, got[bool](t)(p.JoinTimeout(t, time.Millisecond)))
		require.NoError(t, in.Go.Set(t))
		ends(t, p, 0)
		require.Equal(t, 42, got[int](t)(in.N.Load(t)))
	}},
	{name: "PR-17 a thread's panic", hurts: true, run: func(t *gil.Thread) { ends(t, enact(t, props{Part: "thread panics"}), 0) }},
	{name: "PR-18 arguments", alone: true, run: func(t *gil.Thread) {
		_, err := suiteAny.Start(t, func() {})
		require.ErrorContains(t, err, "cannot pickle 'func'")
		require.Empty(t, process.ActiveChildren(t))
		words := []any{42, nil, "hello", map[string]int{"a": 1}}
		require.Equal(t, words, got[any](t)(suiteAny.Call(t, words)))
		big := make([]byte, 1<<20)
		big[1<<19] = 7
		require.Equal(t, any(big), got[any](t)(suiteAny.Call(t, big)))
		_, err = player.Call(t, props{Part: "error"})
		require.ErrorIs(t, err, process.ErrTimeout)
		_, err = player.Call(t, props{Part: "panic"})
		var panicked *process.PanicError
		require.ErrorAs(t, err, &panicked)
		require.Equal(t, "on purpose", panicked.Value)
		_, err = player.Call(t, props{Part: "exit", Int: 3, N: got[*process.Value[int]](t)(process.NewValue(t, 0))})
		var exit *process.ExitError
		require.ErrorAs(t, err, &exit)
		require.Equal(t, 3, exit.Code)
	}},
	{name: "PR-8 an interrupted parent's daemon", run: func(t *gil.Thread) {
		in := stage(t, "parent waits")
		defer in.close()
		p := enact(t, in)
		require.NoError(t, in.Ready.Wait(t))
		require.NoError(t, p.Interrupt())
		ends(t, p, 1)
		require.Zero(t, got[int](t)(in.N.Load(t)))
	}},
	{name: "PR-19 starting what dies early", alone: true, run: func(t *gil.Thread) {
		// Nobody reads the arguments of one that is dead; Start does not wait for that,
		// and neither do the starts of others.
		in := suiteLoad{Data: make([]byte, 10<<20), Die: true}
		var ps []*process.Process
		for range 3 {
			ps = append(ps, got[*process.Process](t)(suiteHeavy.Start(t, in)))
		}
		for _, p := range ps {
			require.NoError(t, p.Kill())
			require.NoError(t, p.Join(t))
			_, ended := p.ExitCode()
			require.True(t, ended)
		}
		in.Die = false
		ends(t, got[*process.Process](t)(suiteHeavy.Start(t, in)), 0)
	}},
	{name: "PR-20 many join", run: func(t *gil.Thread) {
		in := stage(t, "arrive")
		defer in.close()
		p := enact(t, in)
		var ts []*gil.Thread
		for range 5 {
			ts = append(ts, t.Go("", func(t *gil.Thread) { ends(t, p, 0) }))
		}
		require.NoError(t, in.Go.Set(t))
		gil.JoinAll(t, ts...)
	}},
	{name: "PR-22 many starts", alone: true, run: func(t *gil.Thread) {
		var ps []*process.Process
		for range 20 {
			ps = append(ps, enact(t, props{Part: "return"}))
		}
		for _, p := range ps {
			ends(t, p, 0)
		}
	}},
	{name: "3.1 a parent ends", run: func(t *gil.Thread) {
		// Its child is waited for, and writes; its daemon is terminated, and does not.
		for daemon := range 2 {
			in := stage(t, "parent")
			in.Text, in.Int = "deferred", daemon
			p := enact(t, in)
			require.NoError(t, in.Ready.Wait(t))
			if daemon == 0 {
				require.False(t, got[bool](t)(p.JoinTimeout(t, time.Millisecond)))
				require.NoError(t, in.Go.Set(t))
			}
			ends(t, p, 0)
			require.Equal(t, 1-daemon, got[int](t)(in.N.Load(t)))
			in.close()
		}
	}},
}

// A suiteLoad is a large argument.
type suiteLoad struct {
	Data []byte
	Die  bool
}

// suiteInterruptible waits for what never comes, and finishes when it is interrupted.
var suiteInterruptible = process.DefineTarget("suite.interruptible", func(ctx context.Context, in props) error {
	if err := in.Ready.Set(ctx); err != nil {
		return err
	}
	err := in.Go.Wait(ctx)
	if !errors.Is(err, context.Canceled) || context.Cause(ctx) != process.ErrInterrupted {
		return fmt.Errorf("the wait ended with %w, because of %w", err, context.Cause(ctx))
	}
	later := context.WithoutCancel(ctx)
	if err := errors.Join(in.N.Store(later, 1), in.Ready.Set(later)); err != nil {
		return err
	}
	switch in.Text {
	case "deaf":
		return in.Go.Wait(later)
	case "interrupted":
		return err
	}
	return nil
})

var suiteHeavy = process.DefineTarget("suite.heavy", func(t *gil.Thread, in suiteLoad) error {
	if in.Die {
		process.Exit(t, 3)
	}
	if len(in.Data) != 10<<20 {
		return errors.New("the argument is torn")
	}
	return nil
})

var suiteAny = process.Define("suite.any", func(_ *gil.Thread, in any) (any, error) { return in, nil })

func newSuitePair(t *gil.Thread) (a, b *pipe.Conn) {
	a, b, err := pipe.New(t)
	require.NoError(t, err)
	return a, b
}

// Every line of section 3 that has a meaning in both worlds.
func TestSuiteProcess(t *testing.T) { runSuite(t, processCases) }
