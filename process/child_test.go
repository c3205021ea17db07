//go:build linux || darwin

package process_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// PR-15: a child's input is empty, its output its parent's, and nothing is open
// but that, its lifeline and what was passed; not even what the parent itself
// inherited from outside without close-on-exec.
func TestDescriptors(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // there is no list to read
	}
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	leak, err := duplicate(w)
	require.NoError(t, err)
	defer leak.Close()
	_, err = unix.FcntlInt(leak.Fd(), unix.F_SETFD, 0) // now it outlives an exec
	require.NoError(t, err)
	require.NoError(t, unix.SetNonblock(int(leak.Fd()), true))

	got, err := openHere.Call(t.Context(), &plug{w, ""})
	require.NoError(t, err)
	pipeName, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", w.Fd()))
	require.NoError(t, err)
	var others []string
	for fd, name := range got {
		switch {
		case fd == 0:
			assert.Equal(t, "/dev/null", name)
		case fd < 3:
			mine, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
			require.NoError(t, err)
			assert.Equal(t, mine, name)
		case fd == 3:
			assert.Regexp(t, "^socket:", name)
		case fd == 4:
			assert.Equal(t, pipeName, name)
		case strings.HasPrefix(name, "anon_inode:[event"), strings.HasPrefix(name, "/sys/fs/cgroup"): // the runtime's own
		case strings.HasPrefix(name, "/proc/"): // the list itself
		default:
			others = append(others, name)
		}
	}
	assert.Empty(t, others)
	assert.Contains(t, got, 4)
}

var openHere = process.Define("open here", func(ctx context.Context, _ *plug) (map[int]string, error) {
	dir, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	open := map[int]string{}
	for _, entry := range dir {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			return nil, err
		}
		if open[fd], err = os.Readlink("/proc/self/fd/" + entry.Name()); err != nil {
			delete(open, fd)
		}
	}
	return open, nil
})

// PR-15: a child that reads its input finds the end, and takes nothing from its
// parent's.
func TestStdin(t *testing.T) {
	p := prepare(t, "reader")
	p.Stdin = strings.NewReader("for the parent")
	require.NoError(t, p.Run(), p.stderr.String())
	assert.Equal(t, "0 <nil>, for the parent", p.stdout.String())
}

var readStdin = process.Define("read stdin", func(ctx context.Context, _ process.None) (int, error) {
	b, err := io.ReadAll(os.Stdin)
	return len(b), err
})

// PR-16: a broken stderr does not change how a child ends, and a closed one does
// not keep it from starting.
func TestBrokenOutput(t *testing.T) {
	old := os.Stderr
	defer func() { os.Stderr = old }()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	os.Stderr = w
	p, err := end.Start(t.Context(), deed{Panic: "nobody hears"})
	require.NoError(t, err)
	assert.Equal(t, 1, joined(t, p))
	require.NoError(t, w.Close())
	for _, f := range []*os.File{w, nil} {
		os.Stderr = f
		p, err = end.Start(t.Context(), deed{Return: "nobody hears"})
		require.NoError(t, err)
		assert.Equal(t, 1, joined(t, p))
	}
}

// A child has the name of the program in lists of processes.
func TestCommandName(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	p := waiting(t)
	want := filepath.Base(os.Args[0])
	if len(want) > 15 {
		want = want[:15]
	}
	eventually(t, func() bool {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.PID()))
		require.NoError(t, err)
		return strings.TrimSpace(string(comm)) == want
	})
}

func init() {
	elsewhere = append(elsewhere, "read stdin")
	// A program without Main.
	roles["bomb"] = func() {
		_, err := square.Start(context.Background(), 1)
		fmt.Println(err)
	}
	// A program whose children do not get to Main.
	roles["bomb below"] = func() {
		if os.Getenv("PROCESS_TEST_FORGET") != "" {
			_, err := square.Start(context.Background(), 1)
			fmt.Println(err)
			os.Exit(44)
		}
		process.Main(func(t *gil.Thread) error {
			if err := os.Setenv("PROCESS_TEST_FORGET", "1"); err != nil {
				return err
			}
			p, err := square.Start(t, 1)
			if err != nil {
				return err
			}
			if err := p.Join(t); err != nil {
				return err
			}
			code, _ := p.ExitCode()
			fmt.Println("the child's code is", code)
			return nil
		})
	}
	// A program whose children define more than it does.
	roles["stale"] = func() {
		if os.Getenv("PROCESS_TEST_FORGET") != "" {
			process.DefineTarget("new in this version", func(ctx context.Context, _ int) error { return nil })
		}
		process.Main(func(t *gil.Thread) error {
			if err := os.Setenv("PROCESS_TEST_FORGET", "1"); err != nil {
				return err
			}
			_, err := square.Call(t, 1)
			fmt.Println(err)
			return nil
		})
	}
	// A program that reads its input after its child.
	roles["reader"] = func() {
		process.Main(func(t *gil.Thread) error {
			n, failed := readStdin.Call(t, process.None{})
			b, err := io.ReadAll(os.Stdin)
			fmt.Printf("%d %v, %s", n, failed, b)
			return err
		})
	}
	// A program that is told of a parent by the environment alone.
	roles["main"] = func() {
		process.Main(func(t *gil.Thread) error {
			fmt.Println("main runs, parent", process.Parent(t), "marker", os.Getenv("PYGIL_CHILD"))
			return nil
		})
	}
	// The same, and it wants to have children.
	roles["stray"] = func() {
		process.Main(func(t *gil.Thread) error {
			_, err := square.Call(t, 1)
			fmt.Println(err)
			return nil
		})
	}
	// A program that is replaced on the disk while it runs.
	roles["replaced"] = func() {
		process.Main(func(t *gil.Thread) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			if err := os.Remove(exe); err != nil {
				return err
			}
			if err := os.WriteFile(exe, []byte("#!/bin/sh\nexit 55\n"), 0o755); err != nil {
				return err
			}
			n, err := square.Call(t, 9)
			fmt.Println(n, err)
			return nil
		})
	}
}

