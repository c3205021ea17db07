package trace_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

// chrome writes a trace and holds the file against all rules: no test may write one
// without.
func chrome(t *testing.T, tr *trace.Trace, o trace.Chrome) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tr.Timeline().WriteChrome(&b, o))
	require.NoError(t, trace.CheckChrome(bytes.NewReader(b.Bytes())))
	return b.Bytes()
}

func TestGoldenChrome(t *testing.T) {
	each(t, ".chrome.json", func(t *testing.T, tr *trace.Trace) []byte {
		if tr.Header.Title == "the GIL battle" {
			tr.Events = tr.Events[:1500] // a file of 1 MB says nothing more
		}
		return chrome(t, tr, trace.Chrome{Locks: true})
	})
}

// TestChromeOfRandomPrograms: the rules hold whatever happens, also for the end of a
// trace that a ring kept.
func TestChromeOfRandomPrograms(t *testing.T) {
	for seed := range uint64(howMany() / 3) {
		tr := newRandom(seed).record(t)
		chrome(t, tr, trace.Chrome{Locks: true})
		if n := len(tr.Events); n > 100 {
			ring := trace.NewRecorder(trace.WithRing(n / 2))
			for _, e := range tr.Events {
				ring.Observe(e)
			}
			chrome(t, ring.Trace(), trace.Chrome{Locks: true})
		}
	}
}

func TestChromeOfLiveRuns(t *testing.T) {
	r := trace.NewRecorder()
	require.NoError(t, gil.Live(gil.WithObserver(r)).Run(gil.CPython313, func(m *gil.Thread) {
		w := m.Go("w", func(t *gil.Thread) { t.Sleep(time.Millisecond); t.Label("x\x00\n") })
		w.Join(m)
	}))
	tr := r.Trace()
	tr.Header.Clock = "real"
	require.Contains(t, string(chrome(t, tr, trace.Chrome{})), `"text":"x␀␊"`)
	chrome(t, &trace.Trace{}, trace.Chrome{})
}

