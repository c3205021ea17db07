package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// machineOptions are the constants of a Machine.
type machineOptions struct {
	seed        uint64
	tickCost    time.Duration
	switchCost  time.Duration
	wakeLatency time.Duration
	wakeCost    time.Duration
	lightWake   time.Duration // latency and cost of a wake that is no switch between
	lightCost   time.Duration // two threads that compute
	coreChange  time.Duration // of a core from one thread of a GIL to the next
	quantum     time.Duration
	timerSlack  time.Duration
	lookAhead   time.Duration
	successor   Successor
	jitter      float64
	perCore     int
	yield       float64
	method      StartMethod
	startCost   time.Duration // negative: the method's
	memory      int64
	limit       int64 // of the memory of all processes, 0 for none
}

// ideal is the default: switches and wake-ups take no time, so a contended slice
// lasts exactly the switch interval.
func ideal() machineOptions {
	return machineOptions{
		seed: 1, tickCost: 3 * time.Nanosecond, quantum: 4 * time.Millisecond, lookAhead: -1,
		method: Spawn, startCost: -1, memory: 8 << 20,
	}
}

func machineOption(f func(*machineOptions)) Option {
	return optionFunc(func(o *options) { f(&o.machine) })
}

// Ideal is the preset of exact tables, and the default: waking a thread takes no
// time, so slices last the switch interval to the nanosecond.
func Ideal() Option {
	return machineOption(func(m *machineOptions) {
		m.wakeLatency, m.wakeCost, m.jitter, m.lightWake, m.lightCost, m.coreChange = 0, 0, 0, 0, 0, 0
	})
}

// Measured is the preset of measured behaviour: waking a thread takes up to 80 µs,
// 40 on average, and costs the waker 26 µs; before a call, and for a lock, it costs
// 2.2 µs, and a thread that is just falling asleep, or waits for the GIL with an interval
// of less than 300 µs, wakes within 9 µs. Waking a waiter of 2.7's GIL at a check takes
// half as long, and costs half; where the other cores compute it costs those 2.2 µs, and a
// core takes 2.1 µs to change to the waiter. With it a contended slice is about 5.04 ms, and
// the GIL of 2.7 on two cores is twice as slow as one thread: the figures of CPython on
// two free cores under Linux.
func Measured() Option {
	return machineOption(func(m *machineOptions) {
		m.wakeLatency, m.wakeCost, m.jitter = 40*time.Microsecond, 26*time.Microsecond, 1
		m.lightWake, m.lightCost, m.coreChange = 4400*time.Nanosecond, 2200*time.Nanosecond, 2100*time.Nanosecond
	})
}

// WithSeed chooses the run: everything that Python leaves open, such as which of
// two threads with the same deadline goes first, is drawn with it. The same seed
// gives the same run, to the nanosecond. The default is 1.
func WithSeed(seed uint64) Option { return machineOption(func(m *machineOptions) { m.seed = seed }) }

// WithTickCost sets how long a bytecode takes; the default is 3 ns. With 0 a loop
// of nothing but ticks takes no time, so no switch interval ever passes in it.
func WithTickCost(d time.Duration) Option {
	notNegative("WithTickCost", d)
	return machineOption(func(m *machineOptions) { m.tickCost = d })
}

// WithSwitchCost sets what a thread computes after it got the GIL from another
// one: cold caches. The default is 0.
func WithSwitchCost(d time.Duration) Option {
	notNegative("WithSwitchCost", d)
	return machineOption(func(m *machineOptions) { m.switchCost = d })
}

// WithWakeLatency sets the time from waking a thread to its running on a free
// core. Effects on other interpreters take as long. The default is 0.
func WithWakeLatency(d time.Duration) Option {
	notNegative("WithWakeLatency", d)
	return machineOption(func(m *machineOptions) { m.wakeLatency = d })
}

// WithWakeCost sets what waking a sleeping thread costs the waker. The default is
// 0.
func WithWakeCost(d time.Duration) Option {
	notNegative("WithWakeCost", d)
	return machineOption(func(m *machineOptions) { m.wakeCost = d })
}

// WithQuantum sets how long a thread keeps its core when others want one; 0 is
// for ever. The default is 4 ms.
func WithQuantum(d time.Duration) Option {
	notNegative("WithQuantum", d)
	return machineOption(func(m *machineOptions) { m.quantum = d })
}

