//go:build linux || darwin

package pool_test

import (
	"context"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// dieThenStay kills its process unless a file is there, which it makes, and stays for ever then.
var dieThenStay = process.Define("pool_test.dieThenStay", func(_ context.Context, path string) (int, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_ = f.Close()
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	select {}
})

// TestContextEndsWithTheWorker with real processes and kills.
func TestContextEndsWithTheWorkerLive(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 2)
	dir := t.TempDir()
	for i := range 40 {
		end, cancel := context.WithCancel(ctx)
		path := dir + "/" + strconv.Itoa(i)
		f := pool.Submit(end, p, dieThenStay, path, pool.WithRetries(1))
		until(t, ctx, func() bool { _, err := os.Stat(path); return err == nil })
		time.Sleep(time.Duration(i%20) * 100 * time.Microsecond) // its worker is dying, or is dead, or there is another one
		cancel()
		require.Error(t, f.Exception(ctx))
	}
}

// A task that was ended, by its time limit or its context, is not done again, however often
// one may be whose worker dies.
func TestWhatWasEndedIsNotRetried(t *testing.T) {
	ctx := t.Context()
	for _, ex := range []pool.Executor{executor(t, 1), processes(t, 1)} {
		err := pool.Submit(ctx, ex, forever, 0, pool.WithRetries(3), pool.WithTaskTimeout(5*time.Millisecond)).Exception(ctx)
		require.ErrorIs(t, err, pool.ErrTimeout)

		end, cancel := context.WithCancel(ctx)
		f := pool.Submit(end, ex, forever, 0, pool.WithRetries(3))
		until(t, ctx, func() bool { return f.Running(ctx) })
		cancel()
		require.ErrorIs(t, f.Exception(ctx), context.Canceled)
		require.Zero(t, statsOf(ctx, ex).Retried)
	}
}
