package pipe_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/pipe"
)

// Every interleaving of two senders and a receiver: each order of the messages,
// and a send that need not wait is one step.
func TestVirtualExhausted(t *testing.T) {
	outcomes, n := exhaust(t, gil.AnyBytecode, func(t *gil.Thread) string {
		r, w := newOneWay(t)
		for _, name := range []string{"a", "b"} {
			t.Go(name, func(t *gil.Thread) { require.NoError(t, w.Send(t, name)) })
		}
		return fmt.Sprintf("%v %v", got[any](t)(r.Recv(t)), got[any](t)(r.Recv(t)))
	})
	assert.Len(t, outcomes, 2)
	assert.Contains(t, outcomes, "a b")
	assert.Contains(t, outcomes, "b a")
	t.Log(n, outcomes)
}

// Closing races with sending and receiving: nothing hangs, and every outcome is
// one of those that exist.
func TestVirtualCloseRaces(t *testing.T) {
	outcomes, _ := exhaust(t, gil.AnyBytecode, func(t *gil.Thread) string {
		a, b := newPair(t)
		var sent, received error
		s := t.Go("s", func(t *gil.Thread) { sent = a.Send(t, 1) })
		r := t.Go("r", func(t *gil.Thread) { _, received = b.Recv(t) })
		_ = b.Close()
		gil.JoinAll(t, s, r)
		return fmt.Sprintf("%v / %v", sent, received)
	})
	closed, broken := pipe.ErrClosed.Error(), pipe.ErrBrokenPipe.Error()
	for outcome := range outcomes {
		assert.Contains(t, []string{"<nil> / <nil>", "<nil> / " + closed, broken + " / " + closed}, outcome)
	}
	assert.Len(t, outcomes, 3)
}

// Seed row 84: two writers at one end at once may corrupt data in Python; with a
// lock, or at different ends, never. Connections here have a lock.
func TestVirtualTornWrites(t *testing.T) {
	whole := func(t *gil.Thread, r *pipe.Conn, n, size int) error {
		for range n {
			b, err := r.RecvBytes(t)
			if err != nil {
				return err
			}
			if string(b) != string(letters(b[0], size)) {
				return fmt.Errorf("a message of %d bytes that nobody sent", len(b))
			}
		}
		return nil
	}
	writer := func(w *pipe.Conn, letter byte, size int, mu *threading.Lock) func(t *gil.Thread) {
		return func(t *gil.Thread) {
			if mu != nil {
				mu.Acquire(t)
				defer mu.Release(t)
			}
			_ = w.SendBytes(t, letters(letter, size))
		}
	}
	one := func(size int, mu bool, opts ...pipe.Option) func(t *gil.Thread) error {
		return func(t *gil.Thread) error {
			r, w := newOneWay(t, opts...)
			var lock *threading.Lock
			if mu {
				lock = new(threading.Lock)
			}
			t.Go("a", writer(w, 'a', size, lock), gil.WithDaemon(true))
			t.Go("b", writer(w, 'b', size, lock), gil.WithDaemon(true))
			return whole(t, r, 2, size)
		}
	}
	different := func(t *gil.Thread) error {
		a, b := newPair(t, pipe.WithTornWrites())
		t.Go("a", writer(a, 'a', 100_000, nil), gil.WithDaemon(true))
		t.Go("b", writer(b, 'b', 100_000, nil), gil.WithDaemon(true))
		if err := whole(t, a, 1, 100_000); err != nil {
			return err
		}
		return whole(t, b, 1, 100_000)
	}
	for name, c := range map[string]struct {
		prog func(t *gil.Thread) error
		torn bool
	}{
		"torn":                    {one(100_000, false, pipe.WithTornWrites()), true},
		"between header and body": {one(20_000, false, pipe.WithTornWrites()), true},
		"one write each":          {one(16_000, false, pipe.WithTornWrites()), false},
		"with a lock":             {one(100_000, true, pipe.WithTornWrites()), false},
		"different ends":          {different, false},
		"ours":                    {one(100_000, false), false},
	} {
		t.Run(name, func(t *testing.T) {
			torn := 0
			for seed := range uint64(60) {
				var err error
				_ = walk(gil.CPython38, seed, func(t *gil.Thread) { err = c.prog(t) })
				if err != nil {
					torn++
				}
			}
			if c.torn {
				assert.Positive(t, torn)
			} else {
				assert.Zero(t, torn)
			}
		})
	}
}

// Processes are explored as threads are. Two that share an end may corrupt data
// (seed row 84), since the lock of an end is a process's own; here short messages,
// which are written whole, never do.
func TestVirtualProcessesExplored(t *testing.T) {
	share := func(size int) (torn int, ends map[string]bool) {
		ends = map[string]bool{}
		for seed := range uint64(60) {
			var bad error
			var order string
			require.NoError(t, walk(gil.CPython313, seed, func(t *gil.Thread) {
				r, w := newOneWay(t)
				for _, letter := range []byte{'a', 'b'} {
					p := pack(t, w)
					t.Emulate(string(letter), func(t *gil.Thread) {
						_ = p.open(t).(*pipe.Conn).SendBytes(t, letters(letter, size))
					})
				}
				require.NoError(t, w.Close())
				for {
					b, err := r.RecvBytes(t)
					if err == io.EOF {
						return
					}
					if err != nil || len(b) != size || string(b) != string(letters(b[0], size)) {
						bad = fmt.Errorf("%d bytes that nobody sent, %v", len(b), err)
						_ = r.Close()
						return
					}
					order += string(b[:1])
				}
			}))
			if bad != nil {
				torn++
			} else {
				ends[order] = true
			}
		}
		return torn, ends
	}
	torn, _ := share(100_000)
	assert.Positive(t, torn)
	torn, ends := share(4092)
	assert.Zero(t, torn)
	assert.Equal(t, map[string]bool{"ab": true, "ba": true}, ends)
}
