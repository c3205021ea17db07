//go:build linux || darwin

package pool_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pygil/pygil/pool"
	"github.com/pygil/pygil/process"
)

// pidAnd says who has done an item, and squares it, with some work.
var pidAnd = process.Define("pool_test.pidAnd", func(_ context.Context, n int) ([2]int, error) {
	end := time.Now().Add(time.Duration(n%7) * 20 * time.Microsecond)
	for time.Now().Before(end) {
	}
	return [2]int{os.Getpid(), n * n}, nil
})

// TestChaos kills workers at random while maps run: every future ends, each item comes
// exactly once or is of a chunk that an error names, every error says which worker died, and
// nothing is left.
func TestChaos(t *testing.T) {
	kills := 60
	if testing.Short() {
		kills = 25
	}
	chaos(t, kills)
}

// TestChaosSoak is the same for minutes.
func TestChaosSoak(t *testing.T) {
	if os.Getenv("CI_SOAK") == "" {
		t.Skip("takes minutes; CI_SOAK=1 runs it")
	}
	chaos(t, 2000)
}

func chaos(t *testing.T, kills int) {
	ctx := t.Context()
	first, err := pool.New(ctx, 1) // what the runtime opens once for all is open now
	require.NoError(t, err)
	require.NoError(t, first.With(ctx, func() { _, _ = pool.Apply(ctx, first, whoami, 0) }))
	open := descriptors(t)
	r := rand.New(rand.NewPCG(1, uint64(kills)))
	p, err := pool.New(ctx, 3)
	require.NoError(t, err)
	killed, lost, right := 0, 0, 0
	seen := make([]int, 8) // processes that have answered lately
	for i := range seen {
		seen[i] = must(pool.Apply(ctx, p, whoami, 0))
	}
	for round := 0; killed < kills; round++ {
		items := upTo(300 + r.IntN(300))
		size := 1 + r.IntN(3)*r.IntN(5)
		opts := []pool.Option{pool.WithChunkSize(size), pool.WithBufferSize(64)}
		next := r.IntN(50)
		pending := []*pool.AsyncResult[[2]int]{}
		for range 20 {
			pending = append(pending, pool.ApplyAsync(ctx, p, pidAnd, 3))
		}
		came := make([]int, len(items))            // how often each item did
		gone := map[int]bool{}                     // the chunks that errors name
		first := int64(p.Stats(ctx).Submitted) + 1 // the number of the first chunk
		n, errs := 0, 0
		for v, err := range pool.IMapUnordered(ctx, p, pidAnd, slices.Values(items), opts...) {
			if err != nil {
				var death *pool.WorkerError
				require.ErrorAs(t, err, &death)
				require.Equal(t, syscall.SIGKILL, death.Signal(), "%v", err)
				require.NotErrorIs(t, err, pool.ErrBroken)
				require.Equal(t, pidAnd.Name(), death.Task)
				chunk := int(death.Number - first)
				require.False(t, gone[chunk], "chunk %d is lost twice", chunk)
				gone[chunk] = true
				errs++
				continue
			}
			n++
			seen[n%len(seen)] = v[0]
			root := intRoot(v[1])
			require.Equal(t, root*root, v[1])
			came[root]++
			if next--; next <= 0 && killed < kills {
				next = 1 + r.IntN(60)
				victim := seen[r.IntN(len(seen))]
				for _, child := range process.ActiveChildren(ctx) { // it may be dead already
					if pidOf(child) == victim {
						_ = child.Kill()
						killed++
					}
				}
			}
		}
		right += n
		lost += errs
		for _, a := range pending {
			if v, err := a.Get(ctx); err == nil {
				require.Equal(t, 9, v[1])
			} else {
				var death *pool.WorkerError
				require.ErrorAs(t, err, &death)
			}
		}
		for i, times := range came {
			want := 1
			if gone[i/size] {
				want = 0
			}
			require.Equal(t, want, times, "item %d in chunks of %d", i, size)
		}
	}
	s := p.Stats(ctx)
	t.Logf("%d kills: %d right results, %d chunks lost; %v", killed, right, lost, s)
	until(t, ctx, func() bool { s := p.Stats(ctx); return s.Running == 0 && s.Pending == 0 })
	out, err := pool.Map(ctx, p, square, upTo(100))
	if err == nil {
		require.Equal(t, squares(100), out)
	}
	require.NoError(t, p.Close(ctx))
	require.NoError(t, p.Join(ctx))
	require.Empty(t, process.ActiveChildren(ctx))
	until(t, ctx, func() bool { return len(descriptors(t)) <= len(open) })
	if now := descriptors(t); len(now) > len(open) {
		t.Log(open, now)
	}
}

// pidOf is a process's number, 0 when the pool has closed it meanwhile.
func pidOf(p *process.Process) (pid int) {
	defer func() {
		if v := recover(); v != nil {
			_, ok := v.(*process.ValueError)
			if !ok {
				panic(v)
			}
			pid = 0
		}
	}()
	return p.PID()
}

func intRoot(n int) int {
	r := 0
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}

// descriptors is what this process has open, where that can be seen.
func descriptors(t *testing.T) (open []string) {
	dir := "/proc/self/fd"
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Log(err)
	}
	for _, d := range list {
		to, err := os.Readlink(dir + "/" + d.Name())
		if err == nil {
			open = append(open, d.Name()+" "+to)
		}
	}
	return open
}
