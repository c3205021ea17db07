package trace

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
)

// Chrome says what WriteChrome writes beside threads, GILs, cores, tasks and
// counters.
type Chrome struct {
	Locks bool // a lane per lock, with its holders
}

// WriteChrome writes the timeline as JSON in Chrome's trace event format, which
// ui.perfetto.dev, chrome://tracing, the Firefox Profiler and speedscope open. Each
// emulated process is a process; it has a lane per GIL with its holders, a lane per
// thread with its states, a lane with the tasks of each thread that has any, and
// one for moments such as prints. Cores are a process of their own. Arrows lead
// from a cause to its effect. Coroutines are asynchronous spans. The file holds to
// all rules of CheckChrome.
func (tl *Timeline) WriteChrome(w io.Writer, o Chrome) error {
	c := chrome{tl: tl, lanes: map[chromeLane]int{}}
	c.threads(o)
	c.cores()
	c.moments()
	c.links()
	c.coroutines()
	c.prune()
	c.counters()
	c.nameLanes()
	return c.write(w)
}

// chrome collects the events of a file.
type chrome struct {
	tl     *Timeline
	meta   []string
	named  []chromeName
	events []chromeEvent
	lanes  map[chromeLane]int // to tid
	tid    int                // given out last: no two lanes of a file share one
	id     int                // of flows and asynchronous spans
	lost   int                // links without a span at one of their ends
	last   int                // greatest pid
}

type chromeLane struct {
	kind string
	n    uint64
}

type chromeName struct {
	pid, tid int
	name     string
}

type chromeEvent struct {
	ph       byte
	ts, dur  time.Duration // since Timeline.From
	pid, tid int
	id       int
	name     string
	cat      string
	args     []chromeArg
}

type chromeArg struct {
	key   string
	text  string
	n     int64
	isNum bool
}

func textArg(key, text string) chromeArg { return chromeArg{key: key, text: text} }
func numArg(key string, n int64) chromeArg {
	return chromeArg{key: key, n: n, isNum: true}
}

func (c *chrome) process(pid int, name string) {
	c.last = max(c.last, pid)
	c.meta = append(c.meta,
		fmt.Sprintf(`{"ph":"M","name":"process_name","pid":%d,"args":{"name":%s}}`, pid, clean(name)),
		fmt.Sprintf(`{"ph":"M","name":"process_sort_index","pid":%d,"args":{"sort_index":%d}}`, pid, pid))
}

// lane gives a lane its number.
func (c *chrome) lane(pid int, key chromeLane, name string) int {
	c.tid++
	c.lanes[key] = c.tid
	c.named = append(c.named, chromeName{pid, c.tid, name})
	return c.tid
}

// prune takes lanes away that nothing is on, but for the first of a process.
func (c *chrome) prune() {
	used, first := map[int]bool{}, map[int]bool{}
	for _, e := range c.events {
		used[e.tid] = true
	}
	c.named = slices.DeleteFunc(c.named, func(l chromeName) bool {
		keep := used[l.tid] || !first[l.pid]
		first[l.pid] = true
		return !keep
	})
}

// nameLanes tells the lanes' names. They begin with the lane's place in its process,
// for viewers that sort by name.
func (c *chrome) nameLanes() {
	count, place := map[int]int{}, map[int]int{}
	for _, l := range c.named {
		count[l.pid]++
	}
	for _, l := range c.named {
		place[l.pid]++
		n := place[l.pid]
		name := fmt.Sprintf("%0*d %s", max(2, len(strconv.Itoa(count[l.pid]))), n, l.name)
		c.meta = append(c.meta,
			fmt.Sprintf(`{"ph":"M","name":"thread_name","pid":%d,"tid":%d,"args":{"name":%s}}`, l.pid, l.tid, clean(name)),
			fmt.Sprintf(`{"ph":"M","name":"thread_sort_index","pid":%d,"tid":%d,"args":{"sort_index":%d}}`, l.pid, l.tid, n))
	}
}

func (c *chrome) span(pid, tid int, from, to time.Duration, name, cat string, args ...chromeArg) {
	if from < to { // what takes no time would hide what begins then
		c.events = append(c.events, chromeEvent{ph: 'X', ts: from - c.tl.From, dur: to - from, pid: pid, tid: tid, name: name, cat: cat, args: args})
	}
}

