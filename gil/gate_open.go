package gil

import (
	"time"

	"github.com/pygil/pygil/internal/kernel"
)

// Open adds n permits, or All, and wakes as many waiters. All lets everybody who
// waits go on, also when the gate is shut before they run. Otherwise whoever comes first
// takes a permit, a newcomer as well as a woken waiter; in profiles with fair
// locks a waiter that has waited for more than 1 ms is handed its permit.
func (g *Gate) Open(t *Thread, k OpKind, n int) {
	if raceKernel && t.apart() {
		y := g.aside(t)
		t.inside(func() { y.Open(t, k, n) })
		return
	}
	t.must()
	if g.lineage != nil {
		g = g.of(t)
	}
	t.touch(k, g.id)
	g.open(t, n)
	if raceKernel {
		t.shows(&g.mark, true, false)
	}
	if t.traced() {
		t.lockEvent(EvLockRelease, g, k, 0)
	}
}

// OpenUpTo is Open that changes nothing and reports false when the gate would have
// more than most permits: releasing a lock that is not held, or a bounded
// semaphore too often, is one operation that nothing can come between.
func (g *Gate) OpenUpTo(t *Thread, k OpKind, n, most int) bool {
	if raceKernel && t.apart() {
		y := g.aside(t)
		return within(t, func() bool { return y.OpenUpTo(t, k, n, most) })
	}
	t.must()
	if g.lineage != nil {
		g = g.of(t)
	}
	if have := g.permits.Load(); t.quick && g.nwait.Load() == 0 && int64(have)+int64(n) <= int64(most) &&
		g.permits.CompareAndSwap(g.tracked, have, have+int32(n)) { // give would do the same
		if g.nwait.Load() > 0 {
			t.kern.Sync(&t.k)
			g.wakeSome(t, n)
		}
		return true
	}
	t.touch(k, g.id)
	if !g.give(t, n, most) {
		return false
	}
	if raceKernel {
		t.shows(&g.mark, true, false)
	}
	if t.traced() {
		t.lockEvent(EvLockRelease, g, k, 0)
	}
	return true
}

// open is Open without an announcement.
func (g *Gate) open(t *Thread, n int) {
	if !g.give(t, n, All-1) {
		panic(badValue("", "%s would have more than %d permits", g.describe(), All-1))
	}
}

// give adds n permits and wakes as many waiters, unless the gate would have more
// than most. A gate that is open for everybody stays so.
func (g *Gate) give(t *Thread, n, most int) bool {
	if n == All {
		g.openAll()
	} else {
		fair := g.nwait.Load() > 0 && t.x == nil && t.interp.prof.has(fairLocks)
		for {
			have := g.permits.Load()
			if have == All {
				return true
			}
			if int64(have)+int64(n) > int64(most) {
				return false
			}
			if fair {
				fair = false
				if n = g.handOver(t, n); n == 0 {
					return true
				}
				continue
			}
			if g.permits.CompareAndSwap(g.tracked, have, have+int32(n)) {
				break
			}
		}
	}
	if t.x != nil {
		g.enable(t)
		return true
	}
	if g.nwait.Load() > 0 {
		t.kern.Sync(&t.k)
		g.wakeSome(t, n)
	}
	return true
}

// openAll opens the gate for everybody. Who is on the list before it is let through
// and who joins it later finds the gate open, or shut again: the mutex makes it one
// thing, without a GIL, too.
func (g *Gate) openAll() {
	if g.end { // it is not shut again
		g.permits.Store(g.tracked, All)
		return
	}
	g.mu.Lock()
	g.alls.Store(g.alls.Load() + 1)
	g.permits.Store(g.tracked, All)
	g.mu.Unlock()
}

// Openings is how often the gate has been opened for All, for who looks again and
// again instead of waiting.
func (g *Gate) Openings(t *Thread) uint32 {
	if raceKernel && t.apart() {
		y := g.aside(t)
		return within(t, func() uint32 { return y.Openings(t) })
	}
	if g.lineage != nil {
		g = g.of(t)
	}
	return g.alls.Load()
}

// fairAfter is how long a waiter must have waited to be handed a lock.
const fairAfter = kernel.Time(time.Millisecond)

