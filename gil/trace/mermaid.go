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

// Mermaid says how a sequence diagram looks. The zero Mermaid has at most 50 000
// characters, which is where viewers stop.
type Mermaid struct {
	Most int  // characters; 0 is 50 000. A note at the end says how many messages are left out
	GIL  bool // with the GIL's messages: who takes it, who gives it up and why
}

// WriteMermaid writes a sequence diagram: threads, locks and queues side by side,
// messages from top to bottom. Messages that repeat themselves are one loop.
func (tl *Timeline) WriteMermaid(w io.Writer, o Mermaid) error {
	if o.Most == 0 {
		o.Most = 50_000
	}
	m := mermaid{tl: tl, ids: map[string]string{}}
	for i := range tl.Lanes {
		m.party("T", tl.Lanes[i].Name, uint64(tl.Lanes[i].TID))
	}
	for i := range tl.Trace.Events {
		if e := tl.Trace.Events[i]; e.T >= tl.From {
			m.message(e, o.GIL)
		}
	}
	out := bufio.NewWriter(w)
	text := "sequenceDiagram\n" + strings.Join(m.parties, "")
	size := len(text)
	body := m.loops()
	// A note takes room too. What is opened must be closed again.
	const note = 120
	var b strings.Builder
	open := 0
	for i, l := range body {
		if size+b.Len()+len(l.text)+(open+1)*8+note > o.Most {
			for ; open > 0; open-- {
				b.WriteString("    end\n")
			}
			left := 0
			for _, r := range body[i:] {
				left += r.n
			}
			if len(tl.Lanes) > 0 {
				fmt.Fprintf(&b, "    Note over %s: … and %d more messages\n", m.thread(tl.Lanes[0].TID), left)
			}
			break
		}
		switch {
		case strings.HasPrefix(l.text, "    loop "):
			open++
		case l.text == "    end\n":
			open--
		}
		b.WriteString(l.text)
	}
	out.WriteString(text)
	out.WriteString(b.String())
	return out.Flush()
}

type mermaid struct {
	tl      *Timeline
	ids     map[string]string
	parties []string
	lines   []string
}

// party is the short name of a participant.
func (m *mermaid) party(kind, label string, n uint64) string {
	key := fmt.Sprintf("%s/%d", kind, n)
	if kind == "L" {
		key = kind + "/" + label // the waits at a condition are one thing
	}
	id, ok := m.ids[key]
	if !ok {
		id = fmt.Sprintf("%s%d", kind, len(m.parties)+1)
		m.ids[key] = id
		m.parties = append(m.parties, fmt.Sprintf("    participant %s as %s\n", id, mermaidText(label)))
	}
	return id
}

func (m *mermaid) thread(tid uint32) string {
	return m.party("T", m.tl.ThreadName(tid), uint64(tid))
}

func (m *mermaid) say(format string, args ...any) {
	m.lines = append(m.lines, "    "+fmt.Sprintf(format, args...)+"\n")
}

