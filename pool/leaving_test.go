//go:build linux || darwin

package pool_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// A loop over chunks that is left cancels those that have not begun, as one over items does.
func TestChunksLeft(t *testing.T) {
	loops := map[string]func(ctx context.Context, ex pool.Executor, items []step) func(yield func(string, error) bool){
		"MapOn": func(ctx context.Context, ex pool.Executor, items []step) func(yield func(string, error) bool) {
			return pool.MapOn(ctx, ex, noted, items, pool.WithChunkSize(2))
		},
		"IMap": func(ctx context.Context, ex pool.Executor, items []step) func(yield func(string, error) bool) {
			return pool.IMap(ctx, ex, noted, slices.Values(items), pool.WithChunkSize(2), pool.WithBufferSize(4))
		},
		"IMapUnordered": func(ctx context.Context, ex pool.Executor, items []step) func(yield func(string, error) bool) {
			return pool.IMapUnordered(ctx, ex, noted, slices.Values(items), pool.WithChunkSize(2), pool.WithBufferSize(4))
		},
	}
	for name, loop := range loops {
		t.Run(name, func(t *testing.T) {
			with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
				s, end := newScript(t)
				defer end()
				items := []step{s.step("a"), s.step("b"), s.step("c", "gate"), s.step("d"), s.step("e"), s.step("f"), s.step("g"), s.step("h")}
				for v, err := range loop(ctx, ex, items) {
					assert.NoError(t, err)
					assert.Equal(t, "a", v)
					s.await(ctx, 3) // the next chunk has begun
					break
				}
				last := pool.Submit(ctx, ex, noted, s.step("last"))
				s.open("gate")
				assert.NoError(t, last.Exception(ctx))
				assert.Equal(t, []string{"a", "b", "c", "d", "last"}, s.begun())
			})
		})
	}
}

// When a map tells of an error, what has not begun is cancelled already.
func TestMapErrorCancels(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		s, end := newScript(t)
		defer end()
		items := append([]step{{"/nowhere", "a", ""}, s.step("b", "gate")}, s.steps("c", "d", "e")...)
		n := 0
		for _, err := range pool.MapOn(ctx, ex, noted, items) {
			n++
			assert.ErrorContains(t, err, "nowhere")
			last := pool.Submit(ctx, ex, noted, s.step("last"))
			s.open("gate")
			assert.NoError(t, last.Exception(ctx))
			for _, name := range s.begun() { // b may have begun
				assert.NotContains(t, "cde", name)
			}
		}
		assert.Equal(t, 1, n)
	})
}

// What a lazy map, or one that nobody waits for, runs in a process ends with its context, as
// that of Map does, and what has not begun does not begin.
func TestMapsEndWithTheirContext(t *testing.T) {
	maps := map[string]func(ctx context.Context, ex pool.Executor, items []step) error{
		"Map": func(ctx context.Context, ex pool.Executor, items []step) error {
			_, err := pool.Map(ctx, ex, noted, items, pool.WithChunkSize(1))
			return err
		},
		"MapAsync": func(ctx context.Context, ex pool.Executor, items []step) error {
			return pool.MapAsync(ctx, ex, noted, items, pool.WithChunkSize(1)).Future().Exception(context.WithoutCancel(ctx))
		},
		"MapOn": func(ctx context.Context, ex pool.Executor, items []step) error {
			_, errs := collect(pool.MapOn(ctx, ex, noted, items))
			return errs[0]
		},
		"MapOn, chunks": func(ctx context.Context, ex pool.Executor, items []step) error {
			_, errs := collect(pool.MapOn(ctx, ex, noted, items, pool.WithChunkSize(2)))
			return errs[0]
		},
		"IMap": func(ctx context.Context, ex pool.Executor, items []step) error {
			_, errs := collect(pool.IMap(ctx, ex, noted, slices.Values(items)))
			return errs[0]
		},
		"IMapUnordered, chunks": func(ctx context.Context, ex pool.Executor, items []step) error {
			_, errs := collect(pool.IMapUnordered(ctx, ex, noted, slices.Values(items), pool.WithChunkSize(2)))
			return errs[0]
		},
	}
	for name, run := range maps {
		t.Run(name, func(t *testing.T) {
			for _, f := range flavours() {
				if !f.remote {
					continue
				}
				t.Run(f.name, func(t *testing.T) {
					f.run(t, func(ctx context.Context) {
						s, end := newScript(t)
						defer end()
						ex := f.make(ctx, 2)
						items := []step{s.step("a", "never"), s.step("b", "never"), s.step("c", "never"), s.step("d", "never"), s.step("e", "never")}
						inner, cancel := context.WithCancel(ctx)
						if th := thread(ctx); th != nil {
							inner, cancel = gil.WithCancel(th)
						}
						defer cancel()
						join := beside(ctx, func(ctx context.Context) {
							s.await(ctx, 2)
							cancel()
						})
						assert.ErrorIs(t, run(inner, ex, items), context.Canceled)
						join()
						v, err := pool.Submit(ctx, ex, square, 3).Result(ctx)
						assert.NoError(t, err)
						assert.Equal(t, 9, v)
						assert.NoError(t, pool.Shutdown(ctx, ex), "it would wait for what runs")
						assert.Len(t, s.begun(), 2)
					})
				})
			}
		})
	}
}

