//go:build linux || darwin

package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// A watch sees processes of other processes live and die. All of them hold the
// writing end of one pipe, and say a word when they have begun; its end is the
// last one's. They also hold the reading end of another: its end lets them go.
type watch struct {
	said    *bufio.Reader
	words   *os.File
	let     *os.File
	daemons *os.File // ends when the daemons have ended
}

// observe starts a role whose processes are watched.
func observe(t *testing.T, stdin *os.File, name string, env ...string) (w *watch, p *program) {
	t.Helper()
	r, words, err := os.Pipe()
	require.NoError(t, err)
	held, let, err := os.Pipe()
	require.NoError(t, err)
	daemons, life, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { _, _, _ = let.Close(), r.Close(), daemons.Close() })
	p = prepare(t, name, env...)
	if stdin != nil {
		p.Stdin = stdin
	}
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its Ctrl-C is not ours
	p.ExtraFiles = []*os.File{nil, words, held, life}   // 3 is not for strangers
	require.NoError(t, p.Start())
	for _, f := range p.ExtraFiles[1:] {
		require.NoError(t, f.Close())
	}
	return &watch{said: bufio.NewReader(r), words: r, let: let, daemons: daemons}, p
}

// hears waits until so many words have been said, in whatever order.
func (w *watch) hears(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for range want {
		word, err := w.said.ReadString('\n')
		require.NoError(t, err)
		got = append(got, strings.TrimSuffix(word, "\n"))
	}
	assert.ElementsMatch(t, want, got)
}

// daemonsEnd waits for the end of the daemons, which nobody lets go.
func (w *watch) daemonsEnd(t *testing.T) {
	t.Helper()
	_, err := io.ReadAll(w.daemons)
	require.NoError(t, err)
}

// isOver waits until none of the processes is left, and returns what else they
// said.
func (w *watch) isOver(t *testing.T) string {
	t.Helper()
	rest, err := io.ReadAll(w.said)
	require.NoError(t, err)
	return string(rest)
}

// release lets those go that were waiting for it.
func (w *watch) release(t *testing.T) { require.NoError(t, w.let.Close()) }

// lives reports that somebody is left: it is asked only where nothing else can
// be meant.
func (w *watch) lives(t *testing.T) {
	t.Helper()
	require.NoError(t, w.words.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err := w.said.ReadByte()
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, w.words.SetReadDeadline(time.Time{}))
}

// bonds are the two pipes, in a role and in an argument.
type bonds struct {
	Words, Held *plug
	Life        *plug // held by daemons only
	Word        string
}

func roleBonds() bonds {
	return bonds{Words: &plug{os.NewFile(4, "words"), ""}, Held: &plug{os.NewFile(5, "held"), ""}, Life: &plug{os.NewFile(6, "life"), ""}}
}

// alone is for the other processes, when the daemons have started.
func (b *bonds) alone() {
	_ = b.Life.file.Close()
	b.Life = nil
}

func (b bonds) say(word string) { fmt.Fprintln(b.Words.file, word) }

// stay says its word and stays until it is let go. It says how it ends, if it has
// the time.
var stay = process.DefineTarget("stay", func(ctx context.Context, b bonds) error {
	b.say(b.Word)
	free := make(chan error, 1)
	go func() {
		_, err := b.Held.file.Read(make([]byte, 1))
		free <- err
	}()
	select {
	case <-ctx.Done():
		b.say(b.Word + " is interrupted: " + context.Cause(ctx).Error())
		return ctx.Err()
	case <-free:
		b.say(b.Word + " is let go")
		return nil
	}
})

var stayOnThread = process.DefineTarget("stay on a thread", func(t *gil.Thread, b bonds) error {
	b.say(b.Word)
	t.Block(func() { _, _ = b.Held.file.Read(make([]byte, 1)) })
	b.say(b.Word + " is let go")
	return nil
})

func (b bonds) start(ctx context.Context, word string, opts ...process.Option) error {
	b.Word = word
	_, err := stay.Start(ctx, b, opts...)
	return err
}

