package queue_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/queue"
)

// call is an operation of a history: what was asked, and in answer what came of it.
type call struct {
	op string // put, get, size
	v  int    // put
}

type answer struct {
	v   int // got, or the size
	err error
}

// sequential is what a queue does when it is used by one thread at a time. A call
// that waits takes effect when it need not.
func sequential(maxsize int, order string) porcupine.Model {
	return porcupine.Model{
		Init:  func() any { return []int(nil) },
		Equal: func(a, b any) bool { return slices.Equal(a.([]int), b.([]int)) },
		Step: func(state, input, output any) (bool, any) {
			s, in, out := state.([]int), input.(call), output.(answer)
			room := maxsize <= 0 || len(s) < maxsize
			switch {
			case in.op == "size":
				return out.v == len(s), s
			case in.op == "put" && out.err == nil:
				return room, append(slices.Clone(s), in.v)
			case in.op == "put":
				return out.err == queue.ErrFull && !room, s
			case out.err != nil:
				return out.err == queue.ErrEmpty && len(s) == 0, s
			case len(s) == 0:
				return false, s
			}
			next := 0
			switch order {
			case "LifoQueue":
				next = len(s) - 1
			case "PriorityQueue":
				next = slices.Index(s, slices.Min(s))
			}
			return out.v == s[next], slices.Delete(slices.Clone(s), next, next+1)
		},
	}
}

// recorder is a queue that writes a history.
type recorder struct {
	q     common
	clock atomic.Int64
	ops   chan porcupine.Operation
}

func (r *recorder) do(client int, in call, fn func() answer) {
	begin := r.clock.Add(1)
	out := fn()
	r.ops <- porcupine.Operation{ClientId: client, Input: in, Call: begin, Output: out, Return: r.clock.Add(1)}
}

func (r *recorder) put(client, v int, fn func(v int) error) {
	r.do(client, call{"put", v}, func() answer { return answer{err: fn(v)} })
}

func (r *recorder) get(client int, fn func() (int, error)) {
	r.do(client, call{op: "get"}, func() answer {
		v, err := fn()
		return answer{v, err}
	})
}

// TestLinearizable records what live threads do to a queue and sees what came of it,
// and when, in some order of the same calls one after the other.
func TestLinearizable(t *testing.T) {
	runs := 15
	if testing.Short() {
		runs = 4
	}
	ready := map[string]func(int) common{"SimpleQueue": func(int) common { return queue.NewSimple[int]() }}
	for _, k := range kinds {
		ready[k.name] = func(n int) common { return k.make(n) }
	}
	for _, p := range []gil.Profile{gil.CPython27.WithCheckInterval(3), gil.CPython312.WithSwitchInterval(10 * time.Microsecond), gil.CPython313T} {
		for name, make := range ready {
			t.Run(p.Name()+"/"+name, func(t *testing.T) {
				maxsize := 2
				if name == "SimpleQueue" {
					maxsize = 0
				}
				for run := range runs {
					history := record(t, p, make(maxsize), run%2 == 0)
					require.True(t, porcupine.CheckOperations(sequential(maxsize, name), history), "%v", history)
				}
			})
		}
	}
}

// record runs five threads; those of a patient run wait for items and room.
func record(t *testing.T, p gil.Profile, q common, patient bool) (history []porcupine.Operation) {
	const each = 5
	r := &recorder{q: q, ops: make(chan porcupine.Operation, 5*each)}
	require.NoError(t, gil.Live().Run(p, func(t *gil.Thread) {
		bunch(t, 5, func(t *gil.Thread, i int) {
			for j := range each {
				t.Tick(7)
				v := (10*i + 7*j) % 50 // all different, and in no order
				switch {
				case i == 4:
					r.do(i, call{op: "size"}, func() answer { return answer{v: q.QSize(t)} })
				case i%2 == 0 && patient:
					r.put(i, v, func(v int) error { return q.Put(t, v) })
				case i%2 == 0:
					r.put(i, v, func(v int) error { return q.TryPut(t, v) })
				case patient:
					r.get(i, func() (int, error) { return q.Get(t) })
				default:
					r.get(i, func() (int, error) { return q.TryGet(t) })
				}
			}
		})()
	}))
	close(r.ops)
	for op := range r.ops {
		history = append(history, op)
	}
	require.Len(t, history, 5*each)
	return history
}

// The model tells the kinds apart, and sees what is lost, doubled or out of order.
func TestModelIsStrict(t *testing.T) {
	history := func(got ...int) (ops []porcupine.Operation) {
		add := func(in call, out answer) {
			at := int64(2 * len(ops))
			ops = append(ops, porcupine.Operation{Input: in, Call: at, Output: out, Return: at + 1})
		}
		for _, v := range []int{2, 3, 1} {
			add(call{"put", v}, answer{})
		}
		for _, v := range got {
			add(call{op: "get"}, answer{v: v})
		}
		return ops
	}
	for _, k := range kinds {
		right := sequence(k.make(0))
		model := sequential(0, k.name)
		require.True(t, porcupine.CheckOperations(model, history(right...)))
		for _, other := range kinds {
			if other.name != k.name {
				require.False(t, porcupine.CheckOperations(sequential(0, other.name), history(right...)))
			}
		}
		require.False(t, porcupine.CheckOperations(model, history(right[0], right[0])), "doubled")
		require.False(t, porcupine.CheckOperations(model, history(right[1])), "out of order")
	}
}
