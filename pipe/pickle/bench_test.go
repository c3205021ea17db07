package pickle_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// Item is the small struct of the benchmarks.
type Item struct {
	ID    int
	Name  string
	Price float64
	Tags  []string
	Stock map[string]int
	Sold  bool
}

func init() {
	pickle.Register[Item]()
	gob.Register(Item{})
	gob.Register([]any{})
	gob.Register(map[string]int{})
}

var benchmarks = []struct {
	name  string
	value any
}{
	{"Int", 12345},
	{"Struct", Item{1234567, "widget", 12.5, []string{"new", "blue"}, map[string]int{"berlin": 3, "oslo": 14}, true}},
	{"Ints1000", func() any {
		s := make([]int, 1000)
		for i := range s {
			s[i] = i
		}
		return s
	}()},
	{"Map100", func() any {
		m := map[string]int{}
		for i := range 100 {
			m[fmt.Sprintf("key%d", i)] = i
		}
		return m
	}()},
	{"List", []any{1, "x", 2.5, nil, []any{true}}},
	{"Bytes1MiB", make([]byte, 1<<20)},
}

// rounds runs the functions in turn, several times, and returns the best time of
// each for one call, in nanoseconds. In turn, because other work on the machine
// then hits them alike.
func rounds(fns ...func()) []float64 {
	best := make([]float64, len(fns))
	for range 8 {
		for i, fn := range fns {
			start, n := time.Now(), 0
			for time.Since(start) < 4*time.Millisecond {
				for range 16 {
					fn()
				}
				n += 16
			}
			if ns := float64(time.Since(start)) / float64(n); best[i] == 0 || ns < best[i] {
				best[i] = ns
			}
		}
	}
	return best
}

// report runs ours for the benchmark's own figure and reports how it compares
// with the peers in the same run.
func report(b *testing.B, name string, ours, gob, json func()) {
	b.ReportAllocs()
	for b.Loop() {
		ours()
	}
	t := rounds(ours, gob, json)
	b.ReportMetric(t[0], "best-ns")
	b.ReportMetric(t[0]/t[1], "x-of-gob")
	b.ReportMetric(t[0]/t[2], "x-of-json")
	if py, ok := cpython()[name]; ok {
		b.ReportMetric(t[0]/py, "x-of-cpython")
	}
}

// cpython times CPython's pickle in its own process, once.
var cpython = sync.OnceValue(func() map[string]float64 {
	times := map[string]float64{}
	py := python()
	if py == "" {
		return times
	}
	out, err := exec.Command(py, "testdata/bench.py").Output()
	if err != nil {
		return times
	}
	for line := range strings.Lines(string(out)) {
		if name, ns, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			times[name], _ = strconv.ParseFloat(ns, 64)
		}
	}
	return times
})

// The peers do the same work: a message by itself, from a value whose type the
// receiver does not know beforehand (gob), or does (JSON).
func BenchmarkMarshal(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			var buf []byte
			ours := func() { buf, _ = pickle.Append(buf[:0], c.value) }
			ours()
			got, err := pickle.Unmarshal(buf)
			require.NoError(b, err)
			require.Equal(b, c.value, got)
			b.SetBytes(int64(len(buf)))
			var out bytes.Buffer
			var text []byte
			report(b, c.name+"/Marshal", ours,
				func() {
					out.Reset()
					_ = gob.NewEncoder(&out).Encode(&c.value)
				},
				func() { text, _ = json.Marshal(c.value) })
			var sent any
			if c.name != "List" { // gob has no form for the nil in it
				require.NoError(b, gob.NewDecoder(&out).Decode(&sent))
				require.Equal(b, c.value, sent)
			}
			require.True(b, json.Valid(text))
		})
	}
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			data, err := pickle.Marshal(c.value)
			require.NoError(b, err)
			value := c.value
			if c.name == "List" {
				value = []any{1, "x", 2.5, []any{true}}
			}
			var out bytes.Buffer
			require.NoError(b, gob.NewEncoder(&out).Encode(&value))
			text, err := json.Marshal(c.value)
			require.NoError(b, err)
			var got, fromGob any
			fromJSON := newLike(c.value)
			b.SetBytes(int64(len(data)))
			report(b, c.name+"/Unmarshal",
				func() { got, _ = pickle.Unmarshal(data) },
				func() {
					fromGob = nil
					_ = gob.NewDecoder(bytes.NewReader(out.Bytes())).Decode(&fromGob)
				},
				func() {
					fromJSON = newLike(c.value)
					_ = json.Unmarshal(text, fromJSON)
				})
			require.Equal(b, c.value, got)
			require.Equal(b, value, fromGob)
		})
	}
}

func newLike(v any) any {
	switch v.(type) {
	case int:
		return new(int)
	case Item:
		return new(Item)
	case []int:
		return new([]int)
	case map[string]int:
		return new(map[string]int)
	case []byte:
		return new([]byte)
	}
	return new(any)
}

// A receiver that knows the type needs no box; one that owns the message needs
// no copy of large bytes.
func BenchmarkUnmarshalInto(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			data, err := pickle.Marshal(c.value)
			require.NoError(b, err)
			into := newLike(c.value)
			aliasing := pickle.WithAliasing()
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if c.name == "Bytes1MiB" {
					err = pickle.UnmarshalInto(data, into, aliasing)
				} else {
					err = pickle.UnmarshalInto(data, into)
				}
			}
			require.NoError(b, err)
		})
	}
}

// Graphs: what the memo costs. The list is a million pointers' worth of it.
func BenchmarkGraph(b *testing.B) {
	for name, v := range map[string]any{
		"nodes": nest["node"](9_000),
		"shared": func() any {
			p := &point{}
			s := make([]*point, 10_000)
			for i := range s {
				s[i] = p
			}
			return s
		}(),
		"lists": func() any {
			s := make([]any, 10_000)
			for i := range s {
				s[i] = []any{i}
			}
			return s
		}(),
		"points": func() any {
			s := make([]*point, 10_000)
			for i := range s {
				s[i] = &point{i, i}
			}
			return s
		}(),
	} {
		data, err := pickle.Marshal(v)
		require.NoError(b, err)
		b.Run("Marshal/"+name, func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf, _ = pickle.Append(buf[:0], v)
			}
		})
		b.Run("Unmarshal/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pickle.Unmarshal(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
