package trace

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// WaitGraph is who waited for what, and who had it, at one moment.
type WaitGraph struct {
	At    time.Duration
	Edges []WaitEdge // by thread
}

// WaitEdge is one thread's wait.
type WaitEdge struct {
	TID    uint32        // the thread
	Thread string        // its name
	For    string        // such as "lock accounts", "end of w", "GIL"
	By     []uint32      // threads that end the wait by what they do: holders, the thread that is joined
	Held   []string      // their names
	Since  time.Duration // when it began
}

// Waiting is the graph of a moment: after everything that happened up to then.
func (tl *Timeline) Waiting(at time.Duration) *WaitGraph {
	n := len(tl.Trace.Events)
	for i := range tl.Trace.Events {
		if tl.Trace.Events[i].T > at {
			n = i
			break
		}
	}
	return tl.waiting(n, at)
}

// Deadlocked is the graph of the moment at which nothing could happen any more, nil
// when there was none.
func (tl *Timeline) Deadlocked() *WaitGraph {
	for i := range tl.Trace.Events {
		if e := &tl.Trace.Events[i]; e.Kind == gil.EvDeadlock {
			return tl.waiting(i, e.T)
		}
	}
	return nil
}

// waiting follows the first n events.
func (tl *Timeline) waiting(n int, at time.Duration) *WaitGraph {
	type wait struct {
		obj   uint64
		what  string
		peer  uint32 // who is joined
		gil   bool
		since time.Duration
	}
	waits, joins := map[uint32]wait{}, map[uint32]uint32{}
	held := map[uint64][]uint32{} // by lock, GILs by gilKey
	drop := func(obj uint64, tid uint32) {
		hs := held[obj]
		i := slices.Index(hs, tid)
		if i < 0 && len(hs) > 0 {
			i = 0 // any thread may release a lock
		}
		if i >= 0 {
			held[obj] = slices.Delete(hs, i, i+1)
		}
	}
	for i := range n {
		e := &tl.Trace.Events[i]
		switch e.Kind {
		case gil.EvJoinBegin:
			joins[e.TID] = e.Peer
			waits[e.TID] = wait{what: "end of " + tl.ThreadName(e.Peer), peer: e.Peer, since: e.T}
		case gil.EvJoinEnd, gil.EvThreadEnd:
			delete(joins, e.TID)
			delete(waits, e.TID)
		case gil.EvLockRequest:
			w := wait{obj: e.Obj, what: strings.TrimPrefix(tl.thing(e.Obj), "the "), since: e.T}
			switch op := kernel.OpKind(e.B); {
			case op == kernel.OpJoin && joins[e.TID] != 0:
				w = waits[e.TID]
			case op == kernel.OpJoin || op == kernel.OpStart:
				w.obj = 0
				if o := tl.names.objects[e.Obj]; o != nil {
					w.peer = tl.named(strings.TrimPrefix(o.name, "start of "), e.PID)
				}
			case e.Peer != 0 && len(held[e.Obj]) == 0:
				w.peer = e.Peer
			}
			waits[e.TID] = w
		case gil.EvLockAcquire:
			delete(waits, e.TID)
			if isLock(e) {
				held[e.Obj] = append(held[e.Obj], e.TID)
			}
		case gil.EvLockTimeout:
			delete(waits, e.TID)
		case gil.EvLockRelease:
			if kernel.OpKind(e.B) == kernel.OpRelease {
				drop(e.Obj, e.TID)
			}
		case gil.EvGILRequest:
			if _, ok := waits[e.TID]; !ok {
				waits[e.TID] = wait{obj: gilKey(e.Obj), what: tl.names.gil(e.Obj), gil: true, since: e.T}
			}
		case gil.EvGILAcquire:
			if waits[e.TID].gil {
				delete(waits, e.TID)
			}
			held[gilKey(e.Obj)] = []uint32{e.TID}
		case gil.EvGILRelease:
			drop(gilKey(e.Obj), e.TID)
		}
	}
	g := &WaitGraph{At: at}
	for i := range tl.Lanes {
		tid := tl.Lanes[i].TID
		w, ok := waits[tid]
		if !ok {
			continue
		}
		x := WaitEdge{TID: tid, Thread: tl.ThreadName(tid), For: w.what, Since: w.since}
		if w.peer != 0 {
			x.By = []uint32{w.peer}
		} else {
			x.By = slices.Clone(held[w.obj])
		}
		for _, h := range x.By {
			x.Held = append(x.Held, tl.ThreadName(h))
		}
		g.Edges = append(g.Edges, x)
	}
	return g
}

