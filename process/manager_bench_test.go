//go:build linux

package process_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const timingManager = timing + `
if __name__ == "__main__":
    mp.set_start_method("fork")
    m = mp.Manager(); d = m.dict({1: 2})
    def f(n):
        for _ in range(n): d[1]
    measure(5000, f)
`

func BenchmarkManagerDictGet(b *testing.B) {
	ctx := b.Context()
	d, err := manager(b).Dict(ctx)
	require.NoError(b, err)
	require.NoError(b, d.Set(ctx, 1, 2))
	get := func() {
		if v, ok, err := d.Get(ctx, 1); !ok || err != nil || v != 2 {
			b.Error("lost")
		}
	}
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			get()
		}
		b.ReportMetric(1e9/perOp(b), "gets/s")
		against(b, perOp(b), timingManager)
	})
	b.Run("eight", func(b *testing.B) {
		b.SetParallelism(4)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				get()
			}
		})
		b.ReportMetric(1e9/perOp(b), "gets/s")
	})
}
