package trace

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckChrome reads a file in Chrome's trace event format and returns an error that
// names what viewers are known to show wrong, nil when there is nothing. The rules:
//
//	P1  times are printed from whole nanoseconds: digits, a point, three digits
//	P2  the spans of a lane nest
//	P3  events are sorted by time, after all metadata; at equal times an end comes
//	    before a begin and a longer span before a shorter one
//	P4  nothing without length is at the time at which a span of its lane begins, and
//	    no two instants of a lane are at the same time
//	P5  a flow starts within a span and finishes within one, with "bp":"e"
//	P6  the id of a flow is a number of at most 64 bits, belongs to one flow only,
//	    and category and name are the same at both ends, the start comes first
//	P7  a tid belongs to one process
//	P8  no process or lane is number 0
//	P9  lanes have names and sort indices, and sorting by name gives the same order
//	P10 a counter is a number, from the beginning to the end of the trace
//	P11 args are flat and short, texts are UTF-8 without control characters
//	P12 asynchronous spans of one id nest and end, and an id is one task's only
//	P13 every event has what its kind needs, times and durations not below 0
//	P14 no colours: only one viewer knows them
//	P15 an asynchronous span has a name itself, because its lane cannot have one
func CheckChrome(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	var file struct {
		TraceEvents []json.RawMessage `json:"traceEvents"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return fmt.Errorf("trace: this is no trace in Chrome's object form: %w", err)
	}
	if file.TraceEvents == nil {
		return errors.New("trace: there is no traceEvents in the file")
	}
	c := chromeChecker{tidOf: map[string]string{}}
	for i, raw := range file.TraceEvents {
		c.read(i, raw)
	}
	c.times()
	c.lanes()
	c.flows()
	c.asyncs()
	c.counters()
	c.names()
	return errors.Join(c.errs...)
}

type chromeChecker struct {
	events []readEvent
	meta   []readEvent
	tidOf  map[string]string // tid to pid
	errs   []error
	begin  int64
	end    int64
}

// readEvent is an event as it stands in a file; times are in nanoseconds.
type readEvent struct {
	at       int
	raw      map[string]json.RawMessage
	ph       string
	name     string
	cat      string
	pid, tid string
	id       string
	ts, dur  int64
	args     map[string]json.RawMessage
}

func (e *readEvent) lane() string { return e.pid + "/" + e.tid }

func (c *chromeChecker) fail(rule int, e *readEvent, format string, args ...any) {
	if len(c.errs) < 20 {
		c.errs = append(c.errs, fmt.Errorf("trace: P%d: event %d (%s %s at %d ns): %s", rule, e.at, e.ph, e.name, e.ts, fmt.Sprintf(format, args...)))
	}
}

var (
	micros  = regexp.MustCompile(`^\d+\.\d{3}$`)
	natural = regexp.MustCompile(`^[0-9]+$`)
)

// read takes an event apart: P1, P7, P8, P11, P13, P14.
func (c *chromeChecker) read(at int, raw json.RawMessage) {
	e := readEvent{at: at}
	if err := json.Unmarshal(raw, &e.raw); err != nil {
		c.fail(13, &e, "it is no object")
		return
	}
	text := func(key string) string {
		var s string
		if v, ok := e.raw[key]; ok {
			if json.Unmarshal(v, &s) != nil {
				c.fail(13, &e, "%s is no text", key)
			}
			c.text(&e, key, v, s)
		}
		return s
	}
	e.ph, e.name, e.cat = text("ph"), text("name"), text("cat")
	e.pid, e.tid, e.id = string(e.raw["pid"]), string(e.raw["tid"]), string(e.raw["id"])
	if _, ok := e.raw["cname"]; ok {
		c.fail(14, &e, "it has a cname")
	}
	if v, ok := e.raw["args"]; ok {
		if json.Unmarshal(v, &e.args) != nil {
			c.fail(11, &e, "args is no object")
		}
		c.args(&e, v)
	}
	if !natural.MatchString(e.pid) {
		c.fail(13, &e, "pid is %q, not a number", e.pid)
	} else if e.pid == "0" {
		c.fail(8, &e, "pid 0")
	}
	if e.ph == "M" {
		if e.tid == "0" {
			c.fail(8, &e, "tid 0")
		}
		if len(c.events) > 0 {
			c.fail(3, &e, "metadata after other events")
		}
		if e.tid != "" {
			c.owns(&e)
		}
		c.meta = append(c.meta, e)
		return
	}
	if !strings.Contains("X B E i C s t f b n e", e.ph) || len(e.ph) != 1 {
		c.fail(13, &e, "ph %q is not of those used here", e.ph)
		return
	}
	if !natural.MatchString(e.tid) {
		c.fail(13, &e, "tid is %q, not a number", e.tid)
	} else if e.tid == "0" {
		c.fail(8, &e, "tid 0")
	}
	c.owns(&e)
	e.ts = c.micros(&e, "ts")
	if e.ph == "X" {
		e.dur = c.micros(&e, "dur")
	}
	if e.name == "" && e.ph != "E" {
		if e.ph == "b" {
			c.fail(15, &e, "it has no name")
		} else {
			c.fail(13, &e, "it has no name")
		}
	}
	if strings.Contains("s t f b n e", e.ph) && e.id == "" {
		c.fail(13, &e, "it has no id")
	}
	c.events = append(c.events, e)
}

// micros reads microseconds as nanoseconds.
func (c *chromeChecker) micros(e *readEvent, key string) int64 {
	v := string(e.raw[key])
	f, err := strconv.ParseFloat(v, 64)
	switch {
	case v == "" || err != nil:
		c.fail(13, e, "%s is missing or no number", key)
		return 0
	case f < 0:
		c.fail(13, e, "%s is below 0", key)
		return int64(f * 1000)
	case !micros.MatchString(v):
		c.fail(1, e, "%s is %s, not of the form 12.345", key, v)
		return int64(f * 1000)
	}
	n, err := strconv.ParseInt(strings.Replace(v, ".", "", 1), 10, 64)
	if err != nil {
		c.fail(1, e, "%s is %s, more than 64 bits", key, v)
	}
	return n
}

func (c *chromeChecker) owns(e *readEvent) {
	if pid, ok := c.tidOf[e.tid]; ok && pid != e.pid {
		c.fail(7, e, "tid %s is in process %s and in process %s", e.tid, pid, e.pid)
	}
	c.tidOf[e.tid] = e.pid
}

func (c *chromeChecker) text(e *readEvent, key string, raw []byte, s string) {
	if !utf8.Valid(raw) || strings.ContainsFunc(s, unicode.IsControl) {
		c.fail(11, e, "%s has control characters or is not UTF-8", key)
	}
}

func (c *chromeChecker) args(e *readEvent, raw []byte) {
	if len(raw) > 4000 {
		c.fail(11, e, "args of %d bytes", len(raw))
	}
	for _, k := range slices.Sorted(maps.Keys(e.args)) {
		v := e.args[k]
		var s string
		switch {
		case len(v) > 0 && (v[0] == '{' || v[0] == '['):
			c.fail(11, e, "args.%s is not flat", k)
		case json.Unmarshal(v, &s) == nil:
			c.text(e, "args."+k, v, s)
		}
	}
}

// times: P3 and the extent of the trace.
func (c *chromeChecker) times() {
	for i := range c.events {
		e := &c.events[i]
		if i == 0 {
			c.begin = e.ts
		}
		c.begin, c.end = min(c.begin, e.ts), max(c.end, e.ts+e.dur)
		if i == 0 {
			continue
		}
		p := &c.events[i-1]
		ends := func(e *readEvent) bool { return e.ph == "E" || e.ph == "e" }
		begins := func(e *readEvent) bool { return e.ph == "B" || e.ph == "b" || e.ph == "X" }
		switch {
		case p.ts > e.ts:
			c.fail(3, e, "it comes after one of %d ns", p.ts)
		case p.ts == e.ts && begins(p) && ends(e):
			c.fail(3, e, "it ends after event %d begins, at the same time", p.at)
		case p.ts == e.ts && p.ph == "X" && e.ph == "X" && p.dur < e.dur:
			c.fail(3, e, "it is longer than event %d before it", p.at)
		}
	}
}

// lanes: P2, P4.
func (c *chromeChecker) lanes() {
	open := map[string][]int64{} // ends of the spans that are open, by lane; -1 is a B
	type moment struct {
		lane string
		ts   int64
	}
	begins, points := map[moment]bool{}, map[moment]*readEvent{}
	for i := range c.events {
		e := &c.events[i]
		k := e.lane()
		for n := len(open[k]); n > 0 && open[k][n-1] >= 0 && open[k][n-1] <= e.ts; n-- {
			open[k] = open[k][:n-1]
		}
		switch at := (moment{k, e.ts}); e.ph {
		case "X":
			if e.dur == 0 {
				points[at] = e
				break
			}
			begins[at] = true
			end := e.ts + e.dur
			for _, outer := range open[k] {
				if outer >= 0 && end > outer {
					c.fail(2, e, "it ends at %d ns, the span around it at %d ns", end, outer)
					break
				}
			}
			open[k] = append(open[k], end)
		case "B":
			begins[at] = true
			open[k] = append(open[k], -1)
		case "E":
			n := len(open[k])
			if n == 0 || open[k][n-1] >= 0 {
				c.fail(2, e, "no B is open that it could end")
				break
			}
			open[k] = open[k][:n-1]
		case "i":
			if o := points[at]; o != nil {
				c.fail(4, e, "event %d is at the same time on the same lane", o.at)
			}
			points[at] = e
		}
	}
	for k, ends := range open {
		if slices.Contains(ends, -1) {
			c.errs = append(c.errs, fmt.Errorf("trace: P2: a B of lane %s never ends", k))
		}
	}
	for at, e := range points {
		if begins[at] {
			c.fail(4, e, "a span of its lane begins then")
		}
	}
}

// flows: P5, P6.
func (c *chromeChecker) flows() {
	spans := map[string][]*readEvent{}
	for i := range c.events {
		if e := &c.events[i]; e.ph == "X" && e.dur > 0 {
			spans[e.lane()] = append(spans[e.lane()], e)
		}
	}
	within := func(e *readEvent) bool {
		s := spans[e.lane()]
		i, ok := slices.BinarySearchFunc(s, e.ts, func(s *readEvent, t int64) int { return cmp.Compare(s.ts, t) })
		if ok {
			return true
		}
		for i--; i >= 0; i-- { // an inner one may have ended while an outer one goes on
			if e.ts < s[i].ts+s[i].dur {
				return true
			}
		}
		return false
	}
	starts, done := map[string]*readEvent{}, map[string]bool{}
	for i := range c.events {
		e := &c.events[i]
		if e.ph != "s" && e.ph != "t" && e.ph != "f" {
			continue
		}
		if _, err := strconv.ParseUint(strings.Trim(e.id, `"`), 16, 64); err != nil {
			c.fail(6, e, "the id %s is no number of 64 bits", e.id)
		}
		if !within(e) {
			c.fail(5, e, "there is no span around it")
		}
		s := starts[e.id]
		switch {
		case e.ph == "s" && s != nil:
			c.fail(6, e, "id %s is that of event %d too", e.id, s.at)
		case e.ph == "s":
			starts[e.id] = e
		case s == nil:
			c.fail(6, e, "flow %s has not started", e.id)
		case s.cat != e.cat || s.name != e.name:
			c.fail(6, e, "flow %s starts as %s %s", e.id, s.cat, s.name)
		case done[e.id]:
			c.fail(6, e, "flow %s has finished already", e.id)
		}
		if e.ph == "f" {
			done[e.id] = true
			if string(e.raw["bp"]) != `"e"` {
				c.fail(5, e, `it has no "bp":"e"`)
			}
		}
	}
	for id, s := range starts {
		if !done[id] {
			c.fail(6, s, "flow %s never finishes", id)
		}
	}
}

