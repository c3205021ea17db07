//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

func init() {
	elsewhere = append(elsewhere, "deaf stay")
	// Ctrl-C at a terminal, or SIGINT to the parent alone.
	roles["interrupted"] = func() {
		b := roleBonds()
		var opts []process.Option
		if os.Getenv("PROCESS_TEST_ALOOF") != "" {
			opts = append(opts, process.WithoutSignals())
		}
		process.Main(func(t *gil.Thread) error {
			err := b.start(t, "daemon", process.WithDaemon())
			b.alone()
			b.Word = "thread"
			_, failed := stayOnThread.Start(t, b)
			if err = errors.Join(err, failed, b.start(t, "child")); err != nil {
				return err
			}
			b.say("main")
			for range gil.Range(t, math.MaxInt) { // main computes and hears nothing
			}
			return nil
		}, opts...)
	}
	// A child that does not listen, and a main that waits for it.
	roles["obstinate"] = func() {
		b := roleBonds()
		b.Word = "child"
		process.Main(func(t *gil.Thread) error {
			p, err := deafStay.Start(t, b)
			if err != nil {
				return err
			}
			return p.Join(t)
		})
	}
}

// deafStay ends by nothing but SIGKILL, and says which signals came.
var deafStay = process.DefineTarget("deaf stay", func(ctx context.Context, b bonds) error {
	c := make(chan os.Signal, 10)
	signal.Notify(c, syscall.SIGINT, syscall.SIGTERM)
	b.say(b.Word)
	for sig := range c {
		b.say(sig.String())
	}
	return nil
})

// SIGINT to a program's main alone: daemons and the others end, those that take a
// context in their own way, nobody prints a traceback, and the program dies of
// the signal.
func TestInterruptedMain(t *testing.T) {
	w, p := observe(t, nil, "interrupted")
	w.hears(t, "daemon", "thread", "child", "main")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	_ = p.Wait()
	assert.Equal(t, -2, exitCode(p.ProcessState))
	assert.Equal(t, "child is interrupted: process: interrupted by SIGINT\n", w.isOver(t))
	assert.Empty(t, p.stderr.String())
	assert.Empty(t, p.stdout.String())
}

// Ctrl-C reaches all processes of the terminal at once.
func TestInterruptedTerminal(t *testing.T) {
	w, p := observe(t, nil, "interrupted")
	w.hears(t, "daemon", "thread", "child", "main")
	require.NoError(t, syscall.Kill(-p.Process.Pid, syscall.SIGINT))
	_ = p.Wait()
	assert.Equal(t, -2, exitCode(p.ProcessState))
	// Everybody has ended. Those that were told twice may have had no time for a word.
	assert.NotContains(t, w.isOver(t), "let go")
	assert.Empty(t, p.stderr.String())
}

// The second SIGINT kills what does not listen.
func TestInterruptedTwice(t *testing.T) {
	w, p := observe(t, nil, "obstinate")
	w.hears(t, "child")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	w.hears(t, "interrupt") // it does not end
	require.NoError(t, p.Process.Signal(os.Interrupt))
	_ = p.Wait()
	assert.Equal(t, -2, exitCode(p.ProcessState))
	assert.Empty(t, w.isOver(t))
}

// WithoutSignals leaves it to the program: here, Go's default for all of them.
func TestWithoutSignals(t *testing.T) {
	w, p := observe(t, nil, "interrupted", "PROCESS_TEST_ALOOF=1")
	w.hears(t, "daemon", "thread", "child", "main")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	_, err := p.Process.Wait()
	require.NoError(t, err)
	w.daemonsEnd(t)
	w.lives(t)
	w.release(t)
	w.hears(t, "child is let go", "thread is let go")
	assert.Empty(t, w.isOver(t))
}