// CT-9: a program that never calls Main starts no child, and says what is
// missing; a child that does not get to Main starts none either.
func TestNoForkBomb(t *testing.T) {
	p, code := play(t, "bomb")
	assert.Zero(t, code)
	const lines = "cannot start a process before Main was called"
	assert.Contains(t, p.stdout.String(), lines)
	assert.Contains(t, p.stdout.String(), "func main() { process.Main(run) }")
	assert.Contains(t, p.stdout.String(), "func TestMain(m *testing.M) { process.TestMain(m) }")

	p, code = play(t, "bomb below")
	assert.Zero(t, code)
	assert.Equal(t, 1, strings.Count(p.stdout.String(), lines))
	assert.Contains(t, p.stdout.String(), "the child's code is 44")
}

// A child whose program has other functions than the parent's says so.
func TestStaleProgram(t *testing.T) {
	p, code := play(t, "stale")
	assert.Zero(t, code)
	assert.Regexp(t, `^process: Process-1 \(pid \d+\) exited with code 1 before it returned a result\n$`, p.stdout.String())
	assert.Contains(t, p.stderr.String(), "process: this program is not the one that started it: its registered functions differ")
}

// The environment alone makes no child, nor does it with a descriptor that
// happens to be open, or with another token.
func TestEnvironmentAlone(t *testing.T) {
	const token = "00112233445566778899aabbccddeeff"
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	mine, theirs, err := pipe.New(t.Context())
	require.NoError(t, err)
	defer mine.Close()
	defer theirs.Close()
	require.NoError(t, mine.SendBytes(t.Context(), []byte("pygil-c"+strings.Repeat("x", 101))))
	dup, err := syscall.Dup(int(theirs.Fd()))
	require.NoError(t, err)
	socket := os.NewFile(uintptr(dup), "socket")
	defer socket.Close()
	for _, mark := range []string{"", "1", "3", "3+0", "3+0:", "3+0:zz", "3+x:" + token, "4+0:" + token, "3+-1:" + token, "3+0:" + token} {
		for name, file := range map[string]*os.File{"nothing": nil, "a pipe": r, "a socket": socket} {
			p := prepare(t, "main", "PYGIL_CHILD="+mark)
			if file != nil {
				p.ExtraFiles = []*os.File{file}
			}
			require.NoError(t, p.Run(), "%q with %s", mark, name)
			// What is not ours is left alone.
			want := "main runs, parent <nil> marker \n"
			assert.Equal(t, want, p.stdout.String(), "%q with %s", mark, name)
		}
	}
	b, err := theirs.RecvBytes(t.Context())
	require.NoError(t, err)
	assert.Len(t, b, 108, "nobody took anything out of the socket")
}

