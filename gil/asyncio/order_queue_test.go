package asyncio_test

import (
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/asyncio"
)

func init() {
	// hand is a producer and a consumer that say what they do.
	hand := func(q *asyncio.Queue[int], n int, out *string) (producer, consumer body) {
		return do(func(co *asyncio.Co) error {
				for i := range n {
					if err := q.Put(co, i); err != nil {
						return err
					}
					*out += fmt.Sprintf(" put%d", i)
				}
				return nil
			}), do(func(co *asyncio.Co) error {
				for range n {
					v, err := q.Get(co)
					if err != nil {
						return err
					}
					*out += fmt.Sprintf(" got%d", v)
				}
				return nil
			})
	}
	experiments = append(experiments, []experiment{
		{name: "queue_fifo_getters", ask: func(x *x) any {
			q := asyncio.NewQueue[int](x.loop, 0)
			var ts []*asyncio.Task[any]
			for _, n := range []string{"A", "B", "C"} {
				ts = append(ts, x.task(do(func(co *asyncio.Co) error {
					v, err := q.Get(co)
					x.add(tuple{n, v})
					return err
				})))
			}
			x.sleep(0)
			for i := range 3 {
				require.NoError(x.t, q.TryPut(i))
			}
			x.awaitAll(ts...)
			return x.log
		}},
		{name: "queue_barging", ask: func(x *x) any {
			q := asyncio.NewQueue[int](x.loop, 0)
			t := x.task(do(func(co *asyncio.Co) error {
				v, err := q.Get(co)
				x.add(tuple{"getter got", v})
				return err
			}))
			x.sleep(0)
			require.NoError(x.t, q.TryPut(1))
			v, err := q.TryGet()
			require.NoError(x.t, err)
			x.add(tuple{"thief got", v})
			x.sleep(0)
			x.sleep(0)
			x.add("getter done=" + repr(t.Done()))
			require.NoError(x.t, q.TryPut(2))
			_, _ = t.Await(x.co)
			return x.log
		}},
		{name: "queue_no_yield_when_ready", ask: func(x *x) any {
			out := ""
			p, c := hand(asyncio.NewQueue[int](x.loop, 0), 3, &out)
			_, err := x.gather(c, p)
			require.NoError(x.t, err)
			return out[1:]
		}},
		{name: "queue_maxsize1", ask: func(x *x) any {
			out := ""
			p, c := hand(asyncio.NewQueue[int](x.loop, 1), 4, &out)
			_, err := x.gather(p, c)
			require.NoError(x.t, err)
			return out[1:]
		}},
		{name: "queue_join", ask: func(x *x) any {
			q := asyncio.NewQueue[float64](x.loop, 0)
			var ws []*asyncio.Task[any]
			for range 2 {
				ws = append(ws, x.task(do(func(co *asyncio.Co) error {
					for {
						v, err := q.Get(co)
						if err != nil {
							return err
						}
						if err := sleep(co, v); err != nil {
							return err
						}
						if err := q.TaskDone(); err != nil {
							return err
						}
					}
				})))
			}
			for _, v := range []float64{3, 1, 2} {
				require.NoError(x.t, q.TryPut(v))
			}
			require.NoError(x.t, q.Join(x.co))
			x.addf("join @%g", x.now())
			for _, w := range ws {
				w.Cancel()
			}
			x.add(exc(q.TaskDone()))
			return x.log
		}},
		{name: "queue_kinds", ask: func(x *x) any {
			for _, k := range []struct {
				name string
				q    *asyncio.Queue[int]
			}{
				{"Queue", asyncio.NewQueue[int](x.loop, 0)},
				{"LifoQueue", asyncio.NewLifoQueue[int](x.loop, 0)},
				{"PriorityQueue", asyncio.NewPriorityQueue(x.loop, 0, func(a, b int) bool { return a < b })},
			} {
				var got list
				for _, v := range []int{2, 3, 1} {
					require.NoError(x.t, k.q.TryPut(v))
				}
				for range 3 {
					v, err := k.q.TryGet()
					require.NoError(x.t, err)
					got = append(got, v)
				}
				x.add(tuple{k.name, got})
				if _, err := k.q.TryGet(); k.name == "PriorityQueue" && errors.Is(err, asyncio.ErrQueueEmpty) {
					x.add("QueueEmpty")
				}
			}
			return x.log
		}},
		{name: "queue_shutdown", ask: func(x *x) any {
			q := asyncio.NewQueue[int](x.loop, 0)
			require.NoError(x.t, q.TryPut(1))
			require.NoError(x.t, q.TryPut(2))
			t := x.task(do(func(co *asyncio.Co) error {
				for {
					v, err := q.Get(co)
					if errors.Is(err, asyncio.ErrQueueShutDown) {
						x.add("QueueShutDown")
						return nil
					}
					if err != nil {
						return err
					}
					x.add(v)
				}
			}))
			if err := q.ShutDown(false); err != nil {
				return exc(err) + " (3.13+)"
			}
			if errors.Is(q.TryPut(3), asyncio.ErrQueueShutDown) {
				x.add("put refused")
			}
			_, _ = t.Await(x.co)
			return x.log
		}},
	})
}
