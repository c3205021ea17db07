//go:build linux || darwin

package process_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pipe"
	"github.com/pygil/pygil/process"
)

// keeperAlone has a manager of shared memory, tells what it is and what it has made, and
// waits for what never comes.
var keeperAlone = process.DefineTarget("test.keeper", func(ctx context.Context, c *pipe.Conn) error {
	s, err := process.NewSharedMemoryManager(ctx)
	if err != nil {
		return err
	}
	m, err := s.SharedMemory(ctx, 8)
	if err != nil {
		return err
	}
	l, err := s.ShareableList(ctx, "text")
	if err != nil {
		return err
	}
	if err := c.Send(ctx, []any{s.Process().PID(), m.Name(), l.Name()}); err != nil {
		return err
	}
	if err := s.Process().Terminate(); err != nil { // which is not for it
		return err
	}
	_, err = c.Recv(ctx)
	return err
})

// SL-5: a manager whose maker was killed, and that was told to terminate at the same
// time, as all processes of a service are, removes its blocks and ends. When both are
// killed, whoever next makes a block removes them.
func TestSharedMemoryManagerOfTheDead(t *testing.T) {
	ctx := t.Context()
	for _, both := range []bool{false, true} {
		mine, its, err := pipe.New(ctx)
		require.NoError(t, err)
		p, err := keeperAlone.Start(ctx, its)
		require.NoError(t, err)
		require.NoError(t, its.Close())
		v, err := mine.Recv(ctx)
		require.NoError(t, err)
		told := v.([]any)
		if both {
			// While it stands still nobody removes anything, and nobody's lock is gone.
			require.NoError(t, syscall.Kill(told[0].(int), syscall.SIGSTOP))
			stopped(t, told[0].(int))
			process.SweepBlocks()
			m, err := process.OpenSharedMemory(ctx, told[1].(string))
			require.NoError(t, err)
			require.NoError(t, m.Close())
		}
		require.NoError(t, p.Kill())
		require.Equal(t, -9, joined(t, p))
		if both {
			require.NoError(t, syscall.Kill(told[0].(int), syscall.SIGKILL))
		}
		eventually(t, func() bool {
			if both {
				process.SweepBlocks()
			}
			for _, name := range told[1:] {
				m, err := process.OpenSharedMemory(ctx, name.(string))
				if err == nil {
					require.NoError(t, m.Close())
				}
				if !errors.Is(err, fs.ErrNotExist) {
					return false
				}
			}
			return true
		})
		eventually(t, func() bool { // whoever it is whose it is now may take its time to reap it
			s, is := states(t)[told[0].(int)]
			return !is || s.state == 'Z'
		})
		require.NoError(t, mine.Close())
	}
}

// A manager's process that is gone keeps nothing open here, and what it made leaves
// neither a descriptor nor a name.
func TestSharedMemoryManagerLeavesNothing(t *testing.T) {
	ctx := t.Context()
	one := func() {
		var names []string
		defer func() {
			for _, name := range names {
				require.ErrorIs(t, second(process.OpenSharedMemory(ctx, name)), fs.ErrNotExist)
			}
		}()
		s, err := process.NewSharedMemoryManager(ctx)
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		for range 10 {
			m, err := s.SharedMemory(ctx, 1<<16)
			require.NoError(t, err)
			names = append(names, m.Name())
			require.NoError(t, m.Close())
		}
	}
	one() // what is opened once is open now
	before := openFiles(t)
	for range 3 {
		one()
	}
	require.LessOrEqual(t, openFiles(t), before)
	require.Empty(t, process.ActiveChildren(ctx))
}

// A block that its maker asked for and did not wait for goes too, when the manager is
// killed.
func TestSharedMemoryManagerOfAnImpatientMaker(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // nobody could know its name
	}
	ctx := t.Context()
	s, err := process.NewSharedMemoryManager(ctx)
	require.NoError(t, err)
	known, err := s.SharedMemory(ctx, 8)
	require.NoError(t, err)
	require.NoError(t, known.Close())
	require.NoError(t, syscall.Kill(s.Process().PID(), syscall.SIGSTOP))
	stopped(t, s.Process().PID())
	soon, cancel := context.WithCancel(ctx)
	asked := make(chan error)
	go func() {
		_, err := s.SharedMemory(soon, 8)
		asked <- err
	}()
	eventually(t, func() bool { return process.Asked(s) })
	cancel()
	require.NoError(t, syscall.Kill(s.Process().PID(), syscall.SIGCONT))
	if err := <-asked; err != nil { // the answer may have been sooner
		require.ErrorIs(t, err, context.Canceled)
	}
	last, err := s.SharedMemory(ctx, 8) // it makes one after the other
	require.NoError(t, err)
	require.NoError(t, last.Close())
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", s.Process().PID()))
	require.NoError(t, err)
	made := regexp.MustCompile(`psm_g[0-9a-f]{7}`).FindAllString(string(maps), -1)
	require.Len(t, made, 3)
	require.NoError(t, s.Process().Kill())
	require.Equal(t, -9, joined(t, s.Process()))
	require.NoError(t, s.Close())
	for _, name := range made {
		require.ErrorIs(t, second(process.OpenSharedMemory(ctx, name)), fs.ErrNotExist)
	}
}
