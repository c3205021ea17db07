package main

import (
	"context"
	"errors"
	"io"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
	"github.com/pygil/pygil/gil/threading"
	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/pipe/pickle"
	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// An op is something that both sides do.
type op struct {
	name  string // as bench.py has it
	about string // in tables
	open  func(t *gil.Thread, b *bench) (ours, error)
}

// ours does an op n times on thread t and returns how often it has come out right.
type ours func(t *gil.Thread, n int) (count int, err error)

// bench closes what ops have opened.
type bench struct{ closers []func(t *gil.Thread) error }

func (b *bench) close(t *gil.Thread) error {
	var err error
	for _, c := range b.closers {
		err = errors.Join(err, c(t))
	}
	return err
}

func (b *bench) later(c func(t *gil.Thread) error) { b.closers = append(b.closers, c) }

// simple is an op that has nothing to open.
func simple(do ours) func(*gil.Thread, *bench) (ours, error) {
	return func(*gil.Thread, *bench) (ours, error) { return do, nil }
}

var ops = []op{
	{"lock", "Lock: acquire, release", simple(lockPair)},
	{"event", "Event: there and back between two threads", simple(eventRoundTrip)},
	{"thread", "Thread: start, join", simple(threadStart)},
	{"queue", "queue.Queue: put, get", simple(queuePair)},
	{"process-queue", "multiprocessing.Queue: put, get", openQueue},
	{"process", "Process: start, join", simple(processStart)},
	{"pipe", "Pipe: there and back to a process", openPipe},
	{"pickle", "pickle: dumps, loads", simple(pickles)},
	{"pool", "Pool(2).map, an item", openPool},
	{"executor", "ThreadPoolExecutor: submit, result", openExecutor},
	{"task", "asyncio: create_task, await", simple(task)},
}

func lockPair(t *gil.Thread, n int) (count int, _ error) {
	var lock threading.Lock
	for range n {
		lock.Acquire(t)
		count++
		lock.Release(t)
	}
	return count, nil
}

func eventRoundTrip(t *gil.Thread, n int) (count int, _ error) {
	var there, back threading.Event
	other := t.Go("echo", func(t *gil.Thread) {
		for range n {
			there.Wait(t)
			there.Clear(t)
			count++
			back.Set(t)
		}
	})
	for range n {
		there.Set(t)
		back.Wait(t)
		back.Clear(t)
	}
	other.Join(t)
	return count, nil
}

func threadStart(t *gil.Thread, n int) (count int, _ error) {
	for range n {
		t.Go("", func(*gil.Thread) { count++ }).Join(t)
	}
	return count, nil
}

func queuePair(t *gil.Thread, n int) (count int, err error) {
	q := queue.New[int](0)
	for range n {
		if err := q.Put(t, 1); err != nil {
			return count, err
		}
		v, err := q.Get(t)
		if err != nil {
			return count, err
		}
		count += v
	}
	return count, nil
}

func openQueue(t *gil.Thread, b *bench) (ours, error) {
	q, err := queue.NewProcess[int](t, 0)
	if err != nil {
		return nil, err
	}
	b.later(func(*gil.Thread) error { return q.Close() })
	return func(t *gil.Thread, n int) (count int, err error) {
		for range n {
			if err := q.Put(t, 1); err != nil {
				return count, err
			}
			v, err := q.Get(t)
			if err != nil {
				return count, err
			}
			count += v
		}
		return count, nil
	}, nil
}

var nothing = process.DefineTarget("compare.nothing", func(context.Context, int) error { return nil })

func processStart(t *gil.Thread, n int) (count int, err error) {
	for range n {
		p, err := nothing.Start(t, 0)
		if err != nil {
			return count, err
		}
		if err := p.Join(t); err != nil {
			return count, err
		}
		if code, ended := p.ExitCode(); ended && code == 0 {
			count++
		}
		if err := p.Close(); err != nil {
			return count, err
		}
	}
	return count, nil
}

var echo = process.DefineTarget("compare.echo", func(ctx context.Context, c *pipe.Conn) error {
	for {
		v, err := c.Recv(ctx)
		if errors.Is(err, io.EOF) {
			return c.Close()
		}
		if err != nil {
			return err
		}
		if err := c.Send(ctx, v); err != nil {
			return err
		}
	}
})

func openPipe(t *gil.Thread, b *bench) (ours, error) {
	mine, theirs, err := pipe.New(t)
	if err != nil {
		return nil, err
	}
	p, err := echo.Start(t, theirs)
	if err = errors.Join(err, theirs.Close()); err != nil {
		return nil, errors.Join(err, mine.Close())
	}
	b.later(func(t *gil.Thread) error { return errors.Join(mine.Close(), p.Join(t), p.Close()) })
	return func(t *gil.Thread, n int) (count int, err error) {
		for range n {
			if err := mine.Send(t, 1); err != nil {
				return count, err
			}
			v, err := pipe.Recv[int](t, mine)
			if err != nil {
				return count, err
			}
			count += v
		}
		return count, nil
	}, nil
}

// order is the value of bench.py.
var order = map[string]any{"id": 7, "name": "order", "prices": []any{1.5, 2.5, 3.5}, "tags": []any{"a", "b", "c"}}

func pickles(_ *gil.Thread, n int) (count int, err error) {
	for range n {
		b, err := pickle.Marshal(order)
		if err != nil {
			return count, err
		}
		v, err := pickle.Unmarshal(b)
		if err != nil {
			return count, err
		}
		if m, ok := v.(map[string]any); ok && len(m["tags"].([]any)) == 3 {
			count++
		}
	}
	return count, nil
}

var one = process.Define("compare.one", func(context.Context, int) (int, error) { return 1, nil })

func openPool(t *gil.Thread, b *bench) (ours, error) {
	p, err := pool.New(t, 2)
	if err != nil {
		return nil, err
	}
	b.later(func(t *gil.Thread) error { return errors.Join(p.Close(t), p.Join(t)) })
	return func(t *gil.Thread, n int) (count int, err error) {
		all, err := pool.Map(t, p, one, make([]int, n))
		for _, v := range all {
			count += v
		}
		return count, err
	}, nil
}

func openExecutor(t *gil.Thread, b *bench) (ours, error) {
	ex := pool.NewThreadExecutor(t, 2)
	b.later(ex.Shutdown)
	f := pool.Func(func(*gil.Thread, int) (int, error) { return 1, nil })
	return func(t *gil.Thread, n int) (count int, err error) {
		for i := range n {
			v, err := pool.Submit(t, ex, f, i).Result(t)
			if err != nil {
				return count, err
			}
			count += v
		}
		return count, nil
	}, nil
}

func task(t *gil.Thread, n int) (count int, err error) {
	return asyncio.Run(t, func(co *asyncio.Co) (count int, err error) {
		for range n {
			v, err := asyncio.Go(co, "", func(*asyncio.Co) (int, error) { return 1, nil }).Await(co)
			if err != nil {
				return count, err
			}
			count += v
		}
		return count, nil
	})
}