// asyncs: P12, P15.
func (c *chromeChecker) asyncs() {
	open, used := map[string][]*readEvent{}, map[string]bool{}
	for i := range c.events {
		e := &c.events[i]
		key := e.cat + "/" + e.id
		switch o := open[key]; e.ph {
		case "b":
			if len(o) == 0 && used[key] {
				c.fail(12, e, "id %s is that of a task that has ended", e.id)
			}
			used[key] = true
			open[key] = append(o, e)
		case "e":
			switch {
			case len(o) == 0:
				c.fail(12, e, "nothing is open that it could end")
			case o[len(o)-1].name != e.name:
				c.fail(12, e, "%s is open within it", o[len(o)-1].name)
			default:
				open[key] = o[:len(o)-1]
			}
		}
	}
	for _, o := range open {
		for _, e := range o {
			c.fail(12, e, "it never ends")
		}
	}
	for i := range c.meta {
		if e := &c.meta[i]; e.id != "" {
			c.fail(15, e, "metadata for an asynchronous lane has no effect")
		}
	}
}

// counters: P10.
func (c *chromeChecker) counters() {
	first, last := map[string]*readEvent{}, map[string]*readEvent{}
	for i := range c.events {
		e := &c.events[i]
		if e.ph != "C" {
			continue
		}
		key := e.pid + "/" + e.name
		if len(e.args) == 0 {
			c.fail(10, e, "it has no value")
		}
		for k, v := range e.args {
			if _, err := strconv.ParseFloat(string(v), 64); err != nil {
				c.fail(10, e, "args.%s is %s, not a number", k, v)
			}
		}
		if first[key] == nil {
			first[key] = e
		}
		last[key] = e
	}
	for key, e := range first {
		if e.ts != c.begin {
			c.fail(10, e, "the trace begins at %d ns", c.begin)
		}
		if l := last[key]; l.ts != c.end {
			c.fail(10, l, "the trace ends at %d ns", c.end)
		}
	}
}

