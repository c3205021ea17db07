package pipe_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe"
)

type watcher struct {
	mu   sync.Mutex
	seen []string
	obj  map[uint64]int
}

func (w *watcher) Observe(e gil.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.obj == nil {
		w.obj = map[uint64]int{}
	}
	switch e.Kind {
	case gil.EvPipeSend, gil.EvPipeRecv:
		if w.obj[e.Obj] == 0 {
			w.obj[e.Obj] = len(w.obj) + 1
		}
		what := "send"
		if e.Kind == gil.EvPipeRecv {
			what = "recv"
		}
		w.seen = append(w.seen, fmt.Sprintf("%s %d:%d %d bytes", what, w.obj[e.Obj], e.A, e.B))
	case gil.EvPickleBegin:
		w.seen = append(w.seen, "(")
	case gil.EvPickleEnd:
		w.seen = append(w.seen, fmt.Sprintf("%d)", e.B))
	}
}

// TestObserved: what observers are told of messages is the same in all worlds. One
// that is refused, or for which there is no room, is not told of.
func TestObserved(t *testing.T) {
	const most = 1 << 20
	for name, world := range map[string]func(gil.Option) gil.World{
		"live":    func(o gil.Option) gil.World { return gil.Live(o) },
		"machine": func(o gil.Option) gil.World { return gil.NewMachine(2, o) },
	} {
		w := new(watcher)
		require.NoError(t, world(gil.WithObserver(w)).Run(gil.CPython313, func(m *gil.Thread) {
			a, b, err := pipe.New(m, pipe.WithMaxMessage(most))
			require.NoError(m, err)
			require.NoError(m, a.SendBytes(m, []byte("hello")))
			got, err := b.RecvBytes(m)
			require.NoError(m, err)
			require.Equal(m, "hello", string(got))
			require.NoError(m, b.Send(m, []any{42, nil}))
			require.Error(m, b.Send(m, func() {}))
			v, err := a.Recv(m)
			require.NoError(m, err)
			require.Equal(m, []any{42, nil}, v)

			reader := m.Go("reader", func(r *gil.Thread) {
				for range 2 {
					b, err := b.RecvBytes(r)
					require.NoError(r, err)
					require.Len(r, b, 300_000)
				}
			})
			long := bytes.Repeat([]byte("x"), 300_000)
			require.NoError(m, a.SendBytes(m, long))
			require.NoError(m, a.SendBytes(m, long))
			reader.Join(m)
			require.NoError(m, a.TrySendBytes(m, nil))
			_, err = b.TryRecvBytes(m)
			require.NoError(m, err)
			_, err = b.TryRecvBytes(m)
			require.ErrorIs(m, err, pipe.ErrWouldBlock)
			require.NoError(m, a.Close())
			require.NoError(m, b.Close())
		}), name)
		if name == "live" { // which of two goroutines tells first is open
			require.Len(t, w.seen, 16)
			require.Len(t, w.obj, 2)
			continue
		}
		require.Equal(t, []string{
			"send 1:1 5 bytes", "recv 1:1 5 bytes",
			"(", "6)", "send 2:1 6 bytes", "(", "0)", "recv 2:1 6 bytes", "(", "6)",
			"send 1:2 300000 bytes", "recv 1:2 300000 bytes",
			"send 1:3 300000 bytes", "recv 1:3 300000 bytes",
			"send 1:4 0 bytes", "recv 1:4 0 bytes",
		}, w.seen, name)
	}
}

// TestUnobserved: a message costs nothing more where nobody looks.
func TestUnobserved(t *testing.T) {
	require.NoError(t, gil.Live().Run(gil.CPython313, func(m *gil.Thread) {
		a, b, err := pipe.New(m)
		require.NoError(m, err)
		buf := make([]byte, 16)
		require.Zero(m, testing.AllocsPerRun(100, func() {
			_ = a.SendBytes(m, buf)
			_, _ = b.RecvBytesInto(m, buf)
		}))
		require.NoError(m, a.Close())
		require.NoError(m, b.Close())
	}))
}

// TestCorruptIsTold: a message that cannot be decoded is told of once, by the one that
// receives it, and the next one is told of as ever.
func TestCorruptIsTold(t *testing.T) {
	for name, world := range map[string]func(gil.Option) gil.World{
		"live":    func(o gil.Option) gil.World { return gil.Live(o) },
		"machine": func(o gil.Option) gil.World { return gil.NewMachine(2, o) },
	} {
		var mu sync.Mutex
		var corrupt []gil.Event
		received := uint64(0)
		o := gil.WithObserver(gil.ObserverFunc(func(e gil.Event) {
			mu.Lock()
			defer mu.Unlock()
			switch e.Kind {
			case gil.EvCorrupt:
				corrupt = append(corrupt, e)
			case gil.EvPipeRecv:
				received = e.Obj
			}
		}))
		require.NoError(t, world(o).Run(gil.CPython313, func(m *gil.Thread) {
			a, b, err := pipe.New(m)
			require.NoError(m, err)
			require.NoError(m, a.SendBytes(m, []byte("\xff no value")))
			require.NoError(m, a.Send(m, 7))
			_, err = b.Recv(m)
			require.Error(m, err)
			v, err := b.Recv(m)
			require.NoError(m, err)
			require.Equal(m, 7, v)
			require.NoError(m, a.Close())
			require.NoError(m, b.Close())
		}), name)
		require.Len(t, corrupt, 1, name)
		require.NotEmpty(t, corrupt[0].Name)
		require.Equal(t, received, corrupt[0].Obj)
	}
}
