package process

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// ErrInterrupted is the cause (context.Cause) of the end of a target's context
// when SIGINT came. Python: KeyboardInterrupt.
var ErrInterrupted = errors.New("process: interrupted by SIGINT")

// interruptCode is the exit code of an interrupted child, as Python's
// KeyboardInterrupt has.
const interruptCode = 1

// watchInterrupt is a child's way with SIGINT, which Ctrl-C sends to all
// processes of a terminal: its context is cancelled and it may finish. A target
// that runs on a thread, which cannot be told, ends at once. So does every target
// at the second SIGINT. None of it prints a traceback.
func watchInterrupt(cancel context.CancelCauseFunc, threaded bool) {
	c, _ := notify()
	if c == nil {
		return
	}
	go func() {
		<-c
		if threaded {
			go leave(interruptCode)
		} else {
			cancel(ErrInterrupted)
		}
		<-c
		os.Exit(interruptCode)
	}()
}

// notify returns a channel for SIGINT, nil when this process was told to ignore
// it, as nohup does.
func notify() (c chan os.Signal, stop func()) {
	if signal.Ignored(os.Interrupt) {
		return nil, func() {}
	}
	c = make(chan os.Signal, 2)
	signal.Notify(c, os.Interrupt)
	return c, func() { signal.Stop(c) }
}

// interrupted reports whether a target failed because of SIGINT, of which nobody
// wants a traceback.
func interrupted(ctx context.Context, err error) bool {
	return context.Cause(ctx) == ErrInterrupted && (errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted))
}

// mainInterrupt is the way of Main with SIGINT: this process begins to end while
// main is still running. Daemons are terminated, the other children interrupted
// (those on the same terminal have been already) and joined; then it dies of the
// signal, so that a shell knows. The second SIGINT kills the children.
func mainInterrupt() (stop func()) {
	c, release := notify()
	if c == nil {
		return release
	}
	gone, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-gone:
			return
		case <-c:
		}
		family.leaving.Store(true)
		go func() {
			<-c
			for _, p := range family.active() {
				_ = p.Kill()
			}
		}()
		for _, p := range family.active() {
			if !p.Daemon() {
				_ = p.Interrupt()
			}
		}
		endChildren()
		dieOf(syscall.SIGINT)
	}()
	return func() {
		release()
		close(gone)
		<-done
	}
}