// handOver gives permits directly to waiters for a lock that have waited long, and
// returns how many are left. Only locks are fair; what a waiter announced as a
// wait or a notification is barged for in every Python.
func (g *Gate) handOver(t *Thread, n int) int {
	t.kern.Sync(&t.k)
	now := t.kern.Now(&t.k)
	for n > 0 {
		g.mu.Lock()
		w := g.first
		if w == nil || w.kind != OpAcquire || now-w.since <= fairAfter {
			g.mu.Unlock()
			return n
		}
		g.remove(w)
		w.granted = true
		ticket := w.ticket
		g.mu.Unlock()
		n--
		t.lightly(kernel.CheapLight)
		if t.kern.Wake(&t.k, ticket) {
			continue
		}
		// Its time has run out. If it has not looked yet whether it was handed the
		// permit, it does not get it; if it has, it holds it.
		g.mu.Lock()
		if w.granted && w.ticket == ticket {
			w.granted = false
			n++
		}
		g.mu.Unlock()
	}
	return n
}

// wakeSome wakes up to n waiters, oldest first, and of All those who were there when
// the gate was opened: one that comes back would be woken again and again.
func (g *Gate) wakeSome(by *Thread, n int) {
	var task *kernel.Task
	kern := g.home.interp.w.kern
	if by != nil {
		task = &by.k
	}
	for n > 0 {
		g.mu.Lock()
		if g.first == nil || n == All && !g.end && !g.first.through(g) {
			g.mu.Unlock()
			return
		}
		w := g.pop()
		ticket, lock := w.ticket, w.kind == OpAcquire
		g.mu.Unlock()
		if by != nil && by.timed != nil {
			by.timed.Lightly(&by.k, by.light(lock))
		}
		if kern.Wake(task, ticket) {
			n--
			if lock && by != nil && by.timed != nil {
				by.outrun()
			}
		}
	}
}

// light is how t wakes a thread that waits at a gate, which may be a lock. Of three
// thousand releases of a lock for which somebody waited, CPython 3.6 to 3.13 lost the
// lock in 0.2 to 0.5 of a hundred, and 2.7, which gives the GIL up to take it again, in
// 0.2 to 1.2.
func (t *Thread) light(lock bool) kernel.Light {
	if lock && t.gil != nil && t.gil.rule == intervalRule {
		return kernel.TightLight
	}
	return kernel.CheapLight
}

// outrun lets who was woken take a permit before t, who pays for the wake, goes on. It
// needs no GIL for that. A library between CPython and the semaphore of a lock saw every
// change of hands happen so: sem_post takes 7 µs, the other thread is there after 12 to
// 19, and the one that released is held up a little once in some hundreds of times.
func (t *Thread) outrun() {
	if t.interp.w.opts.machine.lightWake > 0 {
		t.kern.Sync(&t.k)
	}
}

// openEnd opens the gate for good when a thread ends.
func (g *Gate) openEnd(t *Thread) {
	if g.home != nil {
		g.open(t, All)
	}
}

// Shut takes all permits away.
func (g *Gate) Shut(t *Thread, k OpKind) {
	if raceKernel && t.apart() {
		y := g.aside(t)
		t.inside(func() { y.Shut(t, k) })
		return
	}
	t.must()
	if g.lineage != nil {
		g = g.of(t)
	}
	t.touch(k, g.id)
	g.permits.Store(g.tracked, 0)
	if raceKernel {
		t.shows(&g.mark, true, false)
	}
	if t.x != nil {
		g.refresh(t)
	}
	if t.traced() {
		t.lockEvent(EvClear, g, k, 0)
	}
}

// Post is Open from a goroutine that is no thread: a timer, a network reader. It
// works in the live world only and panics with a *RuntimeError elsewhere.
func (i *Interpreter) Post(g *Gate, n int) {
	if !i.w.live() {
		panic(misuse("", "Post from outside a virtual world; everything that happens there is done by its threads"))
	}
	if g.at.Load() == 0 {
		panic(misuse("", "Post to a gate that no thread has used yet"))
	}
	if n == All {
		g.openAll()
	} else {
		g.permits.Add(g.tracked, int32(n))
	}
	g.wakeSome(nil, n)
}
