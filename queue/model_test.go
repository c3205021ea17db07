package queue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/queue"
)

// step is the time between two commands; a limited wait ends between two.
const step = 10 * time.Millisecond

// command is one drawn operation, done on a thread of its own.
type command struct {
	op    string
	limit time.Duration // of a put or get; 0 is none
}

// waiting is a put or get that waits according to the model.
type waiting struct {
	id  int
	put bool
	end time.Duration // 0 is never
}

// model is a queue and those who wait at it, first come, first served.
type model struct {
	kind       string
	max        int
	items      []int
	unfinished int
	down       bool
	line       []waiting
	joins      []int
	result     map[int]string
}

// next is the place of the item that is handed out next.
func (m *model) next() int {
	switch m.kind {
	case "LifoQueue":
		return len(m.items) - 1
	case "PriorityQueue":
		return slices.Index(m.items, slices.Min(m.items))
	}
	return 0
}

// able reports what comes of a put or get now, "" when it has to wait.
func (m *model) able(id int, put bool) string {
	switch {
	case put && m.down, m.down && len(m.items) == 0:
		return queue.ErrShutDown.Error()
	case put && m.max > 0 && len(m.items) >= m.max:
		return ""
	case put:
		m.items = append(m.items, value(id))
		m.unfinished++
		return "put"
	case len(m.items) == 0:
		return ""
	}
	i := m.next()
	got := fmt.Sprint("got ", m.items[i])
	m.items = slices.Delete(m.items, i, i+1)
	return got
}

// settle lets those in line go on who can.
func (m *model) settle() {
	for again := true; again; {
		again = false
		for i, w := range m.line {
			if r := m.able(w.id, w.put); r != "" {
				m.result[w.id] = r
				m.line = slices.Delete(m.line, i, i+1)
				again = true
				break
			}
		}
	}
	if m.unfinished == 0 {
		for _, id := range m.joins {
			m.result[id] = "joined"
		}
		m.joins = nil
	}
}

// expire ends the waits whose time has run out.
func (m *model) expire(now time.Duration) {
	m.line = slices.DeleteFunc(m.line, func(w waiting) bool {
		if w.end == 0 || w.end > now {
			return false
		}
		m.result[w.id] = "timeout"
		return true
	})
}

// value is the item that command id puts: all different, in no order.
func value(id int) int { return id * 37 % 101 }

// do does what command c says to the model.
func (m *model) do(id int, c command, now time.Duration) {
	switch c.op {
	case "put", "get":
		r := m.able(id, c.op == "put")
		if r == "" {
			w := waiting{id: id, put: c.op == "put"}
			if c.limit != 0 {
				w.end = now + c.limit
			}
			m.line = append(m.line, w)
			break
		}
		m.result[id] = r
	case "try put", "try get":
		if r := m.able(id, c.op == "try put"); r != "" {
			m.result[id] = r
		} else {
			m.result[id] = "no"
		}
	case "done":
		m.result[id] = "done"
		if m.unfinished == 0 {
			m.result[id] = "too many"
		} else {
			m.unfinished--
		}
	case "join":
		m.joins = append(m.joins, id)
	case "shut down", "shut down at once":
		m.down = true
		if c.op == "shut down at once" {
			m.unfinished -= min(m.unfinished, len(m.items))
			m.items = nil
		}
		m.result[id] = "down"
	}
	m.settle()
}

// perform does what command c says to the queue.
func perform(t *gil.Thread, q full, id int, c command) string {
	outcome := func(err error, ok string) string {
		switch {
		case err == nil:
			return ok
		case err == queue.ErrShutDown:
			return err.Error()
		case err == queue.ErrFull || err == queue.ErrEmpty:
			return "no"
		}
		return "timeout"
	}
	got := func(v int, err error) string { return outcome(err, fmt.Sprint("got ", v)) }
	switch c.op {
	case "put":
		if c.limit != 0 {
			return outcome(q.PutTimeout(t, value(id), c.limit), "put")
		}
		return outcome(q.Put(t, value(id)), "put")
	case "get":
		if c.limit != 0 {
			return got(q.GetTimeout(t, c.limit))
		}
		return got(q.Get(t))
	case "try put":
		return outcome(q.TryPut(t, value(id)), "put")
	case "try get":
		return got(q.TryGet(t))
	case "done":
		if q.TaskDone(t) != nil {
			return "too many"
		}
		return "done"
	case "join":
		q.Join(t)
		return "joined"
	}
	q.Shutdown(t, c.op == "shut down at once")
	return "down"
}

// TestModel draws commands, each done when everybody else waits, and holds what has
// returned by then, with what, against the model. Threads that still wait at the end
// are daemons, which end with the run.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		k := rapid.SampledFrom(kinds).Draw(rt, "kind")
		limit := rapid.IntRange(0, 3).Draw(rt, "maxsize")
		commands := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) command {
			c := command{op: rapid.SampledFrom([]string{
				"put", "put", "put", "get", "get", "get", "try put", "try get", "done", "done", "join",
				"shut down", "shut down at once",
			}).Draw(t, "op")}
			if rapid.Bool().Draw(t, "limited") {
				c.limit = step*time.Duration(rapid.IntRange(0, 5).Draw(t, "steps")) + step/2
			}
			return c
		}), 1, 40).Draw(rt, "commands")
		p := rapid.SampledFrom([]gil.Profile{gil.CPython312, gil.CPython314, gil.CPython313T, gil.AnyBytecode}).Draw(rt, "profile")
		seed := rapid.Uint64().Draw(rt, "seed")

		require.NoError(rt, gil.NewMachine(2, gil.WithSeed(seed)).Run(p, func(t *gil.Thread) {
			q := k.make(limit)
			m := &model{kind: k.name, max: limit, result: map[int]string{}}
			result := gil.NewDict[int, string]("results")
			for id, c := range commands {
				m.do(id, c, t.Now())
				t.Go("", func(t *gil.Thread) {
					r := perform(t, q, id, c)
					result.Set(t, id, r)
				}, gil.WithDaemon(true))
				t.Sleep(step)
				m.expire(t.Now())
				require.Equal(t, len(m.result), result.Len(t), "after command %d of %v: want %v", id, commands, m.result)
				for id, want := range m.result {
					got, _ := result.Get(t, id)
					require.Equal(t, want, got, "command %d of %v", id, commands)
				}
				require.Equal(t, len(m.items), q.QSize(t))
				require.Equal(t, m.unfinished, q.Unfinished(t))
				require.Equal(t, m.down, q.IsShutdown(t))
				require.Equal(t, limit > 0 && len(m.items) >= limit, q.Full(t))
			}
		}))
	})
}

// TestNothingLost: in any order of two producers and two consumers everything that is
// put is taken, once, under every kind.
func TestNothingLost(t *testing.T) {
	for _, k := range kinds {
		r := explore.Run(func(t *gil.Thread) {
			q := k.make(1)
			got := gil.NewVar("got", 0)
			consumers := bunch(t, 2, func(t *gil.Thread, _ int) {
				v, err := q.Get(t)
				require.NoError(t, err)
				gil.Add(t, got, v) // whole since 3.10
			})
			producers := bunch(t, 2, func(t *gil.Thread, i int) { require.NoError(t, q.Put(t, 1<<i)) })
			producers()
			consumers()
			require.Equal(t, 3, got.Load(t))
		}, explore.WithProfile(gil.CPython312), explore.WithMaxSchedules(20*schedules()))
		require.Empty(t, r.Failures)
	}
}
