package pool

import (
	"context"
	"slices"
	"sync"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pipe/pickle"
)

// A mapping is a map whose items are all there at its call: chunks, and the future of
// all results.
type mapping[In, Out any] struct {
	Future[[]Out]
	run1     func(t *gil.Thread, in In) (Out, error) // by threads
	out      []Out
	progress func(done, total int)

	mu2  sync.Mutex // guards what follows, and is held while progress is told
	open int
	done int
	err  error // the first that arrived
	gone bool  // nobody wants the rest
}

// A chunk is some items of a mapping.
type chunk[In, Out any] struct {
	header
	m       *mapping[In, Out]
	lo      int
	in      []In
	payload []byte // encoded, if the caller does not wait
}

// share is Python's rule for the size of chunks: a quarter of a worker's share.
func share(items, workers int) int {
	shares := 4 * min(workers, items+1) // with more of them it is 1 anyway, and numbers may be huge
	return max(1, (items+shares-1)/shares)
}

// startMap submits all chunks of a map. Later says that the caller goes on
// meanwhile, and may change in: it is encoded now.
func startMap[In, Out any](ctx context.Context, r *base, f Function[In, Out], in []In, size int, later bool, c *config) *mapping[In, Out] {
	m := &mapping[In, Out]{out: make([]Out, len(in)), progress: c.progress}
	m.repanic, m.live = r.cfg.repanic, r.live
	if c.callback != nil || c.failed != nil {
		m.more().first = callbacks(&m.Future, c)
	}
	if r.copies {
		r.shared(ctx, &m.state)
	}
	remote := r.e.remote()
	if err := mustFunction(f); err != nil {
		m.settle(ctx, err)
		return m
	}
	switch {
	case !remote && c.limit > 0:
		m.settle(ctx, badValue("", "WithTaskTimeout: a thread cannot be ended; use processes, or a function that looks at its context"))
		return m
	case !remote:
		m.run1 = localFor(r, f)
	default:
		if err := mustTarget(f); err != nil {
			m.settle(ctx, err)
			return m
		}
	}
	if len(in) == 0 {
		if err := r.e.closed(ctx); err != nil {
			m.settle(ctx, err)
			return m
		}
		m.settle(ctx, nil)
		return m
	}
	size = min(size, len(in)) // a sum with a larger one may be too much for an int
	m.open = (len(in) + size - 1) / size
	_, _ = m.Future.begin(ctx)
	for lo := 0; lo < len(in); lo += size {
		k := &chunk[In, Out]{m: m, lo: lo, in: in[lo:min(lo+size, len(in))]}
		if k.set(r, f.Name(), c); k.group == nil {
			k.group = &m.state
		}
		k.items = len(k.in)
		switch {
		case size == 1:
			k.form = single
		case len(k.in) > pieceItems && inPieces[In]() && inPieces[Out]():
			k.form = pieces
		default:
			k.form = slice
		}
		var err error
		if remote && later {
			k.payload, err = k.encode(nil)
			k.in = nil
		}
		if err == nil {
			err = r.e.submit(ctx, k, true)
		}
		if err != nil {
			k.fail(ctx, err)
		}
	}
	return m
}

// settle ends the mapping.
func (m *mapping[In, Out]) settle(ctx context.Context, err error) {
	m.finish(ctx, err, func() {
		if err == nil {
			m.value = m.out
		}
	})
}

// arrived counts n items of a chunk that has ended.
func (m *mapping[In, Out]) arrived(ctx context.Context, n int, err error) {
	m.mu2.Lock()
	if m.err == nil {
		m.err = err
	}
	m.open--
	m.done += n
	last, err := m.open == 0, m.err
	if m.progress != nil {
		m.tellProgress()
	}
	m.mu2.Unlock()
	if last {
		m.settle(ctx, err)
	}
}

