//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

var fail = process.Define("fail", func(ctx context.Context, how string) (any, error) {
	switch how {
	case "eof":
		return nil, io.EOF
	case "path":
		return nil, fmt.Errorf("wrapped: %w", &fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist})
	case "panic":
		panic(fmt.Errorf("lost: %s", how))
	case "func":
		return func() {}, nil
	case "exit":
		process.Exit(ctx, 3)
	case "both":
		return 1, errors.New("a value and an error")
	case "int":
		return 42, nil
	case "mixed":
		return []any{1, nil, "text"}, nil
	case "wait":
		<-ctx.Done()
	}
	return nil, nil
})

var failOnThread = process.Define("fail on a thread", func(t *gil.Thread, how string) (any, error) {
	switch how {
	case "assert":
		t.Errorf("%d is not %d", 1, 2)
		t.FailNow()
	case "panic":
		panic("lost on a thread")
	case "goexit":
		process.Exit(t, 0)
	}
	return nil, nil
})

// What a call returns: the function's value or its error, with what matches it.
func TestCallResults(t *testing.T) {
	ctx := t.Context()
	text := stderr(t, func() {
		for how, want := range map[string]any{"nil": nil, "int": 42, "mixed": []any{1, nil, "text"}} {
			v, err := fail.Call(ctx, how)
			require.NoError(t, err)
			assert.Equal(t, want, v)
		}
		_, err := fail.Call(ctx, "eof")
		assert.Equal(t, io.EOF, err)
		_, err = fail.Call(ctx, "path")
		assert.EqualError(t, err, "wrapped: open /x: file does not exist")
		assert.ErrorIs(t, err, fs.ErrNotExist)
		var path *fs.PathError
		require.ErrorAs(t, err, &path)
		assert.Equal(t, "/x", path.Path)
		v, err := fail.Call(ctx, "both")
		assert.EqualError(t, err, "a value and an error")
		assert.Nil(t, v)
		_, err = fail.Call(ctx, "func")
		assert.ErrorContains(t, err, "cannot pickle 'func' object")

		_, err = fail.Call(ctx, "panic", process.WithName("P"))
		var p *process.PanicError
		require.ErrorAs(t, err, &p)
		assert.EqualError(t, err, "process: P panicked: lost: panic")
		assert.Contains(t, p.Stack, "call_test.go")
		_, err = failOnThread.Call(ctx, "panic")
		require.ErrorAs(t, err, &p)
		assert.Equal(t, "lost on a thread", p.Value)
		assert.Contains(t, p.Stack, "call_test.go")
		_, err = failOnThread.Call(ctx, "assert")
		assert.ErrorContains(t, err, "1 is not 2")
	})
	assert.Empty(t, text, "the caller has it, nobody else needs it")
}

// A process that ends without a result is an error that says how it ended.
func TestCallWithoutResult(t *testing.T) {
	ctx := t.Context()
	_, err := fail.Call(ctx, "exit", process.WithName("P"))
	var e *process.ExitError
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 3, e.Code)
	assert.EqualError(t, err, fmt.Sprintf("process: P (pid %d) exited with code 3 before it returned a result", e.PID))
	_, err = failOnThread.Call(ctx, "goexit")
	require.ErrorAs(t, err, &e)
	assert.Zero(t, e.Code)

	calls := make(chan error)
	go func() {
		_, err := fail.Call(ctx, "wait")
		calls <- err
	}()
	eventually(t, func() bool { return len(process.ActiveChildren(ctx)) == 1 })
	require.NoError(t, process.ActiveChildren(ctx)[0].Kill())
	err = <-calls
	require.ErrorAs(t, err, &e)
	assert.Equal(t, -9, e.Code)
	assert.ErrorContains(t, err, "was killed by SIGKILL before it returned a result")
}

// A call whose context ends kills its process.
func TestCallCancelled(t *testing.T) {
	_, err := long.Call(t.Context(), 1) // what is opened once for all is open now
	require.NoError(t, err)
	before := openFiles(t)
	ctx, cancel := context.WithCancel(t.Context())
	calls := make(chan error)
	go func() {
		_, err := fail.Call(ctx, "wait")
		calls <- err
	}()
	eventually(t, func() bool { return len(process.ActiveChildren(ctx)) == 1 })
	cancel()
	assert.ErrorIs(t, <-calls, context.Canceled)
	assert.Empty(t, process.ActiveChildren(t.Context()))

	late, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = fail.Call(late, "wait")
	assert.ErrorIs(t, err, process.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Empty(t, process.ActiveChildren(t.Context()))
	eventually(t, func() bool { return openFiles(t) <= before })
}

// A live object in a result takes its descriptor with it, too. Long results
// arrive whole.
func TestCallReturnsLiveObjects(t *testing.T) {
	c, err := connection.Call(t.Context(), "hello")
	require.NoError(t, err)
	defer c.Close()
	v, err := c.Recv(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "hello", v)
	_, err = c.Recv(t.Context())
	assert.Equal(t, io.EOF, err)

	s, err := long.Call(t.Context(), 5<<20)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("x", 5<<20), s)
}

var connection = process.Define("connection", func(ctx context.Context, s string) (*pipe.Conn, error) {
	mine, theirs, err := pipe.New(ctx)
	if err != nil {
		return nil, err
	}
	return theirs, mine.Send(ctx, s)
})

var long = process.Define("long", func(ctx context.Context, n int) (string, error) { return strings.Repeat("x", n), nil })

// A thread that calls gives the GIL up.
func TestCallGivesTheGILUp(t *testing.T) {
	err := gil.Live().Run(gil.CPython313.WithSwitchInterval(time.Hour), func(th *gil.Thread) {
		other := th.Go("other", func(th *gil.Thread) {
			for len(process.ActiveChildren(th)) == 0 {
				th.Yield()
			}
			for _, p := range process.ActiveChildren(th) {
				require.NoError(t, p.Kill())
			}
		})
		_, err := fail.Call(th, "wait")
		require.ErrorContains(t, err, "SIGKILL")
		other.Join(th)
	})
	require.NoError(t, err)
}
