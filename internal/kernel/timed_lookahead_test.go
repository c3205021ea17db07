package kernel_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/internal/kernel"
)

// A randomProgram is tasks of several domains that tick, compute, sleep, wait,
// wake, spawn, poke and set timers at random. What a task does next depends on
// its own generator and on what it saw, never on the order in which the kernel
// happens to run tasks, so two runs that differ only in their look-ahead must see
// the same.
type randomProgram struct {
	k       *kernel.Timed
	cfg     kernel.Config
	seed    uint64
	domains []*kernel.Domain

	// Private state: seen only by the tasks of one domain, in ticks.
	private []domainState
	// Visible state: touched after Sync only.
	waits   []*randomTask // tasks that have published a ticket
	spawned int
	ends    int
	foreign bool // pokes cross domains

	trace map[string][]string // by task: what it saw
	cores map[string][]string // by task: its core spans
}

type domainState struct {
	value uint64
	free  bool // its tasks are free-threaded: they look at value after Sync only
}

type randomTask struct {
	kernel.Task
	p      *randomProgram
	rng    *rand.Rand
	dom    int
	depth  int
	ticket kernel.Ticket
	open   bool
}

func runRandomProgram(seed uint64, lookAhead time.Duration, kills, foreign bool) *randomProgram {
	rng := rand.New(rand.NewPCG(seed, 1))
	cfg := kernel.Config{
		Cores: 1 + rng.IntN(4), Seed: seed,
		TickPico:    int64(1+rng.IntN(40)) * 1000,
		WakeLatency: 40 * time.Microsecond,
		WakeCost:    time.Duration(rng.IntN(2)) * 7 * time.Microsecond,
		Quantum:     []time.Duration{0, 50 * time.Microsecond, time.Millisecond, 4 * time.Millisecond}[rng.IntN(4)],
		TimerSlack:  time.Duration(rng.IntN(2)) * 3 * time.Microsecond,
		Jitter:      []float64{0, 0, 0.5}[rng.IntN(3)],
		LookAhead:   lookAhead,
	}
	p := &randomProgram{
		k: kernel.NewTimed(cfg), cfg: cfg, seed: seed, foreign: foreign,
		trace: map[string][]string{}, cores: map[string][]string{},
	}
	p.k.Hooks.Core = func(t *kernel.Task, core int, on bool, at kernel.Time) {
		p.cores[t.Name] = append(p.cores[t.Name], fmt.Sprintf("%d %v@%d", core, on, at))
	}
	p.k.Hooks.Stalled = func() bool { // everybody waits: end all waits
		any := false
		for _, w := range p.waits {
			if w.open {
				w.open = false
				p.k.Wake(nil, w.ticket)
				any = true
			}
		}
		return any
	}
	for range 2 + rng.IntN(3) {
		d := new(kernel.Domain)
		p.k.AddDomain(d)
		p.domains = append(p.domains, d)
		p.private = append(p.private, domainState{free: rng.IntN(4) == 0})
	}
	main := p.newTask(nil, 0, 0, "m")
	p.k.Run(&main.Task, func() {
		for d := range p.domains {
			p.spawn(main, d, kills)
		}
		p.body(main, kills)
	})
	return p
}

func (p *randomProgram) newTask(by *randomTask, dom, depth int, name string) *randomTask {
	t := &randomTask{p: p, dom: dom, depth: depth}
	var parent *kernel.Task
	if by != nil {
		parent = &by.Task
	}
	t.Init(parent, p.domains[dom], name)
	t.Free = p.private[dom].free
	t.rng = rand.New(rand.NewPCG(p.seed, t.Path))
	return t
}

func (p *randomProgram) spawn(by *randomTask, dom int, kills bool) {
	p.k.Sync(&by.Task)
	p.spawned++
	t := p.newTask(by, dom, by.depth+1, fmt.Sprintf("%s.%d", by.Name, p.spawned))
	p.k.Spawn(&by.Task, &t.Task, func() { p.body(t, kills) })
}

// tick executes one bytecode as package gil does.
func (p *randomProgram) tick(t *randomTask) {
	if t.Budget--; t.Budget < int(t.Limit.Load()) {
		t.Limit.Store(0)
		p.k.Grant(&t.Task)
		p.k.Sync(&t.Task)
		t.Renew(p.k.Grant(&t.Task))
	}
}

func (p *randomProgram) saw(t *randomTask, format string, args ...any) {
	p.trace[t.Name] = append(p.trace[t.Name], fmt.Sprintf("%d ", p.k.Now(&t.Task))+fmt.Sprintf(format, args...))
}

