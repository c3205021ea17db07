//go:build linux || darwin

package pipe_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// A child is another process: this binary in some role. Its descriptor 3 is the
// end of a connection.
type child struct {
	*exec.Cmd
	out *bufio.Reader
}

// play starts a child that inherits c, which is closed here.
func play(t *testing.T, role string, c *pipe.Conn, args ...string) *child {
	t.Helper()
	played.Lock()
	played.names = append(played.names, role)
	played.Unlock()
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), roleKey+"="+role)
	cmd.Stderr = os.Stderr
	end := inherit(t, c)
	defer end.Close()
	cmd.ExtraFiles = []*os.File{end}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	require.NoError(t, c.Close())
	return &child{cmd, bufio.NewReader(out)}
}

// await reads the line that the child prints when it has come to a point.
func (c *child) await(t *testing.T, want string) {
	t.Helper()
	line, err := c.out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, want+"\n", line)
}

// kill ends the child as nothing else does, and returns when it is dead.
func (c *child) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, c.Process.Kill())
	var exit *exec.ExitError
	require.ErrorAs(t, c.Wait(), &exit)
	require.Equal(t, -1, exit.ExitCode())
}

// inherited is the child's end of the connection.
func inherited(readable, writable bool) *pipe.Conn {
	c, err := pipe.FromFd(3, readable, writable)
	if err != nil {
		panic(err)
	}
	return c
}

func init() {
	roles["echo"] = echoRole
}

func echoRole() {
	c, ctx := inherited(true, true), context.Background()
	for {
		b, err := c.RecvBytes(ctx)
		if err == io.EOF {
			return
		}
		if err == nil {
			err = c.SendBytes(ctx, b)
		}
		if err != nil {
			panic(err)
		}
	}
}

// inherit returns a file that a child can inherit to have c's end.
func inherit(t testing.TB, c *pipe.Conn) *os.File {
	t.Helper()
	fd, err := unix.FcntlInt(c.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	return os.NewFile(uintptr(fd), "end")
}

// rawPair returns a Conn and the descriptor of its other end.
func rawPair(t testing.TB, opts ...pipe.Option) (*pipe.Conn, *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	c, err := pipe.FromFd(uintptr(fds[0]), true, true, opts...)
	require.NoError(t, err)
	other := os.NewFile(uintptr(fds[1]), "other")
	closeAtEnd(t, c, other)
	return c, other
}
