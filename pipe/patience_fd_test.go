//go:build linux || darwin

package pipe_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
)

// farPair returns two ends that might be in two processes.
func farPair(t *testing.T) (a, b *pipe.Conn) {
	t.Helper()
	x, y, err := pipe.New(t.Context())
	require.NoError(t, err)
	x.Fd() // anybody may have it now
	t.Cleanup(func() { assert.NoError(t, x.Close()); assert.NoError(t, y.Close()) })
	return x, y
}

// A receiver that waits patiently is ended by its context, by a deadline, by Close and
// by the end of the file like any other; nothing is lost.
func TestPatientReceiverEnds(t *testing.T) {
	a, b := farPair(t)
	receive := func(ctx context.Context) func() (any, error) {
		pipe.MakePatient(b)
		return later(func() (any, error) { return b.Recv(ctx) })
	}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		got := receive(ctx)
		time.Sleep(time.Millisecond) // perhaps it waits
		cancel()
		_, err := got()
		require.ErrorIs(t, err, context.Canceled)
		_, err = b.Recv(ctx)
		require.ErrorIs(t, err, context.Canceled)

		// The next one is not ended by it, and gets what comes.
		got = receive(t.Context())
		require.NoError(t, a.Send(t.Context(), "x"))
		v, err := got()
		require.NoError(t, err)
		require.Equal(t, "x", v)
	}
	pipe.MakePatient(b)
	_, err := b.RecvTimeout(t.Context(), time.Millisecond)
	require.ErrorIs(t, err, pipe.ErrTimeout)

	got := receive(t.Context())
	require.NoError(t, b.Close())
	_, err = got()
	require.ErrorIs(t, err, pipe.ErrClosed)

	a, b = farPair(t)
	got = receive(t.Context())
	require.NoError(t, a.Close())
	_, err = got()
	require.EqualError(t, err, "EOF")
	require.Zero(t, pipe.Seats())
}

// Who has no time for it is not patient.
func TestPatienceTakesTime(t *testing.T) {
	_, b := farPair(t)
	require.False(t, pipe.Patient(t.Context(), b))
	pipe.MakePatient(b)
	require.True(t, pipe.Patient(t.Context(), b))
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	require.True(t, pipe.Patient(ctx, b))
	cancel()
	require.False(t, pipe.Patient(ctx, b))
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	require.False(t, pipe.Patient(ctx, b))
}

// Patience is learned from waits that were short, and lost with one that was not.
func TestPatienceIsLearned(t *testing.T) {
	a, b := farPair(t)
	echoed := later(func() (any, error) {
		for {
			v, err := a.Recv(t.Context())
			if err != nil {
				return nil, nil
			}
			if err := a.Send(t.Context(), v); err != nil {
				return nil, err
			}
		}
	})
	require.False(t, pipe.Patient(t.Context(), b))
	ask := func() {
		require.NoError(t, b.Send(t.Context(), 7))
		v, err := b.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, 7, v)
	}
	deadline := time.Now().Add(2 * time.Minute)
	for !pipe.Patient(t.Context(), b) {
		require.True(t, time.Now().Before(deadline))
		ask()
	}
	for pipe.Patient(t.Context(), b) {
		require.True(t, time.Now().Before(deadline))
		got := later(func() (any, error) { return b.Recv(t.Context()) })
		time.Sleep(20 * time.Millisecond) // the wait begins some time in this, or after it
		require.NoError(t, b.Send(t.Context(), 8))
		_, err := got()
		require.NoError(t, err)
	}
	require.NoError(t, b.Close())
	_, err := echoed()
	require.NoError(t, err)
}