// names: P9.
func (c *chromeChecker) names() {
	type lane struct {
		e     *readEvent
		name  string
		index int
	}
	lanes := map[string]*lane{}
	for i := range c.meta {
		e := &c.meta[i]
		l := lanes[e.lane()]
		if l == nil {
			l = &lane{e: e, index: -1}
			lanes[e.lane()] = l
		}
		switch e.name {
		case "thread_name":
			_ = json.Unmarshal(e.args["name"], &l.name)
		case "thread_sort_index":
			_ = json.Unmarshal(e.args["sort_index"], &l.index)
		}
	}
	byPID := map[string][]*lane{}
	for i := range c.events {
		e := &c.events[i]
		l := lanes[e.lane()]
		if l == nil || l.name == "" || l.index < 0 {
			c.fail(9, e, "lane %s has no name or no sort index", e.lane())
			return
		}
		if !slices.Contains(byPID[e.pid], l) {
			byPID[e.pid] = append(byPID[e.pid], l)
		}
	}
	for _, ls := range byPID {
		slices.SortFunc(ls, func(a, b *lane) int { return cmp.Compare(a.index, b.index) })
		for i := 1; i < len(ls); i++ {
			if ls[i-1].name >= ls[i].name || ls[i-1].index == ls[i].index {
				c.fail(9, ls[i].e, "%q sorts before %q, its place is after it", ls[i].name, ls[i-1].name)
			}
		}
	}
}