func (c *chrome) threads(o Chrome) {
	tl := c.tl
	for _, pid := range tl.names.pidOrder {
		name := tl.names.process(pid)
		if p := tl.Trace.Header.Profile; p != "" {
			name += " (" + p + ")"
		}
		p := int(pid)
		c.process(p, name)
		for _, g := range tl.GILs {
			if g.PID == pid {
				tid := c.lane(p, chromeLane{"gil", g.Obj}, g.Name)
				for _, h := range g.Holds {
					args := []chromeArg{numArg("waited_ns", int64(h.Waited))}
					if h.Why != 0 {
						args = append(args, textArg("given up for", h.Why.String()))
					}
					c.span(p, tid, h.From, h.To, tl.ThreadName(h.TID), "holder", args...)
				}
			}
		}
		for i := range tl.Lanes {
			if l := &tl.Lanes[i]; l.PID == pid {
				c.thread(p, l)
			}
		}
		for _, r := range tl.Locks {
			if o.Locks && r.PID == pid {
				tid := c.lane(p, chromeLane{"lock", r.Obj}, "lock "+r.Name)
				for _, h := range disjoint(r.Holds) {
					c.span(p, tid, h.From, h.To, tl.ThreadName(h.TID), "lock", numArg("waited_ns", int64(h.Waited)))
				}
			}
		}
		c.lane(p, chromeLane{"moments", uint64(pid)}, "moments")
	}
}

func (c *chrome) thread(pid int, l *Lane) {
	tl := c.tl
	tid := c.lane(pid, chromeLane{"thread", uint64(l.TID)}, l.Name)
	for _, s := range l.Spans {
		name := s.State.String()
		var args []chromeArg
		if s.State.Waits() && s.Obj != 0 && (s.State != WaitGIL && s.State != WaitJoin) {
			name += " " + tl.ObjectName(s.Obj)
		}
		if s.State.Waits() && s.Peer != 0 {
			key := "holder"
			if s.State == WaitJoin {
				key = "of"
			}
			args = append(args, textArg(key, tl.ThreadName(s.Peer)))
		}
		c.span(pid, tid, s.From, s.To, name, "state", args...)
	}
	for _, r := range tl.Tasks {
		if r.Obj == uint64(l.TID) {
			tid := c.lane(pid, chromeLane{"tasks", r.Obj}, r.Name)
			for _, h := range nested(r.Holds) {
				name := h.Name
				if name == "" {
					name = "task"
				}
				c.span(pid, tid, h.From, h.To, name, "task")
			}
		}
	}
}

// disjoint leaves out holds that begin before the one before them has ended: what
// several threads hold at once is no lane of spans.
func disjoint(hs []Hold) []Hold {
	hs = slices.SortedStableFunc(slices.Values(hs), func(a, b Hold) int { return cmp.Compare(a.From, b.From) })
	var out []Hold
	for _, h := range hs {
		if len(out) == 0 || out[len(out)-1].To <= h.From {
			out = append(out, h)
		}
	}
	return out
}

// nested leaves out holds that overlap one before them without lying in it.
func nested(hs []Hold) []Hold {
	hs = slices.SortedStableFunc(slices.Values(hs), func(a, b Hold) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To))
	})
	var out []Hold
	var open []time.Duration
	for _, h := range hs {
		for len(open) > 0 && open[len(open)-1] <= h.From {
			open = open[:len(open)-1]
		}
		if len(open) > 0 && h.To > open[len(open)-1] {
			continue
		}
		open = append(open, h.To)
		out = append(out, h)
	}
	return out
}

func (c *chrome) cores() {
	if len(c.tl.Cores) == 0 {
		return
	}
	pid := c.last + 1
	c.process(pid, "cores")
	for _, r := range c.tl.Cores {
		tid := c.lane(pid, chromeLane{"core", r.Obj}, r.Name)
		for _, h := range disjoint(r.Holds) {
			name := h.Name
			if n := c.tl.ThreadName(h.TID); strings.HasPrefix(n, name) {
				name = n
			}
			c.span(pid, tid, h.From, h.To, name, "core")
		}
	}
}

// moments puts instants on a lane of their own, each at a time of its own: viewers
// show one of two events with equal times.
func (c *chrome) moments() {
	next := map[int]time.Duration{}
	for _, m := range c.tl.Marks {
		tid, ok := c.lanes[chromeLane{"moments", uint64(m.PID)}]
		if !ok {
			continue
		}
		at := max(m.T-c.tl.From, next[tid])
		next[tid] = at + 1
		args := []chromeArg{textArg("thread", c.tl.ThreadName(m.TID)), numArg("t_ns", int64(m.T))}
		if m.Text != "" {
			args = append(args, textArg("text", m.Text))
		}
		c.events = append(c.events, chromeEvent{ph: 'i', ts: at, pid: int(m.PID), tid: tid, name: m.Kind.String(), cat: "moment", args: args})
	}
}

