//go:build linux || darwin

package pool_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

var (
	// exclaim writes to stderr, and returns how much.
	exclaim = process.Define("pool_test.exclaim", func(_ context.Context, text string) (int, error) { return fmt.Fprintln(os.Stderr, text) })
	// overheard is a program with a pool, and returns what it has on its stderr when that has
	// ended.
	overheard = process.Define("pool_test.overheard", func(ctx context.Context, crashes bool) (string, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return "", err
		}
		defer r.Close()
		os.Stderr = w
		ctx = context.WithoutCancel(ctx)
		p, err := pool.New(ctx, 2)
		if err != nil {
			return "", err
		}
		_, _ = pool.Map(ctx, p, exclaim, []string{"first words", "second words"}, pool.WithChunkSize(1))
		_ = pool.Submit(ctx, p, explode, "not on stderr").Exception(ctx)
		_ = pool.Submit(ctx, p, divide, 0).Exception(ctx)
		if crashes {
			_ = pool.Submit(ctx, p, crash, 0).Exception(ctx)
		}
		if err := p.Close(ctx); err != nil {
			return "", err
		}
		if err := p.Join(ctx); err != nil {
			return "", err
		}
		_ = w.Close()
		text, err := io.ReadAll(r)
		return string(text), err
	})
)

// What workers write to stderr is on this program's when the pool has been joined, once: what
// tasks write, and how a worker crashes. How a task fails is its own future's, and nowhere else.
func TestStderr(t *testing.T) {
	text, err := overheard.Call(t.Context(), false)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(text), "\n")
	assert.ElementsMatch(t, []string{"first words", "second words"}, lines)

	text, err = overheard.Call(t.Context(), true)
	require.NoError(t, err)
	for _, words := range []string{"first words", "second words", "in a goroutine of its own"} {
		assert.Equal(t, 1, strings.Count(text, words), words)
	}
	assert.NotContains(t, text, "not on stderr")
}

// The last words of a worker that says more than is kept are their end, whole, although it has
// died before they were heard.
func TestLastWordsAreTheEnd(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 1)
	for range 3 {
		_, err := pool.Apply(ctx, p, quitSaying, 9)
		var lost *pool.WorkerError
		require.ErrorAs(t, err, &lost)
		assert.Equal(t, 9, lost.Code)
		assert.Len(t, lost.LastWords, 4<<10)
		assert.True(t, strings.HasSuffix(lost.LastWords, "\r\rso much for that\n"), lost.LastWords)
	}
}

// TestLastWordsTellWhy: a crash report is longer than what is kept, because it tells of all
// goroutines, and begins with what is of interest.
func TestLastWordsTellWhy(t *testing.T) {
	ctx := t.Context()
	p := processes(t, 1)
	for how, why := range map[string]string{
		"stack":  "fatal error: stack overflow\n",
		"signal": "SIGABRT: abort\n",
	} {
		_, err := pool.Apply(ctx, p, crashWith, how)
		var lost *pool.WorkerError
		require.ErrorAs(t, err, &lost)
		assert.Equal(t, 2, lost.Code, how)
		assert.True(t, strings.HasPrefix(lost.LastWords, why), "%s: %s", how, lost.LastWords)
		assert.LessOrEqual(t, len(lost.LastWords), 4<<10)
		assert.Contains(t, lost.LastWords, "\n...\n")
		assert.True(t, strings.HasSuffix(lost.LastWords, "\n"), lost.LastWords)
	}
}

// crashWith has the runtime end its process, with a report on many goroutines.
var crashWith = process.Define("pool_test.crashWith", func(_ context.Context, how string) (int, error) {
	for range 12 {
		go func() { select {} }()
	}
	if how == "stack" {
		debug.SetMaxStack(1 << 20)
		return deeper(0), nil
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
	select {}
})

func deeper(n int) int {
	if n < 0 {
		return 0
	}
	return deeper(n+1) + 1
}

// quitSaying writes as much as a pipe takes, and is gone.
var quitSaying = process.Define("pool_test.quitSaying", func(_ context.Context, code int) (int, error) {
	fmt.Fprint(os.Stderr, strings.Repeat("\r", 60_000)+"so much for that\n")
	os.Exit(code)
	return 0, nil
})
