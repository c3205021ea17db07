package explore

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pygil/pygil/internal/kernel"
)

// Schedule is an interleaving: how it deviates from the base order, in which the
// current thread goes on while it can and otherwise the one that started first
// does. It is addressed by threads and their operations, not by steps, so that it
// survives edits of the program that do not matter to it.
//
// The zero Schedule is the base order.
type Schedule struct {
	Deviations []Deviation // in the order in which they apply
	// Fingerprint is a hash of the operations of the run that was recorded, 0 when
	// unknown. A run with another one did something else.
	Fingerprint uint32
	// Kind is how the recorded run failed.
	Kind Kind
}

// Deviation says: when Thread is about to perform its operation number Op, counted
// from 1, and could, run Instead. Threads are paths of spawn indices: 0 is the main
// thread, 2 the second thread it started, 2.1 the first one that one started. One that is
// more than 64 threads deep is x and the hash of its path.
//
// A draw by gil.Thread.Choose that is not 0 is a deviation too: 1@5>#2 says that on
// the way to its operation number 5 thread 1 draws 2, and 1@5>3#2 that the third
// draw on that way is 2.
type Deviation struct {
	Thread  string // the thread that the base order would run, or that draws
	Op      int    // which of its operations it is about to perform
	Instead string // the thread that runs, or Clock, or a draw
}

// Clock, as the Instead of a Deviation, lets the earliest timer fire.
const Clock = "~"

// The versions of the text form. The second one has draws and is written only where
// there are some, so that those who know only the first can read the others.
const (
	version      = "gil1"
	drawsVersion = "gil2"
)

// String is the schedule's text form, which ParseSchedule reads:
// gil1:0@3>1,1@5>2/9f3c2a10/deadlock. Long ones are packed.
func (s Schedule) String() string {
	body := s.plain()
	if len(body) > 150 {
		if packed := s.packed(); len(packed) < len(body) {
			body = packed
		}
	}
	out := version + body
	if slices.ContainsFunc(s.Deviations, Deviation.isDraw) {
		out = drawsVersion + body
	}
	if s.Fingerprint != 0 || s.Kind != NoFailure {
		out += fmt.Sprintf("/%08x", s.Fingerprint)
	}
	if s.Kind != NoFailure {
		out += "/" + s.Kind.String()
	}
	return out
}

func (s Schedule) plain() string {
	var b strings.Builder
	b.WriteByte(':')
	if len(s.Deviations) == 0 {
		b.WriteByte('-')
	}
	for i, d := range s.Deviations {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(d.String())
	}
	return b.String()
}

// String is the deviation as it stands in a schedule's text: 1@5>2.
func (d Deviation) String() string {
	return d.Thread + "@" + strconv.Itoa(d.Op) + ">" + d.Instead
}

// packed is the deviations as base64url of: the number of thread paths, the paths
// as spawn indices, then for each deviation thread, difference of operation number
// to the last deviation of that thread, and the thread instead.
func (s Schedule) packed() string {
	var paths []string
	index := map[string]int{}
	at := func(p string) uint64 {
		i, ok := index[p]
		if !ok {
			i = len(paths)
			index[p] = i
			paths = append(paths, p)
		}
		return uint64(i)
	}
	var body []byte
	last := map[string]int{}
	for _, d := range s.Deviations {
		body = binary.AppendUvarint(body, at(d.Thread))
		body = binary.AppendVarint(body, int64(d.Op-last[d.Thread]))
		body = binary.AppendUvarint(body, at(d.Instead))
		last[d.Thread] = d.Op
	}
	head := binary.AppendUvarint(nil, uint64(len(paths)))
	for _, p := range paths {
		head = binary.AppendUvarint(head, uint64(len(p)))
		head = append(head, p...)
	}
	return "z" + base64.RawURLEncoding.EncodeToString(append(head, body...))
}

func unpack(text string) ([]Deviation, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("its packed part is damaged: %w", err)
	}
	damaged := false
	number := func() uint64 {
		v, n := binary.Uvarint(raw)
		if n <= 0 {
			damaged, raw = true, nil
			return 0
		}
		raw = raw[n:]
		return v
	}
	var paths []string
	for n := number(); n > 0 && !damaged; n-- {
		size := number()
		if size > uint64(len(raw)) {
			damaged = true
			break
		}
		paths = append(paths, string(raw[:size]))
		raw = raw[size:]
	}
	path := func() string {
		i := number()
		if i >= uint64(len(paths)) {
			damaged = true
			return ""
		}
		return paths[i]
	}
	var ds []Deviation
	last := map[string]int{}
	for len(raw) > 0 && !damaged {
		var d Deviation
		d.Thread = path()
		v, n := binary.Varint(raw)
		if n <= 0 {
			damaged = true
			break
		}
		raw = raw[n:]
		d.Op = last[d.Thread] + int(v)
		last[d.Thread] = d.Op
		d.Instead = path()
		ds = append(ds, d)
	}
	if damaged {
		return nil, fmt.Errorf("its packed part is damaged")
	}
	for _, d := range ds {
		if err := d.check(); err != nil {
			return nil, err
		}
	}
	return ds, nil
}

