package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
)

// Finding is something about a run that is worth a look, in plain words.
type Finding struct {
	Rule     string        // such as "convoy"; see Findings
	Text     string        // what was seen
	Advice   string        // the way out
	Threads  []string      // whom it is about
	From, To time.Duration // when
}

// String is the finding in one line.
func (f Finding) String() string { return f.Rule + ": " + f.Text + " " + f.Advice }

// The limits of the findings.
const (
	slowCallback = 100 * time.Millisecond // asyncio's slow_callback_duration
	busyReads    = 50                     // reads of what nobody has changed
	starvedBy    = 100                    // acquisitions by others during one wait
	convoyFrom   = 0.5                    // Convoy
	convoyWaits  = 3                      // waits for the GIL after IO
)

// Findings looks for what usually is a mistake:
//
//	gil-kept        a C call kept the GIL for longer than the switch interval
//	lock-across-io  a lock was held while its holder waited for the operating system or slept
//	lock-order      two threads take two locks in opposite orders
//	convoy          each return from IO waits for about a whole switch interval
//	busy-wait       a thread reads a variable again and again, which nobody has changed
//	unjoined        nobody waited for the end of a thread
//	lost-wake-up    a thread waits for a notification that came before, when nobody waited
//	starvation      others got the GIL or a lock a hundred times while a thread waited for it
//	slow-callback   a callback kept the event loop for more than 100 ms
//	swallowed       a task that was asked to end went on
//	unhandled       an exception that nobody took
//
// They are in the order of the rules, then of time.
func (tl *Timeline) Findings() []Finding {
	var out []Finding
	for _, rule := range []func(*Timeline) []Finding{
		gilKept, lockAcrossIO, lockOrder, convoys, busyWaits, unjoined, lostWakeUps, starvation, loopFindings,
	} {
		fs := rule(tl)
		slices.SortStableFunc(fs, func(a, b Finding) int { return cmp.Compare(a.From, b.From) })
		out = append(out, fs...)
	}
	return out
}

func (tl *Timeline) interval() time.Duration {
	if i := tl.Trace.Header.Interval; i > 0 {
		return i
	}
	return gil.DefaultSwitchInterval
}

func gilKept(tl *Timeline) (out []Finding) {
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		var worst Span
		n := 0
		for _, s := range l.Spans {
			if s.State == CHeld && s.Length() > tl.interval() {
				n++
				if s.Length() > worst.Length() {
					worst = s
				}
			}
		}
		if n > 0 {
			out = append(out, Finding{
				Rule: "gil-kept", Threads: []string{l.Name}, From: worst.From, To: worst.To,
				Text: fmt.Sprintf("%s was in a C call that kept the GIL for %s%s: no other thread of the interpreter could run meanwhile, however long it waited.",
					l.Name, short(worst.Length()), again(n)),
				Advice: "Give the GIL up around the call, or make it shorter.",
			})
		}
	}
	return out
}

func again(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", the longest of %d", n)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func lockAcrossIO(tl *Timeline) (out []Finding) {
	for _, r := range tl.Locks {
		n, sum := 0, time.Duration(0)
		var f Finding
		who := map[string]bool{}
		for _, h := range r.Holds {
			l := tl.Lane(h.TID)
			if l == nil {
				continue
			}
			for _, s := range l.Spans {
				if s.State != IO && s.State != Sleep || s.To <= h.From || s.From >= h.To {
					continue
				}
				if d := min(s.To, h.To) - max(s.From, h.From); d > 0 {
					if n++; n == 1 {
						f.From = max(s.From, h.From)
					}
					f.To = min(s.To, h.To)
					sum += d
					if !who[l.Name] {
						who[l.Name] = true
						f.Threads = append(f.Threads, l.Name)
					}
				}
			}
		}
		if n > 0 {
			f.Rule = "lock-across-io"
			f.Text = fmt.Sprintf("The lock %s was held for %s in which its holder did nothing but wait for the operating system or sleep (%s, by %s).",
				r.Name, short(sum), times(n), strings.Join(f.Threads, " and "))
			f.Advice = "Release the lock before the wait, or others wait with it."
			out = append(out, f)
		}
	}
	return out
}

func lockOrder(tl *Timeline) (out []Finding) {
	type pair struct{ first, second uint64 }
	seen := map[pair][]orderEdge{}
	for _, e := range tl.lockOrder() {
		for _, o := range seen[pair{e.second, e.first}] {
			if o.tid != e.tid {
				a, b := tl.ThreadName(o.tid), tl.ThreadName(e.tid)
				out = append(out, Finding{
					Rule: "lock-order", Threads: []string{a, b}, From: o.at, To: e.at,
					Text: fmt.Sprintf("%s takes %s and then %s, %s takes %s and then %s: when each has one, both wait for ever.",
						a, tl.ObjectName(o.first), tl.ObjectName(o.second), b, tl.ObjectName(e.first), tl.ObjectName(e.second)),
					Advice: "Take locks in the same order everywhere.",
				})
				break
			}
		}
		seen[pair{e.first, e.second}] = append(seen[pair{e.first, e.second}], e)
	}
	return out
}

