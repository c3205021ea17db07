//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// A child killed at any moment of its life, its birth above all, is a child with
// an exit code; nothing is left of it.
func TestKilledAtAnyMoment(t *testing.T) {
	n := 300
	if testing.Short() {
		n = 40
	}
	files := openFiles(t)
	argument := make([]byte, 100<<10)
	killed := 0
	for i := range n {
		p, err := dropArgument.Start(t.Context(), argument[:i%2*len(argument)])
		require.NoError(t, err)
		if i%5 > 0 {
			time.Sleep(rand.N(6 * time.Millisecond))
		}
		require.NoError(t, p.Kill())
		switch code := joined(t, p); code {
		case -9:
			killed++
		default:
			assert.Zero(t, code)
		}
	}
	assert.Positive(t, killed)
	assert.Empty(t, process.ActiveChildren(t.Context()))
	assert.Empty(t, zombies(t))
	eventually(t, func() bool { return openFiles(t) <= files }) // who still sends to a dead child closes his end himself
}

func init() {
	elsewhere = append(elsewhere, "forsaken")
	// A program that has one daemon after the other.
	roles["fertile"] = func() {
		b := roleBonds()
		process.Main(func(t *gil.Thread) error {
			for {
				if err := b.start(t, "born", process.WithDaemon()); err != nil {
					return err
				}
			}
		})
	}
}

// A parent killed at any moment, while it starts children above all, leaves no
// daemon behind. CPython's run on (gh-80180).
func TestParentKilledAtAnyMoment(t *testing.T) {
	n := 20
	if testing.Short() {
		n = 4
	}
	for range n {
		w, p := observe(t, nil, "fertile")
		w.hears(t, "born")
		time.Sleep(rand.N(20 * time.Millisecond))
		require.NoError(t, p.Process.Kill())
		_, err := p.Process.Wait()
		require.NoError(t, err)
		w.daemonsEnd(t)
		w.isOver(t)
	}
}

// The code of a process that ends with its parent. Nobody but the one who adopts
// orphans gets to see it.
func TestOrphanCode(t *testing.T) {
	status, err := orphanage.Call(t.Context(), process.None{})
	if errors.Is(err, errors.ErrUnsupported) {
		return // orphans go to nobody but init
	}
	require.NoError(t, err)
	assert.Equal(t, process.OrphanCode, status)
}

var orphanage = process.Define("orphanage", func(ctx context.Context, _ process.None) (int, error) {
	if err := adoptOrphans(); err != nil {
		return 0, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	p, err := forsaken.Start(ctx, &plug{w, ""})
	if err != nil {
		return 0, err
	}
	if _, err := r.Read(make([]byte, 1)); err != nil {
		return 0, err
	}
	if err := errors.Join(p.Kill(), p.Join(ctx)); err != nil {
		return 0, err
	}
	var status syscall.WaitStatus
	_, err = syscall.Wait4(-1, &status, 0, nil)
	return status.ExitStatus(), err
})

// forsaken has a daemon and waits to be killed.
var forsaken = process.DefineTarget("forsaken", func(ctx context.Context, p *plug) error {
	if _, err := interruptible.Start(ctx, interruption{p, "deaf"}, process.WithDaemon()); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
})
