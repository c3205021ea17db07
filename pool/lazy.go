package pool

import (
	"context"
	"iter"
	"math"
	"time"
)

// A piece is what a lazy map has submitted and not yielded: one item, or a chunk.
type piece[In, Out any] struct {
	one  *Future[Out]
	many *mapping[In, Out]
}

func (p piece[In, Out]) state() *state {
	if p.one != nil {
		return &p.one.state
	}
	return &p.many.state
}

// items is how many items it has.
func (p piece[In, Out]) items() int {
	if p.one != nil {
		return 1
	}
	return len(p.many.out)
}

// take waits for the results.
func (p piece[In, Out]) take(ctx context.Context, d time.Duration) ([]Out, error) {
	if p.one != nil {
		v, err := p.one.result(ctx, d)
		return []Out{v}, err
	}
	return p.many.result(ctx, d)
}

// leave cancels it, if it has not begun.
func (p piece[In, Out]) leave(ctx context.Context) {
	if p.one != nil {
		p.one.cancel(ctx)
	} else {
		p.many.leave(ErrCancelled)
	}
}

// leave cancels what a lazy map leaves behind and has not begun. If its context has ended, what
// runs in processes is ended, too.
func leave[In, Out any](ctx context.Context, r *base, group *state, rest []piece[In, Out]) {
	over := ctx.Err() != nil
	for _, p := range rest {
		if p.leave(ctx); over {
			p.state().condemn()
		}
	}
	if over {
		r.e.abort(context.WithoutCancel(ctx), group, gone(ctx, "map"))
	}
}

// submitPiece submits some items, which nobody changes any more.
func submitPiece[In, Out any](ctx context.Context, r *base, f Function[In, Out], in []In, c *config) piece[In, Out] {
	if len(in) > 1 {
		return piece[In, Out]{many: startMap(ctx, r, f, in, len(in), false, c)}
	}
	k, err := newTask(r, f, in[0], c)
	if r.copies {
		r.shared(ctx, &k.state)
	}
	if err == nil {
		err = r.e.submit(ctx, k, true)
	}
	if err != nil {
		k.fail(ctx, err)
	}
	return piece[In, Out]{one: &k.Future}
}

// MapOn has f called with every item of in and returns the results, in order, as
// they are asked for. The tasks are submitted at once, or with WithBufferSize as
// many as that, and one more with each result that is taken; in must not change
// until then. The first error ends the loop; it, or the end of the loop in another
// way, cancels what has not begun. If the context has ended by then, what runs in a
// process is ended.
//
// Options: WithChunkSize, WithBufferSize, WithTimeout, WithPriority,
// WithTaskTimeout, WithRetries. Python: executor.map.
func MapOn[In, Out any](ctx context.Context, ex Executor, f Function[In, Out], in []In, opts ...Option) iter.Seq2[Out, error] {
	r := ex.executor()
	c, err := configure(atMapOn, opts)
	if err != nil {
		return failing[Out](err)
	}
	c.group = new(state)
	size := max(1, c.chunk)
	left := deadline(ctx, c.timeout)
	var queue []piece[In, Out]
	more := func() {
		n := min(size, len(in))
		queue = append(queue, submitPiece(ctx, r, f, in[:n:n], &c))
		in = in[n:]
	}
	for len(in) > 0 && (c.buffer == 0 || len(queue) < c.buffer) {
		more()
	}
	return func(yield func(Out, error) bool) {
		end := func() {
			leave(ctx, r, c.group, queue)
			queue, in = nil, nil
		}
		defer end()
		for len(queue) > 0 {
			if len(in) > 0 {
				more()
			}
			out, err := queue[0].take(ctx, left())
			if err != nil {
				end() // before anybody knows
				var none Out
				yield(none, err)
				return
			}
			queue[0] = piece[In, Out]{} // nobody needs it while the loop goes on
			queue = queue[1:]
			for _, v := range out {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

func failing[Out any](err error) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		var none Out
		yield(none, err)
	}
}

// windowPerWorker is how many tasks of an IMap each worker may have before it, so
// that none is idle while the caller looks at a result.
const windowPerWorker = 16

// IMap has f called with every item that in yields and yields the results in order.
// It takes items as results are taken and holds no more than WithBufferSize of them,
// 16 for each worker unless given, however many there are. The error of an item is
// yielded in its place and the loop may go on; the context's ends it, as a pool that
// is not running does. What the loop leaves behind is cancelled, and ended, if it runs in
// a process and the context has ended.
//
// Options: those of MapOn but WithTimeout, and WithProgress, whose total is what was
// taken so far. Python: pool.imap.
func IMap[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Out, error] {
	return imap(ctx, p.executor(), f, in, true, opts)
}

// IMapUnordered is IMap that yields results as they come. Python:
// pool.imap_unordered.
func IMapUnordered[In, Out any](ctx context.Context, p Executor, f Function[In, Out], in iter.Seq[In], opts ...Option) iter.Seq2[Out, error] {
	return imap(ctx, p.executor(), f, in, false, opts)
}

func imap[In, Out any](ctx context.Context, r *base, f Function[In, Out], in iter.Seq[In], ordered bool, opts []Option) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		c, err := configure(atIMap, opts)
		if err == nil {
			err = r.e.closed(ctx)
		}
		if err != nil {
			failing[Out](err)(yield)
			return
		}
		c.group = new(state)
		w := &window[In, Out]{ctx: ctx, r: r, f: f, c: &c, yield: yield, arrivals: &arrivals{}, ordered: ordered}
		if w.progress = c.progress; w.progress != nil {
			c.progress = nil
		}
		w.run(in)
	}
}