func (m *mermaid) message(e gil.Event, withGIL bool) {
	tl := m.tl
	if tl.Lane(e.TID) == nil {
		return
	}
	t := m.thread(e.TID)
	thing := func() string { return m.party("L", tl.thing(e.Obj), e.Obj) }
	op := kernel.OpKind(e.B)
	switch e.Kind {
	case gil.EvThreadCreate:
		if e.Peer != e.TID && e.Peer != 0 {
			m.say("%s->>%s: starts", m.thread(e.Peer), t)
		}
	case gil.EvThreadEnd:
		if e.A == 1 {
			m.say("Note over %s: fails", t)
		} else {
			m.say("Note over %s: ends", t)
		}
	case gil.EvJoinBegin:
		m.say("%s->>%s: join", t, m.thread(e.Peer))
	case gil.EvJoinEnd:
		if e.A == 1 {
			m.say("%s-->>%s: has ended", m.thread(e.Peer), t)
		}
	case gil.EvLockRequest:
		if op != kernel.OpJoin && op != kernel.OpStart {
			m.say("%s-)%s: waits", t, thing())
		}
	case gil.EvLockAcquire:
		switch {
		case op == kernel.OpJoin || op == kernel.OpStart:
		case isLock(&e):
			m.say("%s->>%s: acquires", t, thing())
		default:
			m.say("%s->>%s: passes", t, thing())
		}
	case gil.EvLockTimeout:
		m.say("%s-x%s: gives up", t, thing())
	case gil.EvLockRelease:
		what := "releases"
		switch op {
		case kernel.OpSet:
			what = "sets"
		case kernel.OpNotify:
			what = "wakes one"
		}
		m.say("%s->>%s: %s", t, thing(), what)
	case gil.EvQueuePut:
		m.say("%s->>%s: puts %d", t, thing(), e.A)
	case gil.EvQueueGet:
		m.say("%s-->>%s: item %d", thing(), t, e.A)
	case gil.EvPipeSend:
		m.say("%s->>%s: sends %d bytes", t, thing(), e.B)
	case gil.EvPipeRecv:
		m.say("%s-->>%s: %d bytes", thing(), t, e.B)
	case gil.EvSubmit:
		m.say("%s->>%s: submits task %d", t, thing(), e.A)
	case gil.EvTaskBegin:
		m.say("%s->>%s: task %d", thing(), t, e.A)
	case gil.EvRead:
		m.say("%s-->>%s: %s", thing(), t, mermaidText(orElse(tl.Trace.Values[e.Seq], "reads")))
	case gil.EvWrite:
		m.say("%s->>%s: %s", t, thing(), mermaidText(orElse(tl.Trace.Values[e.Seq], "writes")))
	case gil.EvSleepBegin:
		m.say("Note over %s: sleeps for %s", t, short(time.Duration(e.A)))
	case gil.EvIOBegin:
		m.say("Note over %s: io for %s", t, short(time.Duration(e.A)))
	case gil.EvPrint:
		if s := strings.TrimSpace(e.Name); s != "" {
			m.say("Note over %s: prints %s", t, mermaidText(s))
		}
	case gil.EvLabel:
		m.say("Note over %s: at %s", t, mermaidText(e.Name))
	case gil.EvDeadlock:
		m.say("Note over %s: deadlock", t)
	case gil.EvGILAcquire:
		if withGIL {
			m.say("%s->>%s: takes", t, m.party("G", tl.names.gil(e.Obj), e.Obj))
		}
	case gil.EvGILRelease:
		if withGIL {
			m.say("%s-->>%s: gives up, %s", t, m.party("G", tl.names.gil(e.Obj), e.Obj), because(e.Why))
		}
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// mermaidLine is a line of the diagram and how many messages it stands for.
type mermaidLine struct {
	text string
	n    int
}

// loops replaces messages that repeat themselves at least three times.
func (m *mermaid) loops() []mermaidLine {
	var out []mermaidLine
	for i := 0; i < len(m.lines); {
		best, times := 0, 0
		for p := 1; p <= 12 && i+3*p <= len(m.lines); p++ {
			k := 1
			for i+(k+1)*p <= len(m.lines) && slices.Equal(m.lines[i:i+p], m.lines[i+k*p:i+(k+1)*p]) {
				k++
			}
			if k >= 3 && k*p > best*times {
				best, times = p, k
			}
		}
		if times == 0 {
			out = append(out, mermaidLine{m.lines[i], 1})
			i++
			continue
		}
		out = append(out, mermaidLine{fmt.Sprintf("    loop %d times\n", times), 0})
		for _, l := range m.lines[i : i+best] {
			out = append(out, mermaidLine{"    " + l, times})
		}
		out = append(out, mermaidLine{"    end\n", 0})
		i += best * times
	}
	return out
}

// mermaidText is s where the diagram's language has free text: without what ends a
// line or begins a comment, and without a bare word end, which closes a block.
func mermaidText(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, cutText(s, 60))
	s = strings.NewReplacer("#", "#35;", ";", "#59;", "%%", "% %").Replace(s)
	if strings.EqualFold(strings.TrimSpace(s), "end") {
		s = "(" + s + ")"
	}
	return s
}
