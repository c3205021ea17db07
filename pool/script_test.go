package pool_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pygil/pygil/gil"
	"github.com/pygil/pygil/process"
)

// A script is what the tasks of a test write down when they begin, in whatever process they
// are, and the gates at which they wait until the test lets them go on.
type script struct {
	t      *testing.T
	dir    string
	rescue *time.Timer
}

// A step is what a task of a script is given.
type step struct{ Dir, Name, Gate string }

// noted writes its name down and waits for its gate, if it has one. It always takes a
// millisecond, so that no other task travels in its company.
var noted = process.Define("pool_test.noted", func(t *gil.Thread, s step) (string, error) {
	log, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = log.WriteString(s.Name + "\n")
	_ = log.Close()
	for is := false; err == nil && !is; {
		t.Sleep(time.Millisecond)
		is = s.Gate == "" || exists(s.Dir, s.Gate) || exists(s.Dir, "every gate")
	}
	return s.Name, err
})

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// newScript returns a script and what is to be deferred: it opens all gates. They are opened
// after a while, too, in a test that would otherwise wait for ever for what does not come.
func newScript(t *testing.T) (s *script, end func()) {
	t.Helper()
	s = &script{t: t, dir: t.TempDir()}
	s.rescue = time.AfterFunc(90*time.Second, func() { s.open("every gate") })
	return s, func() {
		assert.True(t, s.rescue.Stop(), "the test waited for what did not come")
		s.open("every gate")
	}
}

// step is a task that does not wait, or for the gate if one is given.
func (s *script) step(name string, gate ...string) step {
	return step{s.dir, name, strings.Join(gate, "")}
}

// steps are some that do not wait.
func (s *script) steps(names ...string) (all []step) {
	for _, name := range names {
		all = append(all, s.step(name))
	}
	return all
}

func (s *script) open(gate string) {
	assert.NoError(s.t, os.WriteFile(filepath.Join(s.dir, gate), nil, 0o600))
}

// begun are the tasks that have begun, in their order.
func (s *script) begun() []string {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		assert.ErrorIs(s.t, err, os.ErrNotExist)
	}
	return strings.Fields(string(text))
}

// await waits until so many tasks have begun.
func (s *script) await(ctx context.Context, n int) {
	s.t.Helper()
	until(s.t, ctx, func() bool { return len(s.begun()) >= n })
}

// blocked returns when whoever runs beside waits in a function that bears one of the names,
// and has not returned. In a virtual world time says so.
func blocked(t *testing.T, ctx context.Context, returned *atomic.Bool, names ...string) {
	t.Helper()
	if th := thread(ctx); th != nil && (th.Machine() != nil || th.Explored()) {
		th.Sleep(time.Second)
	} else {
		until(t, ctx, func() bool {
			stacks := make([]byte, 1<<20)
			text := string(stacks[:runtime.Stack(stacks, true)])
			for _, name := range names {
				if strings.Contains(text, name+"(") {
					return true
				}
			}
			return returned.Load()
		})
	}
	assert.False(t, returned.Load(), "it should wait")
}
