//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/process"
)

// plug is a live object as a lock or a piece of shared memory is one: what it is
// lies behind a descriptor, the rest of it in a state.
type plug struct {
	file *os.File
	name string
}

type plugState struct {
	Handle int
	Name   string
}

func (p *plug) ReduceHandle(h *pickle.Handles) (any, error) {
	if p.name == "sealed" {
		return nil, errors.New("a sealed plug stays here")
	}
	dup, err := duplicate(p.file)
	if err != nil {
		return nil, err
	}
	return plugState{h.Add(dup), p.name}, nil
}

func init() {
	pickle.RegisterHandle(func(h *pickle.Handles, s plugState) (*plug, error) {
		x, err := h.Take(s.Handle)
		if err != nil {
			return nil, err
		}
		return &plug{x.(*os.File), s.Name}, nil
	}, "process_test.plug")
}

type plugs struct {
	A, B  *plug
	Conn  *pipe.Conn
	Text  string
	Again *plug
}

var usePlugs = process.DefineTarget("use plugs", func(ctx context.Context, p plugs) error {
	if p.A != p.Again {
		return errors.New("one object became two")
	}
	if _, err := p.A.file.WriteString(p.A.name); err != nil {
		return err
	}
	if _, err := p.B.file.WriteString(p.B.name); err != nil {
		return err
	}
	v, err := p.Conn.Recv(ctx)
	if err != nil {
		return err
	}
	return p.Conn.Send(ctx, []any{v, p.Text})
})

// Live objects inside an argument travel by inheritance, the same way as over a
// connection, and the parent's own stay usable.
func TestHandlesAreInherited(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	mine, theirs, err := pipe.New(t.Context())
	require.NoError(t, err)
	defer mine.Close()
	defer theirs.Close()
	// Who is parked at an end gives it a descriptor more.
	for n := openFiles(t); n > 0 && openFiles(t) == n; {
		_, err := mine.PollTimeout(t.Context(), time.Millisecond)
		require.NoError(t, err)
	}
	before := openFiles(t)

	// What this end has fetched ahead goes along.
	require.NoError(t, mine.Send(t.Context(), "one"))
	require.NoError(t, mine.Send(t.Context(), "two"))
	one, err := theirs.Recv(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "one", one)

	a := &plug{w, "a"}
	p, err := usePlugs.Start(t.Context(), plugs{A: a, B: &plug{w, "b"}, Conn: theirs, Text: "text", Again: a})
	require.NoError(t, err)
	got, err := mine.Recv(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []any{"two", "text"}, got)
	require.NoError(t, p.Join(t.Context()))
	code, _ := p.ExitCode()
	assert.Zero(t, code)
	assert.LessOrEqual(t, openFiles(t), before, "the duplicates are closed")
	_, err = theirs.TryRecv(t.Context())
	assert.ErrorIs(t, err, pipe.ErrWouldBlock, "what was fetched is the child's")
	require.NoError(t, w.Close())
	all, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.Equal(t, "ab", string(all))
}

// An object that refuses, and one that is no descriptor, are errors of Start, and
// nothing is left open.
func TestHandlesThatCannotBeInherited(t *testing.T) {
	_, w, err := os.Pipe()
	require.NoError(t, err)
	defer w.Close()
	before := openFiles(t)
	_, err = usePlugs.Start(t.Context(), plugs{A: &plug{w, "a"}, B: &plug{w, "sealed"}})
	assert.ErrorContains(t, err, "at plugs.B: it says: a sealed plug stays here")
	assert.LessOrEqual(t, openFiles(t), before)

	mine, theirs, err := pipe.New(t.Context())
	require.NoError(t, err)
	defer mine.Close()
	defer theirs.Close()
	for i := range 3 {
		require.NoError(t, mine.Send(t.Context(), i))
	}
	for i := range 3 { // in between, what was fetched ahead nearly leaves, and stays
		v, err := theirs.Recv(t.Context())
		require.NoError(t, err)
		assert.Equal(t, i, v)
		_, err = usePlugs.Start(t.Context(), plugs{Conn: theirs, Again: &plug{w, "sealed"}})
		assert.Error(t, err)
	}
	assert.Empty(t, process.ActiveChildren(t.Context()))
}

// openFiles counts this process's descriptors.
func openFiles(t testing.TB) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	dir, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(dir)
}