// An imap whose results are always there already ends with its context as well.
func TestIMapLooksAtItsContext(t *testing.T) {
	require.NoError(t, gil.NewMachine(1).Run(gil.CPython313, func(th *gil.Thread) {
		p := pool.NewThread(th, 1)
		defer func() { assert.NoError(t, p.Terminate(th)); assert.NoError(t, p.Join(th)) }()
		end, cancel := gil.WithCancel(th)
		n, errs := 0, []error{}
		endless := func(yield func(int) bool) {
			for i := 0; i < 1000 && yield(i); i++ {
				th.Sleep(time.Second)
			}
		}
		for _, err := range pool.IMap(end, p, square, endless) {
			if n++; err != nil {
				errs = append(errs, err)
			}
			if n == 3 {
				cancel()
			}
		}
		assert.Equal(t, 4, n)
		if assert.Len(t, errs, 1) {
			assert.ErrorIs(t, errs[0], context.Canceled)
		}
	}))
}

// Who submits with a context that has ended harms nobody else: what is started for his task is
// everybody's.
func TestEndedContextHarmsNobody(t *testing.T) {
	for _, f := range flavours() {
		if !f.remote {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			f.run(t, func(ctx context.Context) {
				over, cancel := context.WithCancel(ctx)
				if th := thread(ctx); th != nil {
					over, cancel = gil.WithCancel(th)
				}
				cancel()
				for name, use := range map[string]func(ex pool.Executor){
					"Submit": func(ex pool.Executor) { pool.Submit(over, ex, square, 3) },
					"Map": func(ex pool.Executor) {
						if _, err := pool.Map(over, ex, square, upTo(3)); err != nil { // not done before it looked
							assert.ErrorIs(t, err, context.Canceled)
						}
					},
					"Shutdown": func(ex pool.Executor) {
						f := pool.Submit(ctx, ex, square, 3)
						if err := pool.Shutdown(over, ex); err != nil {
							assert.ErrorIs(t, err, context.Canceled)
						}
						if err := f.Exception(ctx); err != nil {
							assert.ErrorIs(t, err, pool.ErrShutdown) // the second time
						}
					},
					"Resize": func(ex pool.Executor) {
						assert.NoError(t, ex.(interface {
							Resize(ctx context.Context, n int) error
						}).Resize(over, 3))
					},
				} {
					for _, ex := range []pool.Executor{f.make(ctx, 2), f.pool(ctx, 2), f.make(ctx, 2, pool.WithMaxTasksPerChild(1)), f.pool(ctx, 1, pool.WithMaxTasksPerChild(1))} {
						for range 3 {
							use(ex)
						}
						if name != "Shutdown" {
							v, err := pool.Submit(ctx, ex, square, 4).Result(ctx)
							assert.NoError(t, err, name)
							assert.Equal(t, 16, v, name)
						}
						assert.NoError(t, pool.Shutdown(ctx, ex))
					}
				}
			})
		})
	}
}
