package process

import (
	"context"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/exits"
)

// Exit ends this process with a code, of which the lowest eight bits count, as
// Python's sys.exit(n) does: it does not return, deferred calls of its goroutine
// run, threads that are no daemons are waited for, daemonic children are
// terminated and others joined.
//
// Called on another goroutine than the one that runs the function of the process
// (on a thread that is not the main thread) it ends that goroutine only, as
// sys.exit does. What Python's sys.exit("text") does is done by returning an
// error. os.Exit ends the process at once, as os._exit does.
func Exit(ctx context.Context, code int) {
	if t := virtual(ctx); t != nil {
		if onMainThread(t) {
			emulatedOf(t).code = code & 0xff
		}
		t.Quit()
	}
	if !family.entered.Load() {
		os.Exit(code & 0xff)
	}
	if onMainThread(ctx) {
		request.Store(int32(code&0xff) + 1)
	}
	runtime.Goexit()
}

// request is the code given to Exit, plus one.
var request atomic.Int32

// requested returns the code given to Exit, otherwise the one given here.
func requested(otherwise int) int {
	if n := request.Load(); n > 0 {
		return int(n - 1)
	}
	return otherwise
}

// leave ends this process as Python's does: children first, then what queues have to
// finish.
func leave(code int) {
	endChildren()
	exits.Run()
	os.Exit(code)
}

// patience is how long a daemon may take to end after SIGTERM.
var patience = 5 * time.Second

// endChildren terminates the daemons among the children and waits for all of
// them. A daemon that will not be terminated is killed: it must not keep this
// process.
func endChildren() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	family.endKeepers(ctx)
	for _, p := range family.active() {
		if p.Daemon() {
			_ = p.Terminate() // it runs, or has ended just now
		}
	}
	for _, p := range family.active() {
		if !p.Daemon() {
			continue
		}
		if p.Join(ctx) != nil {
			_ = p.Kill()
			_ = p.Join(context.Background())
		}
	}
	for _, p := range family.active() {
		<-p.done // also when it waits for this process, which will not do anything about it
	}
}
