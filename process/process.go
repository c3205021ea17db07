package process

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
)

// A Process is a process of the operating system that runs a function of this
// program: made by [Func.New] or [Func.Start], or, by [Current] and [Parent],
// this process itself and the one that started it. All methods may be called
// from any goroutine and by any number at once.
// Python: multiprocessing.Process.
type Process struct {
	role     role
	identity []int
	target   *target
	program  string        // the file it is started from, empty for this one
	reply    bool          // somebody waits for the result: the connection is his
	done     chan struct{} // closed when it has ended, and its code is known

	mu     sync.Mutex
	name   string
	daemon bool
	bound  bool
	aloof  bool // it leaves SIGINT alone
	key    AuthKey
	stage  stage
	closed bool
	// encode appends the argument, until the process has started.
	encode   func(dst []byte, opts ...pickle.Option) ([]byte, error)
	pid      int
	body     body
	conn     *pipe.Conn // its lifeline
	code     int
	sentinel Sentinel

	home     *relatives // of the process that made it
	emulated *emulated  // in a virtual world, once it has started
}

// A role is what a Process is to the process it is looked at in.
type role int

const (
	child role = iota
	self
	parent
)

// A stage is how far a child has come. Its end is the channel's business.
type stage int

const (
	initial stage = iota
	starting
	started
)

// ended reports whether the process has ended.
func (p *Process) ended() bool { return hasClosed(p.done) }

// Name returns the process's name. Python: Process.name.
func (p *Process) Name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.name
}

// SetName changes the name. Once the process has started, only this process sees the
// change. Python: process.name = name.
func (p *Process) SetName(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name = name
}

// Daemon reports whether the process is a daemon; see [WithDaemon].
// Python: Process.daemon.
func (p *Process) Daemon() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.daemon
}

// SetDaemon makes a process a daemon, or not, before it is started. Python:
// process.daemon = daemon.
func (p *Process) SetDaemon(daemon bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.role != child || p.stage != initial {
		return asserted("process has already started", "SetDaemon: process %s has already started; give WithDaemon when making it", p.name)
	}
	p.daemon = daemon
	return nil
}

// AuthKey returns the key of the process; by default that of the process that
// made it. Python: Process.authkey.
func (p *Process) AuthKey() AuthKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.authKey()
}

func (p *Process) authKey() AuthKey {
	if p.key == nil {
		p.key = slices.Clone(freshKey())
	}
	return p.key
}

// SetAuthKey gives the process another key, of which it keeps a copy: in the current
// process for itself and the children it makes from now on, in a child for that
// child if it has not started yet. Python: process.authkey = key.
func (p *Process) SetAuthKey(key []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key = append(AuthKey{}, key...)
}

// PID returns the process's number, 0 before it has started. It panics with a
// [*ValueError] when p is closed. Python: Process.pid.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	return p.pid
}

// open panics when the process is closed. The caller has locked it.
func (p *Process) open() {
	if err := p.usable(); err != nil {
		panic(err)
	}
}

func (p *Process) usable() error {
	if p.closed {
		return invalid("process object is closed", "process object is closed: %s was closed by Close", p.name)
	}
	return nil
}