// WithTimerSlack sets how much later than asked timed waits end; Linux uses 50
// µs. The default is 0.
func WithTimerSlack(d time.Duration) Option {
	notNegative("WithTimerSlack", d)
	return machineOption(func(m *machineOptions) { m.timerSlack = d })
}

// WithSuccessor sets which waiter of the GIL is woken. The default is FIFO.
func WithSuccessor(s Successor) Option {
	return machineOption(func(m *machineOptions) { m.successor = s })
}

// WithJitter spreads wake latencies and tick costs uniformly between 1-f and 1+f
// times their values, drawn with the seed. Without it two threads with equal
// bodies run in lock-step. It panics with a *ValueError unless 0 <= f <= 1.
func WithJitter(f float64) Option {
	if !(f >= 0 && f <= 1) {
		panic(badValue("", "WithJitter(%v): must be between 0 and 1", f))
	}
	return machineOption(func(m *machineOptions) { m.jitter = f })
}

// WithSMT makes every perCore cores hardware threads of one physical core. When
// more than one of them computes they do yield times the work of one together:
// 1.0 nothing gained, 1.3 typical, perCore as good as real cores. It panics with
// a *ValueError unless perCore >= 1 and 0 < yield <= perCore.
func WithSMT(perCore int, yield float64) Option {
	if perCore < 1 || !(yield > 0 && yield <= float64(perCore)) {
		panic(badValue("", "WithSMT(%d, %v): need perCore >= 1 and 0 < yield <= perCore", perCore, yield))
	}
	return machineOption(func(m *machineOptions) { m.perCore, m.yield = perCore, yield })
}

// StartMethod is how an emulated process comes to be. Python:
// multiprocessing.set_start_method.
type StartMethod uint8

// The start methods.
const (
	Spawn      StartMethod = iota // a fresh interpreter
	Fork                          // a copy of the parent
	ForkServer                    // a copy of a server without threads
)

// String returns Python's name of the method.
func (m StartMethod) String() string {
	switch m {
	case Fork:
		return "fork"
	case ForkServer:
		return "forkserver"
	}
	return "spawn"
}

// cost is what a start takes by default: start and join of an empty process,
// measured with CPython 3.13.
func (m StartMethod) cost() time.Duration {
	switch m {
	case Fork:
		return 2400 * time.Microsecond
	case ForkServer:
		return 22 * time.Millisecond
	}
	return 74 * time.Millisecond
}

// WithStartMethod sets how emulated processes start. The default is Spawn.
func WithStartMethod(method StartMethod) Option {
	return machineOption(func(m *machineOptions) { m.method = method })
}

// WithStartCost sets what starting a process takes the thread that starts it. By
// default it is 2.4 ms for Fork, 22 ms for ForkServer and 74 ms for Spawn.
func WithStartCost(d time.Duration) Option {
	notNegative("WithStartCost", d)
	return machineOption(func(m *machineOptions) { m.startCost = d })
}

// WithMemory sets the memory of a fresh interpreter, in bytes, for the ledger.
// The default is 8 MiB. It panics with a *ValueError when base is negative.
func WithMemory(base int64) Option {
	if base < 0 {
		panic(badValue("", "WithMemory(%d): must not be negative", base))
	}
	return machineOption(func(m *machineOptions) { m.memory = base })
}

func notNegative(what string, d time.Duration) {
	if d < 0 {
		panic(badValue("", "%s(%v): must not be negative", what, d))
	}
}

// config is what the kernel needs to know.
func (m *machineOptions) config(cores int, speed float64) kernel.Config {
	c := kernel.Config{
		Cores: cores, Seed: m.seed, TickPico: m.tickCost.Nanoseconds() * 1000, WakeLatency: m.wakeLatency, WakeCost: m.wakeCost,
		LightLatency: m.lightWake, LightCost: m.lightCost, CoreChange: m.coreChange,
		Quantum: m.quantum, TimerSlack: m.timerSlack, LookAhead: m.lookAhead, Jitter: m.jitter,
		PerCore: m.perCore, Yield: m.yield,
	}
	if speed != 0 {
		c.TickPico = int64(float64(c.TickPico) / speed)
	}
	return c
}
