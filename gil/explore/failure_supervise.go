package explore

import (
	"bytes"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pygil/pygil/internal/site"
)

// WithPatience sets how long, in real time, a program may run without performing an
// operation before the search gives it up with a failure of kind Stuck: because it
// loops without one, or blocks outside the model, as in a channel. The default is
// 10 seconds. It cannot make a search that ends by itself end differently.
func WithPatience(d time.Duration) Option { return optionFunc(func(c *config) { c.patience = d }) }

const defaultPatience = 10 * time.Second

// guard watches over the runners of one search from the goroutine that asked for
// it. A program is foreign code that may never come back, so it runs on a goroutine
// of its own.
type guard struct {
	mu        sync.Mutex
	runners   []*runner
	abandoned atomic.Bool // nobody waits for the result any more
	watched   atomic.Bool // for goroutines that act as threads which are not theirs
}

// watch makes the guard look after r.
func (g *guard) watch(r *runner) {
	if g == nil {
		return
	}
	ending := r.k.Abandoned
	r.k.Abandoned = func() {
		for _, t := range r.k.Tasks() {
			if t.Killed() {
				r.resists = true // it was being ended, and is who has ended the goroutine
			}
		}
		ending()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.runners = append(g.runners, r)
}

// forget ends that.
func (g *guard) forget(r *runner) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, o := range g.runners {
		if o == r && r.beats.Load()&1 == 0 { // one that is being left behind is needed for the report
			g.runners = append(g.runners[:i], g.runners[i+1:]...)
			return
		}
	}
}

// sign is what changes while a runner gets on.
type sign struct {
	beats uint64
	steps int
}

// life is what the runner has come to. It is read while the program runs and says
// nothing more than whether it is the same as before.
//
//go:norace
func (r *runner) life() sign { return sign{r.beats.Load(), len(r.steps)} }

// alarm returns a runner that has been at the same operation of a run since the last
// call.
func (g *guard) alarm(seen map[*runner]sign) *runner {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.runners {
		now := r.life()
		if now.beats&1 == 1 && seen[r] == now {
			return r
		}
		seen[r] = now
	}
	return nil
}

// supervise calls body on a goroutine of its own and returns when it does, or when
// the program it runs has got stuck, or has ended the goroutine: then with that
// failure. A panic of body, which is not one of the program's threads but of a
// strategy, goes on in the caller.
func (c *config) supervise(body func()) *Failure {
	c.guard = new(guard)
	patience := c.patience
	if patience <= 0 {
		patience = defaultPatience
	}
	var (
		done     = make(chan struct{})
		finished bool
		panicked any
		stack    []byte
		id       = make(chan string, 1)
	)
	go func() {
		defer close(done)
		defer func() {
			if !finished {
				if panicked = recover(); panicked != nil {
					stack = debug.Stack()
				}
			}
		}()
		id <- goroutine()
		body()
		finished = true
	}()
	driver := <-id
	timer := time.NewTimer(patience / 2)
	defer timer.Stop()
	seen := make(map[*runner]sign)
	for {
		select {
		case <-done:
			switch {
			case finished:
				return nil
			case panicked != nil:
				panic(fmt.Sprintf("explore: the search panicked: %v\n%s", panicked, stack))
			}
			return c.left()
		case <-timer.C:
			if r := c.guard.alarm(seen); r != nil {
				c.guard.abandoned.Store(true)
				return r.abandon(driver, patience)
			}
			timer.Reset(patience / 2)
		}
	}
}

// left is the failure of a program that has ended the goroutine it ran on.
func (c *config) left() *Failure {
	d := &Diagnosis{Kind: Assertion, bound: true, Text: "the program ended its goroutine, as testing.T.FailNow and what is built on it do; " +
		"in a thread give the thread itself to require and assert: require.Equal(t, want, got) with t *gil.Thread"}
	f := &Failure{Kind: Assertion, Err: d}
	for _, r := range c.guard.runners {
		if r.beats.Load()&1 == 0 {
			continue
		}
		if r.resists {
			d.Kind, f.Kind = Stuck, Stuck
			d.Text = "a thread recovers the panic that is to end it, again and again, in a run that is over: " +
				"recover what the program throws, and let other values go on with panic"
		}
		f.describe(r)
	}
	return f
}

