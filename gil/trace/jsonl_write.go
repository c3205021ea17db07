package trace

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"sync"

	"github.com/pygil/pygil/gil"
)

// Writer is a gil.Observer that writes what it is told as JSON lines. The first
// line is the header; then there is one event per line, in the order of its
// numbers, and before the first event that uses a text a line that gives the text
// a number:
//
//	{"schema":1,"profile":"3.13","cores":2,"seed":1,"clock":"virtual"}
//	{"str":[1,"3.13"]}
//	{"seq":1,"t":0,"kind":"interp-start","pid":1,"tid":1,"obj":"1","name":1}
//
// Members that are zero are left out. Objects are hexadecimal texts, because many
// readers of JSON know no whole numbers of 64 bits. It may be used from many
// goroutines.
type Writer struct {
	mu   sync.Mutex
	w    *bufio.Writer
	err  error
	strs map[string]int
	site func(loc uintptr) string
	buf  []byte
}

var _ gil.Observer = (*Writer)(nil)

// NewWriter writes the header to w and returns a Writer of events. Call Flush at
// the end.
func NewWriter(w io.Writer, h Header) *Writer {
	s := newSites()
	return newWriter(w, h, nil, func(pc uintptr) string { return s.list[s.number(pc)] })
}

func newWriter(w io.Writer, h Header, unknown []byte, site func(uintptr) string) *Writer {
	x := &Writer{w: bufio.NewWriterSize(w, 1<<16), strs: map[string]int{}, site: site}
	if h.Schema == 0 {
		h.Schema = Schema
	}
	b := append(x.buf, `{"schema":`...)
	b = strconv.AppendInt(b, int64(h.Schema), 10)
	b = appendText(b, "title", h.Title)
	b = appendText(b, "profile", h.Profile)
	b = appendText(b, "rule", h.Rule)
	b = appendInt(b, "interval", int64(h.Interval))
	b = appendInt(b, "cores", int64(h.Cores))
	if h.Seed != 0 {
		b = strconv.AppendUint(append(b, `,"seed":`...), h.Seed, 10)
	}
	b = appendText(b, "clock", h.Clock)
	if h.Dropped != 0 {
		b = strconv.AppendUint(append(b, `,"dropped":`...), h.Dropped, 10)
	}
	b = appendInt(b, "from", int64(h.From))
	b = append(b, unknown...)
	x.write(append(b, "}\n"...))
	return x
}

// Observe writes an event.
func (x *Writer) Observe(e gil.Event) {
	x.mu.Lock()
	x.event(&e, "", nil)
	x.mu.Unlock()
}

// Flush writes what is buffered and returns the first error there was.
func (x *Writer) Flush() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.w.Flush(); x.err == nil {
		x.err = err
	}
	return x.err
}

// WriteJSONL writes the trace as JSON lines, see Writer. ReadJSONL gives it back.
func (tr *Trace) WriteJSONL(w io.Writer) error {
	x := newWriter(w, tr.Header, tr.header, func(loc uintptr) string { return tr.Site(gil.Event{Loc: loc}) })
	for i := range tr.Events {
		x.event(&tr.Events[i], tr.Values[tr.Events[i].Seq], tr.unknown[i])
	}
	return x.Flush()
}

func (x *Writer) write(b []byte) {
	if _, err := x.w.Write(b); err != nil && x.err == nil {
		x.err = err
	}
	x.buf = b[:0]
}

// str returns the number of a text, having told the reader of it.
func (x *Writer) str(s string) int {
	n, ok := x.strs[s]
	if !ok {
		n = len(x.strs) + 1
		x.strs[s] = n
		b := strconv.AppendInt(append(x.buf, `{"str":[`...), int64(n), 10)
		b = append(append(b, ','), quote(s)...)
		x.write(append(b, "]}\n"...))
	}
	return n
}

func (x *Writer) event(e *gil.Event, value string, unknown []byte) {
	name, loc, val := 0, 0, 0
	if value != "" {
		val = x.str(value)
	}
	if e.Name != "" {
		name = x.str(e.Name)
	}
	if e.Loc != 0 {
		loc = x.str(x.site(e.Loc))
	}
	b := strconv.AppendUint(append(x.buf, `{"seq":`...), e.Seq, 10)
	b = strconv.AppendInt(append(b, `,"t":`...), int64(e.T), 10)
	if e.Kind != gil.EvNone || unknown == nil { // the kind may be among the unknown
		b = append(append(append(b, `,"kind":"`...), e.Kind.String()...), '"')
	}
	b = appendInt(b, "pid", int64(e.PID))
	b = appendInt(b, "tid", int64(e.TID))
	if e.Obj != 0 {
		b = append(strconv.AppendUint(append(b, `,"obj":"`...), e.Obj, 16), '"')
	}
	b = appendInt(b, "peer", int64(e.Peer))
	b = appendInt(b, "a", e.A)
	b = appendInt(b, "b", e.B)
	if e.Why != 0 {
		b = append(append(append(b, `,"why":"`...), e.Why.String()...), '"')
	}
	b = appendInt(b, "loc", int64(loc))
	b = appendInt(b, "name", int64(name))
	b = appendInt(b, "value", int64(val))
	b = append(b, unknown...)
	x.write(append(b, "}\n"...))
}

func appendInt(b []byte, member string, n int64) []byte {
	if n == 0 {
		return b
	}
	b = append(append(append(b, `,"`...), member...), `":`...)
	return strconv.AppendInt(b, n, 10)
}

func appendText(b []byte, member, s string) []byte {
	if s == "" {
		return b
	}
	b = append(append(append(b, `,"`...), member...), `":`...)
	return append(b, quote(s)...)
}

// quote is s as JSON; what is not UTF-8 becomes U+FFFD.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // a string has no reason to fail
	}
	return b
}
