package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pygil/pygil/gil"
)

// ReadJSONL reads what WriteJSONL or a Writer wrote. Members, kinds and reasons
// that this version does not know are kept and written again. A line that cannot
// be read is an error that names it; the trace of the lines before it is returned
// with the error.
func ReadJSONL(r io.Reader) (*Trace, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	x := reader{tr: &Trace{Sites: []string{""}}, strs: map[int]string{}, sites: map[string]uintptr{"": 0}}
	for line := 1; ; line++ {
		b, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return x.tr, fmt.Errorf("trace: line %d: %w", line, err)
		}
		if len(bytes.TrimSpace(b)) == 0 {
			if err != nil {
				break
			}
			continue
		}
		if bad := x.line(b); bad != nil {
			if err != nil { // the last line has no end: its writer was interrupted
				bad = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, bad)
			}
			return x.tr, fmt.Errorf("trace: line %d: %w", line, bad)
		}
		if err != nil {
			break
		}
	}
	if !x.begun {
		return x.tr, errors.New("trace: no header: the first line of a trace is {\"schema\":1, …}; is the file empty?")
	}
	return x.tr, nil
}

type reader struct {
	tr    *Trace
	begun bool
	strs  map[int]string
	sites map[string]uintptr
}

// jsonHeader and jsonEvent are what the lines hold.
type jsonHeader struct {
	Schema   int    `json:"schema"`
	Title    string `json:"title"`
	Profile  string `json:"profile"`
	Rule     string `json:"rule"`
	Interval int64  `json:"interval"`
	Cores    int    `json:"cores"`
	Seed     uint64 `json:"seed"`
	Clock    string `json:"clock"`
	Dropped  uint64 `json:"dropped"`
	From     int64  `json:"from"`
}

type jsonEvent struct {
	Str  []json.RawMessage `json:"str"`
	Seq  uint64            `json:"seq"`
	T    int64             `json:"t"`
	Kind string            `json:"kind"`
	PID  uint32            `json:"pid"`
	TID  uint32            `json:"tid"`
	Obj  string            `json:"obj"`
	Peer uint32            `json:"peer"`
	A    int64             `json:"a"`
	B    int64             `json:"b"`
	Why  string            `json:"why"`
	Loc  int               `json:"loc"`
	Name int               `json:"name"`
	Val  int               `json:"value"`
}

func (x *reader) line(b []byte) error {
	if !x.begun {
		var h jsonHeader
		unknown, err := decode(b, &h, "schema", "title", "profile", "rule", "interval", "cores", "seed", "clock", "dropped", "from")
		switch {
		case err != nil:
			return err
		case h.Schema == 0:
			return errors.New("this is no trace: its first line has no \"schema\"")
		case h.Schema > Schema:
			return fmt.Errorf("schema %d, this version reads up to %d: read it with a newer one", h.Schema, Schema)
		}
		x.begun, x.tr.header = true, unknown
		x.tr.Header = Header{
			Schema: h.Schema, Title: h.Title, Profile: h.Profile, Rule: h.Rule, Interval: time.Duration(h.Interval), Cores: h.Cores,
			Seed: h.Seed, Clock: h.Clock, Dropped: h.Dropped, From: time.Duration(h.From),
		}
		return nil
	}
	var e jsonEvent
	unknown, err := decode(b, &e, "str", "seq", "t", "kind", "pid", "tid", "obj", "peer", "a", "b", "why", "loc", "name", "value")
	if err != nil {
		return err
	}
	if e.Str != nil {
		return x.text(e.Str)
	}
	out := gil.Event{Seq: e.Seq, T: time.Duration(e.T), PID: e.PID, TID: e.TID, Peer: e.Peer, A: e.A, B: e.B}
	if k, ok := kinds[e.Kind]; ok {
		out.Kind = k
	} else {
		unknown = append(appendText(nil, "kind", e.Kind), unknown...)
	}
	if w, ok := whys[e.Why]; ok {
		out.Why = w
	} else {
		unknown = append(unknown, appendText(nil, "why", e.Why)...)
	}
	if e.Obj != "" {
		if out.Obj, err = strconv.ParseUint(e.Obj, 16, 64); err != nil {
			return fmt.Errorf("the object %q is no hexadecimal number of 64 bits", e.Obj)
		}
	}
	site, value := "", ""
	if out.Name, err = x.lookup(e.Name); err == nil {
		site, err = x.lookup(e.Loc)
	}
	if err == nil {
		value, err = x.lookup(e.Val)
	}
	if err != nil {
		return err
	}
	loc, ok := x.sites[site]
	if !ok {
		loc = uintptr(len(x.tr.Sites))
		x.sites[site] = loc
		x.tr.Sites = append(x.tr.Sites, site)
	}
	out.Loc = loc
	if value != "" {
		if x.tr.Values == nil {
			x.tr.Values = map[uint64]string{}
		}
		x.tr.Values[out.Seq] = value
	}
	if unknown != nil {
		if x.tr.unknown == nil {
			x.tr.unknown = map[int][]byte{}
		}
		x.tr.unknown[len(x.tr.Events)] = unknown
	}
	x.tr.Events = append(x.tr.Events, out)
	return nil
}

// text reads a line that gives a text a number.
func (x *reader) text(pair []json.RawMessage) error {
	var n int
	var s string
	if len(pair) != 2 || json.Unmarshal(pair[0], &n) != nil || json.Unmarshal(pair[1], &s) != nil || n < 1 {
		return errors.New("\"str\" must be [number, text]")
	}
	x.strs[n] = s
	return nil
}

func (x *reader) lookup(n int) (string, error) {
	if n == 0 {
		return "", nil
	}
	if s, ok := x.strs[n]; ok {
		return s, nil
	}
	return "", fmt.Errorf("text %d is used before a line {\"str\":[%d, …]}", n, n)
}

// decode reads an object into v and returns the members that v does not know, each
// with a comma before it, in alphabetical order.
func decode(b []byte, v any, known ...string) (unknown []byte, err error) {
	strict := json.NewDecoder(bytes.NewReader(b))
	strict.DisallowUnknownFields()
	if err := strict.Decode(v); err == nil {
		if strict.More() {
			return nil, errors.New("more than one value in a line")
		}
		return nil, nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		// The package json takes name for Name, too, so that is known.
		if !slices.ContainsFunc(known, func(name string) bool { return strings.EqualFold(name, k) }) {
			unknown = append(append(append(unknown, ','), quote(k)...), ':')
			unknown = append(unknown, all[k]...)
		}
	}
	return unknown, nil
}

// kinds and whys find what a name stands for.
var (
	kinds = map[string]gil.EventKind{}
	whys  = map[string]gil.Why{}
)

func init() {
	for k := gil.EventKind(0); k.String() != "unknown"; k++ {
		kinds[k.String()] = k
	}
	for w := gil.Why(0); w.String() != "unknown"; w++ {
		whys[w.String()] = w
	}
}
