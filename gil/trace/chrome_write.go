package trace

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// write sorts the events by time, at equal times ends before begins and longer
// spans before shorter ones, and writes the file.
func (c *chrome) write(w io.Writer) error {
	rank := func(e *chromeEvent) int {
		switch e.ph {
		case 'e':
			return 0
		case 'X', 'b':
			return 1
		}
		return 2
	}
	slices.SortStableFunc(c.events, func(a, b chromeEvent) int {
		return cmp.Or(cmp.Compare(a.ts, b.ts), cmp.Compare(rank(&a), rank(&b)), cmp.Compare(b.dur, a.dur))
	})
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n")
	for i, m := range c.meta {
		if i > 0 {
			out.WriteString(",\n")
		}
		out.WriteString(m)
	}
	var b []byte
	for i := range c.events {
		b = c.events[i].append(append(b[:0], ",\n"...))
		out.Write(b)
	}
	h := c.tl.Trace.Header
	fmt.Fprintf(out, "\n],\"otherData\":{\"title\":%s,\"profile\":%s,\"rule\":%s,\"cores\":%d,\"seed\":\"%d\",\"clock\":%s,\"from_ns\":\"%d\",\"dropped\":%d,\"links_left_out\":%d}}\n",
		clean(h.Title), clean(h.Profile), clean(h.Rule), h.Cores, h.Seed, clean(h.Clock), int64(c.tl.From), h.Dropped, c.lost)
	return out.Flush()
}

func (e *chromeEvent) append(b []byte) []byte {
	b = append(append(b, `{"ph":"`...), e.ph, '"')
	b = append(append(b, `,"name":`...), clean(e.name)...)
	if e.cat != "" {
		b = append(append(b, `,"cat":`...), clean(e.cat)...)
	}
	if e.id != 0 {
		b = strconv.AppendInt(append(b, `,"id":`...), int64(e.id), 10)
	}
	b = strconv.AppendInt(append(b, `,"pid":`...), int64(e.pid), 10)
	b = strconv.AppendInt(append(b, `,"tid":`...), int64(e.tid), 10)
	b = appendMicros(append(b, `,"ts":`...), e.ts)
	switch e.ph {
	case 'X':
		b = appendMicros(append(b, `,"dur":`...), e.dur)
	case 'i':
		b = append(b, `,"s":"t"`...)
	case 'f':
		b = append(b, `,"bp":"e"`...)
	}
	for i, a := range e.args {
		if i == 0 {
			b = append(b, `,"args":{`...)
		} else {
			b = append(b, ',')
		}
		b = append(append(b, clean(a.key)...), ':')
		if a.isNum {
			b = strconv.AppendInt(b, a.n, 10)
		} else {
			b = append(b, clean(a.text)...)
		}
	}
	if len(e.args) > 0 {
		b = append(b, '}')
	}
	return append(b, '}')
}

// appendMicros writes microseconds with three places, never through a float: two
// spans that touch must do so in the file.
func appendMicros(b []byte, d time.Duration) []byte {
	b = strconv.AppendInt(b, int64(d/1000), 10)
	n := int64(d % 1000)
	return append(b, '.', byte('0'+n/100), byte('0'+n/10%10), byte('0'+n%10))
}

// clean is s as JSON without control characters, which end a text in some viewers,
// and of bounded length.
func clean(s string) []byte {
	if len(s) > 500 {
		s = strings.ToValidUTF8(s[:500], "") + "…"
	}
	plain := true
	for _, r := range s {
		if unicode.IsControl(r) || r == utf8.RuneError {
			plain = false
			break
		}
	}
	if !plain {
		s = strings.Map(func(r rune) rune {
			switch {
			case r < ' ':
				return '␀' + r // the picture of the control character
			case unicode.IsControl(r):
				return '�'
			}
			return r
		}, s)
	}
	return quote(s)
}
