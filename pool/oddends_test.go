//go:build linux || darwin

package pool_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// oddEnd ends its worker, or its use, in a way that is not the usual one.
var oddEnd = process.Define("pool_test.oddEnd", func(_ context.Context, how string) (int, error) {
	switch how {
	case "leaves a child":
		child := exec.Command("sleep", "600") // it would have the connection, if that were passed on
		if err := child.Start(); err != nil {
			return 0, err
		}
		fmt.Fprintln(os.Stderr, child.Process.Pid)
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	case "ends its goroutine":
		runtime.Goexit()
	case "closes its connection":
		for fd := 3; fd < 64; fd++ {
			_ = syscall.Close(fd)
		}
		select {}
	}
	return 0, nil
})

// However a worker ends, or stops to answer, its task fails and the pool goes on.
func TestOddEnds(t *testing.T) {
	for _, how := range []string{"leaves a child", "ends its goroutine", "closes its connection"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			p := processes(t, 1)
			var lost *pool.WorkerError
			require.ErrorAs(t, pool.Submit(ctx, p, oddEnd, how).Exception(ctx), &lost)
			assert.EqualValues(t, 1, lost.Number)
			if child := 0; how == "leaves a child" {
				_, err := fmt.Sscan(lost.LastWords, &child)
				require.NoError(t, err, lost.LastWords)
				require.NoError(t, syscall.Kill(child, syscall.SIGKILL))
			}
			v, err := pool.Apply(ctx, p, square, 3)
			require.NoError(t, err)
			require.Equal(t, 9, v)
		})
	}
}

// starved is a program that may have few descriptors open.
var starved = process.Define("pool_test.starved", func(ctx context.Context, few uint64) (string, error) {
	ctx = context.WithoutCancel(ctx)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return "", err
	}
	limit.Cur = few
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return "", err
	}
	said := ""
	p, err := pool.New(ctx, 200)
	said += fmt.Sprintln(p == nil, err != nil)
	ex, err := pool.NewProcessExecutor(ctx, 200)
	if err != nil {
		return "", err
	}
	var fs []*pool.Future[int]
	for i := range 200 {
		fs = append(fs, pool.Submit(ctx, ex, forever, i))
	}
	for _, f := range fs {
		if err = f.Exception(ctx); err == nil {
			return "a task that never ends has", nil
		}
	}
	said += fmt.Sprintln(err)
	if err := ex.Shutdown(ctx); err != nil {
		return "", err
	}
	p, err = pool.New(ctx, 1) // all was given back
	if err != nil {
		return "", err
	}
	v, err := pool.Apply(ctx, p, square, 3)
	said += fmt.Sprintln(v, err)
	_ = p.Terminate(ctx)
	return said, p.Join(ctx)
})

// A worker for which there are no descriptors is everybody's error, and nobody waits for ever;
// what was opened for it is closed.
func TestFewDescriptors(t *testing.T) {
	for few := uint64(60); few < 65; few++ { // what they are short of differs
		text, err := starved.Call(t.Context(), few)
		require.NoError(t, err)
		assert.Regexp(t, `^true true\npool: the executor of process workers is broken because a worker could not be started: .*too many open files; make another one\n9 <nil>\n$`, text)
	}
}
