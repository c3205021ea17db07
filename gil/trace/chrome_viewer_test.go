package trace_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil/trace"
)

// viewerPage imports COUNT traces with the viewer of chrome://tracing and writes what
// came of it into the page.
const viewerPage = `<!DOCTYPE html><html><head><script src="/static/webcomponents.min.js"></script>
<link rel="import" href="/static/trace_viewer_full.html"></head><body><script>
document.addEventListener('WebComponentsReady', function() {
  var results = [];
  for (var n = 0; n < COUNT; n++) {
    var result = {error: '', warnings: [], flows: 0, lanes: [], counters: [], processes: []};
    results.push(result);
    try {
      var request = new XMLHttpRequest();
      request.open('GET', '/trace/' + n, false);
      request.send(null);
      var model = new tr.Model();
      new tr.importer.Import(model).importTraces([request.responseText]);
      model.importWarnings.forEach(function(w) { result.warnings.push(w.type + ': ' + w.message); });
      model.flowEvents.forEach(function(f) { if (f.startSlice && f.endSlice) result.flows++; });
      model.getAllProcesses().forEach(function(p) {
        result.processes.push(p.name);
        Object.keys(p.counters).forEach(function(k) { result.counters.push(p.counters[k].name); });
        Object.keys(p.threads).forEach(function(k) {
          var t = p.threads[k];
          result.lanes.push({name: t.name, slices: t.sliceGroup.length, async: t.asyncSliceGroup.length});
        });
      });
    } catch (e) {
      result.error = String(e);
    }
  }
  var pre = document.createElement('pre');
  pre.id = 'result';
  pre.textContent = JSON.stringify(results);
  document.body.appendChild(pre);
});
</script></body></html>`

// TestChromeInATraceViewer: the viewer of chrome://tracing, as the Go distribution
// has it for its own traces, takes a file without a warning and has everything in
// it that was written: all spans, all arrows with both their ends, all counters.
func TestChromeInATraceViewer(t *testing.T) {
	chromium := findChromium(t)
	root, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	static := filepath.Join(strings.TrimSpace(string(root)), "src", "internal", "trace", "traceviewer", "static")
	if _, err := os.Stat(filepath.Join(static, "trace_viewer_full.html")); err != nil {
		t.Skip("this Go has no trace viewer")
	}
	cases := []struct {
		name  string
		file  []byte
		lanes int
		async int
	}{
		{"office", chrome(t, recorded(t, 4, runs[3].profile, office), trace.Chrome{Locks: true}), 15, 0},
		{"company", chrome(t, recorded(t, 4, runs[3].profile, company), trace.Chrome{}), 13, 0},
		{"coroutines", chrome(t, recorded(t, 1, runs[0].profile, coroutines), trace.Chrome{}), 3, 2},
		{"random", chrome(t, newRandom(7).record(t), trace.Chrome{Locks: true}), 0, 0},
	}
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir(static))))
	for n, c := range cases {
		mux.HandleFunc(fmt.Sprintf("/trace/%d", n), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(c.file) })
	}
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Replace(viewerPage, "COUNT", strconv.Itoa(len(cases)), 1)))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	var m []string
	for try := 0; m == nil && try < 4; try++ { // a slow computer may dump the page before the viewer is there
		page := browse(t, chromium, "--virtual-time-budget=60000", "--dump-dom", server.URL+"/")
		m = regexp.MustCompile(`(?s)<pre id="result">(.*?)</pre>`).FindStringSubmatch(page)
	}
	require.NotNil(t, m, "the viewer has not come to an end")
	var results []viewed
	require.NoError(t, json.Unmarshal([]byte(html.UnescapeString(m[1])), &results), m[1])
	require.Len(t, results, len(cases))
	for n, c := range cases {
		t.Run(c.name, func(t *testing.T) { compareViewed(t, results[n], c.file, c.lanes, c.async) })
	}
}

// viewed is what a viewer has made of a file.
type viewed struct {
	Error    string
	Warnings []string
	Flows    int
	Lanes    []struct {
		Name          string
		Slices, Async int
	}
	Counters  []string
	Processes []string
}

// compareViewed holds it against the file itself.
func compareViewed(t *testing.T, got viewed, content []byte, wantLanes, wantAsync int) {
	t.Helper()
	require.Empty(t, got.Error)
	require.Empty(t, got.Warnings)
	var file struct {
		TraceEvents []struct {
			Ph, Name string
			PID      int
			Args     map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(content, &file))
	spans, flows := 0, 0
	var lanes, processes []string
	counters := map[string]bool{}
	for _, e := range file.TraceEvents {
		switch {
		case e.Ph == "X", e.Ph == "i": // which it has as a span without length
			spans++
		case e.Ph == "f":
			flows++
		case e.Ph == "C":
			counters[fmt.Sprint(e.PID, e.Name)] = true
		case e.Name == "thread_name":
			lanes = append(lanes, e.Args["name"].(string))
		case e.Name == "process_name":
			processes = append(processes, e.Args["name"].(string))
		}
	}
	slices, async := 0, 0
	var names []string
	for _, l := range got.Lanes {
		slices += l.Slices
		async += l.Async
		names = append(names, l.Name)
	}
	require.Equal(t, spans, slices, "spans")
	require.Equal(t, flows, got.Flows, "arrows with both ends")
	require.Positive(t, spans)
	require.ElementsMatch(t, lanes, names)
	if wantLanes > 0 {
		require.Len(t, lanes, wantLanes)
	}
	require.ElementsMatch(t, processes, got.Processes)
	require.Len(t, got.Counters, len(counters))
	require.Equal(t, wantAsync, async)
}