func init() {
	elsewhere = append(elsewhere, "stay", "stay on a thread", "generation", "low")
	// A main with a daemon and another child that ends in some way.
	roles["ends"] = func() {
		b := roleBonds()
		process.Main(func(t *gil.Thread) error {
			err := b.start(t, "daemon", process.WithDaemon())
			b.alone()
			if err = errors.Join(err, b.start(t, "child")); err != nil {
				return err
			}
			signal := make([]byte, 1)
			if _, err := os.Stdin.Read(signal); err != nil {
				return err
			}
			switch os.Getenv("PROCESS_TEST_END") {
			case "error":
				return errors.New("main has failed")
			case "panic":
				panic("main is lost")
			case "exit":
				process.Exit(t, 6)
			case "exit 0":
				process.Exit(t, 0)
			case "os.Exit":
				os.Exit(7)
			case "wait":
				select {}
			}
			return nil
		})
		b.say("main goes on")
	}
	// The same with a child that ends with its parent although it is no daemon, and
	// a daemon that does not.
	roles["bound"] = func() {
		b := roleBonds()
		process.Main(func(t *gil.Thread) error {
			err := b.start(t, "bound child", process.WithEndWithParent(true))
			b.alone()
			if err = errors.Join(err, b.start(t, "free daemon", process.WithDaemon(), process.WithEndWithParent(false))); err != nil {
				return err
			}
			select {}
		})
	}
	// A daemon that does not listen to SIGTERM.
	roles["deaf"] = func() {
		b := roleBonds()
		b.Word = "deaf daemon"
		patience, _ := time.ParseDuration(os.Getenv("PROCESS_TEST_PATIENCE"))
		process.SetPatience(patience)
		process.Main(func(t *gil.Thread) error {
			if _, err := deafStay.Start(t, b, process.WithDaemon()); err != nil {
				return err
			}
			b.alone()
			_, err := os.Stdin.Read(make([]byte, 1))
			return err
		})
	}
	// Tests that die.
	roles["tests"] = func() {
		b := roleBonds()
		process.TestMain(tester{func() int {
			if _, err := generation.Start(context.Background(), b); err != nil {
				return 1
			}
			b.alone()
			select {}
		}})
	}
	// Three generations.
	roles["generations"] = func() {
		b := roleBonds()
		process.Main(func(t *gil.Thread) error {
			b.Word = "child"
			if _, err := generation.Start(t, b); err != nil {
				return err
			}
			b.alone()
			select {}
		})
	}
}

// generation has a daemon.
var generation = process.DefineTarget("generation", func(ctx context.Context, b bonds) error {
	if err := b.start(ctx, "grandchild", process.WithDaemon()); err != nil {
		return err
	}
	b.alone()
	b.say(fmt.Sprint(os.Getpid()))
	<-ctx.Done()
	return nil
})

// Section 3.1: what happens to children when their parent ends.
func TestEndOfTheParent(t *testing.T) {
	for _, c := range []struct {
		end   string
		code  int
		waits bool   // for the child that is no daemon
		after string // what is said at the end
		text  string // on stderr
	}{
		{"return", 0, true, "child is let go\nmain goes on\n", ``},
		{"error", 1, true, "child is let go\n", `^main has failed\n$`},
		{"panic", 1, true, "child is let go\n", `(?s)^Exception in thread MainThread:\nmain is lost\n.*parent_test\.go`},
		{"exit", 6, true, "child is let go\n", `^$`},
		{"exit 0", 0, true, "child is let go\n", `^$`},
		{"os.Exit", 7, false, "child is let go\n", `^$`},
		{"SIGTERM", -15, false, "child is let go\n", `^$`},
		{"SIGKILL", -9, false, "child is let go\n", `^$`},
	} {
		t.Run(c.end, func(t *testing.T) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			defer r.Close()
			watch, p := observe(t, r, "ends", "PROCESS_TEST_END="+c.end)
			watch.hears(t, "daemon", "child")
			switch c.end {
			case "SIGTERM":
				require.NoError(t, p.Process.Signal(syscall.SIGTERM))
			case "SIGKILL":
				require.NoError(t, p.Process.Kill())
			default:
				_, err := w.WriteString("x")
				require.NoError(t, err)
			}
			require.NoError(t, w.Close())
			watch.daemonsEnd(t)
			if c.waits {
				watch.lives(t) // and nobody says a word, main above all
				assert.NotEqual(t, byte('Z'), states(t)[p.Process.Pid].state, "the parent waits")
				watch.release(t)
				_ = p.Wait()
			} else {
				_, err := p.Process.Wait() // the child holds the output
				require.NoError(t, err)
				watch.lives(t) // the child runs on
				watch.release(t)
			}
			assert.Equal(t, c.after, watch.isOver(t), "the daemon ended without a word")
			if c.waits {
				assert.Equal(t, c.code, exitCode(p.ProcessState))
				assert.Regexp(t, c.text, p.stderr.String())
			}
		})
	}
}

