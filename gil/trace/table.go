package trace

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/kernel"
)

// Steps says how a table of steps looks. The zero Steps is 100 columns wide and has
// at most 200 rows.
type Steps struct {
	Width int // of a line; 0 is 100
	Most  int // rows; 0 is 200. A last line says how many steps are left out
}

// WriteTable writes who did what in which order: a row per step that others can
// notice, a column per thread, and what is then true of the variable, lock or queue
// in question. A thread that waits says for what, and : until it goes on. Without
// recorded values a variable has the number of times it was written; a write by a
// thread that has not seen the latest one is marked, for it undoes that one.
func (tl *Timeline) WriteTable(w io.Writer, o Steps) error {
	if o.Width == 0 {
		o.Width = 100
	}
	if o.Most == 0 {
		o.Most = 200
	}
	b := tableBuilder{
		tl: tl, column: map[uint32]int{}, holder: map[uint64]uint32{}, writes: map[uint64]int{}, seen: map[heldBy]int{}, waits: map[int]bool{},
	}
	for i := range tl.Lanes {
		b.column[tl.Lanes[i].TID] = i
	}
	steps := 0
	for i := range tl.Trace.Events {
		e := tl.Trace.Events[i]
		col, ok := b.column[e.TID]
		if !ok || e.T < tl.From {
			continue
		}
		cell, state := b.step(e, col)
		if cell == "" {
			continue
		}
		if steps++; steps > o.Most {
			continue
		}
		row := make([]string, len(tl.Lanes)+2)
		row[0] = strconv.Itoa(steps)
		for c := range b.waits {
			row[c+1] = ":"
		}
		row[col+1], row[len(row)-1] = cell, state
		b.rows = append(b.rows, row)
	}
	out := bufio.NewWriter(w)
	b.write(out, o.Width)
	if steps > o.Most {
		fmt.Fprintf(out, "… and %d more steps\n", steps-o.Most)
	}
	return out.Flush()
}

type tableBuilder struct {
	tl     *Timeline
	column map[uint32]int
	rows   [][]string
	holder map[uint64]uint32
	writes map[uint64]int
	seen   map[heldBy]int // the write that a thread has seen last
	waits  map[int]bool   // columns
}

// step is what a thread did, "" if nobody else can notice, and what is true then.
func (b *tableBuilder) step(e gil.Event, col int) (cell, state string) {
	obj := b.tl.ObjectName(e.Obj)
	switch e.Kind {
	case gil.EvThreadStart:
		return "begins", ""
	case gil.EvThreadEnd:
		delete(b.waits, col)
		if e.A == 1 {
			return "FAILS", ""
		}
		return "ends", ""
	case gil.EvRead, gil.EvWrite:
		return b.access(e, obj)
	case gil.EvLockRequest, gil.EvLockAcquire, gil.EvLockRelease, gil.EvLockTimeout, gil.EvClear:
		return b.lock(e, obj, col)
	case gil.EvJoinBegin:
		return "join " + b.tl.ThreadName(e.Peer), ""
	case gil.EvJoinEnd:
		delete(b.waits, col)
		if e.A == 0 {
			return "stops waiting", ""
		}
		return "has joined " + b.tl.ThreadName(e.Peer), ""
	case gil.EvLabel:
		return "at " + e.Name, ""
	case gil.EvPrint:
		if strings.TrimSpace(e.Name) == "" {
			return fmt.Sprintf("print %q", e.Name), ""
		}
		return "print " + strings.TrimSuffix(e.Name, "\n"), ""
	case gil.EvSleepBegin:
		return "sleep " + short(time.Duration(e.A)), ""
	case gil.EvIOBegin:
		return "io " + short(time.Duration(e.A)), ""
	case gil.EvQueuePut:
		return fmt.Sprintf("put %d into %s", e.A, obj), fmt.Sprintf("%s has %d", obj, e.B)
	case gil.EvQueueGet:
		return fmt.Sprintf("get %d from %s", e.A, obj), fmt.Sprintf("%s has %d", obj, e.B)
	case gil.EvCopyOnWrite:
		return "copy " + size(e.A), "copied on write"
	case gil.EvCorrupt:
		return "BROKEN VALUE", e.Name
	case gil.EvNotify:
		return "notify " + e.Name, fmt.Sprintf("%d woken", e.A)
	case gil.EvTaskBegin:
		return fmt.Sprintf("begin task %d", e.A), ""
	case gil.EvTaskEnd:
		return fmt.Sprintf("end task %d", e.A), ""
	case gil.EvSubmit:
		return fmt.Sprintf("submit task %d", e.A), ""
	case gil.EvAssert:
		return "ASSERTION FAILS", e.Name
	case gil.EvDeadlock:
		return "DEADLOCK", ""
	}
	return "", ""
}