// PR-7 and PR-8: an interrupted child has code 1 and no traceback; one that
// returns nothing has 0; the second interrupt ends it at once; one that runs on
// a thread ends with the first, its own children too.
func TestInterrupt(t *testing.T) {
	text := stderr(t, func() {
		for _, c := range []struct {
			interrupts, code int
			answer           string
		}{
			{1, 1, "context canceled"},
			{1, 1, "process: interrupted by SIGINT"},
			{1, 0, ""},
			{2, 1, "deaf"},
		} {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			p, err := interruptible.Start(t.Context(), interruption{&plug{w, ""}, c.answer})
			require.NoError(t, err)
			require.NoError(t, w.Close())
			for range c.interrupts {
				_, err = r.Read(make([]byte, 1))
				require.NoError(t, err)
				require.NoError(t, p.Interrupt())
			}
			assert.Equal(t, c.code, joined(t, p), c.answer)
			require.NoError(t, r.Close())
		}
	})
	assert.Empty(t, text)

	text = stderr(t, func() {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		p, err := interruptible.Start(t.Context(), interruption{&plug{w, ""}, "something else"}, process.WithName("P"))
		require.NoError(t, err)
		require.NoError(t, w.Close())
		_, err = r.Read(make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, p.Interrupt())
		assert.Equal(t, 1, joined(t, p))
	})
	assert.Equal(t, "Process P:\nsomething else\n", text)

	text = stderr(t, func() {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		defer r.Close()
		p, err := keepAChild.Start(t.Context(), &plug{w, ""})
		require.NoError(t, err)
		require.NoError(t, w.Close())
		_, err = r.Read(make([]byte, 1))
		require.NoError(t, err)
		require.NoError(t, p.Interrupt())
		assert.Equal(t, 1, joined(t, p))
		n, _ := r.Read(make([]byte, 1))
		assert.Zero(t, n, "the grandchild has ended")
	})
	assert.Empty(t, text)
}

type interruption struct {
	Ready  *plug
	Answer string
}

var interruptible = process.DefineTarget("interruptible", func(ctx context.Context, i interruption) error {
	fmt.Fprint(i.Ready.file, "x")
	<-ctx.Done()
	switch i.Answer {
	case "":
		return nil
	case "deaf":
		fmt.Fprint(i.Ready.file, "x")
		select {}
	case "context canceled":
		return fmt.Errorf("wrapped: %w", ctx.Err())
	case "process: interrupted by SIGINT":
		return context.Cause(ctx)
	}
	return errors.New(i.Answer)
})

var keepAChild = process.DefineTarget("keep a child", func(t *gil.Thread, p *plug) error {
	if _, err := interruptible.Start(t, interruption{p, "deaf"}, process.WithDaemon()); err != nil {
		return err
	}
	for {
		t.Tick(1)
	}
})

// Nobody prints a traceback of who was interrupted, as in the live world.
func TestVirtualInterruptIsQuiet(t *testing.T) {
	text := stderr(t, func() {
		require.NoError(t, gil.NewMachine(2).Run(gil.CPython313, func(t *gil.Thread) {
			in := stage(t, "")
			in.Text = "interrupted"
			p := got[*process.Process](t)(suiteInterruptible.Start(t, in))
			require.NoError(t, in.Ready.Wait(t))
			require.NoError(t, p.Interrupt())
			ends(t, p, 1)
		}))
	})
	require.Empty(t, text)
}

var strike = process.DefineTarget("strike", func(ctx context.Context, _ int) error {
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
})

// A process to which WithoutSignals is given leaves SIGINT to do what it does to any
// program; another one's context ends.
func TestStartWithoutSignals(t *testing.T) {
	for _, code := range []int{0, -2} {
		var opts []process.Option
		if code < 0 {
			opts = append(opts, process.WithoutSignals())
		}
		p, err := strike.Start(t.Context(), 0, opts...)
		require.NoError(t, err)
		require.NoError(t, p.Join(t.Context()))
		got, _ := p.ExitCode()
		require.Equal(t, code, got)
	}
}
