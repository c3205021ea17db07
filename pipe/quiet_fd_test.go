//go:build linux || darwin

package pipe_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pygil/pygil/pipe"
)

// While a receiver is patient the runtime's poller does not know of its descriptor.
func TestPatientReceiverIsQuiet(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	a, b := farPair(t)
	require.False(t, pipe.Known(b))
	moored(t, b)
	require.NoError(t, a.Send(t.Context(), 1))
	_, err := b.Recv(t.Context()) // one that is not patient
	require.NoError(t, err)
	require.True(t, pipe.Known(b))
	for range 3 {
		moored(t, b)
		pipe.MakePatient(b)
		require.NoError(t, a.Send(t.Context(), 2))
		v, err := b.Recv(t.Context())
		require.NoError(t, err)
		require.Equal(t, 2, v)
		require.False(t, pipe.Known(b))
	}

	// Somebody who is parked is left alone.
	big := make([]byte, 8<<20)
	sent := later(func() (any, error) { return nil, b.SendBytes(t.Context(), big) })
	eventually(t, func() bool { return pipe.Known(b) })
	for range 3 {
		pipe.MakePatient(b)
		require.NoError(t, a.Send(t.Context(), 3))
		_, err := b.Recv(t.Context())
		require.NoError(t, err)
	}
	got, err := a.RecvBytes(t.Context())
	require.NoError(t, err)
	require.Len(t, got, len(big))
	_, err = sent()
	require.NoError(t, err)
}

// A receiver that was ended by its context, before or while it was parked, does not end
// the next one; and Close ends it in the same way.
func TestQuietEnds(t *testing.T) {
	for range 200 {
		a, b := farPair(t)
		ctx, cancel := context.WithCancel(t.Context())
		got := later(func() (any, error) { return b.Recv(ctx) })
		cancel()
		_, err := got()
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, a.Send(t.Context(), "x"))
		v, err := b.RecvTimeout(t.Context(), time.Minute)
		require.NoError(t, err)
		require.Equal(t, "x", v)
		got = later(func() (any, error) { return b.Recv(t.Context()) })
		require.NoError(t, b.Close())
		_, err = got()
		require.ErrorIs(t, err, pipe.ErrClosed)
		require.NoError(t, a.Close())
	}
}

// A deadline counts whether somebody is parked when it comes or not.
func TestQuietDeadline(t *testing.T) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(fds[1])
	require.NoError(t, unix.SetNonblock(fds[0], true))
	q := pipe.NewQuiet(uintptr(fds[0]))
	raw, err := q.SyscallConn()
	require.NoError(t, err)
	for _, half := range []struct {
		run func(f func(uintptr) bool) error
		set func(time.Time) error
	}{{raw.Read, q.SetReadDeadline}, {raw.Write, q.SetWriteDeadline}} {
		looks := 0
		run := func(done bool) error {
			return half.run(func(uintptr) bool {
				if looks++; looks == 1 { // before anybody is parked
					require.NoError(t, half.set(time.Unix(1, 0)))
				}
				return done
			})
		}
		require.ErrorIs(t, run(false), os.ErrDeadlineExceeded)
		looks = 0
		require.ErrorIs(t, run(true), os.ErrDeadlineExceeded)
		require.Zero(t, looks)
		require.NoError(t, half.set(time.Time{}))
		require.NoError(t, run(true))
		require.Equal(t, 1, looks)
	}
	require.NoError(t, q.Close())
	require.ErrorIs(t, q.Close(), os.ErrClosed)
	require.ErrorIs(t, raw.Control(func(uintptr) {}), os.ErrClosed)
	require.ErrorIs(t, raw.Read(func(uintptr) bool { return true }), os.ErrClosed)
	require.ErrorIs(t, q.SetReadDeadline(time.Time{}), os.ErrClosed)
}

// A pair that nobody closes is closed when nobody can use it any more.
func TestQuietIsCollected(t *testing.T) {
	runtime.GC()
	before := descriptors(t)
	for range 100 {
		_, _, err := pipe.New(t.Context())
		require.NoError(t, err)
	}
	eventually(t, func() bool { runtime.GC(); return descriptors(t) <= before+50 })
}
