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