// tellProgress calls the user's function. Its panic must not keep the lock.
func (m *mapping[In, Out]) tellProgress() {
	err := protect(func() error {
		m.progress(m.done, len(m.out))
		return nil
	})
	if err != nil {
		m.progress = nil
		if m.err == nil {
			m.err = err
		}
	}
}

// abandon gives the mapping up: what has not begun is cancelled, and what runs is
// ended, if it can be.
func (m *mapping[In, Out]) abandon(ctx context.Context, r *base, err error) {
	m.leave(err)
	r.e.abort(ctx, &m.state, err)
}

// leave says that nobody wants what has not begun, because err is the case.
func (m *mapping[In, Out]) leave(err error) {
	m.mu2.Lock()
	defer m.mu2.Unlock()
	m.gone = true
	if m.err == nil {
		m.err = err
	}
}

func (k *chunk[In, Out]) begin(ctx context.Context) bool {
	k.m.mu2.Lock()
	gone := k.m.gone
	k.m.mu2.Unlock()
	if gone {
		k.m.arrived(ctx, 0, ErrCancelled)
	}
	return !gone
}

func (k *chunk[In, Out]) unbegin() bool { return false } // begin knows it

func (k *chunk[In, Out]) run(t *gil.Thread) {
	n := 0
	err := protect(func() error {
		for i, x := range k.in {
			y, err := k.m.run1(t, x)
			if err != nil {
				return err
			}
			k.m.out[k.lo+i] = y
			n++
		}
		return nil
	})
	k.in, k.failed = nil, err != nil
	k.m.arrived(t, n, err)
}

func (k *chunk[In, Out]) encode(dst []byte) ([]byte, error) {
	if k.payload != nil {
		return append(dst, k.payload...), nil
	}
	switch k.form {
	case single:
		return pickle.Append(dst, k.in[0])
	case slice:
		return pickle.Append(dst, k.in)
	}
	mark := len(dst)
	for some := range slices.Chunk(k.in, pieceItems) {
		var err error
		if dst, err = appendSized(dst, func(dst []byte) ([]byte, error) { return pickle.Append(dst, some) }); err != nil {
			return dst, err
		}
		if mark >= 0 { // the others will be about as long
			dst = slices.Grow(dst, (len(dst)-mark)*9/8*(len(k.in)/pieceItems))
			mark = -1
		}
	}
	return dst, nil
}

func (k *chunk[In, Out]) settle(ctx context.Context, answer []byte) {
	n := 0
	err := decodeAnswer(answer, func(data []byte) (err error) {
		into := k.m.out[k.lo : k.lo+k.items]
		switch k.form {
		case single:
			err = decodeInto(data, &into[0])
		case slice:
			err = decodeSome(data, into)
		case pieces:
			for some := range slices.Chunk(into, pieceItems) {
				var piece []byte
				if piece, data, err = cutBytes(data); err == nil {
					err = decodeSome(piece, some)
				}
				if err != nil {
					return err
				}
			}
		}
		if err == nil {
			n = k.items
		}
		return err
	})
	k.in, k.payload, k.failed = nil, nil, err != nil
	k.m.arrived(ctx, n, err)
}

// decodeSome decodes a slice of results into their place.
func decodeSome[Out any](data []byte, into []Out) error {
	out := into[:0:len(into)]
	err := pickle.UnmarshalInto(data, &out, pickle.WithReuse())
	if err == nil && copy(into, out) != len(into) {
		return misuse("", "a worker returned %d results for %d items", len(out), len(into))
	}
	return err
}

func (k *chunk[In, Out]) fail(ctx context.Context, err error) {
	k.in, k.payload, k.failed = nil, nil, true
	k.m.arrived(ctx, 0, err)
}

func (k *chunk[In, Out]) future() *state { return nil }

func (k *chunk[In, Out]) firsthand() bool { return false }

func (k *chunk[In, Out]) awaited() bool { return false }

func (k *chunk[In, Out]) drop(ctx context.Context) { k.fail(ctx, ErrCancelled) }
