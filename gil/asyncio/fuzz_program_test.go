package asyncio_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/asyncio"
)

// A program is data: scripts of operations, of which the first is the main
// coroutine. A script starts only scripts with higher numbers, and a task waits
// only for tasks that were made after it, so that programs end and nobody waits in
// a circle.

type op struct {
	Kind    string `json:"k"`
	A       int    `json:"a,omitempty"`
	B       int    `json:"b,omitempty"`
	Scripts []int  `json:"s,omitempty"`
	Inner   []op   `json:"o,omitempty"`
	Last    []op   `json:"p,omitempty"`
}

type program [][]op

// generator draws programs that CPython 3.minor can run.
type generator struct {
	r     *rand.Rand
	minor int
	n     int // scripts
}

func generate(seed uint64, minor int) program {
	g := &generator{r: rand.New(rand.NewPCG(seed, uint64(minor))), minor: minor}
	g.n = 3 + g.r.IntN(4)
	if seed%4 == 3 {
		return g.crowd()
	}
	p := make(program, g.n)
	for i := range p {
		p[i] = g.ops(i, 2+g.r.IntN(6), 0)
		for j, o := range p[i] { // most scripts survive what happens to them
			if o.Kind != "try" && g.r.IntN(2) == 0 {
				p[i][j] = op{Kind: "try", Inner: []op{o}}
			}
		}
	}
	// Somebody goes on waking everybody, or half of the programs are soon stuck.
	p[0] = append([]op{{Kind: "spawn", A: g.n - 1}}, p[0]...)
	for k := range 3 {
		p[g.n-1] = append(p[g.n-1], op{Kind: "sleep", A: 1 + k},
			op{Kind: "tryput", A: k, B: k}, op{Kind: "set", A: k % 2}, op{Kind: "cnotify", A: 1 + k}, op{Kind: "fset", A: k, B: k})
	}
	return p
}

// crowd is a program in which many tasks want one primitive and are cancelled
// while they get it.
func (g *generator) crowd() program {
	r := g.r
	a := r.IntN(2)
	use := []func() []op{
		func() []op { return []op{{Kind: "lock", A: a, Inner: []op{{Kind: "sleep", A: r.IntN(2)}}}} },
		func() []op { return []op{{Kind: "sem", A: a, Inner: []op{{Kind: "sleep", A: r.IntN(2)}}}} },
		func() []op { return []op{{Kind: []string{"put", "get"}[r.IntN(2)], A: 1 + a, B: r.IntN(100)}} },
		func() []op { return []op{{Kind: []string{"cwait", "cwait", "cnotify"}[r.IntN(3)], A: 1 + r.IntN(2)}} },
	}[r.IntN(4)]
	g.n = 4
	p := make(program, g.n)
	for i := 1; i < g.n; i++ {
		for range 1 + r.IntN(3) {
			p[i] = append(p[i], use()...)
			if r.IntN(2) == 0 {
				p[i] = append(p[i], op{Kind: "sleep", A: r.IntN(2)})
			}
		}
		if r.IntN(2) == 0 {
			p[i] = []op{{Kind: "try", Inner: p[i]}, {Kind: "sleep"}}
			p[i] = append(p[i], use()...)
		}
	}
	for range 4 + r.IntN(4) {
		p[0] = append(p[0], op{Kind: "spawn", A: 1 + r.IntN(g.n-1)})
	}
	for range 6 + r.IntN(10) {
		o := op{Kind: "sleep", A: r.IntN(8) / 7}
		switch r.IntN(5) {
		case 0, 1:
			o.Kind, o.A = "cancel", 1+r.IntN(8)
		case 2:
			o.Kind, o.A = "release", a
			if r.IntN(2) == 0 {
				o.Kind, o.A, o.B = []string{"tryput", "tryget"}[r.IntN(2)], 1+a, r.IntN(100)
			}
		}
		p[0] = append(p[0], o)
	}
	p[0] = append(p[0], op{Kind: "sleep", A: 8})
	return p
}

func (g *generator) ops(script, n, depth int) []op {
	out := make([]op, 0, n)
	for range n {
		out = append(out, g.op(script, depth))
	}
	return out
}

func (g *generator) higher(script int) int { return script + 1 + g.r.IntN(g.n-script-1) }

