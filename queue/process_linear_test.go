//go:build linux || darwin

package queue_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/process"
	"github.com/pygil/pygil/queue"
)

// What one process has done to a queue and what came of it, in shared memory: the rest
// of a history is there although somebody was killed.
const (
	scribes   = 4
	linesEach = 6
)

const (
	lineNone uint32 = iota
	lineBegun
	lineDone
)

type line struct {
	State  uint32
	Put    uint32 // 1: a put
	V      uint32 // put, or got
	Failed uint32 // 1: full, or empty
	Call   uint64
	Return uint64
}

type chronicle struct {
	Clock uint64
	Go    uint32 // all begin at once
	Ready uint32
	Lines [scribes][linesEach]line
}

func init() { process.RegisterValue[chronicle]() }

type scribe struct {
	Q      *queue.ProcessQueue[int]
	S      *queue.SimpleProcessQueue[int]
	Book   *process.RawValue[chronicle]
	Me     int
	Waits  bool
	Seed   uint64
	Victim int // dies in its call Die
	Die    int
}

var scribeTarget = process.DefineTarget("test.scribe", func(ctx context.Context, s scribe) error {
	defer runtime.KeepAlive(s.Book)
	b := s.Book.Pointer()
	atomic.AddUint32(&b.Ready, 1)
	for atomic.LoadUint32(&b.Go) == 0 {
		runtime.Gosched()
	}
	r := rand.New(rand.NewPCG(s.Seed, uint64(s.Me)))
	for i := range linesEach {
		l := &b.Lines[s.Me][i]
		v := s.Me*linesEach + i + 1
		put := s.Me%2 == 0
		if put {
			l.Put, l.V = 1, uint32(v)
		}
		if s.Me == s.Victim && i >= s.Die {
			survives := r.IntN(5)
			queue.OnStep(func(int) {
				if survives--; survives < 0 {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
					select {}
				}
			})
		}
		l.Call = atomic.AddUint64(&b.Clock, 1)
		atomic.StoreUint32(&l.State, lineBegun)
		var err error
		switch {
		case put && s.S != nil:
			err = s.S.Put(ctx, v)
		case s.S != nil:
			v, err = s.S.Get(ctx)
		case put && s.Waits:
			err = s.Q.Put(ctx, v)
		case put:
			err = s.Q.TryPut(ctx, v)
		case s.Waits:
			v, err = s.Q.Get(ctx)
		default:
			v, err = s.Q.TryGet(ctx)
		}
		switch {
		case errors.Is(err, queue.ErrFull), errors.Is(err, queue.ErrEmpty):
			l.Failed = 1
		case err != nil:
			return err
		case !put:
			l.V = uint32(v)
		}
		l.Return = atomic.AddUint64(&b.Clock, 1)
		atomic.StoreUint32(&l.State, lineDone)
		for range r.IntN(2000) {
			_ = atomic.LoadUint32(&b.Go)
		}
	}
	return nil
})

// unknown is the answer to a call in which the caller was killed: it may have been
// carried out.
var errUnknown = errors.New("unknown")

// mortal is sequential for histories with such calls. They have no end, so they may also
// come after everything else, where they change nothing.
func mortal(maxsize int) porcupine.Model {
	m := sequential(maxsize, "Queue")
	step := m.Step
	m.Step = func(state, input, output any) (bool, any) {
		if output.(answer).err != errUnknown {
			return step(state, input, output)
		}
		s, in := state.([]int), input.(call)
		switch {
		case in.op == "put" && (maxsize <= 0 || len(s) < maxsize):
			return true, append(slices.Clone(s), in.v)
		case in.op == "get" && len(s) > 0:
			return true, s[1:]
		}
		return true, s
	}
	return m
}

