//go:build linux || darwin

package queue_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// Seed 001's program: what a child puts arrives as it was.
func TestSeed001(t *testing.T) {
	q, err := queue.NewProcess[[]any](t.Context(), 0)
	require.NoError(t, err)
	defer q.Close()
	p, err := seed001.Start(t.Context(), q)
	require.NoError(t, err)
	v, err := q.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, []any{42, nil, "hello"}, v)
	require.NoError(t, p.Join(t.Context()))
}

var seed001 = process.DefineTarget("test.seed001", func(ctx context.Context, q *queue.ProcessQueue[[]any]) error {
	return q.Put(ctx, []any{42, nil, "hello"})
})