// A child that is told to end with its parent does, and a daemon that is told
// not to does not.
func TestEndWithParent(t *testing.T) {
	w, p := observe(t, nil, "bound")
	w.hears(t, "free daemon", "bound child")
	require.NoError(t, p.Process.Kill())
	_, err := p.Process.Wait()
	require.NoError(t, err)
	w.daemonsEnd(t)
	w.lives(t)
	w.release(t)
	assert.Equal(t, "free daemon is let go\n", w.isOver(t))
}

// No child outlives tests that were killed, nor does one of theirs.
func TestEndOfTheTests(t *testing.T) {
	w, p := observe(t, nil, "tests")
	for range 2 {
		_, err := w.said.ReadString('\n')
		require.NoError(t, err)
	}
	require.NoError(t, p.Process.Kill())
	_, err := p.Process.Wait()
	require.NoError(t, err)
	w.daemonsEnd(t)
	assert.Empty(t, w.isOver(t))
}

// Death goes down the generations: a child that is no daemon survives its parent,
// and its own daemon does not survive it.
func TestOrphansOfOrphans(t *testing.T) {
	w, p := observe(t, nil, "generations")
	var pid int
	for range 2 {
		word, err := w.said.ReadString('\n')
		require.NoError(t, err)
		if word != "grandchild\n" {
			_, err = fmt.Sscan(word, &pid)
			require.NoError(t, err)
		}
	}
	require.NoError(t, p.Process.Kill())
	_, err := p.Process.Wait()
	require.NoError(t, err)
	w.lives(t)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	w.daemonsEnd(t)
	assert.Empty(t, w.isOver(t))
}

// A daemon gets SIGTERM first; one that does not end by it is killed: nobody waits
// for it for ever.
func TestDeafDaemon(t *testing.T) {
	last := ""
	// A short patience may be over before the daemon has had time to say so.
	for patience := 50 * time.Millisecond; last == "" && patience < time.Minute; patience *= 8 {
		r, in, err := os.Pipe()
		require.NoError(t, err)
		w, p := observe(t, r, "deaf", "PROCESS_TEST_PATIENCE="+patience.String())
		w.hears(t, "deaf daemon")
		_, err = in.WriteString("x")
		require.NoError(t, err)
		require.NoError(t, p.Wait(), p.stderr.String())
		last = w.isOver(t)
		require.NoError(t, in.Close())
		require.NoError(t, r.Close())
	}
	assert.Equal(t, "terminated\n", last)
}

// PR-13: the parent as its child sees it, however it ends.
func TestParent(t *testing.T) {
	ctx := t.Context()
	mine, theirs, err := pipe.New(ctx)
	require.NoError(t, err)
	defer mine.Close()
	p, err := middle.Start(ctx, theirs, process.WithName("middle"))
	require.NoError(t, err)
	require.NoError(t, theirs.Close())
	first, err := pipe.Recv[string](ctx, mine)
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf("middle %d true <Process name='middle' pid=%d unknown> false <nil>", p.PID(), p.PID()), first)
	require.NoError(t, p.Kill())
	assert.Equal(t, -9, joined(t, p))
	second, err := pipe.Recv[string](ctx, mine)
	require.NoError(t, err)
	assert.Equal(t, "the parent has ended: false, true <nil>, true", second)
	_, err = mine.Recv(ctx)
	require.ErrorIs(t, err, io.EOF)
}

var middle, low *process.Func[*pipe.Conn, process.None]

func init() {
	middle = process.DefineTarget("middle", func(ctx context.Context, c *pipe.Conn) error {
		if _, err := low.Start(ctx, c, process.WithEndWithParent(false)); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	})
	low = process.DefineTarget("low", func(ctx context.Context, c *pipe.Conn) error {
		up := process.Parent(ctx)
		ended, err := up.JoinTimeout(ctx, time.Millisecond)
		if err := c.Send(ctx, fmt.Sprint(up.Name(), " ", up.PID(), " ", up.IsAlive(ctx), " ", up, " ", ended, " ", err)); err != nil {
			return err
		}
		if up.Terminate() == nil || up.Close() == nil {
			return errors.New("a child has power over its parent")
		}
		if _, err := pipe.Wait(ctx, up.Sentinel()); err != nil {
			return err
		}
		alive := up.IsAlive(ctx)
		ended, err = up.JoinTimeout(ctx, time.Hour)
		return c.Send(ctx, fmt.Sprintf("the parent has ended: %v, %v %v, %v", alive, ended, err, up.Join(ctx) == nil))
	})
}
