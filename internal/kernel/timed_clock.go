package kernel

import "time"

// settle turns ticks executed into time passed.
func (k *Timed) settle(t *Task) {
	if n := t.settle(); n != 0 {
		t.virtual.now += k.tickTime(t, n)
	}
}

// tickTime is how long n bytecodes of t take on its core.
func (k *Timed) tickTime(t *Task, n int) Time {
	pico := int64(n) * k.cfg.TickPico
	if k.cfg.Jitter > 0 {
		pico = k.jitterTicks(t, n)
	}
	// What is left over of a nanosecond is kept, so that the time of many bytecodes
	// does not depend on how they are counted.
	pico = k.cores.stretchTicks(t, pico) + t.virtual.rest
	t.virtual.rest = pico % 1000
	return Time(pico / 1000)
}

// jitterBlock is the number of ticks that share one draw of the tick cost. The
// draws are keyed by the tick's number, so they do not depend on how ticks are
// handed out.
const jitterBlock = 64

func (k *Timed) jitterTicks(t *Task, n int) (pico int64) {
	for at := t.codes - int64(n); n > 0; {
		block := at / jitterBlock
		m := min(int64(n), (block+1)*jitterBlock-at)
		pico += m * int64(k.jitter(Time(k.cfg.TickPico), mix(t.Path, uint64(block))))
		at += m
		n -= int(m)
	}
	return pico
}

// jitter spreads d by the configured factor with the draw h.
func (k *Timed) jitter(d Time, h uint64) Time {
	u := float64(mix(k.cfg.Seed, h)>>11) / (1 << 53) // uniform in [0, 1)
	// The conversion keeps a compiler from fusing product and sum: the same seed is
	// the same run on every computer.
	return Time(float64(d) * (1 + float64(k.cfg.Jitter*(2*u-1))))
}

// Sync returns when nothing that is due comes before t.
func (k *Timed) Sync(t *Task) {
	k.settle(t)
	v := &t.virtual
	top := k.agenda.least()
	if top == nil || v.now < top.at || v.now == top.at && v.rank < top.rank {
		if v.now > k.now {
			k.passed(v.now)
		}
		return
	}
	k.continueAt(t, v.now)
	k.switchAway(t)
}

// horizon is the time up to which t may execute private operations.
func (k *Timed) horizon(t *Task) Time {
	h := Never
	if top := k.machine.items.top(); top != nil {
		h = top.at
	}
	if t.Free && k.alive <= len(k.cores.on) {
		// No GIL orders this task with the others of its interpreter, and nobody can
		// want its core: only the end of its slice matters to private operations.
		return min(h, t.virtual.now+max(Time(k.cfg.Quantum), 1))
	}
	if top := t.Domain.items.top(); top != nil {
		h = min(h, top.at)
	}
	if o := k.agenda.others(t.Domain, &k.machine); o != Never {
		if t.Domain.queued == 0 {
			o += k.latencyMin
		}
		h = min(h, o)
	}
	return h
}

// Grant settles t's ticks and returns how many it may execute next: as many as
// bring its clock to the horizon.
func (k *Timed) Grant(t *Task) int {
	k.settle(t)
	if k.cfg.TickPico == 0 {
		return liveGrant
	}
	h := k.horizon(t)
	if h == Never {
		return liveGrant
	}
	// The budget runs out with the tick that brings the clock to the horizon.
	pico := int64(min(h-t.virtual.now, Time(time.Hour)))*1000 - t.virtual.rest - 1
	n := k.cores.progressTicks(t, pico) / k.cfg.TickPico
	if k.cfg.Jitter > 0 {
		n /= 2 // a tick may cost twice its mean
	}
	return int(max(0, min(n, liveGrant)))
}

// Advance spends cpu of processor time. It returns early when t is poked.
func (k *Timed) Advance(t *Task, cpu Time) Time {
	if cpu <= 0 {
		return 0
	}
	k.settle(t)
	v := &t.virtual
	if end := v.now + k.cores.stretch(t, cpu); !t.Free && end < k.horizon(t) {
		v.now = end
		t.Limit.Store(maxLimit) // its ticks were granted for an earlier time
		return cpu
	}
	v.advancing, v.left, v.begun, v.poked = true, cpu, v.now, false
	k.continueAt(t, v.now+k.cores.stretch(t, cpu))
	k.switchAway(t)
	return cpu - max(v.left, 0)
}

// Spend is Advance that goes on when t is poked.
func (k *Timed) Spend(t *Task, cpu Time) {
	for cpu > 0 {
		cpu -= k.Advance(t, cpu)
	}
}

// latency is how long t takes from being woken to wanting a core.
func (k *Timed) latency(t *Task) Time { return k.spread(t, Time(k.cfg.WakeLatency)) }

func (k *Timed) spread(t *Task, l Time) Time { return k.spreadFor(t, l, drawLatency) }

// spreadFor draws once per wait of t for each use.
func (k *Timed) spreadFor(t *Task, l Time, use uint64) Time {
	if k.cfg.Jitter > 0 {
		l = k.jitter(l, mix(t.Path, ^t.virtual.waits^use))
	}
	return l
}

// What is spread has draws of its own.
const (
	drawLatency uint64 = iota << 56
	drawCost
	drawChange
	drawSpend
)

// About is d with the machine's jitter, another draw each time.
func (k *Timed) About(t *Task, d Time) Time {
	t.virtual.abouts++
	if k.cfg.Jitter > 0 {
		d = k.jitter(d, mix(t.Path, ^t.virtual.abouts^drawSpend))
	}
	return d
}