// named finds the thread of a process by its name, 0 when there is none.
func (tl *Timeline) named(name string, pid uint32) uint32 {
	for _, tid := range tl.names.order {
		if tl.names.plain[tid] == name && tl.names.pids[tid] == pid {
			return tid
		}
	}
	return 0
}

// Cycles are the circles of threads that wait for each other, each told once,
// beginning with its thread of the lowest number and without that at its end.
func (g *WaitGraph) Cycles() [][]string {
	next := map[uint32]*WaitEdge{}
	for i := range g.Edges {
		next[g.Edges[i].TID] = &g.Edges[i]
	}
	var out [][]string
	var path []uint32
	var visit func(tid uint32)
	visit = func(tid uint32) {
		if i := slices.Index(path, tid); i >= 0 {
			if i == 0 { // each cycle is found from its lowest member
				var names []string
				for _, t := range path {
					names = append(names, next[t].Thread)
				}
				out = append(out, names)
			}
			return
		}
		e := next[tid]
		if e == nil || len(path) > 0 && tid < path[0] {
			return
		}
		path = append(path, tid)
		for _, by := range e.By {
			visit(by)
		}
		path = path[:len(path)-1]
	}
	for i := range g.Edges {
		visit(g.Edges[i].TID)
	}
	return out
}

// WriteText writes a line per wait and one per cycle, such as
//
//	a waits for lock two, held by b, for 1 ms
//	b waits for lock one, held by a, for 1 ms
//	cycle: a → b → a
func (g *WaitGraph) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, e := range g.Edges {
		fmt.Fprintf(out, "%s waits for %s", e.Thread, e.For)
		if len(e.Held) > 0 && !strings.HasPrefix(e.For, "end of ") && !strings.HasPrefix(e.For, "start of ") {
			fmt.Fprintf(out, ", held by %s", strings.Join(e.Held, " and "))
		}
		fmt.Fprintf(out, ", for %s\n", short(g.At-e.Since))
	}
	if len(g.Edges) == 0 {
		fmt.Fprintln(out, "nobody waits")
	}
	for _, c := range g.Cycles() {
		fmt.Fprintf(out, "cycle: %s → %s\n", strings.Join(c, " → "), c[0])
	}
	return out.Flush()
}

// WriteDOT writes the graph for Graphviz: threads are boxes, what they wait for are
// ellipses; the edges of cycles are bold.
func (g *WaitGraph) WriteDOT(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "digraph waits {\n\trankdir=LR;\n\tnode [shape=box];")
	inCycle := map[string]bool{}
	for _, c := range g.Cycles() {
		for _, name := range c {
			inCycle[name] = true
		}
	}
	done := map[string]bool{}
	line := func(format string, args ...any) {
		if s := fmt.Sprintf(format, args...); !done[s] {
			done[s] = true
			fmt.Fprintln(out, s)
		}
	}
	for _, e := range g.Edges {
		style := ""
		if inCycle[e.Thread] {
			style = " [style=bold]"
		}
		line("\t%s [shape=ellipse, label=%s];", dotName("for "+e.For), dotName(e.For))
		line("\t%s -> %s%s;", dotName(e.Thread), dotName("for "+e.For), style)
		for _, h := range e.Held {
			s := style
			if !inCycle[h] {
				s = ""
			}
			line("\t%s -> %s%s;", dotName("for "+e.For), dotName(h), s)
		}
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

// dotName is a text as a Graphviz name.
func dotName(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s) + `"`
}