func (g *generator) op(script, depth int) op {
	r := g.r
	for {
		o := op{A: r.IntN(3)}
		switch r.IntN(36) {
		case 0, 1, 2:
			o.Kind, o.A = "sleep", r.IntN(7)-1
		case 3:
			o.Kind = "say"
		case 4:
			o.Kind, o.A = "busy", r.IntN(4)
		case 5, 6, 7:
			if script+1 >= g.n {
				continue
			}
			o.Kind, o.A = "spawn", g.higher(script)
		case 8, 9:
			o.Kind, o.A = "await", r.IntN(8)
		case 10:
			o.Kind, o.A = "shield", r.IntN(8)
		case 11:
			o.Kind, o.B = "wait", r.IntN(6)-1
			o.Scripts = []int{r.IntN(6), r.IntN(6), r.IntN(6)}
		case 12, 13, 14:
			o.Kind, o.A = "cancel", r.IntN(8)
		case 15:
			if g.minor < 11 {
				continue
			}
			o.Kind = "uncancel"
		case 16, 17:
			if depth > 1 {
				continue
			}
			o.Kind, o.A, o.Inner = "lock", r.IntN(2), g.ops(script, 1+r.IntN(3), depth+1)
		case 18, 19:
			if depth > 1 {
				continue
			}
			o.Kind, o.A, o.Inner = "sem", r.IntN(2), g.ops(script, 1+r.IntN(3), depth+1)
		case 20, 21:
			o.Kind, o.B = "put", r.IntN(100)
		case 22:
			o.Kind = "get"
		case 23:
			o.Kind, o.B = "tryput", r.IntN(100)
			if r.IntN(2) == 0 {
				o.Kind = "tryget"
			}
		case 24:
			o.Kind = "taskdone"
			if r.IntN(3) == 0 {
				o.Kind = "join"
			} else if r.IntN(8) == 0 && g.minor >= 13 {
				o.Kind, o.B = "shutdown", r.IntN(2)
			}
		case 25:
			o.Kind, o.A = []string{"set", "clear", "event"}[r.IntN(3)], r.IntN(2)
		case 26:
			o.Kind = []string{"cwait", "cnotify", "cnotify"}[r.IntN(3)]
		case 27:
			o.Kind, o.B = []string{"fset", "fcancel", "fwait", "fwait"}[r.IntN(4)], r.IntN(100)
		case 28:
			o.Kind, o.A, o.B = []string{"soon", "later"}[r.IntN(2)], r.IntN(5), r.IntN(100)
		case 29, 30:
			if script+1 >= g.n {
				continue
			}
			o.Kind, o.A = "gather", r.IntN(2)
			for range 1 + r.IntN(3) {
				o.Scripts = append(o.Scripts, g.higher(script))
			}
		case 31:
			if script+1 >= g.n {
				continue
			}
			o.Kind, o.A, o.B = "waitfor", r.IntN(6), g.higher(script)
			if r.IntN(3) == 0 {
				o.Kind, o.B = "waitfortask", r.IntN(8)
			}
		case 32:
			if depth > 1 || g.minor < 11 {
				continue
			}
			o.Kind, o.A, o.Inner = "timeout", r.IntN(6), g.ops(script, 1+r.IntN(3), depth+1)
		case 33:
			if depth > 1 || g.minor < 11 || script+1 >= g.n {
				continue
			}
			o.Kind, o.Inner = "group", g.ops(script, r.IntN(3), depth+1)
			for range r.IntN(4) {
				o.Scripts = append(o.Scripts, g.higher(script))
			}
		case 34:
			if depth > 1 {
				continue
			}
			o.Kind, o.Inner = "try", g.ops(script, 1+r.IntN(3), depth+1)
			if r.IntN(3) == 0 {
				o.Kind, o.Last = "finally", g.ops(script, 1+r.IntN(2), depth+1)
			}
		case 35:
			switch r.IntN(3) {
			case 0:
				o.Kind, o.A = "raise", r.IntN(10)
			case 1:
				o.Kind, o.Scripts = "completed", []int{r.IntN(6)} // more would begin in set order
			default:
				continue
			}
		}
		return o
	}
}

func (p program) String() string {
	b, err := json.Marshal([][]op(p))
	if err != nil {
		panic(err)
	}
	return string(b)
}

// player runs a program on our loop.
type player struct {
	p      program
	main   *asyncio.Co
	loop   *asyncio.Loop
	log    []string
	tasks  []*asyncio.Task[any] // nil for a coroutine that is no task yet
	locks  [2]asyncio.Lock
	sems   [2]*asyncio.Semaphore
	queues [3]*asyncio.Queue[int]
	events [2]asyncio.Event
	cond   asyncio.Condition
	futs   [3]*asyncio.Future[any]
}

// play returns the log of a program under a profile.
func play(t testing.TB, prof gil.Profile, p program) []string {
	return playOn(t, gil.NewMachine(1), prof, p)
}