func (p *randomProgram) body(t *randomTask, kills bool) {
	k := p.k
	t.Renew(0)
	steps := 4 + t.rng.IntN(12)
	for range steps {
		if t.Killed() {
			break
		}
		switch t.rng.IntN(10) {
		case 0, 1, 2: // private operations on the domain's own state
			s := &p.private[t.dom]
			for range 1 + t.rng.IntN(400) {
				p.tick(t)
				if s.free && t.rng.IntN(100) > 0 {
					continue // seldom touches what others see
				}
				if s.free {
					k.Sync(&t.Task)
				}
				s.value = s.value*31 + t.Path
			}
			if s.free {
				k.Sync(&t.Task)
			}
			p.saw(t, "private %x", s.value)
		case 3, 4:
			d := kernel.Time(t.rng.IntN(300_000))
			for d > 0 && !t.Killed() {
				used := k.Advance(&t.Task, d)
				p.saw(t, "used %d", used)
				d -= used
				if used == 0 {
					break
				}
			}
		case 5: // sleep
			w := k.Prepare(&t.Task, kernel.SlotWait)
			until := k.Now(&t.Task) + kernel.Time(t.rng.IntN(200_000))
			p.saw(t, "slept %d", k.Park(&t.Task, w, until))
		case 6: // wait until woken, at most for a while
			k.Sync(&t.Task)
			t.ticket = k.Prepare(&t.Task, kernel.SlotWait)
			t.open = true
			p.waits = append(p.waits, t)
			until := k.Now(&t.Task) + kernel.Time(t.rng.IntN(400_000))
			if t.rng.IntN(3) == 0 {
				until = kernel.Never
			}
			how := k.Park(&t.Task, t.ticket, until)
			t.open = false
			p.saw(t, "waited %d", how)
		case 7: // wake whoever waits, in any domain
			k.Sync(&t.Task)
			if n := len(p.waits); n > 0 {
				u := p.waits[t.rng.IntN(n)]
				p.saw(t, "woke %s: %v", u.Name, k.Wake(&t.Task, u.ticket))
			}
		case 8:
			if t.depth < 3 && t.rng.IntN(2) == 0 {
				p.spawn(t, t.rng.IntN(len(p.domains)), kills)
				break
			}
			at := k.Now(&t.Task) + kernel.Time(t.rng.IntN(150_000))
			k.Sync(&t.Task)
			k.After(&t.Task, at, func() {
				s := &p.private[t.dom]
				s.value = s.value*37 + uint64(at)
			})
		case 9: // poke or kill somebody who waits or waited
			k.Sync(&t.Task)
			if n := len(p.waits); n > 0 {
				u := p.waits[t.rng.IntN(n)]
				switch {
				case !p.foreign && u.Domain != t.Domain:
				case kills && t.rng.IntN(3) == 0:
					k.Kill(&t.Task, &u.Task)
				default:
					k.Poke(&t.Task, &u.Task)
				}
			}
		}
	}
	k.Sync(&t.Task)
	p.ends++
	p.saw(t, "end %d of %d", p.ends, p.spawned)
	k.Exit(&t.Task)
}

// TestResultsDoNotDependOnTheLookAhead is the causality rule: interpreters that
// run ahead of each other by as much as the wake latency allows see the same as
// ones that never do.
func TestResultsDoNotDependOnTheLookAhead(t *testing.T) {
	for name, c := range map[string]struct{ kills, foreign bool }{
		"wakes": {}, "kills": {kills: true},
		"pokes across domains": {foreign: true}, "kills across domains": {kills: true, foreign: true},
	} {
		t.Run(name, func(t *testing.T) {
			seeds := uint64(900)
			if raceEnabled {
				seeds = 60
			}
			for seed := range seeds {
				strict := runRandomProgram(seed, 0, c.kills, c.foreign)
				for _, ahead := range []time.Duration{-1, 13 * time.Microsecond} {
					free := runRandomProgram(seed, ahead, c.kills, c.foreign)
					same(t, seed, strict, free)
				}
			}
		})
	}
}

func same(t *testing.T, seed uint64, a, b *randomProgram) {
	t.Helper()
	require.Equal(t, a.k.Usage(), b.k.Usage(), "seed %d: %+v", seed, a.cfg)
	require.Equal(t, a.trace, b.trace, "seed %d: %+v", seed, a.cfg)
	require.Equal(t, a.cores, b.cores, "seed %d: %+v", seed, a.cfg)
	for d := range a.private {
		require.Equal(t, a.private[d].value, b.private[d].value, "seed %d", seed)
	}
}

// TestTheSameSeedIsTheSameRun and another seed may be another one.
func TestTheSameSeedIsTheSameRun(t *testing.T) {
	different := 0
	for seed := range uint64(100) {
		a, b := runRandomProgram(seed, -1, false, false), runRandomProgram(seed, -1, false, false)
		same(t, seed, a, b)
		if a.k.Usage() != runRandomProgram(seed+1000, -1, false, false).k.Usage() {
			different++
		}
	}
	require.Greater(t, different, 90)
}