func convoys(tl *Timeline) (out []Finding) {
	interval := tl.Trace.Header.Interval
	if interval == 0 {
		return nil // without an interval there is nothing to wait for
	}
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		var sum time.Duration
		n, waits := 0, 0
		var f Finding
		for j, s := range l.Spans {
			if s.State != IO {
				continue
			}
			if n++; n == 1 {
				f.From = s.From
			}
			for _, next := range l.Spans[j+1:] {
				if next.State != ReadyCore && next.State != WaitGIL {
					break
				}
				if next.State == WaitGIL {
					sum += next.Length()
					waits++
					f.To = next.To
				}
			}
		}
		if waits >= convoyWaits && float64(sum)/float64(n)/float64(interval) >= convoyFrom {
			f.Rule, f.Threads = "convoy", []string{l.Name}
			f.Text = fmt.Sprintf("Each time %s came back from IO it waited %s on average for the GIL, which a computing thread had; the switch interval is %s.",
				l.Name, short(sum/time.Duration(n)), short(interval))
			f.Advice = "Compute in another process, or lower the switch interval."
			out = append(out, f)
		}
	}
	return out
}

func busyWaits(tl *Timeline) (out []Finding) {
	type run struct {
		obj   uint64
		n     int
		since time.Duration
		told  bool
	}
	runs := map[uint32]*run{}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		r := runs[e.TID]
		switch e.Kind {
		case gil.EvRead:
			if r == nil || r.obj != e.Obj {
				runs[e.TID] = &run{obj: e.Obj, since: e.T}
				continue
			}
			if r.n++; r.n >= busyReads && !r.told {
				r.told = true
				name := tl.ThreadName(e.TID)
				out = append(out, Finding{
					Rule: "busy-wait", Threads: []string{name}, From: r.since, To: e.T,
					Text:   fmt.Sprintf("%s reads %s again and again, more than %d times, and nobody has written it meanwhile.", name, tl.ObjectName(e.Obj), busyReads),
					Advice: "Wait for an event or a condition; a loop that looks keeps the GIL busy.",
				})
			}
		case gil.EvWrite:
			for _, r := range runs {
				if r.obj == e.Obj {
					r.n, r.since, r.told = 0, e.T, false
				}
			}
		case gil.EvLockRequest, gil.EvLockAcquire, gil.EvQueuePut, gil.EvQueueGet, gil.EvPrint, gil.EvIOBegin, gil.EvThreadEnd:
			delete(runs, e.TID) // it does something else as well
		}
	}
	return out
}

func unjoined(tl *Timeline) (out []Finding) {
	joined := map[uint32]bool{}
	for i := range tl.Trace.Events {
		if e := &tl.Trace.Events[i]; e.Kind == gil.EvJoinBegin || e.Kind == gil.EvJoinEnd {
			joined[e.Peer] = true
		}
	}
	for i := range tl.Lanes {
		l := &tl.Lanes[i]
		if l.Creator == 0 || l.Creator == l.TID || joined[l.TID] || !l.Ended {
			continue
		}
		if c := tl.Lane(l.Creator); c == nil || c.PID != l.PID {
			continue // the main thread of a process
		}
		text := fmt.Sprintf("Nobody waited for the end of %s: whether its work was done when others went on is chance.", l.Name)
		if l.Killed {
			text = fmt.Sprintf("Nobody waited for the daemon %s; it was ended in the middle of its work.", l.Name)
		}
		out = append(out, Finding{Rule: "unjoined", Threads: []string{l.Name}, From: l.Start, To: l.End, Text: text, Advice: "Join it, or let an event or a queue tell that it is done."})
	}
	return out
}

