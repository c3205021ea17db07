//go:build linux || darwin

package queue_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

type stream struct {
	Q    *queue.ProcessQueue[int]
	B    *queue.ProcessQueue[[]byte]
	Back *queue.ProcessQueue[int]
	N    int
}

var streamInts = process.DefineTarget("bench.ints", func(ctx context.Context, s stream) error {
	for i := range s.N {
		if err := s.Q.Put(ctx, i); err != nil {
			return err
		}
	}
	return nil
})

var streamBytes = process.DefineTarget("bench.bytes", func(ctx context.Context, s stream) error {
	data := make([]byte, 1<<20)
	for i := range s.N {
		data[0] = byte(i)
		if err := s.B.Put(ctx, data); err != nil {
			return err
		}
	}
	return nil
})

var echoInts = process.DefineTarget("bench.echo", func(ctx context.Context, s stream) error {
	for range s.N {
		v, err := s.Q.Get(ctx)
		if err != nil {
			return err
		}
		if err := s.Back.Put(ctx, v); err != nil {
			return err
		}
	}
	return nil
})

func BenchmarkProcessSmall(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	p, err := streamInts.Start(ctx, stream{Q: q, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_, _ = q.Get(ctx)
	b.ResetTimer()
	for i := range b.N {
		if v, err := q.Get(ctx); err != nil || v != i+1 {
			b.Fatal(v, err)
		}
	}
	b.StopTimer()
	fmt.Println(q.Stats(ctx))
	_ = p.Join(ctx)
}

func BenchmarkProcessBytes(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[[]byte](ctx, 8)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	p, err := streamBytes.Start(ctx, stream{B: q, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_, _ = q.Get(ctx)
	b.SetBytes(1 << 20)
	b.ResetTimer()
	for i := range b.N {
		if v, err := q.Get(ctx); err != nil || v[0] != byte(i+1) {
			b.Fatal(v[0], err)
		}
	}
	b.StopTimer()
	_ = p.Join(ctx)
}

func BenchmarkProcessLatency(b *testing.B) {
	ctx := b.Context()
	q, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	back, err := queue.NewProcess[int](ctx, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer back.Close()
	p, err := echoInts.Start(ctx, stream{Q: q, Back: back, N: b.N + 1})
	if err != nil {
		b.Fatal(err)
	}
	_ = q.Put(ctx, 0)
	_, _ = back.Get(ctx)
	b.ResetTimer()
	for i := range b.N {
		_ = q.Put(ctx, i)
		_, _ = back.Get(ctx)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(2*b.N), "µs/message")
	_ = p.Join(ctx)
}
