package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/pygil/pygil/internal/blocking"
	"github.com/pygil/pygil/pipe"
)

// ErrNoPython is matched by the error of [Python] where there is none to start.
var ErrNoPython = errors.New("process: no Python is installed")

// A PythonProcess is a real Python, started by [Python] or [PythonCode]. It is not
// one of [ActiveChildren], and nobody joins or ends it at exit: a script that
// receives in a loop ends when its connection does.
type PythonProcess struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when code is known
	code  int
}

// Python starts a real Python that runs the script in a file, with conn as its end
// of a connection. The script finds the number of its descriptor in sys.argv[1]:
//
//	import sys
//	from multiprocessing.connection import Connection
//	conn = Connection(int(sys.argv[1]))
//
// The arguments of [WithArgs] follow. The connection is given away: it is closed
// here, also if there is an error. The other end is made with
// pipe.WithCodec(pickle.Python):
//
//	ours, its, err := pipe.New(ctx, pipe.WithCodec(pickle.Python))
//	p, err := process.Python(ctx, "worker.py", its)
//	err = ours.Send(ctx, []int{1, 2, 3})
//
// The Python is the one that [WithExecutable] names, or the environment variable
// PYTHON, or python3 or python in the PATH; without one the error matches
// [ErrNoPython]. It has this process's standard input, output and error, its
// directory and environment, and no other descriptors. ctx bounds only the call.
// It needs Linux or macOS; elsewhere the error matches errors.ErrUnsupported, and
// pipe.Listen is the way.
//
// A Go program that a Python starts does the reverse with pipe.FromFd, see the
// example. Options: [WithExecutable], [WithArgs].
func Python(ctx context.Context, script string, conn *pipe.Conn, opts ...Option) (*PythonProcess, error) {
	return startPython(ctx, []string{script}, conn, opts)
}

// PythonCode is [Python] with the script itself, such as one that was embedded in
// the program.
func PythonCode(ctx context.Context, source string, conn *pipe.Conn, opts ...Option) (*PythonProcess, error) {
	return startPython(ctx, []string{"-c", source}, conn, opts)
}

// WithArgs gives arguments to the script of [Python]: they are sys.argv[2:].
func WithArgs(args ...string) Option {
	return setting{"WithArgs", atPython, func(c *config) { c.args = append(c.args, args...) }}
}

func startPython(ctx context.Context, what []string, conn *pipe.Conn, opts []Option) (*PythonProcess, error) {
	if conn == nil {
		return nil, invalid("", "Python: the connection is nil; make one with pipe.New")
	}
	defer conn.Close()
	cfg, err := configure(atPython, opts)
	if err != nil {
		return nil, err
	}
	if err := over(ctx, "Python"); err != nil {
		return nil, err
	}
	python, err := findPython(cfg.program)
	if err != nil {
		return nil, err
	}
	end, err := inheritable(conn)
	if err != nil {
		return nil, err
	}
	defer end.Close()
	const number = 3 // the first of ExtraFiles
	cmd := exec.Command(python, append(append(what, strconv.Itoa(number)), cfg.args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{end}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("process: Python: %w", err)
	}
	p := &PythonProcess{cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		p.code = pythonCode(cmd.ProcessState)
		close(p.ended)
	}()
	return p, nil
}

// findPython returns the program to start.
func findPython(named string) (string, error) {
	tried := []string{"python3", "python"}
	if named == "" {
		named = os.Getenv("PYTHON")
	}
	if named != "" {
		tried = []string{named}
	}
	for _, name := range tried {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	if named != "" {
		return "", fmt.Errorf("%w as %q: name one with process.WithExecutable or the environment variable PYTHON", ErrNoPython, named)
	}
	return "", fmt.Errorf("%w: neither python3 nor python is in the PATH; install one, or name one with process.WithExecutable or the environment variable PYTHON", ErrNoPython)
}

// PID returns the process's number.
func (p *PythonProcess) PID() int { return p.cmd.Process.Pid }

// Join waits until the process has ended, with the GIL given up. The error is the
// context's. Python: Process.join.
func (p *PythonProcess) Join(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	default:
	}
	blocking.Do(ctx, "process.join", func() {
		select {
		case <-p.ended:
		case <-ctx.Done():
		}
	})
	select {
	case <-p.ended:
		return nil
	default:
		return over(ctx, "join")
	}
}

// ExitCode returns how the process ended, if it has: negative when a signal ended
// it, and 1 after an exception. Python: Process.exitcode.
func (p *PythonProcess) ExitCode() (code int, ended bool) {
	select {
	case <-p.ended:
		return p.code, true
	default:
		return 0, false
	}
}

// Kill ends the process at once. It is no error when it has ended already.
// Python: Process.kill.
func (p *PythonProcess) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process: Kill: %w", err)
	}
	return nil
}

// Terminate sends SIGTERM, by which a Python ends unless it handles it. It is no
// error when it has ended already. Python: Process.terminate.
func (p *PythonProcess) Terminate() error {
	if err := terminate(p.cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("process: Terminate: %w", err)
	}
	return nil
}
