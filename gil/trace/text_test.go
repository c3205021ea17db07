package trace_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/trace"
)

// TestTextFits: no line is wider than asked for, colours do not count, and what they
// colour is what is there without them.
func TestTextFits(t *testing.T) {
	codes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	for seed := range uint64(25) {
		tl := newRandom(seed).record(t).Timeline()
		for _, o := range []trace.Text{{}, {Width: 120}, {Width: 1}, {Width: 80, Events: true}, {Width: 120, Events: true, Most: 1}} {
			plain := text(t, func(b *bytes.Buffer) error { return tl.WriteText(b, o) })
			width := max(40, o.Width)
			if o.Width == 0 {
				width = 80
			}
			for line := range strings.Lines(plain) {
				require.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), width, "seed %d, %+v: %q", seed, o, line)
			}
			o.Color = true
			colored := text(t, func(b *bytes.Buffer) error { return tl.WriteText(b, o) })
			require.Contains(t, colored, "\x1b[")
			require.True(t, plain == codes.ReplaceAllString(colored, ""), "seed %d, %+v: colours change the text", seed, o)
		}
	}
}

// TestTextIsTheTimeline: by time, the columns of a thread in a state are its share of
// it; by event, no change is left out.
func TestTextIsTheTimeline(t *testing.T) {
	tl := recorded(t, 2, runs[0].profile, convoy).Timeline()
	s := text(t, func(b *bytes.Buffer) error { return tl.WriteText(b, trace.Text{Width: 213}) })
	rows := map[string]string{}
	for line := range strings.Lines(s) {
		if len(line) > 13 && line[0] >= 'A' && line[0] <= 'C' && line[1] == ' ' {
			rows[strings.TrimSpace(line[2:12])] = strings.TrimSuffix(line[13:], "\n")
		}
	}
	require.Len(t, rows["io"], 200)
	for _, l := range tl.Lanes[1:] {
		d := l.Spent()
		for state, glyph := range map[trace.State]string{trace.Run: "#", trace.WaitGIL: ".", trace.IO: "~"} {
			share := float64(d[state]) / float64(tl.Length()) * 200
			require.InDelta(t, share, strings.Count(rows[l.Name], glyph), 14, "%s: %v", l.Name, state)
		}
	}
	changes := map[int64]bool{}
	for _, l := range tl.Lanes {
		for _, x := range l.Spans {
			changes[int64(x.From)], changes[int64(x.To)] = true, true
		}
	}
	s = text(t, func(b *bytes.Buffer) error { return tl.WriteText(b, trace.Text{Events: true, Most: 100}) })
	drawn := 0
	for line := range strings.Lines(s) {
		if strings.HasPrefix(line, "A MainThread ") {
			drawn += len(strings.TrimSuffix(line, "\n")) - 13
		}
	}
	require.Equal(t, len(changes)-1, drawn)
}