// TestProcessLinearizable records what four processes do to a queue, of which one is
// killed in the middle, and sees what came of it in some order of the same calls one
// after the other.
func TestProcessLinearizable(t *testing.T) {
	runs := 24
	if testing.Short() {
		runs = 8
	}
	killed := 0
	for run := range runs {
		maxsize := 3
		simple, waits := run%4 == 3, run%4 == 2
		var s scribe
		var err error
		s.Victim, s.Die = run/4%scribes, run%linesEach
		if run%4 == 1 {
			s.Victim = -1 // nobody
		}
		s.Waits, s.Seed = waits, uint64(run)
		ctx := t.Context()
		if simple {
			maxsize = 0
			s.S, err = queue.NewSimpleProcess[int](ctx)
		} else {
			s.Q, err = queue.NewProcess[int](ctx, maxsize)
		}
		require.NoError(t, err)
		s.Book, err = process.NewRawValue(ctx, chronicle{})
		require.NoError(t, err)
		b := s.Book.Pointer()
		var ps []*process.Process
		for s.Me = range scribes {
			p, err := scribeTarget.Start(ctx, s)
			require.NoError(t, err)
			ps = append(ps, p)
		}
		eventually(t, func() bool { return atomic.LoadUint32(&b.Ready) == scribes })
		atomic.StoreUint32(&b.Go, 1)
		for i, p := range ps {
			if waits || simple {
				eventually(t, func() bool { return !p.IsAlive(ctx) || stuck(b) })
				_ = p.Kill()
			}
			require.NoError(t, p.Join(ctx))
			if code, _ := p.ExitCode(); code == -9 {
				killed++
			} else {
				require.Zero(t, code, "%d", i)
			}
		}
		history := history(b)
		// What is left is part of the history.
		for i := int64(1); ; i += 2 {
			var v int
			if simple {
				if empty, err := s.S.Empty(ctx); err != nil || empty {
					require.NoError(t, err)
					break
				}
				v, err = s.S.Get(ctx)
			} else {
				v, err = s.Q.TryGet(ctx)
			}
			at := int64(math.MaxInt32) + i
			history = append(history, porcupine.Operation{ClientId: scribes, Input: call{op: "get"}, Call: at, Output: answer{v, err}, Return: at + 1})
			if err != nil {
				require.ErrorIs(t, err, queue.ErrEmpty)
				break
			}
		}
		require.True(t, porcupine.CheckOperations(mortal(maxsize), history), "run %d: %v", run, history)
		if simple {
			require.NoError(t, s.S.Close())
		} else {
			require.NoError(t, s.Q.Close())
		}
		runtime.KeepAlive(s.Book)
	}
	require.Positive(t, killed) // the first one dies for sure: there is room for its items
}

// stuck reports whether nobody who is still there can go on: each has come to its end,
// or is in a call while the clock stands.
func stuck(b *chronicle) bool {
	before := atomic.LoadUint64(&b.Clock)
	for range 50 {
		runtime.Gosched()
	}
	for i := range b.Lines {
		if atomic.LoadUint32(&b.Lines[i][0].State) == lineNone {
			return false
		}
	}
	return atomic.LoadUint64(&b.Clock) == before
}

func history(b *chronicle) (ops []porcupine.Operation) {
	for i := range b.Lines {
		for j := range b.Lines[i] {
			l := &b.Lines[i][j]
			if l.State == lineNone {
				break
			}
			op := porcupine.Operation{ClientId: i, Input: call{op: "get"}, Call: int64(l.Call), Return: int64(l.Return)}
			if l.Put == 1 {
				op.Input = call{"put", int(l.V)}
			}
			out := answer{}
			switch {
			case l.State == lineBegun:
				out.err, op.Return = errUnknown, math.MaxInt64
			case l.Failed == 1 && l.Put == 1:
				out.err = queue.ErrFull
			case l.Failed == 1:
				out.err = queue.ErrEmpty
			case l.Put == 0:
				out.v = int(l.V)
			}
			op.Output = out
			ops = append(ops, op)
		}
	}
	return ops
}
