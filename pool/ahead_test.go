package pool_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/gil/explore"
	"github.com/pygil/pygil/pool"
)

// PO-8: how many items an imap takes ahead of the results is what its buffer holds, and no
// item more, however long the results are in coming.
func TestIMapAhead(t *testing.T) {
	imaps := map[string]func(ctx context.Context, p pool.Executor, in iter.Seq[step], opts ...pool.Option) iter.Seq2[string, error]{
		"ordered": func(ctx context.Context, p pool.Executor, in iter.Seq[step], opts ...pool.Option) iter.Seq2[string, error] {
			return pool.IMap(ctx, p, noted, in, opts...)
		},
		"unordered": func(ctx context.Context, p pool.Executor, in iter.Seq[step], opts ...pool.Option) iter.Seq2[string, error] {
			return pool.IMapUnordered(ctx, p, noted, in, opts...)
		},
	}
	for name, imap := range imaps {
		for _, f := range flavours() {
			if !f.virtual {
				continue // time says there when nothing more comes
			}
			t.Run(name+", "+f.name, func(t *testing.T) {
				f.run(t, func(ctx context.Context) {
					th := thread(ctx)
					ex := f.make(ctx, 2)
					for _, c := range []struct{ buffer, chunk, ahead int }{{1, 1, 1}, {3, 1, 3}, {2, 4, 8}, {0, 1, 32}} {
						s, end := newScript(t)
						taken := 0
						in := func(yield func(step) bool) {
							for more := true; more; {
								taken++
								more = yield(s.step("x", "gate"))
							}
						}
						opts := []pool.Option{pool.WithChunkSize(c.chunk)}
						if c.buffer > 0 {
							opts = append(opts, pool.WithBufferSize(c.buffer))
						}
						join := beside(ctx, func(ctx context.Context) {
							thread(ctx).Sleep(time.Second / 10)
							assert.Equal(t, c.ahead, taken, "%v", c)
							s.open("gate")
						})
						n := 0
						for _, err := range imap(ctx, ex, in, opts...) {
							assert.NoError(t, err)
							if n++; n <= c.chunk {
								assert.Equal(t, c.ahead, taken, "%v: item %d", c, n)
							}
							th.Sleep(time.Second / 10) // all that was taken is done
							if n == 3*c.chunk {
								break
							}
						}
						join()
						assert.LessOrEqual(t, taken-n, c.ahead)
						end()
					}
					assert.NoError(t, pool.Shutdown(ctx, ex))
				})
			})
		}
	}
}

// Whenever the context of a task or of a map ends, who waits learns of it or has the result, and
// the executor does what comes next.
func TestExploredContexts(t *testing.T) {
	uses := map[string]func(ctx context.Context, t *gil.Thread, ex pool.Executor) error{
		"Submit": func(ctx context.Context, t *gil.Thread, ex pool.Executor) error {
			return pool.Submit(ctx, ex, square, 3).Exception(t)
		},
		"MapAsync": func(ctx context.Context, t *gil.Thread, ex pool.Executor) error {
			err := pool.MapAsync(ctx, ex, square, upTo(2), pool.WithChunkSize(1)).Future().Exception(t)
			require.NotErrorIs(t, err, pool.ErrCancelled)
			return err
		},
		"MapOn": func(ctx context.Context, _ *gil.Thread, ex pool.Executor) error {
			for _, err := range pool.MapOn(ctx, ex, square, upTo(2)) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	for name, use := range uses {
		for kind, create := range map[string]func(t *gil.Thread) pool.Executor{
			"threads":   func(t *gil.Thread) pool.Executor { return pool.NewThreadExecutor(t, 1) },
			"processes": func(t *gil.Thread) pool.Executor { return must(pool.NewProcessExecutor(t, 1)) },
		} {
			for _, profile := range []gil.Profile{gil.CPython312, gil.CPython313T} {
				r := explore.Run(func(t *gil.Thread) {
					ex := create(t)
					ctx, cancel := gil.WithCancel(t)
					ends := t.Go("ends", func(*gil.Thread) { cancel() })
					if err := use(ctx, t, ex); err != nil && err != pool.ErrCancelled {
						require.ErrorIs(t, err, context.Canceled)
					}
					ends.Join(t)
					v, err := pool.Submit(t, ex, square, 4).Result(t)
					require.NoError(t, err)
					require.Equal(t, 16, v)
					require.NoError(t, pool.Shutdown(t, ex))
				}, explore.WithProfile(profile), explore.WithMaxSchedules(60))
				require.Empty(t, r.Failures, "%s, %s", name, kind)
			}
		}
	}
}