// TestChromeOfTheOffice: what has to be in the file of two processes, four threads,
// a queue and a pool.
func TestChromeOfTheOffice(t *testing.T) {
	var file struct {
		TraceEvents []struct {
			Ph, Name, Cat string
			PID, TID      int
			ID            int
			Args          map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(chrome(t, recorded(t, 4, gil.CPython312, office), trace.Chrome{}), &file))
	count := map[string]int{}
	for _, e := range file.TraceEvents {
		count[e.Ph+" "+e.Name]++
		if e.Ph == "M" && e.Name == "thread_name" {
			count[e.Args["name"].(string)]++
		}
		if e.Ph == "X" {
			count["X of "+e.Cat]++
		}
	}
	require.Equal(t, 3, count["M process_name"], "two processes and the cores")
	for _, name := range []string{
		"01 GIL", "02 MainThread of process 1", "03 worker-1", "04 worker-1: tasks", "05 worker-2", "06 worker-2: tasks", "07 moments",
		"01 GIL (2)", "02 MainThread of reports", "03 printer", "01 core 0",
	} {
		require.Equal(t, 1, count[name], name)
	}
	require.Equal(t, 6, count["X square"])
	require.Equal(t, count["s task"], count["f task"])
	require.Equal(t, 6, count["s task"])
	require.Equal(t, 6, count["s item"], "the last two end the workers at once: there is no span to point at")
	require.Positive(t, count["C queue jobs"])
	require.Positive(t, count["C par"])
	require.Positive(t, count["s gil handover"])
}

// coroutines is a run of an event loop that tells what it does as package asyncio
// has to.
func coroutines(m *gil.Thread) {
	at := func(k gil.EventKind, obj uint64, name string) { m.Emit(gil.Event{Kind: k, Obj: obj, Name: name}) }
	at(gil.EvCoroutine, 501, "fetch")
	at(gil.EvCoroutine, 502, "store")
	for turn := range int64(3) {
		m.Emit(gil.Event{Kind: gil.EvLoopTurn, A: turn, B: 2})
		for obj := range uint64(2) {
			at(gil.EvCoStep, 501+obj, "")
			m.Compute(time.Millisecond)
			at(gil.EvCoSuspend, 501+obj, "sleep")
		}
		m.Sleep(time.Millisecond)
	}
	m.Emit(gil.Event{Kind: gil.EvCoDone, Obj: 501})
}

func TestChromeOfCoroutines(t *testing.T) {
	b := string(chrome(t, recorded(t, 1, gil.CPython313, coroutines), trace.Chrome{}))
	require.Equal(t, 2, strings.Count(b, `{"ph":"b","name":"fetch"`)+strings.Count(b, `{"ph":"b","name":"store"`))
	require.Equal(t, 6, strings.Count(b, `{"ph":"b","name":"step"`))
	require.Equal(t, 8, strings.Count(b, `{"ph":"e"`))
}

// good is a file that breaks no rule and has everything that the rules are about.
const good = `{"displayTimeUnit":"ns","traceEvents":[
{"ph":"M","name":"process_name","pid":1,"args":{"name":"python"}},
{"ph":"M","name":"thread_name","pid":1,"tid":11,"args":{"name":"01 main"}},
{"ph":"M","name":"thread_sort_index","pid":1,"tid":11,"args":{"sort_index":1}},
{"ph":"M","name":"thread_name","pid":1,"tid":12,"args":{"name":"02 worker"}},
{"ph":"M","name":"thread_sort_index","pid":1,"tid":12,"args":{"sort_index":2}},
{"ph":"C","name":"waiters","pid":1,"tid":11,"ts":0.000,"args":{"n":0}},
{"ph":"X","name":"run","pid":1,"tid":11,"ts":0.000,"dur":5000.000},
{"ph":"X","name":"inner","pid":1,"tid":11,"ts":0.000,"dur":10.000},
{"ph":"b","cat":"task","name":"fetch","id":9,"pid":1,"tid":11,"ts":1.000},
{"ph":"b","cat":"task","name":"step","id":9,"pid":1,"tid":11,"ts":2.000},
{"ph":"e","cat":"task","name":"step","id":9,"pid":1,"tid":11,"ts":3.000},
{"ph":"e","cat":"task","name":"fetch","id":9,"pid":1,"tid":11,"ts":4.000},
{"ph":"i","name":"print","pid":1,"tid":12,"ts":5.000,"s":"t","args":{"text":"hello"}},
{"ph":"s","name":"handover","cat":"gil","id":1,"pid":1,"tid":11,"ts":4999.999},
{"ph":"X","name":"run","pid":1,"tid":12,"ts":5000.000,"dur":5000.000},
{"ph":"f","bp":"e","name":"handover","cat":"gil","id":1,"pid":1,"tid":12,"ts":5000.001},
{"ph":"B","name":"call","pid":1,"tid":12,"ts":5001.000},
{"ph":"E","pid":1,"tid":12,"ts":5002.000},
{"ph":"C","name":"waiters","pid":1,"tid":11,"ts":10000.000,"args":{"n":1}}
]}`

// TestCheckChromeRefuses: each rule is broken by a change of the good file, and the
// checker names it.
func TestCheckChromeRefuses(t *testing.T) {
	require.NoError(t, trace.CheckChrome(strings.NewReader(good)))
	line := func(part string) string {
		return regexp.MustCompile(`(?m)^.*` + regexp.QuoteMeta(part) + `.*$`).FindString(good)
	}
	for _, c := range []struct {
		rule     int
		old, new string
	}{
		{1, `"ts":4999.999`, `"ts":4999.9989999999998`},
		{1, `"dur":10.000`, `"dur":10`},
		{1, `"ts":5.000,"s"`, `"ts":5e0,"s"`},
		{2, `"ts":0.000,"dur":5000.000`, `"ts":0.000,"dur":5000.000},` + "\n" + `{"ph":"X","name":"later","pid":1,"tid":11,"ts":0.000,"dur":4000.000},` + "\n" + `{"ph":"X","name":"over","pid":1,"tid":11,"ts":0.500,"dur":4999.999`},
		{2, `{"ph":"E","pid":1,"tid":12,"ts":5002.000},`, ``},
		{2, `{"ph":"B","name":"call","pid":1,"tid":12,"ts":5001.000},`, ``},
		{3, line(`"name":"inner"`) + "\n", ``}, // it is put last, see below
		{3, `"ts":0.000,"dur":10.000`, `"ts":0.000,"dur":5001.000`},
		{3, `{"ph":"e","cat":"task","name":"step","id":9,"pid":1,"tid":11,"ts":3.000},`, `{"ph":"b","cat":"task","name":"x","id":7,"pid":1,"tid":11,"ts":3.000},{"ph":"e","cat":"task","name":"step","id":9,"pid":1,"tid":11,"ts":3.000},{"ph":"e","cat":"task","name":"x","id":7,"pid":1,"tid":11,"ts":3.500},`},
		{4, `"tid":12,"ts":5.000,"s":"t"`, `"tid":11,"ts":0.000,"s":"t"`},
		{4, line(`"name":"print"`), line(`"name":"print"`) + line(`"name":"print"`)},
		{4, `"ts":0.000,"dur":10.000`, `"ts":0.000,"dur":0.000`},
		{5, `"tid":11,"ts":4999.999`, `"tid":12,"ts":4999.999`},
		{5, `"ts":4999.999`, `"ts":5000.000`},
		{5, `"bp":"e",`, ``},
		{6, `"id":1,"pid":1,"tid":11`, `"id":"id42","pid":1,"tid":11`},
		{6, `"name":"handover","cat":"gil","id":1,"pid":1,"tid":12`, `"name":"handover","cat":"lock","id":1,"pid":1,"tid":12`},
		{6, line(`"ph":"s"`), line(`"ph":"s"`) + line(`"ph":"s"`)},
		{6, line(`"ph":"f"`), ``},
		{6, line(`"ph":"s"`), ``},
		{6, `"id":1,"pid":1,"tid":11`, `"id":"10000000000000000","pid":1,"tid":11`},
		{7, `"ph":"i","name":"print","pid":1`, `"ph":"i","name":"print","pid":2`},
		{8, `"ph":"i","name":"print","pid":1,"tid":12`, `"ph":"i","name":"print","pid":1,"tid":0`},
		{8, `"ph":"i","name":"print","pid":1`, `"ph":"i","name":"print","pid":0`},
		{9, `"01 main"`, `"main"`}, // sorts after 02
		{9, line(`"02 worker"`), ``},
		{9, `{"sort_index":2}`, `{"sort_index":0}`},
		{10, `"ts":0.000,"args":{"n":0}`, `"ts":0.000,"args":{"n":"zero"}`},
		{10, line(`"args":{"n":0}`), ``},
		{10, `"ts":10000.000`, `"ts":9000.000`},
		{11, `{"text":"hello"}`, `{"text":{"deep":1}}`},
		{11, `"hello"`, `"hel\u0007lo"`},
		{11, `"hello"`, `"` + strings.Repeat("x", 5000) + `"`},
		{11, `{"text":"hello"}`, "{\"text\":\"hel\xfflo\"}"},
		{12, line(`"name":"fetch","id":9,"pid":1,"tid":11,"ts":4.000`), ``},
		{12, `"name":"step","id":9,"pid":1,"tid":11,"ts":3.000`, `"name":"other","id":9,"pid":1,"tid":11,"ts":3.000`},
		{12, line(`"ph":"i"`), `{"ph":"b","cat":"task","name":"again","id":9,"pid":1,"tid":11,"ts":4.500},{"ph":"e","cat":"task","name":"again","id":9,"pid":1,"tid":11,"ts":4.600},` + line(`"ph":"i"`)},
		{13, `"ts":5.000,"s"`, `"s"`},
		{13, `"dur":10.000`, `"dur":-10.000`},
		{13, `"name":"inner","pid":1`, `"name":"inner","pid":"one"`},
		{13, `"name":"print"`, `"nom":"print"`},
		{13, `"ph":"i"`, `"ph":"Z"`},
		{14, `"name":"inner"`, `"name":"inner","cname":"good"`},
		{15, `"ph":"b","cat":"task","name":"fetch"`, `"ph":"b","cat":"task","name":""`},
		{15, `{"ph":"M","name":"process_name","pid":1,`, `{"ph":"M","name":"thread_name","id":9,"pid":1,`},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if c.rule == 3 && c.new == "" {
			bad = strings.Replace(bad, "\n]}", ",\n"+strings.TrimSuffix(strings.TrimSpace(c.old), ",")+"\n]}", 1)
		}
		require.NotEqual(t, good, bad, "%q", c.old)
		err := trace.CheckChrome(strings.NewReader(bad))
		require.ErrorContains(t, err, fmt.Sprintf("P%d:", c.rule), "%q for %q", c.new, c.old)
	}
	require.ErrorContains(t, trace.CheckChrome(strings.NewReader(strings.TrimSuffix(good, "]}"))), "no trace in Chrome's object form")
	require.ErrorContains(t, trace.CheckChrome(strings.NewReader(`{"x":1}`)), "no traceEvents")
	require.ErrorContains(t, trace.CheckChrome(strings.NewReader(strings.Replace(good, "\n]}", ",\n]}", 1))), "no trace in Chrome's object form")
}

func FuzzCheckChrome(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"traceEvents":[{"ph":"X","ts":1.5,"dur":-1},null,[],{"ph":"e","id":{}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = trace.CheckChrome(bytes.NewReader(b)) // whatever it says of it, it says something
	})
}
