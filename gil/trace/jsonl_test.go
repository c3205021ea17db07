package trace_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

func jsonl(t *testing.T, tr *trace.Trace) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tr.WriteJSONL(&b))
	return b.Bytes()
}

func TestJSONLRoundTrip(t *testing.T) {
	for seed := range uint64(howMany() / 6) {
		tr := newRandom(seed).record(t)
		tr.Header.Title = "a \"title\"\n"
		b := jsonl(t, tr)
		back, err := trace.ReadJSONL(bytes.NewReader(b))
		require.NoError(t, err)
		require.Equal(t, tr.Header, back.Header)
		require.Equal(t, tr.Events, back.Events)
		require.Equal(t, tr.Values, back.Values)
		require.Equal(t, string(b), string(jsonl(t, back)))
	}
}

// TestJSONLAnyEvent: whatever the fields hold.
func TestJSONLAnyEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) gil.Event {
			return gil.Event{
				Seq: rapid.Uint64().Draw(t, "seq"), T: time.Duration(rapid.Int64().Draw(t, "t")),
				Kind: gil.EventKind(rapid.IntRange(0, int(gil.EvCopyOnWrite)).Draw(t, "kind")),
				PID:  rapid.Uint32().Draw(t, "pid"), TID: rapid.Uint32().Draw(t, "tid"), Obj: rapid.Uint64().Draw(t, "obj"),
				Peer: rapid.Uint32().Draw(t, "peer"), A: rapid.Int64().Draw(t, "a"), B: rapid.Int64().Draw(t, "b"),
				Why: gil.Why(rapid.IntRange(0, int(gil.WhyUser)).Draw(t, "why")), Name: strings.ToValidUTF8(rapid.String().Draw(t, "name"), "?"),
				Loc: uintptr(rapid.IntRange(0, 2).Draw(t, "loc")),
			}
		}), 0, 5).Draw(t, "events")
		tr := &trace.Trace{
			Header: trace.Header{Schema: 1, Seed: rapid.Uint64().Draw(t, "seed"), Dropped: rapid.Uint64().Draw(t, "dropped"), From: time.Duration(rapid.Int64().Draw(t, "from"))},
			Events: events, Sites: []string{"", "a.go:1", "b.go:2"},
		}
		var b bytes.Buffer
		require.NoError(t, tr.WriteJSONL(&b))
		back, err := trace.ReadJSONL(&b)
		require.NoError(t, err)
		require.Equal(t, tr.Header, back.Header)
		require.Len(t, back.Events, len(events))
		for i := range events {
			require.Equal(t, tr.Site(events[i]), back.Site(back.Events[i]))
			want, got := events[i], back.Events[i]
			want.Loc, got.Loc = 0, 0
			require.Equal(t, want, got)
		}
	})
}

// TestWriterIsTheRecorder: writing while it happens gives what writing afterwards
// gives.
func TestWriterIsTheRecorder(t *testing.T) {
	var b bytes.Buffer
	w := trace.NewWriter(&b, trace.Header{})
	r := trace.NewRecorder()
	both := gil.ObserverFunc(func(e gil.Event) { w.Observe(e); r.Observe(e) })
	require.NoError(t, gil.NewMachine(2, gil.WithObserver(both)).Run(gil.CPython313, office))
	require.NoError(t, w.Flush())
	tr := r.Trace()
	tr.Header = trace.Header{}
	require.Equal(t, string(jsonl(t, tr)), b.String())
}

// TestJSONLKeepsTheUnknown: what a later version writes is not lost on the way
// through this one.
func TestJSONLKeepsTheUnknown(t *testing.T) {
	const text = `{"schema":1,"clock":"virtual","colour":"blue"}
{"str":[1,"w"]}
{"seq":1,"t":5,"kind":"thread-create","pid":1,"tid":1,"name":1,"mood":{"x":[1,2]},"z":1e3}
{"seq":2,"t":6,"kind":"teleport","tid":1,"why":"fun"}
`
	tr, err := trace.ReadJSONL(strings.NewReader(text))
	require.NoError(t, err)
	require.Len(t, tr.Events, 2)
	require.Equal(t, gil.EvNone, tr.Events[1].Kind)
	again := string(jsonl(t, tr))
	for _, s := range []string{`"colour":"blue"`, `"mood":{"x":[1,2]}`, `"z":1e3`, `"kind":"teleport"`, `"why":"fun"`} {
		require.Contains(t, again, s)
	}
	back, err := trace.ReadJSONL(strings.NewReader(again))
	require.NoError(t, err)
	require.Equal(t, tr, back)
	require.NotPanics(t, func() { tr.Timeline().Metrics() })
}