// ParseSchedule reads the text form of a schedule. Surrounding space is ignored.
func ParseSchedule(text string) (Schedule, error) {
	s, err := parseSchedule(strings.TrimSpace(text))
	if err != nil {
		return Schedule{}, fmt.Errorf("explore: %q is no schedule: %w; paste the whole text that a failure printed", text, err)
	}
	return s, nil
}

func parseSchedule(text string) (s Schedule, err error) {
	rest, ok := strings.CutPrefix(text, version)
	if !ok {
		rest, ok = strings.CutPrefix(text, drawsVersion)
	}
	if !ok {
		return s, fmt.Errorf("it does not begin with %s or %s", version, drawsVersion)
	}
	parts := strings.Split(rest, "/")
	if len(parts) > 3 {
		return s, fmt.Errorf("it has %d parts, at most 3 are known", len(parts))
	}
	switch body := parts[0]; {
	case body == ":-" || body == "":
	case body[0] == 'z':
		if s.Deviations, err = unpack(body[1:]); err != nil {
			return s, err
		}
	case body[0] == ':':
		for _, one := range strings.Split(body[1:], ",") {
			d, err := parseDeviation(one)
			if err != nil {
				return s, err
			}
			s.Deviations = append(s.Deviations, d)
		}
	default:
		return s, fmt.Errorf("after %s a colon is missing", text[:len(text)-len(rest)])
	}
	if len(parts) > 1 {
		f, err := strconv.ParseUint(parts[1], 16, 32)
		if err != nil {
			return s, fmt.Errorf("its fingerprint %q is not a hexadecimal number of 32 bits", parts[1])
		}
		s.Fingerprint = uint32(f)
	}
	if len(parts) > 2 {
		for i, name := range kindNames {
			if i > 0 && name == parts[2] {
				s.Kind = Kind(i)
			}
		}
		if s.Kind == NoFailure {
			return s, fmt.Errorf("%q is no kind of failure", parts[2])
		}
	}
	return s, nil
}

func parseDeviation(text string) (d Deviation, err error) {
	before, instead, ok := strings.Cut(text, ">")
	thread, op, ok2 := strings.Cut(before, "@")
	if !ok || !ok2 {
		return d, fmt.Errorf("deviation %q is not of the form thread@operation>thread", text)
	}
	n, err := strconv.Atoi(op)
	if err != nil {
		return d, fmt.Errorf("deviation %q: %q is not the number of an operation", text, op)
	}
	d = Deviation{thread, n, instead}
	return d, d.check()
}

func (d Deviation) check() error {
	if d.Op < 1 {
		return fmt.Errorf("deviation %q: operations are counted from 1", d)
	}
	if !isPath(d.Thread) {
		return fmt.Errorf("deviation %q: %q is no thread path", d, d.Thread)
	}
	if _, _, ok := d.draw(); d.isDraw() && !ok {
		return fmt.Errorf("deviation %q: %q is no draw, as #2 or 3#2 are", d, d.Instead)
	}
	if d.Instead != Clock && !d.isDraw() && !isPath(d.Instead) {
		return fmt.Errorf("deviation %q: %q is no thread path", d, d.Instead)
	}
	return nil
}

// isPath reports whether p is numbers joined by points, without needless zeros, or the
// hash of such a path.
func isPath(p string) bool {
	if hash, ok := strings.CutPrefix(p, "x"); ok {
		v, err := strconv.ParseUint(hash, 16, 64)
		return err == nil && hashedPath(v) == p
	}
	for n := range strings.SplitSeq(p, ".") {
		if v, err := strconv.ParseUint(n, 10, 31); err != nil || strconv.FormatUint(v, 10) != n {
			return false
		}
	}
	return true
}

// fingerprint hashes which threads performed what kinds of operation.
func (r *runner) fingerprint() uint32 {
	h := uint64(0)
	for i := range r.steps {
		s := &r.steps[i]
		h = kernel.Hash(h^r.threads[s.thread].path, uint64(s.kind))
	}
	return max(1, uint32(h>>32))
}

// schedule is the interleaving that was recorded.
func (r *runner) schedule() Schedule {
	s := Schedule{Fingerprint: r.fingerprint()}
	ops := make([]int, len(r.threads))
	fired, drawn := r.fired, r.drawn
	draws := func(before int) {
		for ; len(drawn) > 0 && int(drawn[0].step) <= before; drawn = drawn[1:] {
			if drawn[0].value != 0 {
				s.Deviations = append(s.Deviations, r.deviation(&drawn[0]))
			}
		}
	}
	for i := range r.steps {
		st := &r.steps[i]
		draws(i)
		for ; len(fired) > 0 && int(fired[0].step) == i; fired = fired[1:] {
			b := int(fired[0].base)
			s.Deviations = append(s.Deviations, Deviation{r.pathOf(b), ops[b] + 1, Clock})
		}
		if st.flags&deviates != 0 {
			b := int(st.base)
			s.Deviations = append(s.Deviations, Deviation{r.pathOf(b), ops[b] + 1, r.pathOf(int(st.thread))})
		}
		ops[st.thread]++
	}
	draws(len(r.steps))
	return s
}
