package pipe_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
)

// A storm is a random program over one emulated pipe: threads and processes that
// send, receive, poll and wait at both ends, give up, close and end.
type storm struct {
	rng  *rand.Rand
	sent map[uint64]int // sizes of the messages that may arrive, by number
	next uint64
	came int
}

func (s *storm) send(ctx context.Context, c *pipe.Conn) error {
	size := 8 + s.rng.IntN(40)
	if s.rng.IntN(4) == 0 {
		size = s.rng.IntN(200_000) + 8
	}
	s.next++
	n := s.next
	s.sent[n] = size
	b := make([]byte, size)
	binary.BigEndian.PutUint64(b, n)
	for i := range b[8:] {
		b[8+i] = byte(n)
	}
	switch s.rng.IntN(3) {
	case 0:
		return c.SendBytes(ctx, b)
	case 1:
		return c.SendBytesTimeout(ctx, b, time.Duration(s.rng.IntN(50))*time.Microsecond)
	}
	return c.TrySendBytes(ctx, b)
}

func (s *storm) recv(ctx context.Context, t *gil.Thread, c *pipe.Conn) (err error) {
	var b []byte
	switch s.rng.IntN(5) {
	case 0:
		b, err = c.RecvBytes(ctx)
	case 1:
		b, err = c.RecvBytesTimeout(ctx, time.Duration(s.rng.IntN(50))*time.Microsecond)
	case 2:
		b, err = c.TryRecvBytes(ctx)
	case 3:
		_, err = c.PollTimeout(ctx, time.Duration(s.rng.IntN(50))*time.Microsecond)
	default:
		_, err = pipe.WaitTimeout(ctx, time.Duration(s.rng.IntN(50))*time.Microsecond, c)
	}
	if b != nil {
		n := binary.BigEndian.Uint64(b)
		require.Equal(t, s.sent[n], len(b), "message %d", n)
		require.True(t, bytes.Equal(bytes.Repeat([]byte{byte(n)}, len(b)-8), b[8:]), "message %d", n)
		delete(s.sent, n) // twice would be wrong
		s.came++
	}
	return err
}

// harmless are the errors that a storm brings.
func harmless(err error) bool {
	var cut *pipe.CutError
	for _, e := range []error{pipe.ErrClosed, pipe.ErrBrokenPipe, pipe.ErrWouldBlock, pipe.ErrTimeout, context.Canceled, io.EOF} {
		if errors.Is(err, e) {
			return true
		}
	}
	return err == nil || errors.As(err, &cut)
}

func (s *storm) rage(t *gil.Thread, c *pipe.Conn, rounds int, patient bool) {
	ctx := context.Context(t)
	for range rounds {
		if !patient || s.rng.IntN(10) == 0 {
			limited, cancel := gil.WithTimeout(t, time.Duration(s.rng.IntN(100))*time.Microsecond)
			defer cancel()
			ctx = limited
		}
		var err error
		switch s.rng.IntN(5) {
		case 0, 1:
			err = s.send(ctx, c)
		case 2, 3:
			err = s.recv(ctx, t, c)
		case 4:
			t.Sleep(time.Duration(s.rng.IntN(20)) * time.Microsecond)
		}
		require.True(t, harmless(err), "%T %v", err, err)
		if errors.Is(err, pipe.ErrClosed) || patient && ctx.Err() != nil {
			return
		}
	}
}

// team has an end used by several threads of one process, until they have enough
// or it is closed.
func (s *storm) team(t *gil.Thread, c *pipe.Conn) {
	var threads []*gil.Thread
	closes := s.rng.IntN(3) > 0
	for i := range 1 + s.rng.IntN(3) {
		threads = append(threads, t.Go(fmt.Sprint("thread ", i), func(t *gil.Thread) { s.rage(t, c, 15, closes) }))
	}
	if s.rng.IntN(2) == 0 {
		t.Go("daemon", func(t *gil.Thread) { s.rage(t, c, 50, closes) }, gil.WithDaemon(true))
	}
	t.Sleep(time.Duration(s.rng.IntN(300)) * time.Microsecond)
	if closes {
		_ = c.Close() // that a message is cut by it is an error one may get
	}
	gil.JoinAll(t, threads...)
}

func (s *storm) run(t *gil.Thread) {
	a, b := newPair(t)
	if s.rng.IntN(2) == 0 {
		child := emulate(t, "child", b, s.team)
		s.team(t, a)
		_ = a.Close()
		child.Join(t)
		return
	}
	other := t.Go("other end", func(t *gil.Thread) {
		s.team(t, b)
		_ = b.Close()
	})
	s.team(t, a)
	_ = a.Close()
	other.Join(t)
}

// Whatever happens at both ends, in threads and processes: what arrives is whole
// and was sent, nothing hangs, and it happens in the same nanoseconds each time.
func TestVirtualStorm(t *testing.T) {
	storms := uint64(200)
	if testing.Short() {
		storms = 40
	}
	came := 0
	for seed := range storms {
		run := func() (int, time.Duration) {
			s := &storm{rng: rand.New(rand.NewPCG(seed, 7)), sent: map[uint64]int{}}
			p, m := profiles[seed/3%4], gil.NewMachine(2, gil.WithStartCost(0))
			var err error
			switch seed % 3 {
			case 0:
				err = m.Run(p, s.run)
			case 1:
				m = gil.NewMachine(1+int(seed%4), gil.Measured(), gil.WithStartCost(0), gil.WithSeed(seed))
				err = m.Run(p, s.run)
			default:
				err = walk(p, seed, s.run)
			}
			require.NoError(t, err, "seed %d", seed)
			return s.came, m.Now()
		}
		n, at := run()
		again, then := run()
		require.Equal(t, n, again)
		require.Equal(t, at, then)
		came += n
	}
	require.Greater(t, came, int(storms)) // it is about something
}
