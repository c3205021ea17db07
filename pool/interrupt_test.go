//go:build linux || darwin

package pool_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// interruptedAs is set in the program that TestInterrupt interrupts, and in its workers.
const interruptedAs = "POOL_TEST_INTERRUPTED"

func init() {
	switch os.Getenv(interruptedAs) {
	case "":
	case "handles":
		instead = func() { process.Main(interrupted, process.WithoutSignals()) }
	default:
		instead = func() { process.Main(interrupted) }
	}
}

// engross says that its worker is at work, which it stays.
var engross = process.Define("pool_test.engross", func(context.Context, int) (int, error) {
	fmt.Println(os.Getpid())
	select {}
})

// interrupted is that program: a pool and an executor, all of whose workers are busy for
// ever. One that handles Ctrl-C ends what runs by its context, and tidies up.
func interrupted(*gil.Thread) error {
	ctx := context.Background()
	handles := os.Getenv(interruptedAs) == "handles"
	if handles {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
	}
	p := must(pool.New(context.Background(), 2))
	ex := must(pool.NewProcessExecutor(context.Background(), 2))
	fs := []*pool.Future[int]{pool.Submit(ctx, ex, engross, 0), pool.Submit(ctx, ex, engross, 1)}
	mapped := make(chan error)
	go func() {
		_, err := pool.Map(ctx, p, engross, upTo(4), pool.WithChunkSize(1))
		mapped <- err
	}()
	err := <-mapped
	fmt.Println("map:", err)
	for _, f := range fs {
		fmt.Println("task:", f.Exception(context.Background()))
	}
	ctx = context.Background()
	if err := p.Terminate(ctx); err != nil {
		return err
	}
	if err := p.Join(ctx); err != nil {
		return err
	}
	if err := ex.Shutdown(ctx); err != nil {
		return err
	}
	fmt.Println("children:", len(process.ActiveChildren(ctx)))
	return nil
}

// Pain 29, PO-21: Ctrl-C reaches the whole process group of a program with a pool and an
// executor at work. Workers leave it to their parent. One that handles it ends its maps
// and tasks by a context and goes on to its end; one that leaves it to process.Main is
// ended by it, after its workers. Either way no traceback of a worker is seen, nothing hangs, and no worker is left.
func TestInterrupt(t *testing.T) {
	for _, as := range []string{"handles", "is ended"} {
		t.Run(as, func(t *testing.T) {
			self, err := os.Executable()
			require.NoError(t, err)
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), interruptedAs+"="+as)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			var complaints strings.Builder
			cmd.Stderr = &complaints
			require.NoError(t, cmd.Start())
			lines := bufio.NewReader(out)
			var pids []int
			for range 4 {
				line, err := lines.ReadString('\n')
				require.NoError(t, err, complaints.String())
				pids = append(pids, must(strconv.Atoi(strings.TrimSpace(line))))
			}
			require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGINT))
			rest, err := io.ReadAll(lines) // ends when nobody has it open: workers have
			require.NoError(t, err)
			err = cmd.Wait()
			if as == "handles" {
				require.NoError(t, err, complaints.String())
				assert.Equal(t, "map: pool: result: context canceled\ntask: pool: task: context canceled\ntask: pool: task: context canceled\nchildren: 0\n", string(rest))
			} else {
				require.Error(t, err)
			}
			assert.NotContains(t, complaints.String(), "goroutine")
			for _, pid := range pids {
				until(t, t.Context(), func() bool { return !alive(pid) || zombie(pid) })
			}
		})
	}
}

// zombie reports whether a process has ended and its new parent has not noticed.
func zombie(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ")
	return err == nil && strings.HasPrefix(after, "Z")
}

// SIGINT that reaches workers which are about to start, and cannot ignore it yet, is
// nothing to a pool or an executor: other workers do what these were to do.
func TestInterruptAtStart(t *testing.T) {
	ctx := t.Context()
	interrupt := func() {
		for _, child := range process.ActiveChildren(ctx) {
			_ = child.Interrupt() // it may have ended
		}
	}
	for range 5 {
		p, err := pool.New(ctx, 8)
		require.NoError(t, err)
		interrupt()
		out, err := pool.Map(ctx, p, square, upTo(100))
		require.NoError(t, err)
		require.Equal(t, squares(100), out)
		require.NoError(t, p.Close(ctx))
		require.NoError(t, p.Join(ctx))

		ex, err := pool.NewProcessExecutor(ctx, 8)
		require.NoError(t, err)
		var fs []*pool.Future[int]
		for i := range 8 {
			fs = append(fs, pool.Submit(ctx, ex, square, i))
		}
		interrupt()
		for i, f := range fs {
			v, err := f.Result(ctx)
			require.NoError(t, err)
			require.Equal(t, i*i, v)
		}
		require.NoError(t, ex.Shutdown(ctx))
	}
}
