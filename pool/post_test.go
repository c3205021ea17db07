package pool

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// attendant stands by on a goroutine of its own; what standBy returns is in the channel.
func attendant(p *post) <-chan bool {
	reads := make(chan bool, 1)
	go func() { reads <- p.standBy() }()
	synctest.Wait()
	return reads
}

func TestPost(t *testing.T) {
	for name, run := range map[string]func(t *testing.T, p *post){
		"attended": func(t *testing.T, p *post) {
			require.True(t, p.isAttended())
			require.False(t, p.take())
			p.call() // he reads
			require.True(t, p.standBy())
			p.retire()
			require.False(t, p.isAttended())
			reads := attendant(p)
			require.Empty(t, reads, "the call was before")
			p.call()
			require.True(t, <-reads)
		},
		"leaving": func(t *testing.T, p *post) {
			p.retire()
			require.False(t, p.take(), "he has not left")
			p.call()
			require.True(t, p.standBy())
			require.True(t, p.isAttended())
		},
		"vacant": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			began := time.Now()
			p.call()
			require.True(t, <-reads)
			require.True(t, p.isAttended())
			require.Zero(t, time.Since(began), "he was called")
			p.retire()
			require.Empty(t, attendant(p), "once")
		},
		"forgotten": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			require.True(t, <-reads, "after a patrol")
			require.True(t, p.isAttended())
		},
		"busy": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			for range 100 {
				require.True(t, p.take())
				require.False(t, p.take(), "one at a time")
				p.give(false)
				p.retire()
				time.Sleep(patrol * 9 / 10)
				require.Empty(t, reads)
			}
		},
		"occupied": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			require.True(t, p.take())
			time.Sleep(100*patrol + patrol/2)
			require.Empty(t, reads, "somebody reads")
			p.give(false)
			synctest.Wait()
			require.Empty(t, reads, "there may be more of these")
			require.True(t, <-reads)
			require.True(t, p.isAttended())
		},
		"called while occupied": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			require.True(t, p.take())
			p.call()
			synctest.Wait()
			require.Empty(t, reads)
			began := time.Now()
			p.give(false)
			require.True(t, <-reads)
			require.Zero(t, time.Since(began))
		},
		"owed": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			require.True(t, p.take())
			began := time.Now()
			p.give(true)
			require.True(t, <-reads)
			require.Zero(t, time.Since(began))
		},
		"spoiled": func(t *testing.T, p *post) {
			p.retire()
			reads := attendant(p)
			require.True(t, p.take())
			p.spoil()
			p.give(true)
			require.False(t, <-reads)
			require.False(t, p.take())
			require.False(t, p.standBy())
			require.False(t, p.isAttended())
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPost()
				run(t, &p)
				if p.at != spoiled { // whoever still stands by reads
					p.call()
				}
			})
		})
	}
}

// Who reads is interrupted by the end of his context, and one that ends at a time knows it
// from the start. The next one is not interrupted by it.
func TestPostReading(t *testing.T) {
	p := newPost()
	r, done := p.reading(t.Context())
	require.NoError(t, r.ctx.Err())
	again, _ := p.reading(t.Context())
	require.Same(t, r, again)
	done()
	require.NoError(t, r.ctx.Err())
	r.cancel()
	r, _ = p.reading(t.Context())
	require.NoError(t, r.ctx.Err())

	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	limited, done := p.reading(ctx)
	theirs, _ := ctx.Deadline()
	mine, ok := limited.ctx.Deadline()
	require.True(t, ok)
	require.Equal(t, theirs, mine)
	done()
	require.Error(t, limited.ctx.Err())
	require.NoError(t, r.ctx.Err())
}