// describe adds the interleaving of a run that has not come to its end.
func (f *Failure) describe(r *runner) {
	f.Schedule = r.schedule()
	f.Schedule.Fingerprint = 0
	f.Schedule.Kind = f.Kind
	f.Found, f.Steps, f.Schedules = f.Schedule, len(r.steps), int(r.beats.Load()+1)/2
}

// abandon is the failure of a program that does not come back. Its goroutine
// cannot be ended; should it come back after all, it ends itself.
func (r *runner) abandon(driver string, patience time.Duration) *Failure {
	f := &Failure{Kind: Stuck}
	what, stack := stuckStack(driver)
	text := fmt.Sprintf("the program has performed no operation for %v: %s; threads may wait only for what package gil knows: "+
		"use Lock, Event, Queue instead of channels, Thread.IO instead of real calls, and Thread.Tick in loops", patience, what)
	f.Err = &Diagnosis{Kind: Stuck, Text: text, bound: true}
	if stray := r.strays.complaint(); stray != nil { // and was ended while others waited for it
		f.Kind, f.Err = classify(stray), stray
	}
	if stack != "" {
		f.Explanation = append(f.Explanation, stack)
	}
	f.describe(r.shadow())
	return f
}

// shadow is a copy of what the stuck runner has recorded, made without the race
// detector's knowledge: the program's goroutine is not doing anything that could be
// waited for, and that is the point.
//
//go:norace
func (r *runner) shadow() *runner {
	s := &runner{}
	for i := 0; i < len(r.steps); i++ {
		s.steps = append(s.steps, r.steps[i])
	}
	for i := 0; i < len(r.threads); i++ {
		s.threads = append(s.threads, r.threads[i])
	}
	for i := 0; i < len(r.drawn); i++ {
		s.drawn = append(s.drawn, r.drawn[i])
	}
	for i := 0; i < len(r.fired); i++ {
		s.fired = append(s.fired, r.fired[i])
	}
	s.beats.Store(r.beats.Load())
	return s
}

// goroutine is the number of the calling goroutine, as stack traces have it.
func goroutine() string {
	var buf [40]byte
	text := string(buf[:runtime.Stack(buf[:], false)])
	text = strings.TrimPrefix(text, "goroutine ")
	number, _, _ := strings.Cut(text, " ")
	return number
}

// stuckStack looks through all goroutines for those that run the program and are
// not parked coroutines: what it is doing, and where.
func stuckStack(driver string) (what, stack string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	type trace struct{ id, state, maker, text string }
	var traces []trace
	for _, block := range bytes.Split(buf, []byte("\n\n")) {
		text := string(block)
		rest, ok := strings.CutPrefix(text, "goroutine ")
		if !ok {
			continue
		}
		id, rest, _ := strings.Cut(rest, " ")
		state, _, _ := strings.Cut(strings.TrimPrefix(rest, "["), "]")
		state, _, _ = strings.Cut(state, ",")
		maker := ""
		if i := strings.LastIndex(text, " in goroutine "); i >= 0 {
			maker, _, _ = strings.Cut(text[i+len(" in goroutine "):], "\n")
		}
		traces = append(traces, trace{id, state, maker, text})
	}
	mine := map[string]bool{driver: true}
	for range traces { // coroutines are made by others
		for _, t := range traces {
			if mine[t.maker] {
				mine[t.id] = true
			}
		}
	}
	for _, t := range traces {
		if !mine[t.id] || t.state == "coroutine" || t.id == driver && !strings.Contains(t.text, "(*runner).body") {
			continue
		}
		var lines []string
		for i, l := range strings.Split(t.text, "\n") {
			if i == 0 || strings.HasPrefix(l, "\t") || l == "" || strings.HasPrefix(l, "created by") {
				continue
			}
			name := l
			if j := strings.LastIndex(l, "("); j > 0 {
				name = l[:j]
			}
			if site.Own(name) {
				continue
			}
			file := strings.TrimSpace(strings.Split(t.text, "\n")[i+1])
			file, _, _ = strings.Cut(file, " +0x")
			lines = append(lines, name[strings.LastIndexByte(name, '/')+1:]+" ("+filepath.Base(file)+")")
		}
		if len(lines) == 0 {
			continue
		}
		doing := "it blocks in a real " + t.state
		if t.state == "running" || t.state == "runnable" {
			doing = "it loops"
		}
		return doing + " at " + lines[0], "its goroutine is at " + strings.Join(lines, ", called by ")
	}
	return "it blocks or loops outside the model", ""
}