func playOn(t testing.TB, w gil.World, prof gil.Profile, p program, opts ...asyncio.Option) []string {
	y := &player{p: p}
	err := w.Run(prof, func(th *gil.Thread) {
		r, err := asyncio.NewRunner(th, append(opts, asyncio.WithHeapExact(), asyncio.WithLog(func(string) {}))...)
		require.NoError(th, err)
		l := r.Loop()
		y.loop = l
		y.sems = [2]*asyncio.Semaphore{asyncio.NewSemaphore(1), asyncio.NewSemaphore(2)}
		y.queues = [3]*asyncio.Queue[int]{asyncio.NewQueue[int](l, 0), asyncio.NewQueue[int](l, 2), asyncio.NewLifoQueue[int](l, 1)}
		for i := range y.futs {
			y.futs[i] = asyncio.NewFuture[any](l)
		}
		y.tasks = append(y.tasks, nil)
		_, err = asyncio.RunIn(r, func(co *asyncio.Co) (any, error) {
			y.main = co
			return y.body(co, 0, 0)
		})
		switch {
		case errors.Is(err, asyncio.ErrDeadlock):
			y.say("-", "stuck")
		case err != nil:
			y.say("-", "main", failure(err))
		}
		log := y.log
		if err := r.Close(); err != nil && !errors.Is(err, asyncio.ErrDeadlock) {
			th.Errorf("close: %v", err)
		}
		y.log = log
	})
	require.NoError(t, err, p.String())
	return y.log
}

func failure(err error) string {
	var g *asyncio.GroupError
	var v *pyError
	switch {
	case errors.As(err, &g):
		var b []string
		for _, e := range g.Errs {
			b = append(b, failure(e))
		}
		return "Group[" + strings.Join(b, ", ") + "]"
	case errors.As(err, &v):
		return "ValueError(" + v.text + ")"
	case errors.Is(err, asyncio.ErrCancelled):
		return "CancelledError"
	case errors.Is(err, asyncio.ErrTimeout):
		return "TimeoutError"
	case errors.Is(err, asyncio.ErrQueueShutDown):
		return "QueueShutDown"
	case errors.As(err, new(*gil.RuntimeError)):
		return "RuntimeError"
	}
	return err.Error()
}

func (y *player) say(who any, what ...any) {
	s := fmt.Sprintf("%g/%d %v", y.loop.Time().Seconds(), y.loop.Turns(), who)
	for _, w := range what {
		if b, ok := w.(bool); ok {
			w = repr(b)
		}
		s += fmt.Sprintf(" %v", w)
	}
	y.log = append(y.log, s)
}

func (y *player) spawn(co *asyncio.Co, s int) *asyncio.Task[any] {
	n := len(y.tasks)
	t := asyncio.Go(co, "", func(co *asyncio.Co) (any, error) { return y.body(co, n, s) })
	y.tasks = append(y.tasks, t)
	return t
}

func (y *player) body(co *asyncio.Co, n, s int) (any, error) {
	y.say(n, "begins")
	if err := y.run(co, n, y.p[s]); err != nil {
		y.say(n, "ends", failure(err))
		return nil, err
	}
	y.say(n, "ends")
	return n, nil
}

func (y *player) run(co *asyncio.Co, me int, ops []op) error {
	for _, o := range ops {
		if err := y.op(co, me, o); err != nil {
			return err
		}
	}
	return nil
}

// later are the tasks made after me.
func (y *player) later(me int) []*asyncio.Task[any] {
	var out []*asyncio.Task[any]
	for _, t := range y.tasks[me+1:] {
		if t != nil {
			out = append(out, t)
		}
	}
	return out
}

func (y *player) number(t asyncio.Awaitable) int {
	for i, u := range y.tasks {
		if asyncio.Awaitable(u) == t {
			return i
		}
	}
	return -1
}

// pick returns the tasks that indices mean, each once.
func pick(later []*asyncio.Task[any], indices []int) (ts []asyncio.Awaitable) {
	for _, i := range indices {
		t := asyncio.Awaitable(later[i%len(later)])
		again := false
		for _, u := range ts {
			again = again || u == t
		}
		if !again {
			ts = append(ts, t)
		}
	}
	return ts
}

func (y *player) numbers(ts []asyncio.Awaitable) (out []any) {
	var ns []int
	for _, t := range ts {
		ns = append(ns, y.number(t))
	}
	sort.Ints(ns)
	for _, n := range ns {
		out = append(out, n)
	}
	return out
}
