package pool_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/pool"
)

// An option that a map would not look at is refused by it.
func TestOptionsOfMaps(t *testing.T) {
	with(t, 1, func(t *testing.T, ctx context.Context, ex pool.Executor) {
		verbs := map[string]func(o pool.Option) error{
			"Map": func(o pool.Option) error { _, err := pool.Map(ctx, ex, square, upTo(3), o); return err },
			"MapAsync": func(o pool.Option) error {
				return pool.MapAsync(ctx, ex, square, upTo(3), o).Future().Exception(ctx)
			},
			"MapOn": func(o pool.Option) error {
				_, errs := collect(pool.MapOn(ctx, ex, square, upTo(3), o))
				return slices.Concat(errs, []error{nil})[0]
			},
			"IMap": func(o pool.Option) error {
				_, errs := collect(pool.IMap(ctx, ex, square, slices.Values(upTo(3)), o))
				return slices.Concat(errs, []error{nil})[0]
			},
			"IMapUnordered": func(o pool.Option) error {
				_, errs := collect(pool.IMapUnordered(ctx, ex, square, slices.Values(upTo(3)), o))
				return slices.Concat(errs, []error{nil})[0]
			},
		}
		for _, c := range []struct {
			option pool.Option
			name   string
			taken  string // by these
		}{
			{pool.WithTimeout(time.Hour), "WithTimeout", "Map MapOn"},
			{pool.WithBufferSize(2), "WithBufferSize", "MapOn IMap IMapUnordered"},
			{pool.WithProgress(func(int, int) {}), "WithProgress", "Map MapAsync IMap IMapUnordered"},
			{pool.WithCallback(func(context.Context, []int) {}), "WithCallback", "Map MapAsync"},
			{pool.WithErrorCallback(func(context.Context, error) {}), "WithErrorCallback", "Map MapAsync"},
			{pool.WithChunkSize(2), "WithChunkSize", "Map MapAsync MapOn IMap IMapUnordered"},
			{pool.WithPriority(1), "WithPriority", "Map MapAsync MapOn IMap IMapUnordered"},
			{pool.WithRetries(1), "WithRetries", "Map MapAsync MapOn IMap IMapUnordered"},
		} {
			for verb, call := range verbs {
				err := call(c.option)
				if slices.Contains(strings.Fields(c.taken), verb) {
					assert.NoError(t, err, "%s of %s", c.name, verb)
					continue
				}
				var bad *gil.ValueError
				if assert.ErrorAs(t, err, &bad, "%s of %s", c.name, verb) {
					assert.Contains(t, bad.Text, "pool: "+c.name+" has no meaning for")
				}
			}
		}
	})
}

// The texts of what is refused are those of the Python class that refuses it.
func TestTextsOfRefusals(t *testing.T) {
	everyPool(t, func(t *testing.T, ctx context.Context, f flavour) {
		text := func(fn func() error) (text string) {
			defer func() {
				if err, is := recover().(*gil.ValueError); is { // threads' constructors panic, and must does
					text = err.PythonText()
				}
			}()
			var bad *gil.ValueError
			assert.ErrorAs(t, fn(), &bad)
			return bad.PythonText()
		}
		assert.Equal(t, "maxtasksperchild must be a positive int or None", text(func() error { f.pool(ctx, 1, pool.WithMaxTasksPerChild(0)); return nil }))
		assert.Equal(t, "max_tasks_per_child must be >= 1", text(func() error { f.make(ctx, 1, pool.WithMaxTasksPerChild(0)); return nil }))

		p := f.pool(ctx, 1)
		for _, imap := range []func(n int) error{
			func(n int) error {
				_, errs := collect(pool.IMap(ctx, p, square, slices.Values(upTo(3)), pool.WithChunkSize(n)))
				return errs[0]
			},
			func(n int) error {
				_, errs := collect(pool.IMapUnordered(ctx, p, square, slices.Values(upTo(3)), pool.WithChunkSize(n)))
				return errs[0]
			},
		} {
			assert.Equal(t, "Chunksize must be 1+, not 0", text(func() error { return imap(0) }))
			assert.Equal(t, "Chunksize must be 1+, not -7", text(func() error { return imap(-7) }))
		}
		path, open := gate(t)
		one := pool.ApplyAsync(ctx, p, held, path)
		assert.Regexp(t, `^<multiprocessing\.pool\.ApplyResult object at 0x[0-9a-f]+> not ready$`, text(func() error { _, err := one.Successful(ctx); return err }))
		many := pool.MapAsync(ctx, p, held, []string{path})
		assert.Regexp(t, `^<multiprocessing\.pool\.MapResult object at 0x[0-9a-f]+> not ready$`, text(func() error { _, err := many.Successful(ctx); return err }))
		open()
		assert.NoError(t, many.Wait(ctx))

		// A Pool that is shut down as an executor is closed.
		assert.NoError(t, pool.Shutdown(ctx, p))
		assert.Equal(t, "<pool.Pool state=CLOSE pool_size=1>", p.String())
		assert.Equal(t, "Pool not running", text(func() error { return p.With(ctx, func() {}) }))
		assert.NoError(t, p.Join(ctx))
	})
}
