package pipe_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
)

// A daemon thread is ended when the call that blocks it comes back: a message that
// it was sending is whole all the same, and its turn is the next one's.
func TestDaemonEndedInACall(t *testing.T) {
	for name, daemon := range map[string]func(t *gil.Thread, a *pipe.Conn){
		"Send":     func(t *gil.Thread, a *pipe.Conn) { _ = a.Send(t, pattern(1<<20)) },
		"Recv":     func(t *gil.Thread, a *pipe.Conn) { _, _ = a.Recv(t) },
		"Wait":     func(t *gil.Thread, a *pipe.Conn) { _, _ = pipe.Wait(t, a) },
		"Waiter":   func(t *gil.Thread, a *pipe.Conn) { w, _ := pipe.NewWaiter(a); defer w.Close(); _, _ = w.Wait(t) },
		"its turn": func(t *gil.Thread, a *pipe.Conn) { _ = a.Send(t, "not sent") },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			a, b := pair(t)
			holder := later(func() (any, error) { return nil, nil })
			if name == "its turn" {
				holder = later(func() (any, error) { return nil, a.Send(ctx, pattern(1<<20)) })
				_, err := b.Poll(ctx) // he has begun
				require.NoError(t, err)
			}
			var after func() (any, error)
			require.NoError(t, gil.New(gil.CPython313).Run(func(t *gil.Thread) {
				t.Go("daemon", func(t *gil.Thread) { daemon(t, a) }, gil.WithDaemon(true))
				if name == "Send" {
					_, err := b.Poll(t) // it has begun
					require.NoError(t, err)
				}
				t.Sleep(5 * time.Millisecond) // mostly it waits by then; if not, nothing changes
				// When Run ends the daemon, this makes its call come back.
				after = later(func() (any, error) {
					time.Sleep(20 * time.Millisecond)
					if err := b.Send(ctx, "to receive"); err != nil {
						return nil, err
					}
					if name == "Send" || name == "its turn" {
						return b.Recv(ctx)
					}
					return nil, nil
				})
			}))
			v, err := after()
			require.NoError(t, err)
			if v != nil {
				require.Equal(t, pattern(1<<20), v)
			}
			_, err = holder()
			require.NoError(t, err)
			require.NoError(t, a.SendTimeout(ctx, "next", time.Minute))
			v, err = b.RecvTimeout(ctx, time.Minute)
			require.NoError(t, err)
			if v == "not sent" { // the daemon's turn came before it was ended
				v, err = b.RecvTimeout(ctx, time.Minute)
				require.NoError(t, err)
			}
			require.Equal(t, "next", v)
			require.NoError(t, b.Send(ctx, "again"))
			_, err = a.RecvTimeout(ctx, time.Minute)
			require.NoError(t, err)
		})
	}
}
