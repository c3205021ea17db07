//go:build linux || darwin

package pool_test

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// Functions of workers that do not want to end.
var (
	// touchy ignores what asks it to end, makes a file to say so, and goes on for ever.
	touchy = process.Define("pool_test.touchy", func(_ context.Context, path string) (int, error) {
		signal.Ignore(syscall.SIGTERM)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return 0, err
		}
		select {}
	})
	// chatty writes to stderr without end.
	chatty = process.Define("pool_test.chatty", func(_ context.Context, path string) (int, error) {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			return 0, err
		}
		for {
			_, _ = os.Stderr.WriteString("\r" + strings.Repeat(" ", 4094) + "\r")
		}
	})
	// linger starts a thread that its process has to wait for at its end, for ever.
	linger = process.Define("pool_test.linger", func(t *gil.Thread, n int) (int, error) {
		t.Go("lingers", func(t *gil.Thread) { t.Block(func() { select {} }) })
		return n, nil
	})
	swallow = process.Define("pool_test.swallow", func(_ context.Context, data []byte) (int, error) { return len(data), nil })
	// spout returns more than fits into a pipe, over and over.
	spout = process.Define("pool_test.spout", func(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })
)

// Terminate returns, and Join after it, in whatever state the workers are, and what they
// had to do has failed with ErrTerminated.
func TestTerminateAlways(t *testing.T) {
	exists := func(path string) func() bool {
		return func() bool { _, err := os.Stat(path); return err == nil }
	}
	for name, prepare := range map[string]func(t *testing.T, ctx context.Context, p *pool.Pool) []*pool.Future[int]{
		"just starting": func(_ *testing.T, ctx context.Context, p *pool.Pool) (fs []*pool.Future[int]) {
			for i := range 5 {
				fs = append(fs, pool.Submit(ctx, p, forever, i))
			}
			return fs
		},
		"idle and stopped": func(t *testing.T, ctx context.Context, p *pool.Pool) []*pool.Future[int] {
			pid, err := pool.Apply(ctx, p, whoami, 0)
			require.NoError(t, err)
			require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
			return nil
		},
		"stopped, with a long message on its way": func(t *testing.T, ctx context.Context, p *pool.Pool) []*pool.Future[int] {
			for range 2 {
				stopped := pool.Submit(ctx, p, deaf, 0)
				until(t, ctx, func() bool { return stopped.Running(ctx) })
			}
			fs := []*pool.Future[int]{pool.Submit(ctx, p, swallow, make([]byte, 64<<20))}
			return append(fs, pool.Submit(ctx, p, swallow, make([]byte, 64<<20)))
		},
		"stopped while it reads a long message": func(t *testing.T, ctx context.Context, p *pool.Pool) (fs []*pool.Future[int]) {
			for range 2 {
				pid, err := pool.Apply(ctx, p, whoami, 0)
				require.NoError(t, err)
				require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
				f := pool.Submit(ctx, p, swallow, make([]byte, 64<<20))
				until(t, ctx, func() bool { return f.Running(ctx) })
				fs = append(fs, f)
			}
			return fs
		},
		"ignores SIGTERM": func(t *testing.T, ctx context.Context, p *pool.Pool) []*pool.Future[int] {
			path := t.TempDir() + "/ignores"
			f := pool.Submit(ctx, p, touchy, path)
			until(t, ctx, exists(path))
			return []*pool.Future[int]{f}
		},
		"floods its connection": func(t *testing.T, ctx context.Context, p *pool.Pool) []*pool.Future[int] {
			for range 20 {
				pool.Submit(ctx, p, spout, 16<<20)
			}
			return []*pool.Future[int]{pool.Submit(ctx, p, forever, 0)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			p, err := pool.New(ctx, 2)
			require.NoError(t, err)
			fs := prepare(t, ctx, p)
			require.NoError(t, p.Terminate(ctx))
			require.NoError(t, p.Join(ctx))
			for _, f := range fs {
				assert.ErrorIs(t, f.Exception(ctx), pool.ErrTerminated)
			}
			assert.Zero(t, p.Stats(ctx).Workers)
		})
	}
}

// A worker that is still busy with its initializer is ended, too.
func TestTerminateInitializer(t *testing.T) {
	ctx := t.Context()
	p, err := pool.New(ctx, 2, pool.WithInitializer(forever, 0))
	require.NoError(t, err)
	f := pool.Submit(ctx, p, square, 3)
	require.NoError(t, p.Terminate(ctx))
	require.NoError(t, p.Join(ctx))
	assert.ErrorIs(t, f.Exception(ctx), pool.ErrTerminated)
}

// A worker that was told to go, because it has done its share or is one too many, and does
// not, is ended by Terminate as the others are.
func TestTerminateLeaving(t *testing.T) {
	ctx := t.Context()
	t.Run("has done its share", func(t *testing.T) {
		p, err := pool.New(ctx, 1, pool.WithMaxTasksPerChild(1))
		require.NoError(t, err)
		for i := range 3 {
			v, err := pool.Apply(ctx, p, linger, i)
			require.NoError(t, err)
			require.Equal(t, i, v)
		}
		require.NoError(t, p.Terminate(ctx))
		require.NoError(t, p.Join(ctx))
	})
	t.Run("is one too many", func(t *testing.T) {
		p, err := pool.New(ctx, 2)
		require.NoError(t, err)
		for i := range 10 {
			_, err := pool.Apply(ctx, p, linger, i)
			require.NoError(t, err)
		}
		require.NoError(t, p.Resize(ctx, 1))
		until(t, ctx, func() bool { return p.Stats(ctx).Workers == 1 })
		require.NoError(t, p.Close(ctx))
		require.NoError(t, p.Terminate(ctx))
		require.NoError(t, p.Join(ctx))
	})
}

// Programs whose worker writes to stderr without end, which is passed on to their own. That
// of muted nobody reads before the end.
var (
	muted   = process.Define("pool_test.muted", func(_ context.Context, dir string) (string, error) { return flooded(dir, false) })
	flooder = process.Define("pool_test.flooder", func(_ context.Context, dir string) (string, error) { return flooded(dir, true) })
)

func flooded(dir string, read bool) (string, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return "", err
	}
	defer r.Close()
	os.Stderr = w
	ctx := context.Background()
	p, err := pool.New(ctx, 1)
	if err != nil {
		return "", err
	}
	f := pool.Submit(ctx, p, chatty, dir+"/floods")
	if _, err := io.CopyN(io.Discard, r, 1<<20); err != nil { // in full flood: more than any pipe holds
		return "", err
	}
	if read {
		go func() { _, _ = io.Copy(io.Discard, r) }()
	}
	_ = p.Terminate(ctx)
	if err := p.Join(ctx); err != nil {
		return "", err
	}
	if !read {
		go func() { _, _ = io.Copy(io.Discard, r) }()
	}
	return f.Exception(ctx).Error(), nil
}

// A worker that floods stderr is ended, and the end does not wait for somebody to read it.
func TestTerminateFlooded(t *testing.T) {
	for _, program := range []*process.Func[string, string]{muted, flooder} {
		text, err := program.Call(t.Context(), t.TempDir())
		require.NoError(t, err)
		assert.Equal(t, pool.ErrTerminated.Error(), text)
	}
}
