package pickle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe/pickle"
)

// The peer is CPython's pickle, which is written in C, in a process of its own in
// the same run, with the same values.
func BenchmarkPython(b *testing.B) {
	for _, c := range benchmarks {
		if c.name == "Struct" {
			continue // CPython has an object there
		}
		data := must(pickle.Python.Append(nil, c.value))
		into := newLike(c.value)
		require.NoError(b, pickle.Python.UnmarshalInto(data, into))
		var buf []byte
		var got any
		marshal := func() { buf, _ = pickle.Python.Append(buf[:0], c.value) }
		unmarshal := func() { got, _ = pickle.Python.Unmarshal(data) }
		for verb, fn := range map[string]func(){"Marshal": marshal, "Unmarshal": unmarshal} {
			b.Run(verb+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(data)))
				for b.Loop() {
					fn()
				}
				t := rounds(fn)
				b.ReportMetric(t[0], "best-ns")
				if strings.HasPrefix(c.name, "Bytes") {
					b.ReportMetric(float64(len(data))/t[0], "best-GB/s")
				}
				if py, ok := cpython()[c.name+"/"+verb]; ok {
					b.ReportMetric(t[0]/py, "x-of-cpython")
				}
			})
		}
		_ = got
	}
}