// IsAlive reports whether the process has started and not ended. The current
// process is alive. It never waits. It panics with a [*ValueError] when p is
// closed. Python: Process.is_alive.
func (p *Process) IsAlive(ctx context.Context) bool {
	if e := p.virtually(); e != nil {
		e.look(ctx)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	return p.stage == started && !p.ended()
}

// ExitCode returns how the process ended: 0 when its function returned no error,
// 1 when it returned one, panicked, or was interrupted, n for Exit(n), -N when
// signal N ended it, and 255 when somebody else in this program took the exit
// status away. Ended is false as long as there is none. It never waits. It panics with a
// [*ValueError] when p is closed. Python: Process.exitcode.
func (p *Process) ExitCode() (code int, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open()
	if p.role != child || !p.ended() {
		return 0, false
	}
	return p.code, true
}

// Join waits until the process has ended; then its exit code is known. Any number
// of goroutines may wait. The GIL is given up meanwhile. The error is misuse or
// the context's; one whose deadline passed matches [ErrTimeout]. When the process
// has done its work and cannot end because of something that this one has to do,
// such as taking items out of a queue, the error says so.
// Python: Process.join().
func (p *Process) Join(ctx context.Context) error {
	var stuck error
	if err := p.joinable(ctx); err != nil {
		return err
	}
	if e := p.virtually(); e != nil {
		_, err := e.join(ctx, never)
		return err
	}
	if ctx.Err() == nil && !p.ended() {
		blocking.Do(ctx, "process.join", func() {
			stuck = p.await(ctx, nil)
		})
	}
	if p.ended() {
		return nil
	}
	if stuck != nil {
		return stuck
	}
	return over(ctx, "join")
}

// JoinTimeout is Join that waits at most d, and says whether the process has
// ended. That d has passed is no error. Python: Process.join(timeout).
func (p *Process) JoinTimeout(ctx context.Context, d time.Duration) (ended bool, err error) {
	var stuck error
	if err := p.joinable(ctx); err != nil {
		return false, err
	}
	if e := p.virtually(); e != nil {
		return e.join(ctx, within(ctx, d))
	}
	if ctx.Err() == nil && d > 0 && !p.ended() {
		blocking.Do(ctx, "process.join", func() {
			timer := time.NewTimer(d)
			defer timer.Stop()
			stuck = p.await(ctx, timer.C)
		})
	}
	if p.ended() {
		return true, nil
	}
	if stuck != nil {
		return false, stuck
	}
	return false, over(ctx, "join")
}

// joinable says why the process cannot be waited for.
func (p *Process) joinable(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	switch {
	case p.role == self:
		return asserted("can only join a child process", "can only join a child process or the parent: a process that waits for its own end waits for ever")
	case p.role == child && p.home != familyOf(ctx):
		return asserted("can only join a child process", "can only join a child process: %s was made by another process", p.name)
	case p.stage != started:
		return asserted("can only join a started process", "can only join a started process: call Start of %s first", p.name)
	}
	return nil
}

// Terminate asks a child to end, with SIGTERM: its deferred calls do not run
// unless its program handles the signal, and its own children are left alone
// (daemons among them notice). It does nothing to a process that has ended.
// The error is misuse. Python: Process.terminate.
func (p *Process) Terminate() error { return p.signal(syscall.SIGTERM, "Terminate") }

// Kill ends a child, with SIGKILL, which it cannot refuse. It does nothing to a
// process that has ended. The error is misuse. Python: Process.kill.
func (p *Process) Kill() error { return p.signal(syscall.SIGKILL, "Kill") }

// Interrupt sends a child SIGINT, as Ctrl-C does; see the package's
// documentation for what follows. It does nothing to a process that has ended.
// The error is misuse. Python: Process.interrupt (3.14).
func (p *Process) Interrupt() error { return p.signal(syscall.SIGINT, "Interrupt") }

func (p *Process) signal(sig syscall.Signal, method string) error {
	p.mu.Lock()
	err := p.usable()
	switch {
	case err != nil:
	case p.role != child:
		err = asserted("", "%s: only a child can be ended, %s is none", method, p.name)
	case p.stage != started:
		err = asserted("", "%s: %s has not started; call Start first", method, p.name)
	}
	e, b := p.emulated, p.body
	p.mu.Unlock() // a virtual world switches in kill, and the child's end takes the lock
	switch {
	case err != nil:
		return err
	case e != nil:
		return e.kill(sig)
	}
	return b.signal(sig)
}

// virtually is the emulated process that p is, nil when it is a real one or has not
// started.
func (p *Process) virtually() *emulated {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.emulated
}

// Close gives up what p still holds of a process that has ended or was never
// started: a sentinel's descriptor. It is an error while the process runs. After
// it only Name, Daemon, AuthKey and String still mean something. Closing again
// does nothing. Python: Process.close.
func (p *Process) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil
	case p.role != child:
		return invalid("", "only a child can be closed, %s is none", p.name)
	case p.stage == starting, p.stage == started && !p.ended():
		return invalid("Cannot close a process while it is still running. You should first call join() or terminate().",
			"cannot close %s while it is still running: call Join or Terminate first", p.name)
	}
	p.closed = true
	p.encode = nil
	p.sentinel.shut()
	return nil
}

// String shows the process as Python's repr does:
//
//	<Process name='Process-1' pid=4711 parent=4710 stopped exitcode=-SIGTERM daemon>
func (p *Process) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts := []string{"<Process", fmt.Sprintf("name='%s'", p.name)}
	if p.pid != 0 {
		parts = append(parts, fmt.Sprintf("pid=%d", p.pid))
	}
	if p.role == child {
		parts = append(parts, fmt.Sprintf("parent=%d", p.home.current().pid))
	}
	ended := p.ended()
	switch {
	case p.closed:
		parts = append(parts, "closed")
	case p.role == parent:
		parts = append(parts, "unknown")
	case p.stage != started:
		parts = append(parts, "initial")
	case ended:
		parts = append(parts, "stopped")
	default:
		parts = append(parts, "started")
	}
	if p.role == child && ended && !p.closed {
		code := fmt.Sprint(p.code)
		if p.code < 0 {
			code = "-" + signalName(-p.code)
		}
		parts = append(parts, "exitcode="+code)
	}
	if p.daemon {
		parts = append(parts, "daemon")
	}
	return strings.Join(parts, " ") + ">"
}

// CPUCount returns how many CPUs this process may use. Python: os.process_cpu_count
// (3.13); multiprocessing.cpu_count counts those of the machine.
func CPUCount() int { return runtime.NumCPU() }