// links draws arrows from inside the span of the cause to inside that of the effect.
func (c *chrome) links() {
	for _, l := range c.tl.Links {
		from, to := c.tl.Lane(l.From), c.tl.Lane(l.To)
		if from == nil || to == nil {
			c.lost++
			continue
		}
		begin, ok := l.At-1, false
		if _, ok = from.At(begin); !ok {
			begin = l.At
			_, ok = from.At(begin)
		}
		end := l.Then
		s, there := to.At(end)
		if there && end+1 < s.To {
			end++
		}
		if !ok || !there || begin > end {
			c.lost++
			continue
		}
		c.id++
		e := chromeEvent{ph: 's', ts: begin - c.tl.From, pid: int(from.PID), tid: c.lanes[chromeLane{"thread", uint64(l.From)}], id: c.id, name: l.Kind, cat: "cause"}
		f := e
		f.ph, f.ts, f.pid, f.tid = 'f', end-c.tl.From, int(to.PID), c.lanes[chromeLane{"thread", uint64(l.To)}]
		c.events = append(c.events, e, f)
	}
}

// coroutines are asynchronous spans: they overlap as they like. Those that take no
// time are left out, for at one time an end comes before a begin.
func (c *chrome) coroutines() {
	type task struct {
		begin      chromeEvent
		step       time.Duration // it runs since then
		running    bool
		from, upTo []time.Duration // its steps
		over       bool
	}
	of := map[uint64]*task{}
	var tasks []*task
	for i := range c.tl.Trace.Events {
		e := &c.tl.Trace.Events[i]
		at := e.T - c.tl.From
		tid, known := c.lanes[chromeLane{"thread", uint64(e.TID)}]
		if at < 0 || !known {
			continue
		}
		t := of[e.Obj]
		switch {
		case e.Kind == gil.EvCoroutine && t == nil:
			t = &task{begin: chromeEvent{ph: 'b', ts: at, dur: c.tl.Length() - at, pid: int(e.PID), tid: tid, name: c.tl.ObjectName(e.Obj), cat: "task"}}
			of[e.Obj] = t
			tasks = append(tasks, t)
		case t == nil || t.over:
		case e.Kind == gil.EvCoStep && !t.running:
			t.step, t.running = at, true
		case (e.Kind == gil.EvCoSuspend || e.Kind == gil.EvCoDone) && t.running:
			t.running = false
			t.from, t.upTo = append(t.from, t.step), append(t.upTo, at)
		}
		if e.Kind == gil.EvCoDone && t != nil && !t.over {
			t.over, t.begin.dur = true, at-t.begin.ts
		}
	}
	for _, t := range tasks {
		if t.running {
			t.from, t.upTo = append(t.from, t.step), append(t.upTo, c.tl.Length())
		}
		if t.begin.dur <= 0 {
			continue
		}
		c.id++
		e := t.begin
		e.id, e.dur = c.id, 0
		c.events = append(c.events, e)
		for i := range t.from {
			if t.from[i] == t.upTo[i] {
				continue
			}
			step := e
			step.name, step.ts = "step", t.from[i]
			c.events = append(c.events, step)
			step.ph, step.ts = 'e', t.upTo[i]
			c.events = append(c.events, step)
		}
		e.ph, e.ts = 'e', t.begin.ts+t.begin.dur
		c.events = append(c.events, e)
	}
}

// counters have a value at the beginning, at each change and at the end.
func (c *chrome) counters() {
	if c.tid == 0 {
		return
	}
	lane := map[int]int{} // any of the process
	for _, l := range c.named {
		lane[l.pid] = l.tid
	}
	end := c.tl.To
	for _, e := range c.events { // moments may have been moved beyond it
		end = max(end, c.tl.From+e.ts+e.dur)
	}
	for _, k := range c.tl.Counters() {
		pid := int(k.PID)
		if pid == 0 {
			pid = c.last
		}
		points := k.Points
		if last := points[len(points)-1]; last.T < end {
			points = append(points[:len(points):len(points)], Point{end, last.N})
		}
		for _, p := range points {
			c.events = append(c.events, chromeEvent{ph: 'C', ts: p.T - c.tl.From, pid: pid, tid: lane[pid], name: k.Name, args: []chromeArg{numArg("n", p.N)}})
		}
	}
}