// A window is an IMap under way.
type window[In, Out any] struct {
	ctx      context.Context
	r        *base
	f        Function[In, Out]
	c        *config
	yield    func(Out, error) bool
	progress func(done, total int)
	ordered  bool

	queue    []piece[In, Out] // in order
	arrivals *arrivals        // unordered: those that have ended
	waiter   *waiter
	taken    int
	yielded  int
}

// run takes all items and yields all results.
func (w *window[In, Out]) run(in iter.Seq[In]) {
	most := w.c.buffer
	if most == 0 {
		most = windowPerWorker * min(w.r.e.size(w.ctx), math.MaxInt/windowPerWorker)
	}
	if !w.ordered {
		w.waiter = newWaiter(w.ctx)
		w.waiter.asked = w.arrivals.ended
	}
	defer w.leave()
	size := max(1, w.c.chunk)
	var items []In
	for x := range in {
		w.taken++
		items = append(items, x)
		if len(items) < size {
			continue
		}
		w.submit(items)
		items = nil
		for len(w.queue) >= most || w.ready() {
			if !w.next() {
				return
			}
		}
	}
	if len(items) > 0 {
		w.submit(items)
	}
	for len(w.queue) > 0 {
		if !w.next() {
			return
		}
	}
}

func (w *window[In, Out]) submit(items []In) {
	p := submitPiece(w.ctx, w.r, w.f, items, w.c)
	w.queue = append(w.queue, p)
	if !w.ordered && !p.state().enlist(w.waiter) {
		w.arrivals.ended(p.state())
	}
}

// ready reports whether a result can be yielded without waiting.
func (w *window[In, Out]) ready() bool {
	if len(w.queue) == 0 {
		return false
	}
	if !w.ordered {
		return w.arrivals.any()
	}
	s := w.queue[0].state()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over()
}

// next waits for a piece and yields its results. It reports whether to go on.
func (w *window[In, Out]) next() bool {
	if w.ctx.Err() != nil {
		var none Out
		w.yield(none, gone(w.ctx, "imap"))
		return false
	}
	i := 0
	if !w.ordered {
		if err := w.arrival(); err != nil {
			var none Out
			w.yield(none, err)
			return false
		}
		s := w.arrivals.next()
		for i = range w.queue {
			if w.queue[i].state() == s {
				break
			}
		}
	}
	p := w.queue[i]
	out, err := p.take(w.ctx, forever)
	if over := w.ctx.Err() != nil && err != nil; over {
		var none Out
		w.yield(none, err)
		return false
	}
	w.queue = append(w.queue[:i:i], w.queue[i+1:]...)
	if err != nil {
		var none Out
		w.tell(p.items()) // there will be no more of them
		return w.yield(none, err)
	}
	w.tell(len(out))
	for _, v := range out {
		if !w.yield(v, nil) {
			return false
		}
	}
	return true
}

// arrival waits until any piece has ended.
func (w *window[In, Out]) arrival() error {
	if w.arrivals.any() {
		return nil
	}
	if w.ctx.Err() != nil {
		return gone(w.ctx, "imap_unordered")
	}
	return w.waiter.wait(w.ctx, "imap_unordered", forever, w.arrivals.any)
}

func (w *window[In, Out]) tell(n int) {
	w.yielded += n
	if w.progress != nil {
		w.progress(w.yielded, w.taken)
	}
}

// leave cancels what nobody will look at.
func (w *window[In, Out]) leave() {
	if !w.ordered {
		for _, p := range w.queue {
			p.state().dismiss(w.waiter)
		}
	}
	leave(w.ctx, w.r, w.c.group, w.queue)
}