// lostWakeUps finds waits at a condition that were begun after a notification which
// nobody heard, and ended by none; and waits for an event that was set and cleared
// before.
func lostWakeUps(tl *Timeline) (out []Finding) {
	type lost struct {
		at  time.Duration
		tid uint32
	}
	unheard := map[string]lost{} // by process and name
	set := map[string]lost{}
	key := func(e *gil.Event, name string) string { return fmt.Sprint(e.PID, "/", name) }
	next := 0
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		switch e.Kind {
		case gil.EvNotify:
			if e.A == 0 {
				unheard[key(e, e.Name)] = lost{e.T, e.TID}
			} else {
				delete(unheard, key(e, e.Name))
			}
		case gil.EvLockRelease:
			if o := tl.names.objects[e.Obj]; o != nil && o.kind == eventObject {
				set[key(e, o.name)] = lost{e.T, e.TID}
			}
		case gil.EvClear:
			if s, ok := set[key(e, e.Name)]; ok {
				unheard[key(e, e.Name)] = s
				delete(set, key(e, e.Name))
			}
		case gil.EvLockRequest:
			w := tl.Waits[next]
			next++
			if w.Acquired || waitState(kernelOp(e)) != WaitCond {
				break
			}
			if l, ok := unheard[key(e, e.Name)]; ok && l.tid != e.TID {
				name, by := tl.ThreadName(e.TID), tl.ThreadName(l.tid)
				end := "is never woken"
				if w.TimedOut {
					end = "waits until its time is up"
				}
				out = append(out, Finding{
					Rule: "lost-wake-up", Threads: []string{by, name}, From: l.at, To: w.To,
					Text:   fmt.Sprintf("%s waits for %s and %s: %s gave the signal at %s, when nobody waited for it, and none came after.", name, e.Name, end, by, short(l.at)),
					Advice: "Keep what the signal is about in a variable under the lock, and wait only while it is not so.",
				})
			}
		}
	}
	return out
}

func starvation(tl *Timeline) (out []Finding) {
	type wait struct {
		since time.Duration
		seen  int
		what  string
	}
	waits := map[uint32]*wait{}
	lockWaits := map[uint32]*wait{}
	count := map[uint64]int{}
	ended := func(m map[uint32]*wait, e *gil.Event, obj uint64) {
		w := m[e.TID]
		if w == nil {
			return
		}
		delete(m, e.TID)
		if by := count[obj] - w.seen; by >= starvedBy {
			name := tl.ThreadName(e.TID)
			out = append(out, Finding{
				Rule: "starvation", Threads: []string{name}, From: w.since, To: e.T,
				Text:   fmt.Sprintf("%s waited %s for %s; others got it %d times meanwhile.", name, short(e.T-w.since), w.what, by),
				Advice: "Make the others wait between their turns, or hand over in turn through a queue or a condition.",
			})
		}
	}
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		switch e.Kind {
		case gil.EvGILRequest:
			waits[e.TID] = &wait{since: e.T, seen: count[gilKey(e.Obj)], what: tl.names.gil(e.Obj)}
		case gil.EvGILAcquire:
			ended(waits, e, gilKey(e.Obj))
			count[gilKey(e.Obj)]++
		case gil.EvLockRequest:
			if isLock(e) {
				lockWaits[e.TID] = &wait{since: e.T, seen: count[e.Obj], what: tl.thing(e.Obj)}
			}
		case gil.EvLockAcquire, gil.EvLockTimeout:
			if isLock(e) {
				ended(lockWaits, e, e.Obj)
				if e.Kind == gil.EvLockAcquire {
					count[e.Obj]++
				}
			}
		case gil.EvStarvation:
			out = append(out, Finding{Rule: "starvation", From: e.T, To: e.T, Text: e.Name + ".", Advice: "Hand over in turn through a queue or a condition."})
		}
	}
	return out
}

func loopFindings(tl *Timeline) (out []Finding) {
	tl.eachCallback(func(e *gil.Event, name string, d time.Duration) {
		if d > slowCallback {
			out = append(out, Finding{
				Rule: "slow-callback", Threads: []string{tl.ThreadName(e.TID)}, From: e.T - d, To: e.T,
				Text:   fmt.Sprintf("The callback%s kept the event loop for %s; no other task ran meanwhile and timers are late.", of(name), short(d)),
				Advice: "Await something in between, or run it in a thread.",
			})
		}
	})
	for i := range tl.Trace.Events {
		e := &tl.Trace.Events[i]
		switch e.Kind {
		case gil.EvCancelSwallow:
			out = append(out, Finding{
				Rule: "swallowed", Threads: []string{tl.ThreadName(e.TID)}, From: e.T, To: e.T,
				Text: fmt.Sprintf("The task %s was asked to end and went on.", tl.ObjectName(e.Obj)), Advice: "Raise the CancelledError again after cleaning up.",
			})
		case gil.EvUnhandled:
			out = append(out, Finding{
				Rule: "unhandled", Threads: []string{tl.ThreadName(e.TID)}, From: e.T, To: e.T,
				Text: fmt.Sprintf("Nobody took an exception: %s.", e.Name), Advice: "Await the task, or look at its exception.",
			})
		}
	}
	return out
}