// access is a read or a write of a variable.
func (b *tableBuilder) access(e gil.Event, obj string) (cell, state string) {
	k := heldBy{tid: e.TID, obj: e.Obj}
	value := b.tl.Trace.Values[e.Seq]
	if e.Kind == gil.EvRead {
		b.seen[k] = b.writes[e.Obj]
		if value != "" {
			return fmt.Sprintf("read %s: %s", obj, value), ""
		}
		return "read " + obj, ""
	}
	stale, read := b.seen[k]
	b.writes[e.Obj]++
	n := b.writes[e.Obj]
	b.seen[k] = n
	if state = fmt.Sprintf("%s = %s", obj, value); value == "" {
		state = fmt.Sprintf("%s: write %d", obj, n)
	}
	if read && stale < n-1 {
		state += fmt.Sprintf(", %d lost", n-1-stale)
	}
	return "write " + obj, state
}

func (b *tableBuilder) lock(e gil.Event, obj string, col int) (cell, state string) {
	op := kernel.OpKind(e.B)
	if op == kernel.OpJoin || op == kernel.OpStart {
		if b.waits[col] = e.Kind == gil.EvLockRequest; !b.waits[col] {
			delete(b.waits, col)
		}
		return "", ""
	}
	switch e.Kind {
	case gil.EvLockRequest:
		b.waits[col] = true
		h := b.holder[e.Obj]
		if h == 0 {
			h = e.Peer
		}
		if h != 0 {
			return fmt.Sprintf("(waits for %s held by %s)", obj, b.tl.ThreadName(h)), ""
		}
		return fmt.Sprintf("(waits for %s)", obj), ""
	case gil.EvLockAcquire:
		delete(b.waits, col)
		if isLock(&e) {
			b.holder[e.Obj] = e.TID
			return "acquire " + obj, fmt.Sprintf("%s held by %s", obj, b.tl.ThreadName(e.TID))
		}
		return "pass " + obj, ""
	case gil.EvLockTimeout:
		delete(b.waits, col)
		return "gives up " + obj, ""
	case gil.EvClear:
		return "clear " + obj, obj + " closed"
	}
	switch op {
	case kernel.OpSet:
		return "set " + obj, obj + " open"
	case kernel.OpNotify:
		return "wake " + obj, ""
	}
	delete(b.holder, e.Obj)
	return "release " + obj, obj + " free"
}

// write makes columns of the rows that fit the width: the widest ones give first.
func (b *tableBuilder) write(out *bufio.Writer, width int) {
	head := []string{"step"}
	for i := range b.tl.Lanes {
		head = append(head, b.tl.Lanes[i].Name)
	}
	head = append(head, "then")
	w := make([]int, len(head))
	for _, row := range append([][]string{head}, b.rows...) {
		for i, c := range row {
			w[i] = max(w[i], utf8.RuneCountInString(c))
		}
	}
	for {
		sum, widest := 0, 0
		for i, n := range w {
			sum += n + 3
			if n > w[widest] {
				widest = i
			}
		}
		if sum-3 <= width || w[widest] <= 8 {
			break
		}
		w[widest]--
	}
	line := func(row []string) {
		var s strings.Builder
		for i, c := range row {
			if i > 0 {
				s.WriteString(" | ")
			}
			c = cutText(c, w[i])
			pad := strings.Repeat(" ", w[i]-utf8.RuneCountInString(c))
			if i == 0 {
				s.WriteString(pad + c)
			} else {
				s.WriteString(c + pad)
			}
		}
		fmt.Fprintln(out, strings.TrimRight(s.String(), " "))
	}
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = strings.Repeat("-", w[i])
	}
	fmt.Fprintln(out, strings.Join(rule, "-+-"))
	for _, row := range b.rows {
		line(row)
	}
}
