package trace_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/trace"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares what an exporter wrote with the stored file, byte for byte.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))
	if bytes.Equal(want, got) {
		return
	}
	a, b := strings.Split(string(want), "\n"), strings.Split(string(got), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("%s, line %d:\n%.300s\nis now\n%.300s\nIf that is right, run the test with -update.", path, i+1, a[i], b[i])
		}
	}
	t.Fatalf("%s has %d lines, now %d. If that is right, run the test with -update.", path, len(a), len(b))
}

// run is a seeded virtual run, and so is everything made of it.
type run struct {
	name    string
	title   string
	cores   int
	profile gil.Profile
	main    func(*gil.Thread)
	opts    []gil.Option
}

var runs = []run{
	{"convoy", "convoy", 2, gil.CPython313, convoy, nil},
	{"battle27", "the GIL battle", 2, gil.CPython27.WithCheckInterval(10_000), battle(20 * time.Millisecond), []gil.Option{gil.Measured()}},
	{"battle313", "the new GIL", 2, gil.CPython313, battle(20 * time.Millisecond), []gil.Option{gil.Measured()}},
	{"office", "two processes, a queue and a pool", 4, gil.CPython312, office, nil},
	{"free", "without a GIL", 2, gil.CPython313T, convoy, nil},
}

func (r run) trace(t *testing.T) *trace.Trace {
	t.Helper()
	tr := recorded(t, r.cores, r.profile, r.main, r.opts...)
	tr.Header.Title = r.title
	return tr
}

// each makes a golden file of every run.
func each(t *testing.T, suffix string, export func(t *testing.T, tr *trace.Trace) []byte) {
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) { golden(t, r.name+suffix, export(t, r.trace(t))) })
	}
}

func TestGoldenJSONL(t *testing.T) {
	golden(t, "office.jsonl", jsonl(t, runs[3].trace(t)))
}

func TestGoldenText(t *testing.T) {
	each(t, ".txt", func(t *testing.T, tr *trace.Trace) []byte {
		var b bytes.Buffer
		require.NoError(t, tr.Timeline().WriteText(&b, trace.Text{}))
		b.WriteString("\n")
		require.NoError(t, tr.Timeline().WriteText(&b, trace.Text{Width: 120}))
		b.WriteString("\n")
		require.NoError(t, tr.Timeline().WriteText(&b, trace.Text{Events: true, Most: 2}))
		return b.Bytes()
	})
}

func TestGoldenMetrics(t *testing.T) {
	each(t, ".metrics.txt", func(t *testing.T, tr *trace.Trace) []byte {
		var b bytes.Buffer
		require.NoError(t, tr.Timeline().Metrics().WriteText(&b))
		return b.Bytes()
	})
}

func TestGoldenCSV(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, runs[3].trace(t).Timeline().WriteCSV(&b))
	golden(t, "office.csv", b.Bytes())
}