// A child that cannot follow its parent says why and has code 1: the parent was
// built with another version, ended too early, or makes no sense.
func TestBadParent(t *testing.T) {
	token := []byte("0123456789abcdef")
	first := func(version byte, rest ...byte) []byte {
		m := append(append([]byte("pygil-c"), version), token...)
		return append(m, rest...)
	}
	hash := make([]byte, 8)
	binary.BigEndian.PutUint64(hash, process.Fingerprint())
	for _, c := range []struct {
		name    string
		message []byte
		text    string
	}{
		{"version", first(9, make([]byte, 12)...), "this program was not built with the version of package process that started it (1 here, 9 in the parent)"},
		{"short", first(1), "the parent's message is cut"},
		{"stale", first(1, make([]byte, 12)...), "its registered functions differ"},
		{"long record", first(1, append(hash, 0xff, 0xff, 0xff, 0xff)...), "the parent's message is cut"},
		{"bad record", first(1, append(hash, 0, 0, 0, 3, 1, 2, 3)...), "the parent's message is not understood: pickle:"},
		{"ended", first(1, make([]byte, 12)...), "the parent ended before it said what to do"},
	} {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		require.NoError(t, err)
		mine, theirs := os.NewFile(uintptr(fds[0]), "mine"), os.NewFile(uintptr(fds[1]), "theirs")
		length := len(c.message)
		if c.name == "ended" {
			length++
		}
		_, err = mine.Write(append(binary.BigEndian.AppendUint32(nil, uint32(length)), c.message...))
		require.NoError(t, err)
		require.NoError(t, mine.Close())
		p := prepare(t, "main", fmt.Sprintf("PYGIL_CHILD=3+0:%x", token))
		p.ExtraFiles = []*os.File{theirs}
		_ = p.Run()
		require.NoError(t, theirs.Close())
		assert.Equal(t, 1, exitCode(p.ProcessState), c.name)
		assert.Contains(t, p.stderr.String(), c.text, c.name)
		assert.Empty(t, p.stdout.String(), c.name)
	}
}

// CT-9: a process that was meant to be a child and is none, for whatever reason,
// starts no further ones.
func TestNoForkBombOfStrays(t *testing.T) {
	p, code := play(t, "stray", "PYGIL_CHILD=3+0:00112233445566778899aabbccddeeff")
	assert.Zero(t, code)
	assert.Equal(t, "process: PYGIL_CHILD was set, and this process is no child: it starts none; run the program without that variable\n", p.stdout.String())
}

// What a child starts by os/exec is not a child.
func TestExecFromAChild(t *testing.T) {
	out, err := execMain.Call(t.Context(), process.None{})
	require.NoError(t, err)
	assert.Equal(t, "main runs, parent <nil> marker \n", out)
}

var execMain = process.Define("exec main", func(ctx context.Context, _ process.None) (string, error) {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleKey+"=main")
	out, err := cmd.Output()
	return string(out), err
})

// Neither arguments nor environment of a child hold what is secret.
func TestSecretsDoNotShow(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // the environment of others cannot be read
	}
	key := process.Current(t.Context()).AuthKey()
	const argument = "an argument that is nobody's business"
	p, err := keepSecret.Start(t.Context(), argument)
	require.NoError(t, err)
	defer func() {
		assert.NoError(t, p.Kill())
		joined(t, p)
	}()
	for _, file := range []string{"environ", "cmdline"} {
		var text []byte
		require.Eventually(t, func() bool { // it is empty while exec has not put the new program in its place
			text, err = os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.PID(), file))
			return err != nil || len(text) > 0
		}, time.Minute, time.Millisecond)
		require.NoError(t, err)
		assert.NotContains(t, string(text), argument)
		assert.NotContains(t, string(text), string(key))
		assert.NotContains(t, string(text), fmt.Sprintf("%x", []byte(key)))
	}
}

var keepSecret = process.DefineTarget("keep secret", func(ctx context.Context, secret string) error {
	<-ctx.Done()
	return ctx.Err()
})

// CT-7: a child can be another program, if it has the same functions. One that is
// none of ours has an exit code.
func TestExecutable(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	link := filepath.Join(t.TempDir(), "link")
	text, err := os.ReadFile(exe)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(link, text, 0o755))
	got, err := whoRuns.Call(t.Context(), process.None{}, process.WithExecutable(link))
	require.NoError(t, err)
	assert.Equal(t, filepath.Base(link), filepath.Base(got))

	_ = stderr(t, func() {
		p, err := end.Start(t.Context(), deed{Exit: code(5)}, process.WithExecutable("/bin/sh"))
		require.NoError(t, err)
		assert.NotEqual(t, 5, joined(t, p))
	})
	_, err = end.Start(t.Context(), deed{}, process.WithExecutable(link+" is not there"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Regexp(t, `^process: start Process-\d+: fork/exec .* is not there: no such file`, err.Error())
	assert.Empty(t, process.ActiveChildren(t.Context()))
}

var whoRuns = process.Define("who runs", func(ctx context.Context, _ process.None) (string, error) { return os.Executable() })

// CT-7: a child is the program that runs, also when its file was replaced.
func TestReplacedProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		return
	}
	p := prepare(t, "replaced")
	text, err := os.ReadFile(p.Path)
	require.NoError(t, err)
	p.Path = filepath.Join(t.TempDir(), "program")
	p.Args[0] = p.Path
	require.NoError(t, os.WriteFile(p.Path, text, 0o755))
	require.NoError(t, p.Run(), p.stderr.String())
	assert.Equal(t, "81 <nil>\n", p.stdout.String())
}