func TestJSONLRefuses(t *testing.T) {
	head := "{\"schema\":1}\n{\"seq\":1,\"t\":0,\"kind\":\"print\",\"tid\":1}\n"
	for _, c := range []struct {
		text, want string
		events     int
	}{
		{"", "trace: no header", 0},
		{"hello\n", "trace: line 1:", 0},
		{"{\"x\":1}\n", "this is no trace", 0},
		{"{\"schema\":2}\n", "schema 2, this version reads up to 1", 0},
		{head + "[1]\n", "trace: line 3:", 1},
		{head + "{\"seq\":-1}\n", "trace: line 3:", 1},
		{head + "{\"seq\":2,\"name\":7}\n", "text 7 is used before a line", 1},
		{head + "{\"str\":[1]}\n", "\"str\" must be [number, text]", 1},
		{head + "{\"seq\":2,\"obj\":\"xyz\"}\n", "is no hexadecimal number", 1},
		{head + "{} {}\n", "line 3:", 1},
		{head + "{\"seq\":2,\"t\":0,\"ki", "unexpected EOF", 1},
	} {
		tr, err := trace.ReadJSONL(strings.NewReader(c.text))
		require.ErrorContains(t, err, c.want, "%q", c.text)
		require.Len(t, tr.Events, c.events, "%q: what was good is not lost", c.text)
	}
	_, err := trace.ReadJSONL(strings.NewReader(head + "{\"se"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	tr, err := trace.ReadJSONL(strings.NewReader("\n" + head + "\n"))
	require.NoError(t, err)
	require.Len(t, tr.Events, 1)
}

type failing struct{ after int }

func (f *failing) Write(b []byte) (int, error) {
	if f.after -= len(b); f.after < 0 {
		return 0, errDisk
	}
	return len(b), nil
}

var errDisk = errors.New("disk full")

func TestWritersReportErrors(t *testing.T) {
	tr := recorded(t, 2, gil.CPython313, office)
	require.ErrorIs(t, tr.WriteJSONL(&failing{100}), errDisk)
	w := trace.NewWriter(&failing{100}, trace.Header{})
	for range 10_000 {
		w.Observe(gil.Event{Kind: gil.EvPrint, Name: "x"})
	}
	require.ErrorIs(t, w.Flush(), errDisk)
}

func FuzzReadJSONL(f *testing.F) {
	f.Add([]byte("{\"schema\":1}\n{\"str\":[1,\"x\"]}\n{\"seq\":1,\"t\":0,\"kind\":\"thread-start\",\"tid\":1,\"name\":1}\n"))
	f.Add([]byte("{\"sChemA\":1}\n{\"str\":[1,\"\"]}\n{\"\":0,\"nAme\":1}"))
	f.Add([]byte("{\"schema\":1,\"x\":2}\n{\"seq\":1,\"kind\":\"new\",\"y\":[]}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tr, err := trace.ReadJSONL(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out, again bytes.Buffer
		require.NoError(t, tr.WriteJSONL(&out))
		back, err := trace.ReadJSONL(bytes.NewReader(out.Bytes()))
		require.NoError(t, err, "%s", out.Bytes())
		require.NoError(t, back.WriteJSONL(&again))
		require.Equal(t, out.String(), again.String())
		sane := true
		for _, e := range tr.Events {
			sane = sane && e.T >= 0 && e.T < math.MaxInt64/4
		}
		if sane {
			tr.Timeline().Metrics() // whatever it is, it is no reason to panic
		}
	})
}
