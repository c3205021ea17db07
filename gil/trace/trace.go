package trace

import (
	"errors"
	"fmt"
	"time"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/internal/site"
)

// Schema is the version of the event model and of the JSON lines that carry it.
const Schema = 1

// Header says what a trace is of. Everything but Schema may be unknown.
type Header struct {
	Schema   int           // the version of the event model, 0 is this one's
	Title    string        // for pictures and reports
	Profile  string        // the Python of the first process, such as "3.13"
	Rule     string        // its GIL's rule, such as "Interval(5ms)"
	Interval time.Duration // its switch interval, 0 where the rule has none
	Cores    int           // of the machine, 0 in the live world
	Seed     uint64        // of the machine
	Clock    string        // "virtual", "real", or "frozen" in an explored run
	Dropped  uint64        // events that a ring forgot before those that are here
	From     time.Duration // where the trace is complete from: 0, or after what was dropped
}

// Trace is what happened: events in the order of their Seq. The zero Trace is an
// empty one.
type Trace struct {
	// Header says what the trace is of.
	Header Header
	// Events are in the order of their Seq. Their Loc is an index of Sites.
	Events []gil.Event
	// Sites are places in the program, such as "main.go:12"; the first is "".
	Sites []string
	// Values are what was read or written, by the Seq of the event, where that was
	// recorded; see Recorder.Values.
	Values map[uint64]string

	unknown map[int][]byte // by event: the JSON members that this version does not know
	header  []byte         // the same of the header
}

// End is the time of the last event.
func (tr *Trace) End() time.Duration {
	end := tr.Header.From
	for i := range tr.Events {
		end = max(end, tr.Events[i].T)
	}
	return end
}

// Site is where in the program the event was caused, "" where that is not known.
func (tr *Trace) Site(e gil.Event) string {
	if e.Loc < uintptr(len(tr.Sites)) {
		return tr.Sites[e.Loc]
	}
	return ""
}

// Record performs main on a fresh machine under p, records all of it and returns the
// trace, also when a thread failed: the error is that of Machine.Run. A
// gil.WithObserver among the options is replaced by the recorder.
func Record(cores int, p gil.Profile, main func(t *gil.Thread), opts ...gil.Option) (*Trace, error) {
	r := NewRecorder()
	m := gil.NewMachine(cores, append(opts[:len(opts):len(opts)], gil.WithObserver(r.Values()))...)
	err := m.Run(p, main)
	tr := r.Trace()
	tr.Header = Describe(p)
	tr.Header.Cores, tr.Header.Seed, tr.Header.Clock = cores, m.Seed(), "virtual"
	return tr, err
}

// Describe is the part of a header that a profile knows.
func Describe(p gil.Profile) Header {
	h := Header{Schema: Schema, Profile: p.Name(), Rule: p.Rule().String()}
	var d string
	if _, err := fmt.Sscanf(h.Rule, "Interval(%s", &d); err == nil {
		if every, err := time.ParseDuration(d[:len(d)-1]); err == nil {
			h.Interval = every
		}
	}
	return h
}

// sites numbers places in the program.
type sites struct {
	list []string
	of   map[uintptr]uintptr
}

func newSites() *sites { return &sites{list: []string{""}, of: map[uintptr]uintptr{0: 0}} }

// of returns the number of the place that a program counter belongs to.
func (s *sites) number(pc uintptr) uintptr {
	if n, ok := s.of[pc]; ok {
		return n
	}
	text := site.Line(pc)
	if text == "" {
		text = "?"
	}
	n := uintptr(len(s.list))
	s.list = append(s.list, text)
	s.of[pc] = n
	return n
}

// Check holds the trace against what must be true of every run: numbers and, on a
// simulated clock, times never go back; a GIL and a lock have at most one holder,
// and whoever releases a GIL has it; an item leaves a queue after it was put, items
// of one queue in the order of their numbers unless their Why is WhyUser; a choice
// lies within the number of choices. It returns an error that names the first
// events that are not so, nil when all is well.
func (tr *Trace) Check() error {
	var errs []error
	fail := func(i int, format string, args ...any) {
		if len(errs) < 10 {
			e := &tr.Events[i]
			errs = append(errs, fmt.Errorf("trace: event %d (%v of thread %d at %v): %s", e.Seq, e.Kind, e.TID, e.T, fmt.Sprintf(format, args...)))
		}
	}
	live := tr.Header.Clock == "real"
	type key struct {
		tid uint32
		obj uint64
	}
	holder := map[uint64]uint32{}
	asked := map[key]time.Duration{}
	put := map[key]bool{}
	last := map[uint64]int64{}
	for i := range tr.Events {
		e := &tr.Events[i]
		if i > 0 {
			if p := &tr.Events[i-1]; e.Seq <= p.Seq {
				fail(i, "it comes after event %d", p.Seq)
			} else if e.T < p.T && !live {
				fail(i, "event %d before it is of %v", p.Seq, p.T)
			}
		}
		k := key{e.TID, e.Obj}
		switch e.Kind {
		case gil.EvGILRequest, gil.EvLockRequest:
			asked[k] = e.T
		case gil.EvGILAcquire:
			if h := holder[e.Obj]; h != 0 {
				fail(i, "thread %d holds the GIL", h)
			}
			holder[e.Obj] = e.TID
			if at, ok := asked[k]; ok && at > e.T && !live {
				fail(i, "it asked at %v only", at)
			}
			delete(asked, k)
		case gil.EvGILRelease:
			if h := holder[e.Obj]; h != e.TID {
				fail(i, "thread %d holds the GIL", h)
			}
			holder[e.Obj] = 0
		case gil.EvQueuePut:
			put[key{uint32(e.A), e.Obj}] = true
		case gil.EvQueueGet:
			if !put[key{uint32(e.A), e.Obj}] && tr.Header.Dropped == 0 {
				fail(i, "item %d was never put", e.A)
			}
			if e.Why != gil.WhyUser && e.A <= last[e.Obj] {
				fail(i, "item %d comes after item %d", e.A, last[e.Obj])
			}
			last[e.Obj] = e.A
		case gil.EvChoice:
			if e.A < 0 || e.A >= e.B {
				fail(i, "choice %d of %d", e.A, e.B)
			}
		}
	}
	return errors.Join(errs...)
}
