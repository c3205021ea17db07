package trace_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// svg writes a picture and checks what is true of all of them.
func svg(t *testing.T, o trace.SVG, trs ...*trace.Trace) []byte {
	t.Helper()
	var tls []*trace.Timeline
	for _, tr := range trs {
		tls = append(tls, tr.Timeline())
	}
	var b bytes.Buffer
	require.NoError(t, trace.WriteSVG(&b, o, tls...))
	require.Less(t, b.Len(), 200_000)
	ids, refs := map[string]bool{}, []string{}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	d.Strict = true
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "it is no XML")
		if e, ok := tok.(xml.StartElement); ok {
			require.NotContains(t, []string{"script", "image", "use", "foreignObject"}, e.Name.Local)
			for _, a := range e.Attr {
				if a.Name.Local == "id" {
					require.False(t, ids[a.Value], "id %s twice", a.Value)
					ids[a.Value] = true
				}
				require.False(t, strings.HasPrefix(a.Name.Local, "on"), "a script")
				require.NotContains(t, []string{"href", "src"}, a.Name.Local)
			}
		}
		if c, ok := tok.(xml.CharData); ok {
			for _, part := range strings.Split(string(c), "url(#")[1:] {
				refs = append(refs, part[:strings.IndexByte(part, ')')])
			}
		}
	}
	for _, r := range refs {
		require.True(t, ids[r], "nothing has the id %s", r)
	}
	require.NotContains(t, strings.ReplaceAll(b.String(), "http://www.w3.org/2000/svg", ""), "://", "it is self-contained")
	return b.Bytes()
}

func TestGoldenSVG(t *testing.T) {
	each(t, ".svg", func(t *testing.T, tr *trace.Trace) []byte { return svg(t, trace.SVG{Locks: true}, tr) })
}

func TestSVGOfRandomPrograms(t *testing.T) {
	for seed := range uint64(howMany() / 6) {
		tr := newRandom(seed).record(t)
		tr.Header.Title = "<\"seed\" & \x00 others>"
		b := string(svg(t, trace.SVG{}, tr))
		require.Equal(t, 2, strings.Count(b, "&lt;&quot;seed&quot; &amp;   others&gt;"))
		for _, l := range tr.Timeline().Lanes {
			require.Equal(t, 1, strings.Count(b, ">"+l.Name+"</text>"), l.Name)
		}
	}
	svg(t, trace.SVG{}, &trace.Trace{})
	svg(t, trace.SVG{})
}

// TestSVGMerges: a run with a hundred times the events makes no larger a picture
// than allowed, and the times in it are those of the metrics.
func TestSVGMerges(t *testing.T) {
	tr := recorded(t, 2, gil.CPython27, battle(80*time.Millisecond), gil.Measured())
	require.Greater(t, len(tr.Events), 50_000)
	b := svg(t, trace.SVG{}, tr)
	require.Less(t, len(b), 200_000)
	require.Greater(t, bytes.Count(b, []byte("<rect")), 500, "and still a picture")
	// Many threads: not all have a lane then.
	many := recorded(t, 2, gil.CPython313, func(m *gil.Thread) {
		var ts []*gil.Thread
		for range 800 {
			ts = append(ts, m.Go("", func(t *gil.Thread) { t.Sleep(time.Millisecond) }))
		}
		gil.JoinAll(m, ts...)
	})
	crowd := svg(t, trace.SVG{Locks: true}, many)
	require.Regexp(t, `… and \d+ more threads`, string(crowd))
	require.Greater(t, bytes.Count(crowd, []byte("<text")), 200)
	small := svg(t, trace.SVG{Most: 30_000}, tr)
	require.Less(t, len(small), 30_000)
}
